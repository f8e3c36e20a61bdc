"""The pictures that a run keeps: which, written when, and removed when they do not belong any more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import call, draw_picture, encode_picture, picture_files, run, write_files
from PIL import Image

from fsrbench.errors import UserError
from fsrbench.gallery import grid
from fsrbench.gallery import keep as gallery
from fsrbench.methods.names import RESERVED, find_method
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder

pytestmark = pytest.mark.heavy  # whole runs

IDS = ["ann/1", "ann/2", "bob/1", "bob/2", "cy/1"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files(f"HR/{image}.png" for image in IDS))


def kept(out: Path) -> set[str]:
    """The pictures in a run's folder, without suffix."""
    root = out / "images"
    return {path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.png")}


def names(rows: list[str], images: list[str]) -> set[str]:
    return {f"{row}/{image}" for row in rows for image in images}


def stamps(out: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (out / "images").rglob("*") if path.is_file()}


def test_first_images_are_kept_and_all_only_where_asked_for(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "MOST_KEPT", 3)
    monkeypatch.setattr(grid, "run_images", lambda _: ["bob/1"])
    monkeypatch.setattr("fsrbench.engine.plan.SHARD", 2)
    rows = ["lr", "bicubic", "nearest", "hr"]
    run(data, tmp_path / "out", methods="bicubic,nearest")
    assert kept(tmp_path / "out") == names(rows, IDS[:3])
    run(data, tmp_path / "out", "--save-images", methods="bicubic,nearest")
    assert kept(tmp_path / "out") == names(rows, IDS)
    run(data, tmp_path / "out", methods="bicubic")
    assert kept(tmp_path / "out") == names(["lr", "bicubic", "hr"], IDS[:3])


def test_kept_pictures_are_those_that_were_scored(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out")
    hr = np.asarray(Image.open(tmp_path / "out" / "images" / "hr" / "bob" / "1.png"))
    assert (hr == np.asarray(draw_picture(IDS.index("bob/1")))).all()
    small = Image.open(tmp_path / "out" / "images" / "lr" / "bob" / "1.png")
    sr = small.resize((64, 64), Image.Resampling.BICUBIC)
    assert (np.asarray(Image.open(tmp_path / "out" / "images" / "bicubic" / "bob" / "1.png")) == np.asarray(sr)).all()


def test_unchanged_run_writes_no_picture_again(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out")
    before = stamps(tmp_path / "out")
    run(data, tmp_path / "out")
    assert stamps(tmp_path / "out") == before


def test_another_setting_of_the_same_size_is_written(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out")
    picture = tmp_path / "out" / "images" / "lr" / "ann" / "1.png"
    before = picture.read_bytes()
    run(data, tmp_path / "out", "--degradation", "realworld")
    assert picture.read_bytes() != before


def test_lost_picture_and_lost_index_are_written_again(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out")
    for lost in ("bicubic/ann/2.png", "index.json"):
        (tmp_path / "out" / "images" / lost).unlink()
        run(data, tmp_path / "out")
        assert (tmp_path / "out" / "images" / lost).is_file()
    assert kept(tmp_path / "out") == names(["lr", "bicubic", "hr"], IDS)


def test_added_method_writes_only_itself(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out")
    before = stamps(tmp_path / "out")
    run(data, tmp_path / "out", methods="bicubic,nearest")
    after = stamps(tmp_path / "out")
    changed = {path.name for path, stamp in before.items() if after[path] != stamp}
    assert changed == {"index.json"}
    assert kept(tmp_path / "out") == names(["lr", "bicubic", "nearest", "hr"], IDS)


def test_report_shows_what_a_run_kept(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out", methods="bicubic,nearest")
    assert call("report", tmp_path / "out").exit_code == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "All images that the run kept: 5." in page
    assert "bob/1" in page


def test_lr_alone_has_no_hr(tmp_path: Path) -> None:
    source = write_files(tmp_path / "data", picture_files(["LR/a.png"], side=16))
    run(source, tmp_path / "out")
    assert kept(tmp_path / "out") == {"lr/a", "bicubic/a"}


def test_other_files_and_other_folders_are_left_alone(data: Path, tmp_path: Path) -> None:
    outside = write_files(tmp_path / "outside", picture_files(["mine.png", "deep/mine.png"]))
    run(data, tmp_path / "out")
    images = tmp_path / "out" / "images"
    (images / "notes.txt").write_text("mine")
    (images / "link").symlink_to(outside)
    (images / "bicubic" / "gone.png").symlink_to(outside / "mine.png")
    write_files(images / "old", picture_files(["a.png", "deep/b.png"]))
    run(data, tmp_path / "out", "--limit", 4)
    assert {path.name for path in outside.rglob("*.png")} == {"mine.png"}
    assert len(list(outside.rglob("*.png"))) == 2
    assert (images / "notes.txt").read_text() == "mine"
    assert not (images / "old").exists()
    assert not (images / "bicubic" / "gone.png").is_symlink()


def test_picture_that_is_a_link_is_replaced_and_not_written_into(data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"mine")
    target = tmp_path / "out" / "images" / "lr" / "ann" / "1.png"
    run(data, tmp_path / "out")
    target.unlink()
    target.symlink_to(mine)
    run(data, tmp_path / "out", "--degradation", "realworld")
    assert mine.read_bytes() == b"mine"
    assert not target.is_symlink()


def test_name_in_the_way_of_another_costs_a_picture_and_not_the_run(tmp_path: Path) -> None:
    files = {"a.png/b.png": encode_picture(draw_picture(0)), "a.jpg": encode_picture(draw_picture(1))}
    result = run(write_files(tmp_path / "data", files), tmp_path / "out")
    assert result.code == 0
    assert set(result.values("bicubic")) == {"a", "a.png/b"}
    assert "1 pictures of bicubic cannot be kept; a.png/b: " in result.stderr
    assert kept(tmp_path / "out") == names(["lr", "bicubic", "hr"], ["a"])


@pytest.mark.parametrize("name", [*RESERVED, "LR", "Hr"])
def test_method_cannot_have_the_name_of_a_runs_own_pictures(name: str) -> None:
    with pytest.raises(UserError, match="no method may be called"):
        find_method(name)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"images": 1, "rows": {}}', '{"images": [], "rows": {"a": 3}}', '{"images": []}']
)
def test_an_invalid_index_counts_as_missing(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    assert PictureFolder(tmp_path).read_index() == Index()


def test_index_names_nothing_outside_the_folder(tmp_path: Path) -> None:
    folder = PictureFolder(tmp_path)
    folder.finish(Index(("a", "../../b", "/c", "d/../../e"), {"lr": KeptRow("key")}))
    assert folder.read_index().images == ("a",)
