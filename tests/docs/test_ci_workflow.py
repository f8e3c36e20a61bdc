"""The workflow that visitors see runs what README and CONTRIBUTING say and what ``.ci/run`` does, without secrets."""

from __future__ import annotations

import re
from typing import Any

import yaml
from made.doc_blocks import blocks
from made.places import ROOT

TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
CI_RUN = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def commands(job: str) -> list[str]:
    return [step["run"].strip() for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def test_it_runs_on_every_pull_request() -> None:
    assert "pull_request" in WORKFLOW[True]  # YAML 1.1 reads the key `on` as true


def test_tests_are_run_by_the_command_of_readme_and_then_the_gate() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [command] = re.findall(r"<!-- test command -->\n```sh\n(.*?)\n```", readme)
    *_, tests, gate = commands("test")
    assert tests == command
    assert gate.split(" && ")[-1] == CI_RUN.splitlines()[-1] == "tools/gate.sh"


def test_the_same_latex_is_installed_as_in_the_script() -> None:
    packages = r"texlive-[\w-]+"
    assert re.findall(packages, TEXT) == re.findall(packages, CI_RUN)


def test_lint_is_that_of_contributing() -> None:
    lines = blocks(ROOT / "CONTRIBUTING.md")[0].text.splitlines()
    install, check = (" ".join(line.partition("#")[0].split()) for line in (lines[0], lines[-1]))
    assert commands("lint") == [install, check]


def test_it_needs_no_secret_and_nobody_elses_action() -> None:
    assert "secrets." not in TEXT
    assert WORKFLOW["permissions"] == {"contents": "read"}
    uses = [step["uses"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in uses)
