"""Findings of the checks are on the console, below the table, in the manifest and on the page; --strict refuses it."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from made import Finished, call, encode_picture, run, write_files
from made.checked import Pictures, crops, enlarged, honest
from PIL import Image

from fsrbench.datasets import open_dataset

pytestmark = pytest.mark.heavy  # whole runs

IMAGES = 8
IDS = [sample.id for sample in open_dataset("sample").head(IMAGES)]


def files(pictures: np.ndarray, ids: list[str], format: str = "PNG") -> dict[str, bytes]:
    suffix = {"PNG": "png", "JPEG": "jpg"}[format]
    return {f"{i}.{suffix}": encode_picture(Image.fromarray(p), format) for i, p in zip(ids, pictures, strict=True)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Methods by what is wrong with their pictures: the reference method's own outputs, changed."""
    root = tmp_path_factory.mktemp("given")
    out = run("sample", root / "out", "--limit", IMAGES, "--save-images", methods="ours").path
    sr = np.stack([np.asarray(Image.open(out / "images" / "ours" / f"{i}.png")) for i in IDS])
    made = Pictures(sr, honest(images=IMAGES).lr, honest(images=IMAGES).hr)
    swapped = made.changed(lambda picture: np.roll(picture[..., ::-1], 4, 0))
    given = {"right": files(made.sr, IDS), "swapped": files(swapped.sr, IDS), "lossy": files(made.sr, IDS, "JPEG")}
    given["lr_enlarged"] = files(np.stack([enlarged(picture, 64) for picture in made.lr]), IDS)
    given["bicubic"] = given["lr_enlarged"]
    return {name: f"images:{write_files(root / name, of)}" for name, of in given.items()}


@pytest.fixture(scope="module")
def scored(folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run("sample", tmp_path_factory.mktemp("run") / "out", "--limit", IMAGES, methods=",".join(folders.values()))


@pytest.fixture(scope="module")
def strict(folders: dict[str, str], scored: Finished) -> Finished:
    """The same run again, from its cache."""
    return run("sample", scored.path, "--limit", IMAGES, "--strict", methods=",".join(folders.values()))


def findings(finished: Finished, name: str) -> dict[str, dict[str, object]]:
    return {finding["check"]: finding for finding in finished.manifest["methods"][name]["findings"]}


def test_the_manifest_has_check_value_threshold_and_images(scored, folders):
    found = findings(scored, folders["swapped"])
    assert found.keys() == {"channels", "shift"}
    assert found["channels"] == found["channels"] | {"images": IMAGES, "of": IMAGES}
    assert found["shift"]["value"] == pytest.approx(4, abs=0.6)
    assert found["shift"]["threshold"] < 1
    assert findings(scored, folders["lossy"]).keys() == {"jpeg"}
    assert findings(scored, folders["lr_enlarged"]).keys() == {"equal_to_lr"}


def test_honest_pictures_and_data_have_none(scored, folders):
    assert findings(scored, folders["right"]) == {}
    assert findings(scored, folders["bicubic"]) == {}, "it is called after its kernel"
    assert scored.manifest["dataset"]["findings"] == []
    assert scored.code == 0


def test_console_table_and_page_say_it(scored, folders):
    name = folders["swapped"]
    text = findings(scored, name)["channels"]["text"]
    assert f"warning: {name}: {text}" in scored.stderr.replace("\n", "")
    assert f"warning: {text}" in (scored.path / "table.md").read_text()
    assert call("report", scored.path).exit_code == 0
    assert "red and blue are swapped" in (scored.path / "report.html").read_text()
    assert scored.status(name) == "ok"


def test_strict_refuses_the_faulty_methods_alone(strict, scored, folders):
    assert strict.code == 1
    for fault in ("swapped", "lossy", "lr_enlarged"):
        name = folders[fault]
        assert strict.status(name) == "failed"
        assert all(finding["text"] in strict.note(name) for finding in findings(scored, name).values())
        assert strict.manifest["methods"][name]["status"] == "failed"
    assert strict.values(folders["right"]) == scored.values(folders["right"])


def test_a_name_for_a_folder_hides_no_finding(folders, tmp_path):
    """Neither the user's, nor those of the folders above."""
    where = Path(folders["lr_enlarged"].removeprefix("images:"))
    shutil.copytree(where, tmp_path / "bicubic_x4" / "codeformer")
    methods = f"codeformer={folders['lr_enlarged']},kernel-bicubic={folders['lr_enlarged']},cubic=bicubic"
    above = f"images:{tmp_path}/bicubic_x4/codeformer"
    finished = run("sample", tmp_path / "out", "--limit", IMAGES, methods=f"{methods},{above}")
    assert findings(finished, "codeformer").keys() == findings(finished, above).keys() == {"equal_to_lr"}
    assert findings(finished, "kernel-bicubic") == findings(finished, "cubic") == {}


def test_pictures_of_no_image_are_named(folders, tmp_path):
    where = Path(folders["right"].removeprefix("images:"))
    data = write_files(tmp_path / "data", files(honest(images=IMAGES).hr, IDS))
    extra = write_files(tmp_path / "extra", {f"{i}.png": (where / f"{i}.png").read_bytes() for i in IDS})
    write_files(
        extra, {"one/too_many.png": encode_picture(Image.open(io.BytesIO((where / f"{IDS[0]}.png").read_bytes())))}
    )
    name = f"images:{extra}"
    finished = run(data, tmp_path / "out", methods=name)
    text = findings(finished, name)["names"]["text"]
    assert text.startswith("1 of 9 SR pictures are not named after an image, e.g. one/too_many:")
    part = run(data, tmp_path / "part", "--limit", 4, methods=name)
    assert "names" not in findings(part, name)


def test_faulty_data_are_reported_and_with_strict_refused(tmp_path):
    hr = np.stack([enlarged(enlarged(p, 32), 64) for p in honest(images=IMAGES).hr])
    hr[3] = hr[1]
    data = write_files(tmp_path / "data", files(hr, IDS))
    finished = run(data, tmp_path / "out")
    assert finished.code == 0
    assert {finding["check"] for finding in finished.manifest["dataset"]["findings"]} == {
        "hr_enlarged",
        "data_duplicates",
    }
    assert "was it enlarged about 2 times" in (finished.path / "table.md").read_text()
    refused = run(data, tmp_path / "out", "--strict")
    assert refused.code == 2
    assert "--strict: HR has next to nothing above 0.5" in refused.stderr.replace("\n", " ")


def test_faulty_lr_alone_is_seen(tmp_path):
    lr = honest(images=IMAGES).lr.copy()
    lr[5] = lr[0]
    data = write_files(tmp_path / "data" / "LR", files(lr, IDS)).parent
    finished = run(data, tmp_path / "out", "--metrics", "niqe_face")
    assert [finding["check"] for finding in finished.manifest["dataset"]["findings"]] == ["data_duplicates"]


def test_faces_that_were_not_aligned_are_seen_where_a_metric_detects_them(tmp_path):
    """Random crops of faces."""
    data = write_files(tmp_path / "data", files(crops(honest(images=24).hr), [f"{i:02}" for i in range(24)]))
    finished = run(data, tmp_path / "out", "--metrics", "detection")
    found = {finding["check"]: finding for finding in finished.manifest["dataset"]["findings"]}
    assert "their height varies by" in found["framing"]["text"]
