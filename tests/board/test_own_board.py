"""This project's own board: its bundles hold, somebody ran their methods again, and nothing of a machine is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made.places import ROOT

from fsrbench.board.command import board_command
from fsrbench.bundle.read import read_bundle, read_verdict
from fsrbench.bundle.schema import Level

BUNDLES = sorted((ROOT / "results" / "board").glob("*.zip"))
OWN = {"bicubic", "scgan", "ours-paper", "ours-psnr", "ours"}


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_bundles_are_those_that_were_verified(path: Path) -> None:
    bundle, verdict = read_bundle(path), read_verdict(path)
    assert [*bundle.damage()] == []
    assert verdict is not None
    assert verdict.verified
    assert verdict.level is Level.RUN
    assert all(bundle.pictures(place) == [] for place in range(len(bundle.results)))
    for place in range(len(bundle.results)):
        spec = bundle.manifest(place)["spec"]
        assert not str(spec["out"]).startswith("/")
        assert bundle.results[place].track.dataset.name == "sample"


def test_the_board_is_made_of_them(tmp_path: Path) -> None:
    board_command([ROOT / "results" / "board"], tmp_path / "board")
    board = json.loads((tmp_path / "board" / "board.json").read_text(encoding="utf-8"))
    assert {about["name"] for about in board["methods"].values()} == OWN
    assert board["left_out"] == []
    for track in board["tracks"]:
        first = next(column for column in track["columns"] if column["key"] == track["first_order"])
        assert first["told_apart_by"] == "paired"
        bicubic = next(method for method in track["order"] if method.startswith("bicubic"))
        assert first["results"][bicubic]["places"][0] > 1  # a network beats interpolation
