"""Whatever comes in, the good images and methods are scored in full, and the rest has one line that says why."""

import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made import Finished, call, draw_picture, encode_picture, picture_files, run, write_files, write_zip
from PIL import Image

pytestmark = pytest.mark.heavy  # whole runs

GOOD = picture_files(["good1.png", "good2.png", "good3.png"])
STATUSES = {"ok", "unavailable", "invalid", "failed"}


def one_line(stderr: str) -> str:
    """The only line of stderr."""
    lines = stderr.strip().splitlines()
    assert len(lines) == 1, stderr
    return lines[0]


# Files; tests/hostile has every kind of bad one -----------------------------------------------------------------------


def test_only_unusable_images_are_unusable_input(tmp_path: Path) -> None:
    files = {"a.png": b"", "b.jpg": b"text", "c.png": encode_picture(draw_picture(0, 32))}
    result = run(write_files(tmp_path / "data", files), tmp_path / "out")
    assert result.code == 2
    assert "can be used (3 left out)" in result.stderr
    assert "a: empty file" in result.stderr
    assert result.stdout == ""


def test_same_unusable_images_stay_unusable_the_second_time(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", {"a.png": b""})
    assert [run(data, tmp_path / "out").code for _ in range(2)] == [2, 2]


# Sources --------------------------------------------------------------------------------------------------------------

LAYOUTS = {
    "direct": picture_files(["a.png", "b.png"]),
    "identities": picture_files(["ann/1.png", "ann/2.png", "bob/1.png", "bob/2.png"]),
    "hr": picture_files(["HR/a.png", "HR/b.png"]),
    "hr-lr": picture_files(["HR/a.png", "HR/b.png"]) | picture_files(["LR/a.png", "LR/b.png"], side=16),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_folder_and_zips_give_the_same_run(tmp_path: Path, layout: str) -> None:
    files = LAYOUTS[layout]
    sources = [
        write_files(tmp_path / "folder", files),
        write_zip(tmp_path / "flat.zip", files),
        write_zip(tmp_path / "top.zip", files, top="my faces/"),
    ]
    runs = [run(source, tmp_path / f"out{i}") for i, source in enumerate(sources)]
    assert [r.code for r in runs] == [0, 0, 0]
    assert len(runs[0].values("bicubic")) == len({name.partition("R/")[2] or name for name in files})
    for other in runs[1:]:
        assert other.scores.equals(runs[0].scores)
        assert other.manifest["dataset"]["sha256"] == runs[0].manifest["dataset"]["sha256"]


def test_given_lr_is_what_is_enlarged(tmp_path: Path) -> None:
    flat = encode_picture(Image.new("RGB", (16, 16), (128, 128, 128)))
    given = run(write_files(tmp_path / "given", {"HR/a.png": GOOD["good1.png"], "LR/a.png": flat}), tmp_path / "out")
    made = run(write_files(tmp_path / "made", {"HR/a.png": GOOD["good1.png"]}), tmp_path / "out2")
    assert given.values("bicubic")["a"] < made.values("bicubic")["a"] - 5
    assert given.manifest["degradation"]["name"] == "none"
    assert made.manifest["degradation"]["name"] == "bicubic"


def test_restoration_is_refused_where_lr_would_be_hr_but_not_where_lr_is_given(tmp_path: Path) -> None:
    hr = write_files(tmp_path / "hr", {"HR/a.png": GOOD["good1.png"]})
    refused = call("run", "--methods", "bicubic", "--data", hr, "--task", "64x1", "--out", tmp_path / "out")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "degradation bicubic leaves LR equal to HR in task 64x1; use realworld, wild, gfpgan, " in refused.stderr
    assert refused.stderr.endswith("; pictures that are inputs belong in LR/\n")
    made = run(hr, tmp_path / "made", "--task", "64x1", "--degradation", "codeformer-large")
    assert (made.code, made.manifest["degradation"]["name"]) == (0, "codeformer-large")
    both = {"HR/a.png": GOOD["good1.png"], "LR/a.png": GOOD["good2.png"]}
    given = run(write_files(tmp_path / "both", both), tmp_path / "given", "--task", "64x1")
    assert (given.code, given.manifest["degradation"]["name"]) == (0, "none")


def test_lr_alone_gives_invalid_rows_with_reasons_and_no_ceiling(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["LR/a.png", "LR/b.png"], side=20))
    result = run(data, tmp_path / "out", "--save-images", "--metrics", "psnr,ssim,params", grid=True)
    assert result.code == 0
    assert result.status("bicubic") == result.status("bicubic", "ssim") == "invalid"
    assert result.note("bicubic") == "needs HR images"
    assert result.status("bicubic", "params") == "ok"
    assert set(result.summary["method"]) == {"bicubic"}
    assert len(result.scores) == 0
    assert list(result.scores.columns) == ["method", "image", "metric", "value", "status"]
    assert len(list((tmp_path / "out" / "images" / "bicubic").glob("*.png"))) == 2
    assert (tmp_path / "out" / "grid.png").is_file()


def test_unpaired_names_are_reported_and_the_pairs_scored(tmp_path: Path) -> None:
    files = picture_files(["HR/a.png", "HR/b.png"]) | picture_files(["LR/b.png", "LR/c.png"], side=16)
    result = run(write_files(tmp_path / "data", files), tmp_path / "out")
    assert result.code == 0
    assert list(result.values("bicubic")) == ["b"]
    assert "1 HR without a partner left out: a" in result.stderr
    assert "1 LR without a partner left out: c" in result.stderr


def damaged_zip(path: Path) -> Path:
    """A zip of good pictures, the first of them with flipped bits."""
    write_zip(path, GOOD)
    data = bytearray(path.read_bytes())
    place = data.find(GOOD["good1.png"]) + 200
    data[place : place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    return path


def test_damaged_member_is_left_out(tmp_path: Path) -> None:
    result = run(damaged_zip(tmp_path / "data.zip"), tmp_path / "out")
    assert result.code == 0
    assert set(result.values("bicubic")) == {"good2", "good3"}
    assert "CRC" in result.left_out["good1"]


def encrypted_zip(path: Path) -> Path:
    write_zip(path, GOOD)
    data = bytearray(path.read_bytes())
    for info in zipfile.ZipFile(path).infolist():
        data[info.header_offset + 6] |= 1
    start = data.find(b"PK\x01\x02")
    while start >= 0:
        data[start + 8] |= 1
        start = data.find(b"PK\x01\x02", start + 4)
    path.write_bytes(data)
    return path


def test_encrypted_zip_is_unusable(tmp_path: Path) -> None:
    result = run(encrypted_zip(tmp_path / "data.zip"), tmp_path / "out")
    assert result.code == 2
    assert "encrypted" in result.stderr


@pytest.mark.parametrize(
    ("source", "reason"),
    [("missing.zip", "does not exist"), ("samlpe", "did you mean sample?"), ("nopair", "share no name")],
)
def test_unusable_source_is_one_line_and_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "nopair", {"HR/a.png": GOOD["good1.png"], "LR/b.png": GOOD["good1.png"]})
    result = run(source, tmp_path / "out")
    assert result.code == 2
    assert reason in one_line(result.stderr)
    assert not (tmp_path / "out").exists()


# Methods --------------------------------------------------------------------------------------------------------------

MODULE = '''
import numpy as np
import torch
from torch.nn.functional import interpolate

from fsrbench.errors import Unavailable
from fsrbench.methods.names import Method


class Good(Method):
    """Bilinear enlargement."""

    def upscale(self, lr):
        return interpolate(lr, scale_factor=4, mode="bilinear")


def marked(lr):
    """Images whose first pixel is pure red."""
    return (lr[:, 0, 0, 0] > 0.9) & (lr[:, 1, 0, 0] < 0.1)


class RaisesAlways(Good):
    def upscale(self, lr):
        raise RuntimeError("out of luck\\nand of memory")


class RaisesOnOne(Good):
    def upscale(self, lr):
        red, sr = marked(lr).any(), super().upscale(lr)
        lr.zero_()  # what it is given again must be whole
        if red:
            raise ValueError("I see red")
        return sr


class NanOnOne(Good):
    def upscale(self, lr):
        sr = super().upscale(lr)
        sr[marked(lr), :, 5, 5] = float("nan")
        return sr


class WrongShape(Good):
    def upscale(self, lr):
        return super().upscale(lr)[..., :-1]


class TooFew(Good):
    def upscale(self, lr):
        return super().upscale(lr)[:1, :, :32, :32]


class Numpy(Good):
    def upscale(self, lr):
        return super().upscale(lr).numpy()


class Nothing(Good):
    def upscale(self, lr):
        return None


class MinusOneToOne(Good):
    def upscale(self, lr):
        return super().upscale(lr) * 2 - 1


class Bytes(Good):
    def upscale(self, lr):
        return (super().upscale(lr) * 255).to(torch.uint8)


class Overshoots(Good):
    def upscale(self, lr):
        return super().upscale(lr) * 1.1 - 0.05


class Half(Good):
    def upscale(self, lr):
        return super().upscale(lr).half()


class WritesIntoItsInput(Good):
    def upscale(self, lr):
        sr = super().upscale(lr)
        lr.zero_()
        return sr


class RaisesInLoad(Good):
    def load(self, task, device):
        raise OSError("no such camera\\nhere")


class RaisesWhenMade(Good):
    """Bad from the start."""

    def __init__(self):
        raise KeyError("config")


class NeedsWeights(Good):
    def load(self, task, device):
        raise Unavailable("no weights; `get weights`")


class OnlyX8(Good):
    tasks = ("x8",)


class Abstract(Method):
    """Forgot something."""


class Stranger:
    """No Method."""
'''
FAILS_ON_ALL = {
    "RaisesAlways": "RuntimeError: out of luck",
    "WrongShape": "returned (6, 3, 64, 63), expected a tensor of shape (6, 3, 64, 64)",
    "TooFew": "returned (1, 3, 32, 32), expected",
    "Numpy": "returned ndarray, expected a tensor",
    "Nothing": "returned NoneType, expected a tensor",
    "MinusOneToOne": "expected [0, 1]",
    "Bytes": "expected [0, 1]",
}
FAILS_ON_ONE = {"RaisesOnOne": "ValueError: I see red", "NanOnOne": "returned NaN or infinite values"}
REFUSED = {
    "RaisesInLoad": ("failed", "cannot be loaded: OSError: no such camera"),
    "RaisesWhenMade": ("failed", "cannot be loaded: KeyError: 'config'"),
    "Abstract": ("failed", "cannot be loaded: TypeError"),
    "NeedsWeights": ("unavailable", "no weights; `get weights`"),
    "OnlyX8": ("unavailable", "does x8, not x4"),
}
FINE = ["Good", "Half", "WritesIntoItsInput", "Overshoots"]


def method(name: str) -> str:
    return f"python:made_methods:{name}"


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures with high contrast, one of them with a red corner."""
    files = picture_files(f"{i}.png" for i in range(5))
    red = draw_picture(9)
    red.paste((255, 0, 0), (0, 0, 12, 12))
    return write_files(tmp_path_factory.mktemp("faces"), files | {"red.png": encode_picture(red)})


@pytest.fixture(scope="module", autouse=True)
def _methods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The modules with made methods, importable."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "made_methods.py").write_text(MODULE)
    (folder / "made_to_raise.py").write_text("raise RuntimeError('no licence\\nfound')")
    (folder / "made_to_need.py").write_text("import package_that_is_not_there")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield
    for name in ("made_methods", "made_to_raise", "made_to_need"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def mixed(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run of every bad method between good ones."""
    names = ["RaisesAlways", *FINE, *FAILS_ON_ONE, *REFUSED, *(n for n in FAILS_ON_ALL if n != "RaisesAlways")]
    methods = [*map(method, names), "python:made_to_raise:X", "python:made_to_need:X", "bicubic"]
    out = tmp_path_factory.mktemp("mixed") / "out"
    return run(faces, out, "--metrics", "psnr,ssim,params", methods=",".join(methods), plots=True)


def test_failed_methods_set_the_exit_code(mixed: Finished) -> None:
    assert mixed.code == 1
    assert set(mixed.summary["status"]) <= STATUSES


@pytest.mark.parametrize("name", ["bicubic", *map(method, FINE)])
def test_good_method_beside_bad_ones_gets_its_full_scores(
    mixed: Finished, faces: Path, tmp_path: Path, name: str
) -> None:
    alone = run(faces, tmp_path / "out", methods=name)
    assert alone.code == 0
    for metric in ("psnr", "ssim"):
        assert mixed.status(name, metric) == "ok"
        assert len(mixed.values(name, metric)) == 6
        assert mixed.values(name, metric) == alone.values(name, metric)


def test_precision_and_side_effects_change_nothing(mixed: Finished) -> None:
    good = mixed.values(method("Good"))
    assert mixed.values(method("WritesIntoItsInput")) == good
    assert mixed.values(method("Half")) == pytest.approx(good, abs=0.01)


@pytest.mark.parametrize("name", FAILS_ON_ALL)
def test_method_that_fails_on_every_image(mixed: Finished, name: str) -> None:
    assert mixed.status(method(name)) == mixed.status(method(name), "ssim") == "failed"
    assert FAILS_ON_ALL[name] in mixed.note(method(name))
    assert "on 6 of 6 images" in mixed.note(method(name))
    rows = mixed.scores[mixed.scores["method"] == method(name)]
    assert len(rows) == 2 * 6
    assert set(rows["status"]) == {"failed"}
    assert rows["value"].isna().all()


@pytest.mark.parametrize("name", FAILS_ON_ONE)
def test_method_that_fails_on_one_image_keeps_the_others(mixed: Finished, name: str) -> None:
    assert mixed.status(method(name)) == "failed"
    assert f"failed on 1 of 6 images: {FAILS_ON_ONE[name]} (red)" in mixed.note(method(name))
    rows = mixed.scores.query("method == @method(@name) and metric == 'psnr'").set_index("image")
    assert rows["status"].to_dict() == {**dict.fromkeys("01234", "ok"), "red": "failed"}
    good = mixed.values(method("Good"))
    assert all(rows["value"][image] == good[image] for image in "01234")
    assert np.isnan(rows["value"]["red"])
    assert mixed.manifest["methods"][method(name)]["failed_images"] == {"red": FAILS_ON_ONE[name]}


@pytest.mark.parametrize("name", REFUSED)
def test_method_that_cannot_start_has_rows_with_the_reason(mixed: Finished, name: str) -> None:
    status, reason = REFUSED[name]
    for metric in ("psnr", "ssim", "params"):
        assert mixed.status(method(name), metric) == status
        assert reason in mixed.note(method(name), metric)
    assert mixed.manifest["methods"][method(name)]["status"] == status


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("python:made_to_raise:X", "failed", "RuntimeError: no licence"),
        ("python:made_to_need:X", "unavailable", "No module named 'package_that_is_not_there'"),
    ],
)
def test_method_whose_import_raises_has_rows_with_the_reason(
    mixed: Finished, name: str, status: str, reason: str
) -> None:
    assert mixed.status(name) == status
    assert reason in mixed.note(name)


