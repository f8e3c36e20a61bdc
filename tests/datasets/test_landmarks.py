"""landmarks.csv beside the pictures: read as it is meant, refused in one line otherwise."""

from pathlib import Path

import numpy as np
import pytest
from made import write_files

from fsrbench.datasets import Dataset, open_dataset
from fsrbench.errors import UserError
from fsrbench.files.labels import image_of

HEADER = "image," + ",".join(f"{axis}{i}" for i in range(68) for axis in "xy")
POINTS = np.arange(136, dtype=float).reshape(68, 2) / 2


def line(image: str, points: np.ndarray = POINTS) -> str:
    return f"{image}," + ",".join(str(v) for v in points.ravel())


def opened(tmp_path: Path, *lines: str, prefix: str = "", encoding: str = "utf-8", end: str = "\n") -> Dataset:
    csv = end.join(lines).encode(encoding)
    files = {f"{prefix}x/1.png": b"1", f"{prefix}x/2.png": b"2", "landmarks.csv": csv}
    return open_dataset(str(write_files(tmp_path, files)))


@pytest.mark.parametrize("prefix", ["", "HR/"])
@pytest.mark.parametrize("suffix", ["", ".png", ".jpg"])
def test_points_reach_their_image(tmp_path: Path, prefix: str, suffix: str) -> None:
    data = opened(tmp_path, HEADER, line(f"x/2{suffix}", POINTS + 1), line(f"x/1{suffix}"), prefix=prefix)
    assert not data.warnings
    first, second = (s.landmarks for s in data)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, POINTS)
    assert np.array_equal(second, POINTS + 1)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("john.smith", "john.smith"),
        ("john.smith.jpg", "john.smith"),
        ("john.jpg", "john"),
        ("p\\1.2.png", "p/1.2"),
        ("jo\u0308rg.png", "j\u00f6rg"),
        ("nobody.png", None),
        ("", None),
    ],
)
def test_full_name_goes_before_one_without_suffix(name: str, image: str | None) -> None:
    assert image_of(name, {"john", "john.smith", "p/1.2", "j\u00f6rg"}) == image


@pytest.mark.parametrize(("encoding", "end"), [("utf-8-sig", "\n"), ("utf-8", "\r\n"), ("utf-8", "\n\n")])
def test_spreadsheet_flavours_are_read(tmp_path: Path, encoding: str, end: str) -> None:
    data = opened(tmp_path, HEADER, line("x/1"), encoding=encoding, end=end)
    assert data.samples[0].landmarks is not None
    assert data.samples[1].landmarks is None


def test_lines_without_an_image_are_reported(tmp_path: Path) -> None:
    data = opened(tmp_path, HEADER, line("x/1"), line("nobody"))
    assert data.samples[0].landmarks is not None
    assert data.warnings == ("landmarks.csv: 1 lines name no image that is used: 'nobody'",)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        pytest.param([line("x/1"), line("x/2")], "first line", id="no-header"),
        pytest.param([], "first line", id="empty"),
        pytest.param([HEADER, line("x/1", POINTS[:5])], "line 2: expected 136", id="too-few-points"),
        pytest.param([HEADER, line("x/1"), line("x/2").replace("1.0", "left")], "line 3: .*left", id="text"),
        pytest.param([HEADER, line("x/1", POINTS * np.nan)], "finite", id="nan"),
        pytest.param([HEADER, "x/1"], "expected 136", id="name-only"),
        pytest.param([HEADER, line("x/1"), line("x/1.png")], "twice", id="twice"),
        pytest.param([HEADER.replace(",", ";"), line("x/1").replace(",", ";")], "first line", id="semicolons"),
        pytest.param([HEADER, "x/1,\0"], "line 2|cannot be read", id="nul"),
    ],
)
def test_malformed_file_is_refused_in_one_line(tmp_path: Path, lines: list[str], reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        opened(tmp_path, *lines)
    assert "landmarks.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"landmarks\.csv cannot be read"):
        opened(tmp_path, HEADER, line("jörg"), encoding="latin-1")
