"""The results repository, copied: its workflow's very commands are green on a good bundle and red on a forged one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from made import picture_files, write_files
from made.forgeries import Forged
from made.forked import command_line_in
from made.places import ROOT

from fsrbench import evaluate
from fsrbench.bundle.make import About, write_bundle

pytestmark = pytest.mark.heavy

TEMPLATE = ROOT / "docs" / "leaderboard-template"


def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((TEMPLATE / ".github/workflows/board.yml").read_text(encoding="utf-8"))
    return loaded


def commands() -> dict[str, str]:
    """What the job runs, by the step's name, without what installs."""
    steps = workflow()["jobs"]["verify"]["steps"]
    return {step["name"]: step["run"] for step in steps if "run" in step and step["name"] != "Install"}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = [f"HR/id{number:02d}/0.png" for number in range(12)]
    return write_files(tmp_path_factory.mktemp("data") / "faces", picture_files(names))


@pytest.fixture(scope="module")
def good(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a run on the data."""
    folder = tmp_path_factory.mktemp("run")
    options: dict[str, Any] = {"progress": False, "device": "cpu", "save_images": True}
    run = evaluate(["lanczos"], faces, ["psnr", "ssim"], out=folder / "run", **options)
    write_bundle(folder / "lanczos.zip", [run], "lanczos", About(), with_images=True)
    return folder / "lanczos.zip"


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """A copy with ``fsrbench`` beside it, as if it were installed."""
    folder = Path(shutil.copytree(TEMPLATE, tmp_path / "repository"))
    with command_line_in(tmp_path / "bin"):
        yield folder


def act(repository: Path, command: str, data: str) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub does: in bash, which ends at the first error."""
    path = os.pathsep.join([str(repository.parent / "bin"), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=repository,
        env=os.environ | {"PATH": path, "DATA": data},
        capture_output=True,
        text=True,
    )


def test_a_good_bundle_is_green_and_a_forged_one_red(repository: Path, good: Path, faces: Path) -> None:
    assert list(commands()) == ["Verify", "Build the site"]
    shutil.copy(good, repository / "bundles")
    (repository / "bundles" / "lanczos.zip.verdict.json").write_text("{}", encoding="utf-8")  # its author's
    for command in commands().values():
        done = act(repository, command, str(faces))
        assert done.returncode == 0, done.stdout + done.stderr
    index = (repository / "site" / "index.html").read_text(encoding="utf-8")
    assert "lanczos" in index
    assert "recomputed from pictures" in index

    forged = Forged(good)
    forged.change("psnr", lambda values: values + 0.5)
    forged.write(repository / "bundles" / "better.zip")
    done = act(repository, commands()["Verify"], str(faces))
    assert done.returncode == 1
    assert "psnr from pictures: the scores of 12 of 12 images differ" in done.stdout
    assert done.stdout.index("== bundles/better.zip") < done.stdout.index("mismatch") < done.stdout.index("lanczos.zip")
    cases = ElementTree.parse(repository / "reports" / "better.xml").iter("testcase")
    assert {case.get("name") for case in cases if case.find("failure") is not None} == {"psnr from pictures"}


def test_without_data_bundles_are_self_reported_and_nonsense_is_red(repository: Path, good: Path) -> None:
    assert act(repository, commands()["Verify"], "").returncode == 2  # no bundle at all
    shutil.copy(good, repository / "bundles")
    done = act(repository, commands()["Verify"], "")
    assert done.returncode == 0, done.stderr
    assert "self-reported: " in done.stdout
    (repository / "bundles" / "broken.zip").write_bytes(good.read_bytes()[:-50])
    assert act(repository, commands()["Verify"], "").returncode == 1
    (repository / "bundles" / "broken.zip").rename(repository / "bundles" / ".hidden.zip")
    assert act(repository, commands()["Verify"], "").returncode == 1


def test_the_workflow_publishes_from_the_main_branch_alone() -> None:
    jobs = workflow()["jobs"]
    assert jobs["publish"]["if"] == "github.event_name == 'push'"
    assert jobs["publish"]["needs"] == "verify"
    assert workflow()["permissions"] == {"contents": "read"}
    assert "*.verdict.json" in (TEMPLATE / ".gitignore").read_text(encoding="utf-8").split()
