"""Text that users write: read whole, but never without end. A pipe, a bomb or a wrong file is refused in one line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from fsrbench.errors import UserError, one_line

MAX_BYTES = 64 * 2**20
"""A text file with more is none that was meant."""
MAX_YAML_BYTES = 2**20
"""YAML is read at 0.2 MB a second."""
MAX_VALUES = 100_000
"""Of a YAML file; a few lines of aliases stand for more than fit into any memory."""


def read_text(path: Path, most: int = MAX_BYTES) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
        UserError: it is not there, no regular file (a pipe would be waited for), too long, or no UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: cannot be read: no regular file")
        if path.stat().st_size > most:
            raise UserError(f"{path}: cannot be read: more than {most // 2**20} MiB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise UserError(f"{path}: cannot be read: {one_line(error)}") from None


def read_yaml(path: Path, strings: bool = False) -> Any:
    """What a YAML file says, read safely.

    Args:
        path: the file.
        strings: leave every scalar the string that stands there: 97.40 keeps its zero.

    Raises:
        UserError: it cannot be read, is no such YAML (the message names the place), or grows without end.
    """
    text = read_text(path, MAX_YAML_BYTES)
    try:
        loader = (yaml.BaseLoader if strings else yaml.SafeLoader)(text)
        node = loader.get_single_node()
        if node is None:
            return None
        if _values(node, {}) > MAX_VALUES:
            raise UserError(f"{path}: cannot be read: its aliases (*name) stand for more than {MAX_VALUES:,} values")
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: cannot be read: {' '.join(str(error).split())[:300]}") from None
    except RecursionError:
        raise UserError(f"{path}: cannot be read: nested too deeply") from None
    except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as error:
        # What looks like a date or a number and is none
        raise UserError(f"{path}: cannot be read: {one_line(error)[:300]}") from None


def _values(node: yaml.Node, known: dict[int, float]) -> float:
    """Values that a node stands for, those of aliases counted where they are used; infinite if it holds itself."""
    if id(node) not in known:
        known[id(node)] = math.inf  # until it is known: whoever meets it before is inside it
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = list(node.value)
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_values(part, known) for part in parts)
    return known[id(node)]
