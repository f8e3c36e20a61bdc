"""Typesets LaTeX as an author would, for tests that want to know whether it comes out clean."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = shutil.which("pdflatex")
POINTS = 3.0
"""Lines that stick out by less are no defect that anyone sees."""


def _has(package: str) -> bool:
    finder = shutil.which("kpsewhich")
    return finder is not None and subprocess.run([finder, package], capture_output=True).returncode == 0


def needs_latex(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that typesets; it skips where LaTeX is not installed."""
    absent = COMMAND is None or not _has("siunitx.sty")
    return pytest.mark.latex(pytest.mark.skipif(absent, reason="pdflatex or its siunitx is not installed")(test))


def typeset(table: str, folder: Path, packages: str = "booktabs,siunitx,adjustbox") -> list[str]:
    """Compile a table in the smallest document that reads it, or a whole document; twice, for the references.

    Returns:
        What the log complains of, the first error alone if it does not compile.
    """
    assert COMMAND is not None
    document = table
    if "\\documentclass" not in table:
        (folder / "table.tex").write_text(table, encoding="utf-8")
        document = (
            f"\\documentclass{{article}}\\usepackage{{{packages}}}\\begin{{document}}\\input{{table}}\\end{{document}}"
        )
    (folder / "main.tex").write_text(document, encoding="utf-8")
    command = [COMMAND, "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False)
        if done.returncode:
            return [done.stdout[done.stdout.find("\n!") :][:500]]
    return _complaints((folder / "main.log").read_text(encoding="utf-8", errors="replace"))


def _complaints(log: str) -> list[str]:
    wide = [found for found in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(found) > POINTS]
    warned = re.findall(r"^(?:LaTeX|Package).* [Ww]arning: .*", log, flags=re.MULTILINE)
    harmless = ("contains only floats",)
    return [f"{points} pt too wide" for points in wide] + [w for w in warned if not any(h in w for h in harmless)]