def test_overshoot_is_clipped_counted_and_reported(mixed: Finished) -> None:
    count = mixed.manifest["methods"][method("Overshoots")]["clipped_images"]
    assert 0 < count <= 6
    assert f"clipped in {count} images" in " ".join(mixed.stderr.split())
    assert mixed.manifest["methods"][method("Good")]["clipped_images"] == 0


def test_messages_are_single_lines(mixed: Finished) -> None:
    """Every line of standard error is one that the harness wrote."""
    for line in mixed.stderr.splitlines():
        assert line.startswith(("warning: ", "scoring: ", "timing ", "run folder: ")) or "clipped" in line, line
    for hidden in ("and of memory", "here", "found"):
        assert not any(line.strip() == hidden for line in mixed.stderr.splitlines())
    assert not mixed.summary["note"].str.contains("\n").any()


def test_grid_shows_the_methods_that_have_pictures(mixed: Finished) -> None:
    assert (mixed.path / "grid.png").is_file()


def test_bad_method_alone_writes_its_folder(faces: Path, tmp_path: Path) -> None:
    result = run(faces, tmp_path / "out", "--save-images", methods=method("RaisesAlways"), plots=True)
    assert result.code == 1
    assert result.status(method("RaisesAlways")) == "failed"
    assert (tmp_path / "out" / "table.md").is_file()


