"""The files around the code: they parse, say what they must, and agree with the package."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from made.places import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
HOOKS = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
}


def test_citation_is_of_this_version_and_names_the_papers() -> None:
    citation: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()  # what its schema demands
    assert citation["version"] == VERSION
    assert citation["license"] == "Apache-2.0"
    for paper in citation["references"]:
        assert {"type", "title", "authors", "year"} <= paper.keys()
        assert paper.get("doi", "10.").startswith("10.")
        assert "doi" in paper or paper["url"].startswith("https://")


def test_changelog_has_this_version() -> None:
    assert re.search(rf"^## \[{re.escape(VERSION)}\] - ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_form(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= form.keys()
    fields = form["body"]
    assert len({field["id"] for field in fields}) == len(fields)
    for field in fields:
        assert field["type"] in {"input", "textarea", "checkboxes"}
        assert field["attributes"]["label"]
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_there_are_four_forms() -> None:
    assert [path.stem for path in FORMS] == ["bug", "method", "metric", "number"]
    assert yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text()) == {"blank_issues_enabled": True}


def refused(name: str) -> bool:
    hook = HOOKS["pictures"]
    return bool(re.search(hook["files"], name)) and not re.search(hook["exclude"], name)


@pytest.mark.parametrize(
    "name", ["face.png", "docs/a.jpeg", "tests/a.png", "results/x/a.jpg", "fsrbench/b.zip", "weights/a.onnx"]
)
def test_hook_refuses_a_picture_elsewhere(name: str) -> None:
    assert refused(name)


def test_hook_takes_all_files_that_are_there() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, or no git")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in listed.stdout.splitlines() if refused(name)] == []


@pytest.mark.parametrize("text", ["a \n", "a\n\n", "a", "a\t\nb\n"])
def test_hook_finds_untidy_text(text: str) -> None:
    assert re.search(HOOKS["text-files"]["entry"], text, re.MULTILINE)


def test_hook_passes_tidy_text() -> None:
    assert not re.search(HOOKS["text-files"]["entry"], "a\n\nb\n", re.MULTILINE)
