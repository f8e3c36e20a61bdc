"""A bundle from anybody is read back as it was written, or refused in one line."""

from __future__ import annotations

import json
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from made import bundles

from fsrbench.bundle.read import read_bundle, read_verdict
from fsrbench.bundle.schema import Level, Verdict
from fsrbench.errors import UserError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.zip"


def test_a_bundle_is_read_back(path: Path) -> None:
    bundle = read_bundle(bundles.write(path))
    assert bundle.document.method.name == "mine"
    assert list(bundle.damage()) == []
    scores = bundle.scores(0)
    assert dict(zip(scores["image"], scores["value"], strict=True)) == dict(
        zip(bundles.IMAGES, bundles.SCORES, strict=True)
    )
    assert bundle.per_image(0, "psnr")["NA"] == 27.5
    assert bundle.blocks(0).empty
    assert bundle.manifest(0) == {}
    assert bundle.pictures(0) == []
    assert bundle.results[0].track.title == "faces, x4, bicubic"
    assert bundle.results[0].summary("psnr").info.label == "PSNR (dB) ↑"


def test_changed_missing_and_added_files_are_named(path: Path) -> None:
    held = bundles.files()
    listed = bundles.document(held | {"pictures/0/NA.png": b"x"})["files"]
    other = held | {"scores/0.csv": held["scores/0.csv"].replace(b"28.0", b"29.0"), "blocks/0.csv": b"metric\n"}
    damage = list(read_bundle(bundles.write(path, other, files=listed)).damage())
    assert damage == [
        "pictures/0/NA.png is missing",
        "blocks/0.csv is not listed in bundle.json",
        "scores/0.csv was changed: its sha256 is not the one in bundle.json",
    ]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"schema_version": 2}, "schema version 2 is newer than this fsrbench reads; update fsrbench"),
        ({"schema_version": "1"}, "schema_version: must be a valid integer"),
        ({"surprise": 1}, "surprise: is not a known key"),
        ({"results": []}, "results: List should have at least 1 item"),
        ({"files": {"scores/0.csv": {"sha256": "A", "size": 1}}}, "files.scores/0.csv.sha256: String should match"),
        ({"paper": {"url": "javascript:alert(1)"}}, "paper.url: String should match"),
        ({"submitter": {"author": "me\n::error::you"}}, "submitter.author: contains an unprintable character"),
        ({"submitter": {"author": "me\u202eyou"}}, "submitter.author: contains an unprintable character"),
        ({"files": {"a\x1b[2J": 1}}, "files.a?[2J"),
    ],
)
def test_documents_of_another_form_are_refused(path: Path, changed: dict[str, Any], line: str) -> None:
    bundles.write(path, **changed)
    with pytest.raises(UserError) as caught:
        read_bundle(path)
    assert str(caught.value).startswith(f"{path}: bundle.json: {line}")
    assert "\n" not in str(caught.value)


