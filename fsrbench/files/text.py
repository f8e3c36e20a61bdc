"""Read text and YAML written by users, within limits: pipes, bombs and wrong files are refused in one line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fsrbench.errors import UserError, one_line

MAX_BYTES = 64 * 2**20
"""Larger text files are rejected."""
MAX_YAML_BYTES = 2**20
"""Larger YAML files are rejected: they are read at 0.2 MB/s."""
MAX_VALUES = 100_000
"""Maximum values in a YAML file: a few lines of aliases can expand to more than fits into memory."""


def read_text(path: Path, most: int = MAX_BYTES) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises:
        UserError: missing, not a regular file (a pipe would block), too large, or not UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: cannot be read: not a regular file")
        if path.stat().st_size > most:
            raise UserError(f"{path}: cannot be read: more than {most // 2**20} MiB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        hint = "; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        raise UserError(f"{path}: cannot be read: {one_line(error)}{hint}") from None


class _Loader(yaml.SafeLoader):
    """Reads 5e-4 as a number, as YAML 1.2 does; PyYAML requires 5.0e-4."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"), list("-+.0123456789")
)


@dataclass(frozen=True)
class Yaml:
    """The contents of a YAML file, with line numbers."""

    path: Path
    text: str
    value: Any
    node: yaml.Node | None = field(repr=False)

    def line(self, *keys: object) -> int:
        """Line number, from 1, of the value at a path of keys and list indices, or of the last key that exists."""
        node, line = self.node, 1 if self.node is None else _line(self.node)
        for key in keys:
            node, line = _below(node, key) or (None, line)
        return line

    def error(self, reason: str, *keys: object) -> UserError:
        """An error about the value at ``keys``, with file and line."""
        return UserError(f"{self.path}, line {self.line(*keys)}: {reason}")


def read_yaml(path: Path, strings: bool = False) -> Any:
    """Read a YAML file safely; arguments and errors as in :func:`read_marked_yaml`."""
    return read_marked_yaml(path, strings).value


def read_marked_yaml(path: Path, strings: bool = False) -> Yaml:
    """Read a YAML file safely, with line numbers.

    Args:
        path: the file.
        strings: keep every scalar as the string in the file: 97.40 keeps its zero.

    Raises:
        UserError: unreadable or invalid YAML (the message names the line), a duplicate key, or too many values.
    """
    text = read_text(path, MAX_YAML_BYTES)
    node = None
    try:
        loader = (yaml.BaseLoader if strings else _Loader)(text)
        node = loader.get_single_node()
        if node is None:
            return Yaml(path, text, None, None)
        _check_size(path, node)
        _check_keys(path, node)
        return Yaml(path, text, loader.construct_document(node), node)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: cannot be read: {' '.join(str(error).split())[:300]}") from None
    except RecursionError:
        raise UserError(f"{path}: cannot be read: nested too deeply") from None
    except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as error:
        # A scalar that looks like a date or number but is not valid
        where = f", line {_line(bad)}" if (bad := _unreadable(node)) else ""
        raise UserError(f"{path}{where}: cannot be read: {one_line(error)[:300]}") from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _below(node: yaml.Node | None, key: object) -> tuple[yaml.Node, int] | None:
    """The node at a mapping's key or a list's index, and its line."""
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], _line(node.value[key])
    if isinstance(node, yaml.MappingNode):
        for name, value in reversed(node.value):  # merged keys (<<) come first and are overridden
            if isinstance(name, yaml.ScalarNode) and _Loader("").construct_object(name) == key:
                return value, _line(name)
    return None


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else []


def _nodes(root: yaml.Node) -> list[yaml.Node]:
    """All nodes, each once, in the order of the file."""
    found, waiting = {id(root): root}, [root]
    while waiting:
        for part in reversed(_parts(waiting.pop())):
            if id(part) not in found:
                found[id(part)] = part
                waiting.append(part)
    return sorted(found.values(), key=lambda node: node.start_mark.index)


def _check_size(path: Path, root: yaml.Node) -> None:
    sizes: dict[int, float] = {}
    if _values(root, sizes) <= MAX_VALUES:
        return
    large = [node for node in _nodes(root) if sizes[id(node)] > MAX_VALUES]
    line = _line(min(reversed(large), key=lambda node: sizes[id(node)]))  # among nodes inside themselves, the innermost
    raise UserError(
        f"{path}, line {line}: cannot be read: its aliases (*name) stand for more than {MAX_VALUES:,} values"
    )


def _check_keys(path: Path, root: yaml.Node) -> None:
    """Refuse duplicate keys, which YAML forbids and PyYAML overwrites."""
    for node in _nodes(root):
        seen = set()
        for name in (pair[0] for pair in node.value) if isinstance(node, yaml.MappingNode) else ():
            if (name.tag, str(name.value)) in seen and isinstance(name, yaml.ScalarNode):
                raise UserError(f"{path}, line {_line(name)}: {name.value[:60]!r} appears twice")
            seen.add((name.tag, str(name.value)))


def _unreadable(root: yaml.Node | None) -> yaml.Node | None:
    """The first scalar that cannot be constructed."""
    for node in _nodes(root) if root else ():
        try:
            if isinstance(node, yaml.ScalarNode):
                _Loader("").construct_object(node)
        except Exception:  # whatever made reading fail
            return node
    return None


def _values(node: yaml.Node, known: dict[int, float]) -> float:
    """Number of values in a node, aliases expanded; infinite if it contains itself."""
    if id(node) not in known:
        known[id(node)] = math.inf  # a node met again before its size is known contains itself
        known[id(node)] = 1 + sum(_values(part, known) for part in _parts(node))
    return known[id(node)]
