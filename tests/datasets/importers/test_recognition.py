"""Sets for face identification, in exactly their official layouts: roles, people, sizes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import call, write_files, write_zip
from made.archives import draw_photo, png
from made.imports import do_import, manifest, pictures, table
from made.recognition import (
    SIZES,
    SURV_OTHERS,
    SURV_PAIRS,
    TINY_GALLERY,
    TINY_PROBE,
    TINY_STRANGERS,
    cells,
    mat,
    pairs_of,
    scface_files,
    survface_files,
    tinyface_files,
)

from fsrbench.datasets import open_dataset
from fsrbench.datasets.pairs import ListedPair, read_pairs
from fsrbench.metrics.extractors.point_files import points_at

TEST_SET = "tinyface/Testing_Set"


def parts(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """Role and identity of each image of a dataset."""
    return {sample.id: (sample.role, sample.identity) for sample in open_dataset(str(folder))}


@pytest.mark.parametrize("form", ["folder", "zip", "nested cells"])
def test_tinyface_has_the_roles_and_people_of_its_lists(tmp_path: Path, form: str) -> None:
    files = tinyface_files(nested=form == "nested cells")
    source = write_zip(tmp_path / "t.zip", files) if form == "zip" else write_files(tmp_path / "src", files)
    do_import("tinyface", source, tmp_path / "out")
    expected: dict[str, tuple[str | None, str | None]] = {
        f"gallery/{person}/{name[:-4]}": ("gallery", str(person)) for name, person in TINY_GALLERY.items()
    }
    expected |= {f"probe/{person}/{name[:-4]}": ("probe", str(person)) for name, person in TINY_PROBE.items()}
    expected |= {f"distractors/{name[:-4]}": ("distractor", None) for name in TINY_STRANGERS}
    assert parts(tmp_path / "out") == expected


def test_native_sizes_and_pixels_are_kept_and_how_they_become_square_is_recorded(tmp_path: Path) -> None:
    source = write_files(tmp_path / "src", tinyface_files())
    do_import("tinyface", source, tmp_path / "out", "--fit", "stretch")
    found = pictures(tmp_path / "out", "LR")
    for row, (name, person) in enumerate(TINY_GALLERY.items()):
        expected = np.asarray(draw_photo(row, *SIZES[row % len(SIZES)]))
        np.testing.assert_array_equal(found[f"gallery/{person}/{name[:-4]}"], expected)
    assert manifest(tmp_path / "out")["settings"]["fit"] == "stretch"
    assert {sample.fit for sample in open_dataset(str(tmp_path / "out"))} == {"stretch"}


def test_distractors_are_optional(tmp_path: Path) -> None:
    files = tinyface_files()
    source = write_files(tmp_path / "src", files)
    do_import("tinyface", source, tmp_path / "one", "--distractors", 1)
    assert [image for image in parts(tmp_path / "one") if "distr" in image] == ["distractors/a_1"]
    without = {name: data for name, data in files.items() if "Distractor" not in name}
    do_import("tinyface", write_files(tmp_path / "bare", without), tmp_path / "none")
    assert len(parts(tmp_path / "none")) == len(TINY_GALLERY) + len(TINY_PROBE)


def test_survface_keeps_its_lists_numbers_apart_from_those_in_unmated_names(tmp_path: Path) -> None:
    do_import("survface", write_files(tmp_path / "src", survface_files()), tmp_path / "out")
    found = parts(tmp_path / "out")
    assert found["gallery/1/17_cam2_1"] == ("gallery", "1")
    assert found["probe/2/29_cam1_6"] == ("probe", "2")
    assert found["probe/unmated_1/1_cam2_1"] == found["probe/unmated_1/1_cam1_1"] == ("probe", "unmated_1")
    assert len(found) == 8


def test_survface_pairs_are_those_of_its_lists(tmp_path: Path) -> None:
    do_import("survface-pairs", write_files(tmp_path / "src", survface_files()), tmp_path / "out")
    stems = [[name[:-4] for name in pair] for pair in (*SURV_PAIRS, *SURV_OTHERS)]
    expected = tuple(ListedPair(*stem, k < 2, k % 2) for k, stem in enumerate(stems))
    assert read_pairs(tmp_path / "out" / "pairs.csv") == expected
    assert {image for pair in expected for image in (pair.first, pair.second)} == set(parts(tmp_path / "out"))
    assert [row["reason"] for row in table(tmp_path / "out" / "left_out.csv")] == ["is in no pair"]


def test_scface_has_a_gallery_of_hr_and_probes_of_visible_cameras(tmp_path: Path) -> None:
    do_import("scface", write_files(tmp_path / "src", scface_files()), tmp_path / "out")
    data = open_dataset(str(tmp_path / "out"))
    gallery = [sample for sample in data if sample.role == "gallery"]
    probes = [sample for sample in data if sample.role == "probe"]
    assert [sample.identity for sample in gallery] == ["001", "002", "003"]
    assert all(sample.hr and not sample.lr and sample.keeps_hr for sample in gallery)
    assert len(probes) == 3 * 5 * 3
    assert all(sample.lr and not sample.hr for sample in probes)
    assert len(table(tmp_path / "out" / "left_out.csv")) == 3 * 2  # infrared
    assert data.labels["distance"] == {sample.id: sample.id[-1] for sample in probes}  # for tables by distance
    assert set(data.labels["camera"].values()) == set("12345")


def test_landmarks_of_scface_crop_its_pictures_and_are_written_for_alignment(tmp_path: Path) -> None:
    source, rows = write_files(tmp_path / "src", scface_files(2)), []
    face = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.4, 0.7], [0.6, 0.7]])
    for path in sorted(scface_files(2)):
        width, height = next(s for k, s in SCFACE.items() if k in path)
        points = face * [width, height * 0.75] + [0, height * 0.1]
        rows.append(",".join([path, *(f"{v:.2f}" for v in points.ravel())]))
    (tmp_path / "points.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    do_import("scface", source, tmp_path / "out", "--landmarks", tmp_path / "points.csv", "--crop", "upright")
    found = pictures(tmp_path / "out", "HR")
    side = found["gallery/001/001_frontal"].shape[0]
    assert found["gallery/001/001_frontal"].shape == (side, side, 3)
    at = points_at(tmp_path / "out" / "face_points.csv", "gallery/001/001_frontal", 64)
    listed = next(
        row for row in table(tmp_path / "out" / "landmarks5.csv") if row["image"] == "gallery/001/001_frontal"
    )
    native = np.array([float(v) for k, v in listed.items() if k != "image"]).reshape(5, 2)
    np.testing.assert_allclose((at + 0.5) / 64, (native + 0.5) / side, atol=1e-6)


SCFACE = {"mugshot": (90, 120), "distance_1": (15, 20), "distance_2": (22, 29), "distance_3": (34, 45)}


def test_any_folders_of_roles_are_imported(tmp_path: Path) -> None:
    names = (
        "gallery/ann/1",
        "gallery/7_1",
        "probe/ann/2",
        "probe/7_5",
        "probe/nobody",
        "distractors/x",
        "distractors/y",
    )
    source = write_files(tmp_path / "src", {f"{name}.png": png(k, 20, 30) for k, name in enumerate(names)})
    do_import("identification", source, tmp_path / "out", "--distractors", 1)
    assert parts(tmp_path / "out") == {
        "gallery/ann/1": ("gallery", "ann"),
        "gallery/7/7_1": ("gallery", "7"),
        "probe/ann/2": ("probe", "ann"),
        "probe/7/7_5": ("probe", "7"),
        "probe/nobody": ("probe", None),
        "distractors/x": ("distractor", None),
    }
    made = manifest(tmp_path / "out")
    assert made["counts"]["identities"] == 2  # and not the folders of roles
    assert not [note for note in made["notes"] if "person's folder" in note]


def changed(**variables: object) -> Callable[[dict[str, bytes]], None]:
    """Replace the gallery's list."""

    def change(files: dict[str, bytes]) -> None:
        files[f"{TEST_SET}/gallery_match_img_ID_pairs.mat"] = mat(**variables)

    return change


