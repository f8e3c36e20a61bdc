"""CelebA: partitions, identities, landmarks, both forms of its files."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import call, run, write_zip
from made.archives import CELEBA_ATTRIBUTES, CELEBA_POINTS, IDENTITY, PARTITION, celeba, draw_photo
from made.imports import do_import, manifest, pictures, table
from PIL import Image

from fsrbench.datasets import open_dataset


def ids(split: int | None) -> list[str]:
    """What a split is to hold."""
    return sorted(f"{IDENTITY[k]:05d}/{k:06d}" for k, part in PARTITION.items() if split in (None, part))


@pytest.mark.parametrize(("split", "part"), [("train", 0), ("val", 1), ("test", 2), ("all", None)])
def test_split_has_its_pictures_and_people(tmp_path: Path, split: str, part: int | None) -> None:
    do_import("celeba", celeba(tmp_path / "src"), tmp_path / "out", "--split", split)
    data = open_dataset(str(tmp_path / "out"))
    assert [s.id for s in data] == ids(part)
    assert [s.identity for s in data] == [i.partition("/")[0] for i in ids(part)]
    assert data.warnings == ()


@pytest.mark.parametrize(
    ("form", "packed", "newline", "mark"),
    [
        pytest.param("csv", False, "\n", "", id="kaggle"),
        pytest.param("csv", True, "\r\n", "\ufeff", id="windows-csv-with-mark"),
        pytest.param("txt", False, "\r\n", "\ufeff", id="windows-txt-with-mark"),
    ],
)
def test_every_form_gives_the_same_bytes(tmp_path: Path, form: str, packed: bool, newline: str, mark: str) -> None:
    do_import("celeba", celeba(tmp_path / "a"), tmp_path / "published")
    do_import("celeba", celeba(tmp_path / "b", form, packed, newline, mark), tmp_path / "other")
    for file in ["landmarks5.csv", *(f"HR/{i}.png" for i in ids(2))]:
        assert (tmp_path / "other" / file).read_bytes() == (tmp_path / "published" / file).read_bytes()
    assert manifest(tmp_path / "other")["pixels_sha256"] == manifest(tmp_path / "published")["pixels_sha256"]


def test_nested_zip_as_on_kaggle_is_read_alone(tmp_path: Path) -> None:
    source = celeba(tmp_path / "src", "csv", packed=False)
    files = {str(f.relative_to(source)): f.read_bytes() for f in source.rglob("*") if f.is_file()}
    files = {n.replace("img_align_celeba/", "img_align_celeba/img_align_celeba/"): d for n, d in files.items()}
    do_import("celeba", write_zip(tmp_path / "archive.zip", files), tmp_path / "out")
    assert list(pictures(tmp_path / "out")) == ids(2)


def test_centre_is_cut_and_reduced(tmp_path: Path) -> None:
    do_import("celeba", celeba(tmp_path / "src"), tmp_path / "out")
    expected = draw_photo(4, 178, 218).crop((0, 20, 178, 198)).resize((128, 128), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(pictures(tmp_path / "out")["02880/000004"], np.asarray(expected))


def test_landmarks_lie_in_the_crop(tmp_path: Path) -> None:
    do_import("celeba", celeba(tmp_path / "src"), tmp_path / "out")
    row = next(row for row in table(tmp_path / "out" / "landmarks5.csv") if row["image"] == "02880/000004")
    x, y = CELEBA_POINTS[0] + 4, CELEBA_POINTS[1] + 4
    assert float(row["le_x"]) == pytest.approx((x + 0.5) * 128 / 178 - 0.5, abs=1e-3)
    assert float(row["le_y"]) == pytest.approx((y + 0.5 - 20) * 128 / 178 - 0.5, abs=1e-3)


def test_missing_and_unknown_pictures_are_counted_and_named(tmp_path: Path) -> None:
    source = celeba(tmp_path / "src", packed=False)
    (source / "img_align_celeba" / "000004.jpg").unlink()
    (source / "img_align_celeba" / "000005.jpg").write_bytes(b"no picture")
    (source / "img_align_celeba" / "000099.jpg").write_bytes(b"")
    result = do_import("celeba", source, tmp_path / "out")
    left_out = {row["source"].rpartition("/")[2]: row["reason"] for row in table(tmp_path / "out" / "left_out.csv")}
    assert left_out == {
        "000004.jpg": "is in the partition but not among the pictures",
        "000005.jpg": "not a picture in a known format",
        "000099.jpg": "is not in list_eval_partition",
    }
    assert manifest(tmp_path / "out")["counts"] == {
        "pictures": 2, "identities": 1, "left_out": 3, "reaching_outside": 0,
    }  # fmt: skip
    assert "000005.jpg left out: not a picture" in result.stderr


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        pytest.param("list_eval_partition.txt", lambda t: t[:-13] + "0000", "line 7: expected", id="cut-in-a-line"),
        pytest.param("list_landmarks_align_celeba.txt", lambda t: t[:90], "line 2|announces", id="cut-short"),
        pytest.param(
            "list_landmarks_align_celeba.txt",
            lambda t: "".join(t.splitlines(True)[:-2]),
            "5 rows, its first line announces 7",
            id="rows-missing",
        ),
        pytest.param(
            "identity_CelebA.txt", lambda t: t + "000001.jpg 3\n", "line 8: 000001.jpg appears twice", id="2x"
        ),
        pytest.param("identity_CelebA.txt", lambda t: t.replace("2880", "nan"), "line 4: expected a name", id="nan"),
        pytest.param("list_eval_partition.txt", lambda t: "", "no rows", id="empty"),
        pytest.param(
            "list_eval_partition",
            lambda t: "".join(t.splitlines(True)[:5]),
            "ends with 000005.jpg; 2 later pictures that other files list are not in it, e.g. 000006.jpg; was it cut",
            id="cut-at-a-line",
        ),
        pytest.param(
            "identity_CelebA",
            lambda t: "".join(t.splitlines(True)[:6]),
            "ends with 000006.jpg; 1 later pictures that other files list are not in it, e.g. 000007.jpg; was it cut",
            id="identities-cut-at-a-line",
        ),
    ],
)
def test_damaged_annotations_are_refused_in_one_line(
    tmp_path: Path, file: str, change: Callable[[str], str], reason: str
) -> None:
    source = celeba(tmp_path / "src")
    path = source / (file if "." in file else f"{file}.txt")
    path.write_text(change(path.read_text()))
    result = call("data", "import", "celeba", source, tmp_path / "out")
    assert result.exit_code == 2
    assert re.search(f"{file}.*({reason})", result.stderr)
    assert not (tmp_path / "out").exists()


def test_without_a_partition_only_all_can_be_had(tmp_path: Path) -> None:
    source = celeba(tmp_path / "src")
    (source / "list_eval_partition.txt").unlink()
    assert "no list_eval_partition" in call("data", "import", "celeba", source, tmp_path / "out").stderr
    do_import("celeba", source, tmp_path / "out", "--split", "all")
    assert len(pictures(tmp_path / "out")) == len(PARTITION)


def test_imported_name_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FSRBENCH_DATA", str(tmp_path / "home"))
    assert call("data", "import", "celeba", celeba(tmp_path / "src"), "celeba-test").exit_code == 0
    finished = run("celeba-test", tmp_path / "run")
    assert finished.code == 0
    assert set(finished.values("bicubic")) == set(ids(2))
    assert finished.manifest["dataset"]["name"] == "celeba-test"
    assert "celeba-test" in call("list", "datasets").stdout
    assert "did you mean celeba-test" in call("run", "--methods", "bicubic", "--data", "celeba-tst").stderr


@pytest.mark.parametrize(("form", "newline"), [("txt", "\n"), ("csv", "\r\n")])
def test_attributes_are_kept_as_groups(tmp_path: Path, form: str, newline: str) -> None:
    do_import("celeba", celeba(tmp_path / "src", form, newline=newline, attributes=True), tmp_path / "out")
    labels = open_dataset(str(tmp_path / "out")).labels
    assert tuple(labels) == CELEBA_ATTRIBUTES
    for place, of in enumerate(labels.values()):
        assert of == {image: "yes" if int(image[-6:]) >> place & 1 else "no" for image in ids(2)}
    assert "groups.csv" in manifest(tmp_path / "out")["files"]


def test_attributes_cut_short_are_refused(tmp_path: Path) -> None:
    source = celeba(tmp_path / "src", "csv", attributes=True)
    file = source / "list_attr_celeba.csv"
    file.write_text("".join(line + "\n" for line in file.read_text().splitlines()[:4]))
    found = call("data", "import", "celeba", source, tmp_path / "out")
    assert (found.exit_code, "list_attr_celeba ends with 000003.jpg" in found.stderr) == (2, True)
