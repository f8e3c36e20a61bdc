"""groups.csv beside the pictures, and labels that a user gives: into the dataset, the run and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call, picture_files, run, write_files, write_zip

from fsrbench.datasets import open_dataset
from fsrbench.errors import UserError
from fsrbench.runs import RunData

NAMES = ["ann/1.png", "ann/2.png", "bob/1.png", "cy/1.png"]
GROUPS = b"\xef\xbb\xbfimage,sex\r\nann/1,female\r\nann/2.png,female\r\nbob/1,male\r\n"


@pytest.mark.parametrize("where", ["groups.csv", "images/groups.csv"])
def test_labels_lie_beside_the_pictures_or_outermost(tmp_path: Path, where: str) -> None:
    pictures = {f"images/{name}": data for name, data in picture_files(NAMES).items()}
    for data in (
        write_files(tmp_path / "folder", pictures | {where: GROUPS}),
        write_zip(tmp_path / "packed.zip", pictures | {where: GROUPS}),
    ):
        found = open_dataset(str(data))
        assert found.labels == {"sex": {"ann/1": "female", "ann/2": "female", "bob/1": "male"}}
        assert found.warnings == ()


def test_names_of_no_image_are_warned_of_and_none_at_all_refused(tmp_path: Path) -> None:
    pictures = picture_files(NAMES)
    some = write_files(tmp_path / "some", pictures | {"groups.csv": GROUPS + b"gone,male\r\n"})
    assert open_dataset(str(some)).warnings == ("groups.csv: 1 line name no image that is used: 'gone'",)
    with pytest.raises(UserError, match="none of its 1 lines names an image of the data"):
        open_dataset(str(write_files(tmp_path / "none", pictures | {"groups.csv": b"image,sex\ngone,f\n"})))


def test_a_run_keeps_the_labels_of_its_images(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(NAMES) | {"groups.csv": GROUPS})
    given = tmp_path / "given.csv"
    given.write_text("image,age\nann/1,31\ncy/1,52\n")
    done = run(data, tmp_path / "out", "--metrics", "psnr", "--groups", given)
    assert done.code == 0
    labels = RunData.load(tmp_path / "out").labels
    assert labels == {
        "sex": {"ann/1": "female", "ann/2": "female", "bob/1": "male"},
        "age": {"ann/1": "31", "cy/1": "52"},
    }
    # Other labels, and none, replace them
    given.write_text("image,age\nann/1,32\n")
    assert run(data, tmp_path / "out", "--metrics", "psnr", "--groups", given).code == 0
    assert RunData.load(tmp_path / "out").labels["age"] == {"ann/1": "32"}
    (data / "groups.csv").unlink()
    assert run(data, tmp_path / "out", "--metrics", "psnr").code == 0
    assert RunData.load(tmp_path / "out").labels == {}
    assert not (tmp_path / "out" / "groups.csv").exists()


def test_labels_of_none_of_the_images_stop_a_run(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(NAMES))
    given = tmp_path / "given.csv"
    given.write_text("image,age\nx,31\n")
    done = run(data, tmp_path / "out", "--metrics", "psnr", "--groups", given)
    assert (done.code, "none of its 1 lines names an image" in done.stderr) == (2, True)


def test_degraded_data_keeps_them(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(NAMES) | {"groups.csv": GROUPS})
    assert call("data", "degrade", data, tmp_path / "out").exit_code == 0
    assert open_dataset(str(tmp_path / "out")).labels == open_dataset(str(data)).labels
