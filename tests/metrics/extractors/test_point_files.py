"""Lists of points: what the challenge's file looks like, and files that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsrbench.errors import FsrbenchError, Unavailable
from fsrbench.metrics.extractors.point_files import COLUMNS, points_of, read_points

HEAD = f"filename,dataset,x1,y1,x2,y2,{','.join(COLUMNS)}"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_points_are_found_by_the_last_part_of_an_id(tmp_path) -> None:
    file = write(tmp_path / "p.csv", f"{HEAD}\n162747,CelebA,0,0,9,9,203.5,257,307,258,270,320,210,380,295,384\n")
    expected = [[203.5, 257], [307, 258], [270, 320], [210, 380], [295, 384]]
    assert points_of(file, "CelebA/162747").tolist() == expected
    assert points_of(file, "162747.x4").tolist() == expected
    with pytest.raises(FsrbenchError, match=r"p.csv lists no points of 162748"):
        points_of(file, "CelebA/162748")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("filename,dataset\n1,CelebA\n", "has no column left_eye_x"),
        ("", "has no column filename"),
        (f"{HEAD}\n1,CelebA,0,0,9,9,a,1,1,1,1,1,1,1,1,1\n", "cannot be read as a list of points: ValueError"),
        (f"{HEAD}\n1,CelebA,0,0,9,9,1\n", "cannot be read as a list of points: TypeError"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path, text, reason) -> None:
    with pytest.raises(Unavailable, match=reason):
        read_points(write(tmp_path / "p.csv", text))
