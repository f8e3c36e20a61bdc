"""``fsrbench upscale`` from the photo's file to the files it writes, and its one line where it cannot."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from made import call, encode_picture
from made.networks import save_enlarging_onnx
from made.photo import background, crowd, frame_at
from made.places import ROOT
from PIL import Image, ImageCms
from torch import Tensor

from fsrbench.methods.base import Method
from fsrbench.photo.command import INVENTED
from fsrbench.photo.detection import Face
from fsrbench.photo.framing import cut

pytestmark = pytest.mark.heavy  # whole runs

LARGE = frame_at(70, 100, 48)
PLACES = [frame_at(40, 40, 16), LARGE, frame_at(110, 45, 20, 15)]
SIZES = {"x4": 64, "x8": 128}


class Made(Method):
    """What an LR pixel holds four times as large, and what happens on the way."""

    made = staticmethod(lambda sr: sr)

    def upscale(self, lr: Tensor) -> Tensor:
        return type(self).made(torch.nn.functional.interpolate(lr, scale_factor=4))


MADE = f"python:{__name__}:Made"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "crowd.jpg"
    crowd((150, 140), PLACES).save(path, quality=97)
    return path


@pytest.fixture
def found():
    """The faces that detection finds, without its seconds."""
    with mock.patch("fsrbench.photo.command.find_faces") as found:
        found.return_value = [Face(place, 0.99) for place in PLACES]
        yield found


def upscale(photo: object, *options: object, method: str = "bicubic") -> object:
    return call("upscale", photo, "--method", method, "--device", "cpu", *options)


def test_small_faces_change_and_nothing_else_does(photo: Path, tmp_path: Path) -> None:
    result = upscale(photo, "--out", tmp_path / "out", method="ours")
    assert result.exit_code == 0, result.output
    picture_file, grid_file = (Path(line) for line in result.stdout.splitlines())
    assert picture_file == tmp_path / "out" / "crowd_ours_x4.png"
    assert grid_file == tmp_path / "out" / "crowd_ours_x4_faces.png"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [picture_file.name, grid_file.name]
    picture = np.asarray(Image.open(picture_file)).astype(int)
    plain = np.asarray(Image.open(photo).resize((600, 560), Image.Resampling.BICUBIC))
    changed = np.abs(picture - plain).max(axis=2)
    y, x = np.mgrid[:560, :600] + 0.5
    for place in (PLACES[0], PLACES[2]):
        near = np.hypot(x - 4 * place.centre.real, y - 4 * place.centre.imag)
        assert changed[near < place.side].mean() > 5
        changed[near < 3.4 * place.side] = 0
    assert (changed == 0).all()  # the large face and all around the small ones
    assert "1 face larger than 24 px left alone" in result.stderr
    assert "ours super-resolved 2 faces" in result.stderr


def test_colour_profile_of_the_photo_is_kept(tmp_path: Path, found) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    crowd((150, 140), PLACES).save(tmp_path / "crowd.jpg", icc_profile=profile)
    result = upscale(tmp_path / "crowd.jpg", "--out", tmp_path / "out.png")
    assert result.exit_code == 0
    assert Image.open(tmp_path / "out.png").info["icc_profile"] == profile


def test_warning_is_printed_written_into_the_files_and_said_in_readme(photo: Path, tmp_path: Path, found) -> None:
    result = upscale(photo, "--out", tmp_path / "out")
    assert f"warning: {INVENTED}" in result.stderr
    for file in result.stdout.splitlines():
        assert b"tEXtWarning\x00" + INVENTED.encode() in Path(file).read_bytes()
        assert Image.open(file).text["Description"] == "Faces super-resolved by bicubic, task x4"
    assert INVENTED in " ".join((ROOT / "README.md").read_text().split())


@pytest.mark.parametrize("task", ["x4", "x8"])
def test_picture_is_enlarged_by_the_scale_and_every_face_has_its_row(photo, tmp_path, found, task) -> None:
    with mock.patch("fsrbench.photo.command.draw_grid") as draw:
        result = upscale(photo, "--out", tmp_path / "one.png", "--task", task, "--all")
    assert result.exit_code == 0
    factor = SIZES[task] // 16
    assert Image.open(tmp_path / "one.png").size == (150 * factor, 140 * factor)
    columns = draw.call_args.args[0]
    assert [column.title for column in columns] == ["LR", "bicubic", "bicubic"]
    shown = Image.open(photo)
    for row, place in enumerate(PLACES):
        np.testing.assert_array_equal(columns[0].images[row], cut(shown, place, 16))
        assert columns[2].images[row].shape == (SIZES[task], SIZES[task], 3)
        np.testing.assert_array_equal(columns[1].images[row], columns[2].images[row])
    assert columns[0].captions == ["16 px in the photo", "48 px in the photo", "20 px in the photo"]


@pytest.mark.parametrize("kind", ["interpolation", "onnx"])
@pytest.mark.parametrize(
    ("task", "lr", "scale", "factor"),
    [("128x4", 128, 4, 4), ("32x8", 32, 8, 8), ("512x1", 512, 1, 4), ("64x1", 64, 1, 1)],
)
def test_faces_are_cut_at_the_lr_size_of_any_task(
    photo: Path, tmp_path: Path, found, task: str, lr: int, scale: int, factor: int, kind: str
) -> None:
    """For restoration the photo grows as its largest face does, at most four times: 48 to 64 px is 1, to 512 is 4."""
    method = "bicubic"
    if kind == "onnx":
        method = f"onnx:{save_enlarging_onnx(tmp_path / 'net.onnx', scale, gain=0.5)}"
    with mock.patch("fsrbench.photo.command.draw_grid") as draw:
        result = upscale(photo, "--out", tmp_path / "one.png", "--task", task, "--all", method=method)
    assert result.exit_code == 0, result.output
    picture = Image.open(tmp_path / "one.png")
    assert picture.size == (150 * factor, 140 * factor)
    columns = draw.call_args.args[0]
    assert [c.title for c in columns][:-1] == (["LR", "bicubic"] if scale > 1 else ["LR"])
    shown = Image.open(photo)
    for row, place in enumerate(PLACES):
        face = cut(shown, place, lr)
        np.testing.assert_array_equal(columns[0].images[row], face)
        assert columns[-1].images[row].shape == (lr * scale, lr * scale, 3)
        if kind == "onnx":
            expected = np.rint(face.repeat(scale, 0).repeat(scale, 1) / 2)
            assert np.abs(columns[-1].images[row] - expected).max() <= 1
            centre = int(place.centre.imag * factor), int(place.centre.real * factor)
            large = shown.resize(picture.size, Image.Resampling.BICUBIC)
            half = round(place.side * factor / 6)
            around = tuple(slice(at - half, at + half) for at in centre)
            assert np.asarray(picture)[around].mean() == pytest.approx(np.asarray(large)[around].mean() / 2, abs=4)


def test_protocol_gives_the_task_and_is_written_into_the_files(photo: Path, tmp_path: Path, found) -> None:
    found.return_value = [Face(PLACES[0], 0.99)]
    result = upscale(photo, "--out", tmp_path / "made", "--protocol", "pyiqa-defaults", "--task", "128x4")
    assert result.exit_code == 0, result.output
    assert upscale(photo, "--out", tmp_path / "x8", "--protocol", "fsrbench-x8").exit_code == 0
    for task, protocol, folder in (("128x4", "pyiqa-defaults 1", "made"), ("x8", "fsrbench-x8 1", "x8")):
        for name in (f"crowd_bicubic_{task}.png", f"crowd_bicubic_{task}_faces.png"):
            description = Image.open(tmp_path / folder / name).text["Description"]
            assert description == f"Faces super-resolved by bicubic, task {task}, protocol {protocol}"


def test_many_faces_stand_in_groups_of_columns(photo: Path, tmp_path: Path, found) -> None:
    for count, rows, groups in ((12, 12, 1), (13, 7, 2), (100, 12, 4)):
        found.return_value = [Face(PLACES[0], 0.99)] * count
        with mock.patch("fsrbench.photo.command.draw_grid") as draw:
            assert upscale(photo, "--out", tmp_path / "one.png").exit_code == 0
        columns = draw.call_args.args[0]
        assert len(columns) == 3 * groups
        assert {len(column.images) for column in columns} == {rows}
    found.return_value = found.return_value[:13]  # the last place is empty
    assert upscale(photo, "--out", tmp_path / "one.png").exit_code == 0


def test_twice_gives_the_same_bytes(photo: Path, tmp_path: Path, found) -> None:
    for out in ("a", "b"):
        assert upscale(photo, "--out", tmp_path / out, method="ours").exit_code == 0
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_photo_is_seen_as_viewers_show_it(tmp_path: Path, found) -> None:
    """EXIF rotation, transparency, 16-bit grey and CMYK."""
    upright = crowd((150, 140), PLACES)
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = np.asarray(upright.convert("L")).astype(np.uint16) * 257
    files = {
        "turned.png": encode_picture(upright.transpose(Image.Transpose.ROTATE_90), exif=exif),
        "alpha.png": encode_picture(upright.convert("RGBA")),
        "grey.png": encode_picture(Image.fromarray(grey)),
        "cmyk.jpg": encode_picture(upright.convert("CMYK"), "JPEG"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert upscale(tmp_path / name, "--out", tmp_path / "out.png").exit_code == 0
        seen = found.call_args.args[0]
        assert (seen.mode, seen.size) == ("RGB", upright.size)
        expected = upright.convert("L").convert("RGB") if name == "grey.png" else upright
        if name != "cmyk.jpg":  # its colours are not the same, by JPEG and by CMYK
            np.testing.assert_array_equal(np.asarray(seen), np.asarray(expected))
        assert Image.open(tmp_path / "out.png").size == (600, 560)


def test_small_face_is_pasted_below_the_large_one(tmp_path: Path, photo: Path, found, monkeypatch) -> None:
    found.return_value = [Face(frame_at(60, 60, 24), 0.99), Face(frame_at(66, 60, 12), 0.98)]
    bright = torch.tensor([0.9, 0.1]).view(2, 1, 1, 1)
    monkeypatch.setattr(Made, "made", staticmethod(lambda sr: bright.expand_as(sr)))
    assert upscale(photo, "--out", tmp_path / "out.png", method=MADE).exit_code == 0
    assert Image.open(tmp_path / "out.png").getpixel((264, 240)) == (230, 230, 230)


def test_huge_photo_is_enlarged_less(photo: Path, tmp_path: Path, found, monkeypatch) -> None:
    monkeypatch.setattr("fsrbench.photo.command.MAX_PIXELS", 150 * 140 * 9 + 5)
    result = upscale(photo, "--out", tmp_path / "out.png")
    assert Image.open(tmp_path / "out.png").size == (450, 420)
    assert "enlarged 3 times instead of 4, because it has 150 x 140 px" in result.stderr


def test_no_face(tmp_path: Path) -> None:
    background((60, 50)).save(tmp_path / "sky.png")
    result = upscale(tmp_path / "sky.png", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stdout == ""
    line = result.stderr.splitlines()[-1]
    assert line.startswith(f"fsrbench: {tmp_path / 'sky.png'}: no faces found; MTCNN looked at it 2 times as large")
    assert "--min-face looks for smaller ones" in line
    assert not (tmp_path / "out").exists()


def test_large_faces_alone(photo: Path, tmp_path: Path, found) -> None:
    found.return_value = [Face(LARGE, 0.99)]
    result = upscale(photo, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert re.fullmatch(r"fsrbench: .*crowd.jpg: 1 face larger than 24 px left alone: .*--all .*\n", result.stderr)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda sr: sr * float("nan"), "returned NaN or infinite values"),
        (lambda sr: sr * 255, "returned values from "),
        (lambda sr: sr[:, :1], "returned "),
        (lambda sr: None, "returned "),
        (lambda sr: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_bad_method_is_one_line(photo: Path, tmp_path: Path, found, monkeypatch, made, why: str) -> None:
    monkeypatch.setattr(Made, "made", staticmethod(made))
    result = upscale(photo, "--out", tmp_path / "out", method=MADE)
    assert result.exit_code == 2
    assert f"fsrbench: {MADE}: {why}" in result.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--method", "images:DIR"], "upscale needs a method that computes; images: only reads pictures"),
        (["--method", "bicubik"], "unknown method 'bicubik'; did you mean bicubic"),
        (["--method", "scgan", "--task", "x8"], "scgan does x4, not x8"),
        (["--task", "x2"], "unknown task 'x2'; write x4, x8 or LRxSCALE, e.g. 128x4"),
        (["--protocol", "vqfr", "--task", "x4"], "--task: protocol vqfr is for 512x1, not x4"),
        (["--protocol", "vqf"], "--protocol: unknown protocol 'vqf'; did you mean vqfr"),
        (["--method", "ours", "--protocol", "vqfr"], "ours does x4, x8, not 512x1"),
        (["--device", "gpu"], "unknown device 'gpu'"),
        (["--out", "face.jpg"], "face.jpg: pictures are written as PNG; name a .png file or a folder"),
        (["--out", "crowd.png"], "crowd.png would be overwritten; name another --out"),
    ],
)
def test_wrong_option_is_one_line(tmp_path, monkeypatch, options: list[str], reason: str) -> None:
    monkeypatch.chdir(tmp_path)
    crowd((150, 140), PLACES).save("crowd.png")
    before = Path("crowd.png").read_bytes()
    result = upscale("crowd.png", *options)
    assert result.exit_code == 2
    assert result.stderr.startswith("fsrbench: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert [p.name for p in Path().iterdir()] == ["crowd.png"]
    assert Path("crowd.png").read_bytes() == before


@pytest.mark.parametrize(
    ("data", "reason"),
    [(None, "No such file or directory"), (b"", "empty file"), (b"no picture", "not a picture in a known format")],
)
def test_bad_photo_is_one_line(tmp_path: Path, data: bytes | None, reason: str) -> None:
    if data is not None:
        (tmp_path / "a.png").write_bytes(data)
    result = upscale(tmp_path / "a.png")
    assert result.exit_code == 2
    assert result.stderr == f"fsrbench: {tmp_path / 'a.png'}: {reason}\n"


def test_faces_that_all_makes_worse_are_counted_with_their_size(photo: Path, tmp_path: Path, found) -> None:
    sizes = [24, 64, 120]
    found.return_value = [Face(frame_at(70, 70, side), 0.99) for side in sizes]
    result = upscale(photo, "--out", tmp_path / "out", "--all")
    assert result.exit_code == 0
    assert "warning: 2 faces larger than 24 px (up to 120 px): reduced to 16 px first" in result.stderr
    assert "--all" not in upscale(photo, "--out", tmp_path / "out").stderr.replace("--all super-resolves", "")


def test_small_faces_alone_need_no_warning_with_all(photo: Path, tmp_path: Path, found) -> None:
    found.return_value = [Face(PLACES[0], 0.99)]
    assert "larger than" not in upscale(photo, "--out", tmp_path / "out", "--all").stderr


@pytest.mark.parametrize(
    ("mode", "said"), [("RGBA", True), ("LA", True), ("P", True), ("opaque", False), ("RGB", False)]
)
def test_transparency_is_reported(tmp_path: Path, found, mode: str, said: bool) -> None:
    picture = crowd((150, 140), PLACES)
    if mode in ("RGBA", "LA", "opaque"):
        alpha = Image.new("L", picture.size, 255)
        if mode != "opaque":
            alpha.paste(0, (0, 0, 20, 20))
        picture = picture.convert("L" if mode == "LA" else "RGB")
        picture.putalpha(alpha)
    if mode == "P":
        picture = picture.quantize(16)
        picture.info["transparency"] = picture.getpixel((0, 0))
    picture.save(tmp_path / "crowd.png", **({"transparency": picture.info["transparency"]} if mode == "P" else {}))
    result = upscale(tmp_path / "crowd.png", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert ("its transparency is laid on white" in result.stderr) is said


def test_the_first_picture_of_an_animation_is_taken_with_a_warning(tmp_path: Path, found) -> None:
    frames = [crowd((150, 140), PLACES), background((150, 140))]
    frames[0].save(tmp_path / "crowd.png", save_all=True, append_images=frames[1:])
    result = upscale(tmp_path / "crowd.png", "--out", tmp_path / "out")
    assert "holds 2 pictures; the first is taken" in result.stderr
