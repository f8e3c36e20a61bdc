"""The row ``lr`` of restoration tasks: the input scored as if a method had made it, everywhere beside the ceiling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import Finished, call, draw_picture, encode_picture, run, write_files
from PIL import Image

from fsrbench.runs.data import RunData

COUNT = 6


def pictures() -> dict[str, tuple[Image.Image, Image.Image]]:
    """HR and a noisy LR of the same size."""
    made = {}
    for i in range(COUNT):
        hr = draw_picture(i)
        noise = np.random.RandomState(i).normal(0, 12, (64, 64, 3))
        lr = Image.fromarray(np.clip(np.asarray(hr) + noise, 0, 255).round().astype(np.uint8))
        made[f"{i}.png"] = hr, lr
    return made


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("floor")
    made = pictures()
    sides = {f"HR/{name}": hr for name, (hr, _) in made.items()} | {f"LR/{name}": lr for name, (_, lr) in made.items()}
    data = write_files(folder / "data", {name: encode_picture(picture) for name, picture in sides.items()})
    half = {name: Image.blend(lr, hr, 0.5) for name, (hr, lr) in made.items()}
    sr = write_files(folder / "half", {name: encode_picture(picture) for name, picture in half.items()})
    result = run(
        data, folder / "out", "--task", "64x1", "--metrics", "psnr,ssim,niqe_face", methods=f"images:{sr}", plots=True
    )
    assert result.code == 0, result.stderr
    return result


def test_lr_has_the_numbers_of_its_pictures(finished: Finished) -> None:
    scores = finished.scores.set_index(["method", "metric", "image"])["value"]
    for name, (hr, lr) in pictures().items():
        error = np.mean((np.asarray(hr, np.float64) - np.asarray(lr)) ** 2)
        assert scores["lr", "psnr", name.removesuffix(".png")] == pytest.approx(10 * np.log10(255**2 / error), abs=1e-5)
    assert {method for method, metric, _ in scores.index if metric == "niqe_face"} >= {"lr", "hr"}


def test_lr_is_no_method_and_is_never_ranked(finished: Finished) -> None:
    loaded = RunData.load(finished.path)
    (method,) = loaded.methods
    assert loaded.rows == [method, "lr", "hr"]
    table = (finished.path / "table.md").read_text()
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in lines[-2:]] == ["*lr*", "*hr*"]
    assert "r: the input itself scored as a method, the floor, not ranked; hr: the HR images scored" in table
    assert "**" not in lines[-2]
    compared = call("compare", finished.path)
    assert " lr " not in compared.stdout


def test_lr_is_beside_the_methods_in_every_report(finished: Finished) -> None:
    drawn = (finished.path / "plots").glob("*.svg")
    assert any("LR (floor)" in file.read_text() for file in drawn)
    for form in ("tex", "html", "csv"):
        out = call("table", finished.path, "--format", form).stdout
        assert "lr" in out.lower()
        assert "hr" in out.lower()
    page = call("report", finished.path)
    assert page.exit_code == 0, page.output
    text = (finished.path / "report.html").read_text()
    assert "<i>lr</i>" in text
    assert "<i>hr</i>" in text


def test_without_the_floor(finished: Finished, tmp_path: Path) -> None:
    layout = tmp_path / "layout.yaml"
    layout.write_text("floor: false")
    shown = call("table", finished.path, "--format", "md", "--layout", layout).stdout
    assert "*lr*" not in shown
    assert "*hr*" in shown


def test_lr_equal_to_hr_is_reported(tmp_path: Path) -> None:
    """A floor that equals the ceiling: HR was handed in as LR."""
    files = {f"{side}/{i}.png": encode_picture(draw_picture(i)) for side in ("HR", "LR") for i in range(COUNT)}
    result = run(write_files(tmp_path / "data", files), tmp_path / "out", "--task", "64x1")
    assert "data: 6 of 6 LR pictures equal HR pixel for pixel: there is nothing to restore" in result.stderr


def test_other_tasks_have_no_floor(tmp_path: Path) -> None:
    files = {f"HR/{i}.png": encode_picture(draw_picture(i)) for i in range(COUNT)}
    result = run(write_files(tmp_path / "data", files), tmp_path / "out", "--metrics", "psnr,niqe_face")
    assert set(result.summary["method"]) == {"bicubic", "hr"}
    assert "floor" not in (result.path / "table.md").read_text()