@pytest.mark.parametrize(("name", "code"), [("NeedsWeights", 0), ("RaisesInLoad", 1)])
def test_method_that_cannot_start_alone_writes_its_folder(faces: Path, tmp_path: Path, name: str, code: int) -> None:
    result = run(faces, tmp_path / "out", methods=method(name), plots=True)
    assert result.code == code
    assert len(result.summary.query("method != 'hr'")) == 2


def test_refused_method_on_lr_alone_writes_its_folder(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["LR/a.png"], side=16))
    assert run(data, tmp_path / "out", methods=method("NeedsWeights"), plots=True).code == 0


def test_method_that_fails_in_timing_keeps_its_scores(faces: Path, tmp_path: Path) -> None:
    methods = f"bicubic,{method('RaisesOnOne')}"
    result = run(faces, tmp_path / "out", "--metrics", "psnr,latency_ms,params", methods=methods)
    assert result.code == 1
    assert result.status("bicubic", "latency_ms") == "ok"
    assert result.status(method("RaisesOnOne"), "latency_ms") != "ok"
    assert "I see red" in result.note(method("RaisesOnOne"), "latency_ms")
    assert len(result.values(method("RaisesOnOne"))) == 6


@pytest.mark.parametrize(
    "name", [method("Stranger"), method("NotThere"), "python:not_there_at_all:X", "python:json:JSONDecoder"]
)
def test_wrong_name_is_unusable_input_before_any_work(faces: Path, tmp_path: Path, name: str) -> None:
    result = run(faces, tmp_path / "out", methods=f"bicubic,{name}")
    assert result.code == 2
    assert one_line(result.stderr).startswith("fsrbench: ")
    assert not (tmp_path / "out").exists()


