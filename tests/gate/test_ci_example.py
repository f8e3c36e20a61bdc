"""The workflow that users copy: it is YAML, and every fsrbench command in it is valid."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer.main
import yaml
from made.places import ROOT

from fsrbench.cli.app import app
from fsrbench.gate.command import FORMATS
from fsrbench.gate.reference import read
from fsrbench.spec import parse_spec

WORKFLOW = ROOT / "docs" / "examples" / "fsrbench-gate.yml"
SCRIPT = ROOT / "tools" / "gate.sh"
PAGE = ROOT / "docs" / "gate-in-ci.md"


def workflow() -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return loaded


def steps() -> list[dict[str, Any]]:
    (job,) = workflow()["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def commands(text: str) -> list[list[str]]:
    """Every call of fsrbench in a shell script."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [re.sub(r'\|\|.*|#.*|"\$@"', "", line).strip() for line in joined.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("fsrbench ")]


def in_workflow() -> list[list[str]]:
    return [command for step in steps() for command in commands(step.get("run", ""))]


def in_page() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return [command for block in blocks for command in commands(block)]


def parsed(arguments: list[str]) -> tuple[str, dict[str, Any]]:
    """Name and values of a command, by the parser that runs it."""
    command = typer.main.get_command(app)
    name, *rest = arguments
    context = command.make_context("fsrbench", [name, "--help"], resilient_parsing=True)
    sub = command.get_command(context, name)  # type: ignore[attr-defined]
    assert sub is not None, name
    return name, sub.make_context(name, rest, parent=context).params


@pytest.mark.parametrize(
    "arguments", [*in_workflow(), *commands(SCRIPT.read_text(encoding="utf-8")), *in_page()], ids=" ".join
)
def test_every_command_is_valid(arguments: list[str]) -> None:
    name, values = parsed(arguments)
    if name == "run":
        names = ("task", "data", "degradation", "limit", "timing", "ratio_to", "out", "device", "offline")
        split = {kind: tuple(values[kind].split(",")) for kind in ("methods", "metrics")}
        parse_spec(**split, **{key: values[key] for key in names})
    else:
        assert values["format"] in FORMATS


def test_an_invalid_command_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parsed(["check", "runs/gate", "--agianst", "x"])


def test_workflow_runs_checks_and_keeps_the_junit_file() -> None:
    assert [arguments[0] for arguments in in_workflow()] == ["run", "check", "check"]
    assert True in workflow() or "on" in workflow()  # YAML 1.1 reads the key `on` as true
    formats = [parsed(arguments)[1]["format"] for arguments in in_workflow() if arguments[0] == "check"]
    assert formats == ["github", "junit"]
    upload = next(step for step in steps() if "upload-artifact" in step.get("uses", ""))
    junit = in_workflow()[2]
    assert junit[junit.index("--output") + 1] in upload["with"]["path"]
    assert upload["if"] == "success() || failure()"


def test_workflow_and_script_measure_what_the_committed_reference_holds() -> None:
    here = parsed(commands(SCRIPT.read_text(encoding="utf-8"))[0])[1]
    there = parsed(in_workflow()[0])[1]
    same = ("methods", "metrics", "limit", "degradation", "data", "task", "seed", "ratio_to")
    assert {key: here[key] for key in same} == {key: there[key] for key in same}
    reference = read(ROOT / "results" / "reference.json")
    assert set(here["metrics"].split(",")) == set(reference.setup.metrics)
    assert set(here["methods"].split(",")) | {"hr"} == set(reference.methods)
    assert reference.setup.dataset.n == here["limit"]
    assert reference.setup.timing_base == here["ratio_to"]
