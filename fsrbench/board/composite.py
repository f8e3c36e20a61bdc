"""Composite scores: formulas over metrics, read as arithmetic alone and never run as code."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fsrbench.errors import UserError

NTIRE: Final = "clipiqa + maniqa + musiq/100 + max(0, (10 - niqe)/10) + qalign/5 + max(0, (100 - fid)/100)"
"""Score of the NTIRE face restoration challenges (:mod:`fsrbench.metrics.ntire`), without their weights of subsets."""
LONGEST: Final = 500
"""Maximum characters of a formula."""
_NAME: Final = re.compile(r"[A-Za-z][\w-]{0,39}")
_DASHED: Final = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+")
"""pyiqa has metrics with a dash in their name: ``topiq_nr-face``."""
_BINARY: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CALLS: Final[dict[str, Callable[..., float]]] = {"min": min, "max": max}


@dataclass(frozen=True)
class Composite:
    """A formula over metrics of one track, higher is better."""

    name: str
    formula: str
    parts: tuple[str, ...]
    """The metrics in it, in its order."""
    _tree: ast.expr

    def value(self, metrics: Mapping[str, float]) -> float:
        """The formula's value; NaN if a part is missing or a divisor is zero.

        Example:
            >>> read_composite("mine=psnr/50 - lpips").value({"psnr": 25.0, "lpips": 0.25})
            0.25
        """
        if any(math.isnan(metrics.get(part, math.nan)) for part in self.parts):
            return math.nan
        try:
            value = _evaluate(self._tree, metrics)
        except (ZeroDivisionError, OverflowError):
            return math.nan
        return value if math.isfinite(value) else math.nan


def read_composite(text: str) -> Composite:
    """Read ``name=formula`` with numbers, metrics' names, ``+ - * / ( )``, ``min`` and ``max``.

    A name with a dash, such as ``topiq_nr-face``, is one name unless there are spaces around the dash: write ``a - b``
    to subtract.

    Raises:
        UserError: it is anything else.
    """
    name, equals, formula = (part.strip() for part in text.partition("="))
    if not equals or not _NAME.fullmatch(name):
        raise UserError(f"--score {text[:80]!r}: write NAME=FORMULA, such as 'mine=psnr/50 - lpips'")
    if len(formula) > LONGEST:
        raise UserError(f"--score {name}: longer than {LONGEST} characters")
    dashed = {plain: spelled for spelled in _DASHED.findall(formula) if (plain := spelled.replace("-", "__dash__"))}
    plain = _DASHED.sub(lambda match: match[0].replace("-", "__dash__"), formula)
    try:
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(f"--score {name}: {formula[:80]!r} is not a formula") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = dashed.get(node.id, node.id)
    parts = tuple(dict.fromkeys(_parts(tree, name)))
    if not parts:
        raise UserError(f"--score {name}: no metric in {formula[:80]!r}")
    return Composite(name, formula, parts, tree)


def _parts(node: ast.AST, name: str) -> list[str]:
    """The metrics in a formula.

    Raises:
        UserError: it has something other than arithmetic in it.
    """
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _parts(left, name) + _parts(right, name)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _parts(operand, name)
        case ast.Call(func=ast.Name(id=called), args=[_, *_] as args, keywords=[]) if called in _CALLS:
            return [part for arg in args for part in _parts(arg, name)]
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float()):
            return []
        case ast.Name(id=metric):
            return [metric]
    what = ast.unparse(node)[:40]
    raise UserError(f"--score {name}: {what!r} is not allowed; use numbers, metrics' names, + - * / ( ), min and max")


def _evaluate(node: ast.AST, metrics: Mapping[str, float]) -> float:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_evaluate(left, metrics), _evaluate(right, metrics))
        case ast.UnaryOp(op=op, operand=operand):
            value = _evaluate(operand, metrics)
            return -value if isinstance(op, ast.USub) else value
        case ast.Call(func=ast.Name(id=called), args=args):
            values = [_evaluate(arg, metrics) for arg in args]
            return _CALLS[called](values)
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=metric):
            return float(metrics[metric])
    raise AssertionError(ast.dump(node))
