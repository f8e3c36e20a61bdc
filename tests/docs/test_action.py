"""The composite action says what its inputs are, and its steps do what they say, one after another as on GitHub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from made.forked import command_line_in
from made.places import ROOT

FILE = ROOT / ".github" / "actions" / "gate" / "action.yml"
ACTION: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
METHOD = """
import torch
from fsrbench import Method

class Mine(Method):
    '''Bicubic enlargement.'''

    def load(self, task, device):
        self.scale = task.scale

    def upscale(self, lr):
        return (torch.nn.functional.interpolate(lr, scale_factor=self.scale, mode="bicubic") * FACTOR).clamp(0, 1)
"""


def filled(text: str, inputs: Mapping[str, str]) -> str:
    """A value with its expressions replaced, as GitHub replaces them."""
    return EXPRESSION.sub(lambda found: inputs[found[1].removeprefix("inputs.")], str(text))


def act(folder: Path, **given: str) -> tuple[int, str]:
    """Run the action's steps; the exit code of the first that fails, and everything they print."""
    inputs = {name: str(facts.get("default", "")) for name, facts in ACTION["inputs"].items()}
    inputs |= {name.replace("_", "-"): value for name, value in given.items()}
    printed = ""
    for step in STEPS:
        if step.get("if") == "inputs.install != ''" and not inputs["install"]:
            continue
        environment = {name: filled(value, inputs) for name, value in step.get("env", {}).items()}
        outside = {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
        path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder,
            env={**os.environ, **outside, **environment, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed += done.stdout
        if done.returncode:
            return done.returncode, printed
    return 0, printed


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A repository with a method, ``fsrbench``, and a pip that writes down what it is to install."""
    (tmp_path / "my_method.py").write_text(METHOD.replace("FACTOR", "1.0"))
    (tmp_path / "bin").mkdir()
    pip = tmp_path / "bin" / "pip"
    pip.write_text('#!/bin/sh\necho "$@" >> installed\n')
    pip.chmod(0o755)
    with command_line_in(tmp_path / "bin"):
        yield tmp_path


def test_every_input_is_explained_and_used() -> None:
    text = FILE.read_text(encoding="utf-8")
    for name, facts in ACTION["inputs"].items():
        assert facts["description"].strip()
        assert ("default" in facts) != bool(facts.get("required"))
        assert f"inputs.{name}" in text.partition("\nruns:")[2] + json.dumps(ACTION["outputs"])
    assert ACTION["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in STEPS)


def test_no_input_can_be_a_command() -> None:
    assert not [step["name"] for step in STEPS if EXPRESSION.search(step["run"])]


def test_the_page_names_every_input() -> None:
    page = (ROOT / "docs" / "gate-in-ci.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in ACTION["inputs"])
    assert ".github/actions/gate@" in page


@pytest.mark.heavy  # starts the command line several times
def test_its_steps_make_a_reference_hold_it_and_fail_a_worse_method(folder: Path) -> None:
    given = {"methods": "mine=python:my_method:Mine", "metrics": "psnr,ssim", "limit": "4", "reference": "faces.json"}
    assert act(folder, **given, update="true")[0] == 0
    assert (folder / "installed").read_text().splitlines()[-1] == "install fsrbench ."
    assert sorted(json.loads((folder / "faces.json").read_text())["methods"]) == ["mine"]
    (folder / "my_method.py").write_text(METHOD.replace("FACTOR", "1.03"))
    code, printed = act(folder, **given, install="")
    assert code == 1, printed
    assert re.search(r"^::error title=.*mine.*PSNR", printed, re.MULTILINE)
    assert (folder / "output").read_text().splitlines() == ["exit-code=0", "exit-code=1"]
    assert "regressed" in (folder / "summary.md").read_text()
    assert "<failure" in (folder / "runs" / "gate.xml").read_text()


@pytest.mark.heavy
def test_an_unusable_input_ends_it(folder: Path) -> None:
    code, printed = act(folder, methods="bicubik; touch owned", install="")
    assert code == 2
    assert "unknown method 'bicubik; touch owned'" in printed
    assert not (folder / "owned").exists()