def test_numbers_that_are_none_are_refused(path: Path) -> None:
    text = json.dumps(bundles.document({}))
    for number in ("NaN", "Infinity", "1e999"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bundle.json", text.replace("21.5", number))
        with pytest.raises(UserError, match="value: must be a finite number"):
            read_bundle(path)


@pytest.mark.parametrize(
    ("image", "line"),
    [
        ("../../x", "leads out of the bundle"),
        ("/etc/x", "is not a plain relative path"),
        ("a\x1b[2J", "contains an unprintable character"),
    ],
)
def test_images_whose_names_lead_elsewhere_are_refused(path: Path, image: str, line: str) -> None:
    result = bundles.document({})["results"][0]
    bundles.write(path, results=[result | {"images": [{"id": image}]}])
    with pytest.raises(UserError, match=line):
        read_bundle(path)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("../../evil.png", "leads out of the bundle"),
        ("pictures/0/../../../evil.png", "leads out of the bundle"),
        ("pictures/0/..\\..\\evil.png", "leads out of the bundle"),
        ("/etc/passwd", "is an absolute path"),
        ("C:/evil.png", "is an absolute path"),
        ("pictures/0//a.png", "is not a plain relative path"),
        ("pictures/0/a\u202e.png", "is not a plain relative path"),
        ("run.sh", "is not a file of a bundle"),
        ("pictures/0/", "is not a plain relative path"),
    ],
)
def test_names_that_no_bundle_has_are_refused(path: Path, name: str, line: str) -> None:
    bundles.write(path, bundles.files() | {name: b"x"})
    with pytest.raises(UserError) as caught:
        read_bundle(path)
    assert str(caught.value) == f"{path}: {name!r} {line}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(path: Path) -> None:
    bundles.write(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("scores/0.csv", "other")
    with pytest.raises(UserError, match=r"'scores/0.csv' appears twice"):
        read_bundle(path)


def test_links_are_refused(path: Path) -> None:
    bundles.write(path)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("pictures/0/a.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="is a link, which a bundle may not have"):
        read_bundle(path)


def test_bombs_are_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", b"0" * 2**22)
    with pytest.raises(UserError, match="grows more than 500 times"):
        read_bundle(path)


def test_a_size_declared_too_small_ends_the_reading(path: Path) -> None:
    """The declared sizes of the directory are patched: one entry says that it has ten bytes."""
    bundles.write(path, bundles.files() | {"blocks/0.csv": b"0" * 10_000})
    data = bytearray(path.read_bytes())
    at = data.rfind(b"blocks/0.csv") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    bundle = read_bundle(path)
    assert [line for line in bundle.damage() if line.startswith("blocks/0.csv cannot be unpacked: Bad CRC-32")]


def test_files_that_are_no_bundle_are_refused(path: Path, tmp_path: Path) -> None:
    whole = bundles.write(path).read_bytes()
    cases = {
        whole[: len(whole) // 2]: "was the download cut short?",
        b"": "it is empty",
        b"<html>": "it is a web page",
        b"text": "File is not a zip file",
    }
    for data, line in cases.items():
        path.write_bytes(data)
        with pytest.raises(UserError, match=line.replace("?", r"\?")):
            read_bundle(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scores/0.csv", "")
    with pytest.raises(UserError, match=r"is not a bundle: it has no bundle\.json"):
        read_bundle(path)
    with pytest.raises(UserError, match="no such file"):
        read_bundle(tmp_path / "none.zip")


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("image,metric,value,status\na,psnr,x,ok\n", "cannot be read as CSV"),
        ("image,metric,value,status\na,psnr,1,fine\n", "unknown status 'fine'"),
        ("image,metric,value,status\na,psnr,1,ok\na,psnr,2,ok\n", "two rows for a, psnr"),
        ("image,metric,value\na,psnr,1\n", "no column status"),
        ("image,metric,value,status\na,psnr,1e200,ok\n", "numbers beyond 1e\\+100"),
        ("", "cannot be read as CSV"),
    ],
)
def test_tables_of_another_form_are_refused(path: Path, table: str, line: str) -> None:
    bundle = read_bundle(bundles.write(path, {"scores/0.csv": table.encode()}))
    with pytest.raises(UserError, match=line):
        bundle.scores(0)


def test_deep_json_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", "[" * 100_000)
    with pytest.raises(UserError, match=r"bundle\.json: "):
        read_bundle(path)


def test_a_verdict_holds_for_the_bytes_that_it_names(path: Path) -> None:
    bundle = read_bundle(bundles.write(path))
    assert read_verdict(path) is None
    verdict = Verdict(
        bundle="mine.zip", bundle_sha256=bundle.sha256, fsrbench="1", verified=True, level=Level.PICTURES,
        results=[], mismatches=[], notes=[],
    )  # fmt: skip
    (path.parent / "mine.zip.verdict.json").write_text(verdict.model_dump_json())
    assert read_verdict(path) == verdict
    bundles.write(path, bundles.files((1.0, 2.0, 3.0, 4.0)))
    assert read_verdict(path) is None