# The run's folder -----------------------------------------------------------------------------------------------------


def test_out_that_is_a_file_is_refused_and_kept(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", GOOD)
    (tmp_path / "out").write_text("precious")
    result = run(data, tmp_path / "out")
    assert result.code == 2
    assert "cannot write to" in one_line(result.stderr)
    assert (tmp_path / "out").read_text() == "precious"


def test_out_below_a_file_is_refused(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", GOOD)
    (tmp_path / "file").write_text("precious")
    assert run(data, tmp_path / "file" / "out").code == 2


def test_out_with_foreign_files_is_refused_and_kept(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", GOOD)
    out = write_files(tmp_path / "out", {"thesis.tex": b"precious"})
    result = run(data, out)
    assert result.code == 2
    assert "holds other files" in one_line(result.stderr)
    assert [p.name for p in out.iterdir()] == ["thesis.tex"]


def test_out_that_is_the_data_is_refused(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", GOOD)
    assert run(data, data).code == 2
    assert len(list(data.iterdir())) == 3


def test_empty_out_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run(write_files(tmp_path / "data", GOOD), tmp_path / "out").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_out_is_refused(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", GOOD)
    (tmp_path / "out").mkdir(mode=0o500)
    result = run(data, tmp_path / "out")
    assert result.code == 2
    assert "cannot write to" in one_line(result.stderr)
