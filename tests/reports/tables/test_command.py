"""``fsrbench table`` as it is called: several runs, layouts, choices, and one line where something is wrong."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys

import pytest
from made import call
from made.places import ROOT

VALUES = {"psnr": {"a": 20.0, "b": 21.0, "hr": {"status": "invalid", "note": "-"}}, "niqe": {"a": 5.0, "b": 6.0}}


@pytest.fixture
def folder(make_run, tmp_path):
    def make(name, **manifest):
        path = tmp_path / name
        shutil.copytree(make_run(VALUES, **manifest).path, path)
        return path

    return make


def rows(result):
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(result.stdout.splitlines()))


def test_several_runs_by_name(folder):
    read = rows(call("table", f"One={folder('x')}", f"Two={folder('y')}", "--format", "csv"))
    assert [(row["Run"], row["Method"]) for row in read[::2]] == [("One", "a"), ("One", "hr"), ("Two", "b")]


@pytest.mark.parametrize("option", ["--rows", "--methods"])
def test_rows_are_chosen_and_ordered(folder, option):
    read = rows(call("table", folder("x"), "--format", "csv", option, "b,a", "--columns", "niqe"))
    assert [(row["Method"], row["NIQE"]) for row in read[:2]] == [("b", "6.00"), ("a", "5.00")]


def test_a_layout_and_flags_that_go_before_it(folder, tmp_path):
    layout = tmp_path / "layout.yaml"
    layout.write_text("{metrics: [{psnr: P}, niqe], methods: {a: Alpha}, ceiling: false, notes: none}")
    assert rows(call("table", folder("x"), "--format", "csv", "--layout", layout)) == [
        {"Method": "Alpha", "P (dB)": "20.00", "NIQE": "5.00"}
    ]
    shown = call("table", tmp_path / "x", "--layout", layout, "--columns", "psnr", "--notes", "full").stdout
    assert "| Method | P (dB) ↑ |" in shown
    assert "- P (n = 20): how psnr is computed" in shown


def test_a_sweep(folder):
    runs = [folder(f"n{s}", degradation={"name": "noise", "strength": s, "unit": "of 255"}) for s in (9, 3)]
    shown = call("table", *runs, "--sweep").stdout
    assert shown.startswith("| Method | noise (of 255)<br>PSNR (dB) ↑<br>3 | noise (of 255)<br>PSNR (dB) ↑<br>9 |")


def test_standalone_is_a_document(folder):
    shown = call("table", folder("x"), "--format", "tex", "--standalone").stdout
    assert shown.startswith("\\documentclass")
    assert shown.rstrip().endswith("\\end{document}")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--format", "xlsx"], "unknown format 'xlsx'; known: md, tex, csv, html, terminal"),
        (["--notes", "long"], "unknown notes 'long'; known: full, short, none"),
        (["--rows", "c"], "no method c in this run; known: a, b, hr"),
        (["--columns", "psrn"], "no metric psrn in this run; did you mean psnr?"),
        (["--layout", "nowhere.yaml"], "nowhere.yaml: cannot be read: "),
        (["--sweep"], "its degradation has no strength"),
        (["--standalone"], "--standalone is for --format tex"),
    ],
)
def test_what_is_wrong_is_one_line_and_code_2(folder, options, reason):
    result = call("table", folder("x"), *options)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_needs_neither_torch_nor_matplotlib(folder):
    """Tables are made without torch, on machines that could not run a method, and quickly."""
    code = (
        "import sys; from fsrbench.reports.tables.command import table; table([sys.argv[1]]);"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    command = [sys.executable, "-c", code, str(folder("x"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert not {"torch", "matplotlib", "PIL", "torchvision"} & set(done.stdout.split())
    assert "pandas" in done.stdout.split()
