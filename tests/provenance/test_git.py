"""Which commit a manifest may name: that of the checkout which tracks the harness's own files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fsrbench.provenance import git as checkout


@pytest.fixture(autouse=True)
def _author(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.com")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def make_package(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("version = 1\n")
    return folder


def make_repository(folder: Path) -> str:
    """A repository of everything that is not ignored; its commit."""
    git(folder, "init", "-q")
    (folder / "paper.tex").write_text("a paper\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return git(folder, "rev-parse", "HEAD")


def test_an_installed_package_inside_somebody_elses_repository_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(".venv\n")
    package = make_package(tmp_path / ".venv" / "lib" / "fsrbench")
    make_repository(tmp_path)
    assert checkout.git(package) is None


def test_an_installed_package_that_nobody_ignores_has_no_commit(tmp_path: Path) -> None:
    make_repository(tmp_path)
    assert checkout.git(make_package(tmp_path / "env" / "fsrbench")) is None


def test_a_checkout_has_its_commit_and_tells_changes(tmp_path: Path) -> None:
    package = make_package(tmp_path / "fsrbench")
    commit = make_repository(tmp_path)
    assert checkout.git(package) == {"commit": commit, "dirty": False}
    (package / "__init__.py").write_text("version = 2\n")
    assert checkout.git(package) == {"commit": commit, "dirty": True}


def test_a_hook_of_another_repository_does_not_lend_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "paper").mkdir()
    make_repository(tmp_path / "paper")
    package = make_package(tmp_path / "checkout" / "fsrbench")
    ours = make_repository(tmp_path / "checkout")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "paper" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "paper"))
    assert checkout.git(package) == {"commit": ours, "dirty": False}
    assert checkout.git(make_package(tmp_path / "installed")) is None
