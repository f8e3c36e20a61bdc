"""The structure of the code: rooms in an order, no circles, and public names that documents can rely on."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from made.places import ROOT

PACKAGES = ("fsrbench", "baselines", "reference_model")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imports_of(name: str) -> set[str]:
    """The modules that a module imports anywhere in it: inside functions, for type checking, and lazily by its stub."""
    found: set[str] = set()
    for path in (MODULES[name], MODULES[name].with_suffix(".pyi")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ():
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                module = f"{name}.{node.module}" if node.level else node.module
                # `from package import module` depends on the module, not on the package's face.
                inside = {f"{module}.{alias.name}" for alias in node.names}
                found |= (inside & MODULES.keys()) or {module}
    return (found & MODULES.keys()) - {name}


@pytest.mark.heavy
def test_no_circles_lazy_imports_included() -> None:
    try:
        tuple(TopologicalSorter({name: imports_of(name) for name in MODULES}).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_the_check_finds_a_circle() -> None:
    with pytest.raises(CycleError):
        tuple(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())


def test_names_that_a_stub_imports_lazily_count() -> None:
    assert "fsrbench.metrics.base" in imports_of("fsrbench")
    assert imports_of("fsrbench.runs") >= {"fsrbench.runs.data", "fsrbench.runs.comparison"}


def test_few_files_are_at_the_root() -> None:
    assert len(list((ROOT / "fsrbench").glob("*.py"))) <= 8


def test_rooms_import_only_downwards() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
