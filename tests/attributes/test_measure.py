"""Classes seen in a run's kept pictures, by hand and through the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import call, encode_picture, run, write_files
from made.classifiers import COLOURS, strongest
from PIL import Image

from fsrbench.attributes.measure import measure, written
from fsrbench.errors import UserError
from fsrbench.runs import RunData
from fsrbench.runs.grouping import groupings, labels_of
from fsrbench.stats.proportional import proportions

SIDE = 64


def tinted(seed: int, colour: int) -> Image.Image:
    """A picture with one strong colour."""
    pixels = np.random.RandomState(seed).randint(60, 120, (SIDE, SIDE, 3))
    pixels[..., colour] += 60
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """Ten red and ten blue pictures; of two the label is wrong. One method makes three of the blue ones red."""
    folder = tmp_path_factory.mktemp("tinted")
    colours = [0] * 10 + [2] * 10
    files = {f"{k:02}.png": encode_picture(tinted(k, colour)) for k, colour in enumerate(colours)}
    rows = [f"{k:02},{COLOURS[colour] if k not in (0, 19) else 'green'}" for k, colour in enumerate(colours)]
    data = write_files(folder / "data", files | {"groups.csv": "\n".join(["image,colour", *rows]).encode()})
    swapped = {f"{k:02}.png": encode_picture(tinted(k, 0 if k in (10, 11, 12) else c)) for k, c in enumerate(colours)}
    sr = write_files(folder / "sr", swapped)
    assert run(data, folder / "out", methods=f"bicubic,images:{sr}", grid=True).code == 0
    return RunData.load(folder / "out")


def test_only_images_whose_hr_is_classified_correctly_count(done: RunData) -> None:
    (grouping,) = groupings(done.labels, "colour")
    found, about = measure(done, grouping, strongest)
    assert about.startswith("18 of 20 kept images with a label, those whose HR")
    plain, other = found.values()
    assert plain.kept == (1, 1)
    assert plain.rdp.chi2 == 0
    truth = ["red"] * 9 + ["blue"] * 9
    seen = ["red"] * 9 + ["red"] * 3 + ["blue"] * 6
    assert other == proportions(truth, seen, [str(i) for i in range(18)], ["blue", "red"])
    assert other.kept == (6 / 9, 1)


def test_the_command_prints_them_below_the_table(done: RunData) -> None:
    shown = call(
        *("table", done.path, "--by", "colour", "--min-people", 2, "--columns", "psnr"),
        *("--classifier", "python:made.classifiers:strongest"),
    )
    assert shown.exit_code == 0
    assert "**Classes seen, by colour**" in shown.stdout
    assert "| bicubic | 100, 100 | 0.0000, p = 1 (= 1) |" in shown.stdout
    assert "not what anybody is" in shown.stdout


def test_classes_of_other_names_are_refused(done: RunData) -> None:
    (grouping,) = groupings(done.labels, "colour")
    with pytest.raises(UserError, match="its classes must have the labels' names"):
        measure(done, grouping, lambda pictures: ["rot"] * len(pictures))
    with pytest.raises(UserError, match="right on HR images of red only"):
        measure(done, grouping, lambda pictures: ["red"] * len(pictures))


def test_a_run_without_pictures_is_refused(done: RunData, tmp_path: Path) -> None:
    (grouping,) = groupings(labels_of(done), "colour")
    empty = RunData(tmp_path, done.scores, done.summary, done.manifest, images=done.images, labels=done.labels)
    with pytest.raises(UserError, match="keeps no pictures of images with a label in colour"):
        measure(empty, grouping, strongest)


def test_classes_that_are_never_seen_have_no_measure() -> None:
    found = proportions(["a", "b"], ["other", "other"], ["1", "2"], ["a", "b"])
    (row,) = (line for line in written("sex", {"m": found}, "", "made").splitlines() if line.startswith("| m "))
    assert row == "| m | 0, 0 | – | – | – |"
