"""FID and KID by group: of each group's pictures alone, in the run's file and in the table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made import call, picture_files, write_files
from made.set_metrics import BlockFid, block_extractor
from PIL import Image
from scipy.linalg import sqrtm

from fsrbench import evaluate
from fsrbench.errors import UserError
from fsrbench.metrics.distribution import Kid
from fsrbench.reports.plots.groups import draw_by_group
from fsrbench.reports.tables.groups import render
from fsrbench.runs.by_group import by_group, left_out
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import groupings
from fsrbench.runs.set_groups import FILE, read_set_groups

pytestmark = pytest.mark.heavy  # a run

TOWNS = {"north": 60, "south": 52, "east": 4}


class BlockKid(Kid):
    """KID of few images."""

    name, extractor, feature, description, least = "kid_blocks", "blocks", "descriptor", "colours of blocks", 12


class FewFid(BlockFid):
    """FID of 48 numbers."""

    least = 50


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunData]:
    folder = tmp_path_factory.mktemp("towns")
    towns = [town for town, count in TOWNS.items() for _ in range(count)]
    names = [f"p{place // 2:02}/{place:03}" for place in range(len(towns))]
    rows = [f"{name},{town},{20 + place}" for place, (name, town) in enumerate(zip(names, towns, strict=True))]
    files: dict[str, Any] = {**picture_files(f"{name}.png" for name in names)}
    files["groups.csv"] = "\n".join(["image,town,age", *rows]).encode()
    data = write_files(folder / "data", files)
    options: dict[str, Any] = {"offline": True, "progress": False, "save_images": True}
    with block_extractor():
        yield evaluate(["bicubic"], data, ["psnr", FewFid, BlockKid], out=folder / "run", **options)


def blocks(run: RunData, row: str, town: str) -> np.ndarray:
    """The descriptors of a group's kept pictures, with NumPy."""
    images = sorted(image for image, label in run.labels["town"].items() if label == town)
    files = [run.path / "images" / row / f"{image}.png" for image in images]
    pixels = np.stack([np.asarray(Image.open(file), dtype=np.float64) / 255 for file in files])
    return pixels.reshape(len(files), 4, 16, 4, 16, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2).reshape(len(files), -1)


def table(run: RunData) -> pd.DataFrame:
    found = read_set_groups(run.path, groupings(run.labels, "town"))
    return found.set_index(["method", "metric", "group"])


def test_numbers_are_of_each_groups_pictures_alone(run: RunData) -> None:
    found = table(run)
    for town in ("north", "south"):
        sr, hr = (blocks(run, row, town) for row in ("bicubic", "hr"))
        row = found.loc[("bicubic", "fid_blocks", town)]
        apart, both = sr.mean(0) - hr.mean(0), [np.cov(x, rowvar=False) for x in (sr, hr)]
        expected = apart @ apart + np.trace(both[0] + both[1] - 2 * sqrtm(both[0] @ both[1]).real)
        assert row["value"] == pytest.approx(expected, rel=1e-4, abs=1e-8)
        assert (row["images"], row["people"]) == (TOWNS[town], TOWNS[town] / 2)
        kid = found.loc[("bicubic", "kid_blocks", town)]
        assert kid["ci_low"] < kid["value"] < kid["ci_high"]
    assert set(found.index.get_level_values("method")) == {"bicubic"}  # HR has no distance from itself


def test_a_group_of_few_images_has_a_reason(run: RunData) -> None:
    row = table(run).loc[("bicubic", "kid_blocks", "east")]
    assert np.isnan(row["value"])
    assert "needs at least 12 images on both sides, 4 could be used" in row["note"]


def test_in_the_table_kid_is_ranked_and_fid_is_not(run: RunData) -> None:
    rows = by_group(run, groupings(run.labels, "town"), tested=False)
    kid, fid = (next(row for row in rows if row.metric == name) for name in ("kid_blocks", "fid_blocks"))
    assert [group.group for group in kid.groups] == ["east", "north", "south"]
    assert [group.ranked for group in kid.groups] == [False, True, True]
    assert kid.gap == pytest.approx(abs(kid.groups[1].value - kid.groups[2].value))
    assert not any(group.ranked for group in fid.groups)
    assert kid.reason == "one number per set; too few images: east"
    assert left_out(run, rows) == []
    text = call("table", run.path, "--by", "town", "--format", "text").stdout
    assert "not tested (one number per set; too few images: east)" in text
    fid_line = next(line for line in text.splitlines() if "fid_blocks" in line or "FID" in line)
    assert "°" not in fid_line  # it is not for want of people that none is ranked
    assert "on each group's pictures as a set" in " ".join(text.split())


def test_by_other_labels_they_are_not_there_and_the_table_says_how(run: RunData, tmp_path: Path) -> None:
    cut = call("table", run.path, "--by", "age:50", "--format", "text")
    assert cut.exit_code == 0, cut.stderr
    assert "kid_blocks: fsrbench run computes it for the labels it is given (--groups FILE)" in " ".join(
        cut.stdout.split()
    )
    only = call("table", run.path, "--by", "town", "--columns", "kid_blocks", "--format", "csv")
    assert only.exit_code == 0, only.stderr
    assert "kid_blocks" in only.stdout
    text = " ".join(
        call("table", run.path, "--by", "town", "--columns", "kid_blocks", "--format", "text").stdout.split()
    )
    assert "Gap: highest minus lowest ranked group." in text
    assert "Holm for" not in text  # nothing is tested


def test_with_other_labels_a_run_is_grouped_anew(run: RunData, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    rows = [f"{image},{('north', 'south')[place % 2]}" for place, image in enumerate(run.images["image"])]
    (tmp_path / "parity.csv").write_text("\n".join(["image,town", *rows]))
    options: dict[str, Any] = {"offline": True, "progress": False, "groups": tmp_path / "parity.csv"}
    metrics = ["psnr", FewFid, BlockKid]  # nothing but the labels changes
    again = evaluate(["bicubic"], run.path.parent / "data", metrics, out=tmp_path / "run", **options)
    found, before = table(again), table(run)
    assert set(found.index.get_level_values("group")) == {"north", "south"}
    assert set(found["images"]) == {58}
    assert (
        found.loc[("bicubic", "kid_blocks", "north"), "value"]
        != before.loc[("bicubic", "kid_blocks", "north"), "value"]
    )


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("column,group\n1,2\n")
    with pytest.raises(UserError, match=FILE):
        read_set_groups(tmp_path, [])


def test_a_set_too_small_for_a_number_is_not_called_a_group_of_few_people(run: RunData) -> None:
    rows = by_group(run, groupings(run.labels, "town"), ["kid_blocks"], min_people=2)
    text = render(run, rows, "text", few=2)
    assert "east (2) " in text
    assert "°" not in text


def test_the_plot_leaves_out_a_metric_without_a_number_of_any_group(run: RunData, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / FILE)
    table.loc[table["metric"] == "fid_blocks", ["value", "ci_low", "ci_high"]] = np.nan
    table.to_csv(tmp_path / "run" / FILE, index=False)
    titles = [
        [axes.get_title() for axes in draw_by_group(each, groupings(each.labels, "town")).axes]
        for each in (run, RunData.load(tmp_path / "run"))
    ]
    assert [len(found) for found in titles] == [3, 2]
    assert set(titles[0]) - set(titles[1]) == {run.metric("fid_blocks").label}
