"""The commands of the page about clusters and of its examples say where to run; the examples compile."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer
from made.places import ROOT

from fsrbench.cli.app import app
from fsrbench.spec import parse_spec

pytestmark = pytest.mark.docs

DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.py"))
FILLED = {"data": "/shared/faces.zip", "out": "/shared/run", "scheduler": "tcp://10.0.0.5:8786"}


def commands(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        return [line for block in blocks for line in block.splitlines() if line.startswith("fsrbench ")]
    strings = [n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [s.format(**FILLED) for s in strings if s.startswith("fsrbench run")]


def test_there_are_examples() -> None:
    assert {path.name for path in EXAMPLES} == {"slurm.py", "k8s.py"}


@pytest.mark.parametrize("path", [DOCS / "cluster.md", *EXAMPLES], ids=lambda p: p.name)
def test_commands_are_taken(path: Path) -> None:
    found = commands(path)
    assert found
    group = typer.main.get_command(app)
    for command in found:
        _, name, *arguments = shlex.split(command)
        context = group.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]
        taken = {key: context.params[key] for key in ("workers", "scheduler", "out", "data")}
        assert parse_spec(methods=("bicubic",), **taken)
        assert (taken["workers"] is None) != (taken["scheduler"] is None)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_examples_compile(path: Path) -> None:
    compile(path.read_text(encoding="utf-8"), path.name, "exec")
