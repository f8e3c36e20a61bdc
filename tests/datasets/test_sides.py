"""What folders are taken for: HR, LR, SR, packing, parts of a set or people; and ambiguous ones are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from made import draw_picture, encode_picture, picture_files, write_files, write_zip
from PIL import Image, ImageFilter

from fsrbench.datasets import Dataset, open_dataset, open_outputs
from fsrbench.datasets.folder_words import is_general, side_of
from fsrbench.errors import UserError

Put = Callable[[Mapping[str, bytes]], Path]


@pytest.fixture(params=["folder", "zip", "zip-with-top"])
def put(request: pytest.FixtureRequest, tmp_path: Path) -> Put:
    if request.param == "folder":
        return lambda files: write_files(tmp_path / "given", files)
    top = "faces/" if request.param == "zip-with-top" else ""
    return lambda files: write_zip(tmp_path / "given.zip", files, top)


def opened(put: Put, *names: str) -> Dataset:
    return open_dataset(str(put({name: name.encode() for name in names})))


def pairs(data: Dataset) -> list[tuple[str, str | None, str | None]]:
    return [(s.id, *(picture and picture.read().decode() for picture in (s.hr, s.lr))) for s in data]


PAIRED = [
    ("gt", "lq"),
    ("GT", "LQ"),
    ("HQ", "LQ"),
    ("hr", "lr"),
    ("input", "target"),
    ("inputs", "targets"),
    ("Target", "Input"),
    ("low", "high"),
    ("GT_64", "LR_x4"),
    ("hr_128", "lr_16"),
    ("HR64", "LR16x4"),
    ("GTmod12", "LRbicx4"),
    ("train_HR", "train_LR"),
    ("ground_truth", "low-res"),
    ("DIV2K_valid_HR", "DIV2K_valid_LR_bicubic"),
    ("val.hq", "val.lq"),
    ("hr 512x512", "lr 128x128"),
    ("trainHR", "trainLR"),
    ("GroundTruth", "LowQuality"),
    ("high_res_64", "low_res_16"),
]


@pytest.mark.parametrize(("first", "second"), PAIRED)
@pytest.mark.parametrize("around", ["", "celeba_test/"])
def test_usual_names_of_paired_folders(put: Put, first: str, second: str, around: str) -> None:
    low, high = (first, second) if first in ("input", "inputs", "low") else (second, first)
    names = [f"{around}{folder}/{image}.png" for folder in (first, second) for image in ("a", "b")]
    found = [(image, f"{around}{high}/{image}.png", f"{around}{low}/{image}.png") for image in ("a", "b")]
    data = opened(put, *names)
    assert pairs(data) == found
    assert not data.warnings
    assert {s.identity for s in data} == {None}


def test_people_stay_people_inside_of_sides_and_around_them(put: Put) -> None:
    data = opened(put, "gt/ann/1.png", "gt/bob/1.png", "lq/ann/1.jpg", "lq/bob/1.jpg")
    assert [(s.id, s.identity) for s in data] == [("ann/1", "ann"), ("bob/1", "bob")]
    data = opened(put, "ann/hr/1.png", "ann/lr/1.png", "bob/hr/1.png", "bob/lr/1.png")
    assert [(s.id, s.identity) for s in data if s.lr] == [("ann/1", "ann"), ("bob/1", "bob")]


def test_names_of_people_that_are_sides_decide_nothing_below_sides(put: Put) -> None:
    data = opened(put, "HR/gt/1.png", "HR/hq/1.png", "LR/gt/1.png", "LR/hq/1.png")
    assert pairs(data)[0] == ("gt/1", "HR/gt/1.png", "LR/gt/1.png")


def test_a_set_whose_own_name_is_a_side(tmp_path: Path) -> None:
    data = open_dataset(str(write_files(tmp_path / "d", {f"input/{s}/1.png": s.encode() for s in ("gt", "lq")})))
    assert pairs(data) == [("1", "gt", "lq")]


@pytest.mark.parametrize(("folder", "side"), [("gt", "hr"), ("HQ", "hr"), ("lq", "lr"), ("LR_x8", "lr")])
def test_one_side_alone(put: Put, folder: str, side: str) -> None:
    data = opened(put, f"{folder}/a.png", f"{folder}/b.png")
    assert [(s.id, s.identity, s.hr is not None) for s in data] == [(i, None, side == "hr") for i in ("a", "b")]


def test_a_methods_pictures_beside_both_sides_are_left_out_and_named(put: Put) -> None:
    data = opened(put, *(f"{folder}/{i}.png" for folder in ("gt", "lq", "ours") for i in range(5)))
    assert len(data) == 5
    assert pairs(data)[0] == ("0", "gt/0.png", "lq/0.png")
    assert len(data.warnings) == 1
    assert data.warnings[0].startswith("5 pictures outside gt/ and lq/ left out: ")
    assert "ours/0.png" in data.warnings[0]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("HR/a.png", "LR_x2/a.png", "LR_x4/a.png"), ["LR_x2/ and LR_x4/ both look like LR"]),
        (("gt/a.png", "HR/a.png", "lq/a.png"), ["HR/ and gt/ both look like HR"]),
        (
            ("faces/a.png", "faces/b.png", "faces_lq/a.png", "faces_lq/b.png"),
            ["faces_lq/ is LR", "faces/ holds the same"],
        ),
        (("a_HR.png", "a_LR.png", "b_HR.png", "b_LR.png"), ["a_HR.png and ", "a_LR.png look like HR and LR"]),
        (("gt-1.png", "lq-1.png"), ["gt-1.png and ", "lq-1.png look like HR and LR"]),
    ],
)
def test_ambiguous_folders_are_refused_by_name(put: Put, names: tuple[str, ...], said: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        opened(put, *names)
    assert all(part in str(caught.value) for part in said)
    assert "\n" not in str(caught.value)


def blurred(seed: int, by: int = 4) -> bytes:
    return encode_picture(draw_picture(seed).filter(ImageFilter.GaussianBlur(by)))


def noisy(seed: int) -> bytes:
    """16 px with noise: hardly the same picture."""
    small = np.asarray(draw_picture(seed, 16)).astype(float) * 0.7 + 30
    return encode_picture(
        Image.fromarray((small + np.random.RandomState(seed).normal(0, 25, small.shape)).clip(0, 255).astype("u1"))
    )


@pytest.mark.parametrize(
    "other", [blurred, noisy, lambda seed: encode_picture(draw_picture(seed, 128), "JPEG", quality=30)]
)
@pytest.mark.parametrize("count", [2, 9])
def test_unknown_folders_with_the_same_pictures_are_refused(
    put: Put, count: int, other: Callable[[int], bytes]
) -> None:
    files = {f"A/{i}.png": encode_picture(draw_picture(i)) for i in range(count)}
    files |= {f"B/{i}.png": other(i) for i in range(count)}
    with pytest.raises(UserError, match=r"A/ and .*B/ hold the same pictures under the same names \(such as 0\)"):
        open_dataset(str(put(files)))


@pytest.mark.parametrize("places", [("A/{}.png", "B/{}.png"), ("{}.png", "small/{}.png")])
def test_paired_folders_are_refused_although_a_file_is_missing(put: Put, places: tuple[str, str]) -> None:
    sharp, low = places
    files = {sharp.format(i): noisy(i) for i in range(6)} | {low.format(i): blurred(i) for i in range(1, 6)}
    with pytest.raises(UserError, match=r"hold the same pictures under the same names \(such as 1\)"):
        open_dataset(str(put(files)))


def test_two_people_whose_names_begin_like_sides_are_not_paired(put: Put) -> None:
    files = {f"{who}/{i}.png": noisy(10 * k + i) for k, who in enumerate(["hr_smith", "lr_jones"]) for i in range(4)}
    with pytest.raises(
        UserError, match="hr_smith/ and lr_jones/ look like HR and LR by their names but hold different"
    ):
        open_dataset(str(put(files)))


@pytest.mark.parametrize(
    "names",
    [("{}_hr128", "{}_lr16"), ("{}_GT_512", "{}_LQ_512"), ("{}_input", "{}_target"), ("low_{}", "high_{}")],
)
def test_sides_in_the_names_of_files_are_refused(put: Put, names: tuple[str, str]) -> None:
    with pytest.raises(UserError, match="look like HR and LR of one face"):
        opened(put, *(f"{name.format(who)}.png" for name in names for who in "abc"))


def test_two_files_among_many_with_such_words_are_pictures(put: Put) -> None:
    data = opened(put, "ann_low.png", "ann_high.png", *(f"{i}.png" for i in range(8)))
    assert len(data.samples) == 10


def test_people_with_the_same_file_names_are_people(put: Put) -> None:
    names = [f"{who}/{i}.png" for who in ("ann", "bob", "cy") for i in range(4)]
    data = open_dataset(str(put(picture_files(names))))
    assert [s.identity for s in data] == [name.partition("/")[0] for name in names]


def test_people_whose_pictures_are_alike_by_chance_are_people(put: Put) -> None:
    poses, people = (np.random.RandomState(seed).normal(size=(4, 8, 8, 3)) for seed in range(2))
    files = {
        f"{who}/{i}.png": encode_picture(Image.fromarray((128 + 30 * (pose + people[k])).clip(0, 255).astype("u1")))
        for k, who in enumerate(["ann", "bob", "cid"])
        for i, pose in enumerate(poses)
    }
    assert {sample.identity for sample in open_dataset(str(put(files)))} == {"ann", "bob", "cid"}


def test_equal_pictures_everywhere_say_nothing_about_pairs(put: Put) -> None:
    same = encode_picture(draw_picture(1))
    data = open_dataset(str(put({f"{who}/{i}.png": same for who in ("ann", "bob") for i in range(3)})))
    assert {s.identity for s in data} == {"ann", "bob"}


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_one_person_keeps_the_identity(tmp_path: Path, kind: str) -> None:
    """In a zip as in a folder, and the ids are the same."""
    files = {f"ann/{i}.png": bytes([i]) for i in range(3)}
    source = write_files(tmp_path / "d", files) if kind == "folder" else write_zip(tmp_path / "ann.zip", files)
    data = open_dataset(str(source))
    assert [(s.id, s.identity) for s in data] == [(f"ann/{i}", "ann") for i in range(3)]
    assert not data.warnings


def test_many_pictures_of_one_person_are_mentioned(tmp_path: Path) -> None:
    data = open_dataset(str(write_zip(tmp_path / "d.zip", {f"mine/{i:02}.png": b"" for i in range(60)})))
    assert {s.identity for s in data} == {"mine"}
    assert "all 60 pictures are in mine/ and count as one person's" in data.warnings[0]


@pytest.mark.parametrize("top", ["images", "faces", "test", "celeba_test", "thumbnails128x128", "images1024x1024"])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_general_words_are_packing(tmp_path: Path, kind: str, top: str) -> None:
    files = {f"{top}/{i}.png": bytes([i]) for i in range(3)}
    source = write_files(tmp_path / "d", files) if kind == "folder" else write_zip(tmp_path / "d.zip", files)
    data = open_dataset(str(source))
    assert [(s.id, s.identity) for s in data] == [(str(i), None) for i in range(3)]
    assert not data.warnings


def test_more_pictures_than_of_any_person_are_packed(tmp_path: Path) -> None:
    data = open_dataset(str(write_zip(tmp_path / "d.zip", {f"mine/{i:04}.png": b"" for i in range(700)})))
    assert {s.identity for s in data} == {None}
    assert data.samples[0].id == "0000"


@pytest.mark.parametrize(
    "names",
    [
        [f"{i // 5 * 1000:05}/{i // 5 * 1000 + i % 5:05}.png" for i in range(20)],
        [f"thumbnails128x128/{i // 5 * 1000:05}/{i // 5 * 1000 + i % 5:05}.png" for i in range(20)],
        [f"part_{i // 4:02}/{i * 7919:x}.png" for i in range(20)],
        [f"shard-{i // 4}/face{i}.png" for i in range(20)],
    ],
)
def test_numbered_parts_are_no_people(put: Put, names: list[str]) -> None:
    data = opened(put, *names)
    assert {s.identity for s in data} == {None}
    assert len(data) == 20
    assert any("numbered parts of one set, not people" in warning for warning in data.warnings)


@pytest.mark.parametrize(
    "names",
    [
        [f"{i // 2:05}/{i * 37 + 100_000:06}.png" for i in range(20)],  # CelebA's people by number
        [f"id{i // 2:02}/{i % 2}.png" for i in range(20)],
        [f"{i // 2}/{i % 2}.png" for i in range(20)],
        [f"person_{i // 2}/{i}.png" for i in range(20)],
    ],
)
def test_people_with_numbers_are_people(put: Put, names: list[str]) -> None:
    data = opened(put, *names)
    assert len({s.identity for s in data}) == 10
    assert data.has_pairs


def test_splits_are_no_people(put: Put) -> None:
    data = opened(put, "train/ann/1.png", "test/ann/2.png", "test/bob/1.png", "train/3.png")
    assert {s.id: s.identity for s in data} == {
        "train/ann/1": "ann",
        "test/ann/2": "ann",
        "test/bob/1": "bob",
        "train/3": None,
    }


@pytest.mark.parametrize(
    ("names", "found", "left_out"),
    [
        (("HR/a.png", "LR/a.png", "SR/a.png"), "SR/a.png", "HR/, LR/ left out"),
        (("hr/a.png", "lr/a.png", "bicubic/a.png"), "bicubic/a.png", "hr/, lr/ left out"),
        (("gt/a.png", "lq/a.png", "restored/a.png", "mask/a.png"), "restored/a.png", "gt/, lq/, mask/ left out"),
        (("gt/a.png", "a.png"), "a.png", "gt/ left out"),
        (("results/a.png",), "results/a.png", ""),
        (("a.png",), "a.png", ""),
    ],
)
def test_sr_pictures_are_found_beside_hr(put: Put, names: tuple[str, ...], found: str, left_out: str) -> None:
    data = open_outputs(put({name: name.encode() for name in names}))
    assert [(s.id, s.hr and s.hr.read().decode()) for s in data] == [("a", found)]
    assert "; ".join(data.warnings).startswith(left_out)
    assert bool(data.warnings) == bool(left_out)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ("hr/a.png", "lr/a.png", "bicubic/a.png", "ours/a.png"),
            "bicubic/, hr/, lr/, ours/; name the one to use",
        ),
        (("HR/a.png", "LR/a.png"), "HR/, LR/ and no SR pictures"),
        (("gt/a.png",), "gt/ and no SR pictures"),
    ],
)
def test_ambiguous_sr_pictures_are_refused(put: Put, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError) as caught:
        open_outputs(put({name: name.encode() for name in names}))
    assert said in str(caught.value)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_pictures_that_cannot_be_read_are_counted(tmp_path: Path, kind: str) -> None:
    files = dict.fromkeys(["a.png", "b.heic", "c.HEIC", "d.jxl", "readme.txt", "e.json", ".f.heic"], b"x")
    source = write_files(tmp_path / "d", files) if kind == "folder" else write_zip(tmp_path / "d.zip", files)
    said = "3 files left out, their formats cannot be read (2 .heic, 1 .jxl): b.heic, c.HEIC, d.jxl"
    assert open_dataset(str(source)).warnings == (said,)
    assert open_outputs(source).warnings == (said,)


@pytest.mark.parametrize("suffix", ["jfif", "JPE", "pnm", "pbm", "tga", "avif", "jp2", "apng", "qoi", "dib"])
def test_less_common_suffixes_are_read(put: Put, suffix: str) -> None:
    assert [s.id for s in opened(put, f"a.{suffix}", "b.png")] == ["a", "b"]


def test_names_that_only_look_like_sides() -> None:
    names = ("Hrithik", "gtaylor", "lqueen", "Gta", "HR_Giger", "bob", "input", "sr_16_128")
    assert [name for name in names if side_of(name)] == []
    assert [name for name in ("a", "x", "bob", "Helen", "id00", "00000", "Test_User") if is_general(name)] == []