def without(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        del files[f"{TEST_SET}/{name}"]

    return change


def hdf5(files: dict[str, bytes]) -> None:
    """The gallery's list as MATLAB 7.3 begins it."""
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + bytes(384)
    files[f"{TEST_SET}/gallery_match_img_ID_pairs.mat"] = head + b"\x89HDF\r\n\x1a\n" + bytes(100)


GALLERY = cells(list(TINY_GALLERY))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed(gallery_set=GALLERY), "gallery_match_img_ID_pairs.mat has no gallery_ids; it holds gallery_set"),
        (changed(gallery_set=GALLERY, gallery_ids=[[3], [3]]), "gallery_set has 4 entries and gallery_ids 2"),
        (changed(gallery_set=GALLERY, gallery_ids=cells(["3", "3", "12", "Ann"])), "'Ann', which is not the number"),
        (
            changed(gallery_set=GALLERY, gallery_ids=[[3], [3.5], [12], [40]]),
            "'3.5', which is not the number of a person",
        ),
        (changed(gallery_set=GALLERY, gallery_ids=[[3], [3], [-1], [40]]), "'-1', which is not the number of a person"),
        (changed(gallery_set=cells(["3_1.jpg"] * 4), gallery_ids=[[3]] * 4), "3_1.jpg is listed twice"),
        (hdf5, "gallery_match_img_ID_pairs.mat is a MATLAB 7.3 file (HDF5), which is not supported: save it with -v7"),
        (without("Gallery_Match/40_9.jpg"), "1 of 4 pictures that gallery_match_img_ID_pairs.mat lists are not in Gal"),
        (without("probe_img_ID_pairs.mat"), "no probe_img_ID_pairs.mat in"),
    ],
)
def test_a_damaged_download_is_one_line(
    tmp_path: Path, change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    files = tinyface_files()
    change(files)
    result = call("data", "import", "tinyface", write_files(tmp_path / "src", files), f"{tmp_path / 'out'}")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 3  # terms, home, and what is wrong


@pytest.mark.parametrize("form", ["padded names", "capital suffixes", "rows"])
def test_lists_and_names_of_other_forms_are_the_same(tmp_path: Path, form: str) -> None:
    files, names = tinyface_files(), list(TINY_GALLERY)
    people = np.array([list(TINY_GALLERY.values())])
    if form == "padded names":  # a table of characters
        changed(gallery_set=np.array(names), gallery_ids=people)(files)
    elif form == "rows":
        changed(gallery_set=cells(names).T, gallery_ids=people)(files)
    else:
        files = {name.replace(".jpg", ".JPG"): data for name, data in files.items()}
    result = do_import("tinyface", write_files(tmp_path / "src", files), tmp_path / "out")
    assert {i: who for i, (role, who) in parts(tmp_path / "out").items() if role == "gallery"} == {
        f"gallery/{person}/{name[:-4]}": str(person) for name, person in TINY_GALLERY.items()
    }
    assert "10 pictures of 3 people" in result.stderr
    assert "warning" not in result.stderr  # of folders that may be people's
    assert manifest(tmp_path / "out")["counts"]["identities"] == 3


def test_a_pair_alone_is_one(tmp_path: Path) -> None:
    files = survface_files()
    for name, pairs in (("positive", SURV_PAIRS), ("negative", SURV_OTHERS)):
        file = next(file for file in files if name in file)
        files[file] = mat(**{f"{name}_pairs_names": pairs_of(pairs[:1])})
    do_import("survface-pairs", write_files(tmp_path / "src", files), tmp_path / "out")
    assert [pair.genuine for pair in read_pairs(tmp_path / "out" / "pairs.csv")] == [True, False]


def test_a_folder_around_all_parts_does_not_matter_nor_do_zeros_before_a_number(tmp_path: Path) -> None:
    names = ("gallery/007/1", "gallery/ann/1", "probe/007_2", "probe/ann/2")
    files = {f"my split/{name}.png": png(k, 20, 20) for k, name in enumerate(names)}
    do_import("identification", write_zip(tmp_path / "set.zip", files), tmp_path / "out")
    assert {who for role, who in parts(tmp_path / "out").values() if role == "probe"} == {"007", "ann"}
    assert {sample.role for sample in open_dataset(str(tmp_path / "set.zip"))} == {"gallery", "probe"}


def test_a_folder_with_a_gallery_without_identities_is_still_imported(tmp_path: Path) -> None:
    files = {f"{name}.png": png(k, 64, 64) for k, name in enumerate(("gallery/ann", "gallery/bob", "probe/1_2"))}
    result = do_import("folder", write_files(tmp_path / "src", files), tmp_path / "out", "--size", 64)
    assert (
        "gallery and probes are not used for identification: no identity of 2 pictures of the gallery" in result.stderr
    )


def test_pictures_beside_the_list_are_left_out_and_said(tmp_path: Path) -> None:
    files = tinyface_files() | {f"{TEST_SET}/Probe/77_1.jpg": png(7, 20, 20)}
    result = do_import("tinyface", write_files(tmp_path / "src", files), tmp_path / "out")
    assert "77_1.jpg left out: is not in probe_img_ID_pairs.mat" in result.stderr


def test_survface_pairs_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    files = survface_files()
    table_of = next(name for name in files if "positive" in name)
    files[table_of] = mat(positive_pairs_names=cells(["17_cam1_1.jpg", "17_cam2_1.jpg", "x.jpg"]))
    result = call("data", "import", "survface-pairs", write_files(tmp_path / "src", files), f"{tmp_path / 'out'}")
    assert "positive_pairs_names is a table of 3 x 1, not of pairs" in result.stderr


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        ("tinyface", ("--size", 64), "pictures keep their pixels"),
        ("tinyface", ("--fit", "squash"), "--fit"),
        ("folder", ("--fit", "stretch"), "--fit is for tinyface"),
        ("survface", ("--distractors", 3), "--distractors is for tinyface and identification"),
        ("scface", (), "no mugshots"),
        ("identification", (), "expected only folders gallery/, probe/"),
    ],
)
def test_choices_that_do_not_suit_are_one_line(
    tmp_path: Path, kind: str, options: tuple[object, ...], reason: str
) -> None:
    source = write_files(tmp_path / "src", {"a/001_cam1_1.png": png(0, 20, 20), "a/2.png": png(1, 20, 20)})
    result = call("data", "import", kind, source, f"{tmp_path / 'out'}", *options)
    assert result.exit_code == 2
    assert reason in result.stderr
