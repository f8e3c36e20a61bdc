"""Reading from folders and zips: links, damage, encryption, bombs."""

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from made import write_files, write_zip

from fsrbench.datasets import open_dataset
from fsrbench.datasets import storage as files
from fsrbench.datasets.storage import FolderFiles, ZipFiles
from fsrbench.errors import UserError

Damage = Callable[[bytes], bytes]
CONTENT = bytes(range(256)) * 8


def encrypted(data: bytes) -> bytes:
    """Set the flag that says that members are encrypted."""
    changed = bytearray(data)
    for signature, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(signature)
        while start >= 0:
            changed[start + flag] |= 1
            start = data.find(signature, start + 4)
    return bytes(changed)


def unknown_compression(data: bytes) -> bytes:
    return data.replace(b"\x14\x00\x00\x00\x00\x00", b"\x14\x00\x00\x00\x63\x00")


def flipped(data: bytes) -> bytes:
    place = data.find(CONTENT[:64])
    return data[:place] + b"\xff" + data[place + 1 :]


def test_folder_lists_all_files_sorted(tmp_path: Path) -> None:
    write_files(tmp_path, dict.fromkeys(["b/2.png", "b/1.png", "a.png", ".x"], b""))
    assert FolderFiles(tmp_path).names() == [".x", "a.png", "b/1.png", "b/2.png"]


def test_links_to_folders_and_files_are_followed(tmp_path: Path) -> None:
    write_files(tmp_path / "store", {"1.png": b"one", "2.png": b"two"})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "HR").symlink_to(tmp_path / "store")
    (tmp_path / "data" / "LR").symlink_to(tmp_path / "store")
    data = open_dataset(str(tmp_path / "data"))
    assert [s.id for s in data] == ["1", "2"]
    assert data.samples[0].lr is not None
    assert data.samples[0].lr.read() == b"one"


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/1.png": b"", "b/2.png": b""})
    (tmp_path / "a" / "to_b").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "to_a").symlink_to(tmp_path / "a")
    assert set(FolderFiles(tmp_path).names()) == {"a/1.png", "a/to_b/2.png", "b/2.png", "b/to_a/1.png"}


def test_broken_link_is_listed_and_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing")
    assert FolderFiles(tmp_path).names() == ["gone.png"]
    with pytest.raises(OSError, match="cannot be read: No such file"):
        FolderFiles(tmp_path).read("gone.png")


def test_pipes_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert FolderFiles(tmp_path).names() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_without_permission_is_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/1.png": b"", "b/2.png": b""})
    (tmp_path / "a").chmod(0)
    try:
        with pytest.raises(UserError, match=r"cannot read .*/a: Permission denied"):
            FolderFiles(tmp_path).names()
    finally:
        (tmp_path / "a").chmod(0o700)


def test_zip_lists_files_and_no_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.mkdir("HR")
        archive.writestr("HR/b.png", b"2")
        archive.writestr("HR/a.png", b"1")
    assert ZipFiles(tmp_path / "z.zip").names() == ["HR/a.png", "HR/b.png"]
    assert ZipFiles(tmp_path / "z.zip").read("HR/b.png") == b"2"


def test_zip_can_be_sent_to_another_process(tmp_path: Path) -> None:
    opened = ZipFiles(write_zip(tmp_path / "z.zip", {"a.png": b"1"}))
    opened.names()
    assert pickle.loads(pickle.dumps(opened)).read("a.png") == b"1"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(encrypted, "encrypted", id="encrypted"),
        pytest.param(flipped, "CRC", id="flipped-bit"),
        pytest.param(unknown_compression, "compression", id="unknown-compression"),
    ],
)
def test_damaged_member_cannot_be_read_in_one_line(tmp_path: Path, damage: Damage, reason: str) -> None:
    path = write_zip(tmp_path / "z.zip", {"a.png": CONTENT})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OSError, match=f"cannot be unpacked: .*{reason}") as caught:
        ZipFiles(path).read("a.png")
    assert "\n" not in str(caught.value)


def test_damaged_deflate_stream_cannot_be_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", os.urandom(200) + bytes(5000))
    data = bytearray((tmp_path / "z.zip").read_bytes())
    data[40:60] = b"\xff" * 20
    (tmp_path / "z.zip").write_bytes(data)
    with pytest.raises(OSError, match="cannot be unpacked"):
        ZipFiles(tmp_path / "z.zip").read("a.png")


def test_unreadable_file_still_has_a_digest(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "z.zip", {"a.png": CONTENT})
    path.write_bytes(encrypted(path.read_bytes()))
    assert len(open_dataset(str(path)).samples[0].digest()) == 64


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_enormous_file_is_not_read(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    content = {"a.png": bytes(1001), "b.png": bytes(1000)}
    source = (
        FolderFiles(write_files(tmp_path / "f", content))
        if kind == "folder"
        else ZipFiles(write_zip(tmp_path / "z", content))
    )
    assert len(source.read("b.png")) == 1000
    with pytest.raises(OSError, match="more than"):
        source.read("a.png")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no zip at all", id="text"),
        pytest.param(b"PK\x03\x04" + bytes(100), id="header-only"),
        pytest.param(b"PK\x05\x06" + b"\xff" * 18, id="impossible-directory"),
    ],
)
def test_file_that_is_no_zip_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "faces.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"faces\.zip is neither a folder nor a readable zip") as caught:
        open_dataset(str(tmp_path / "faces.zip"))
    assert "\n" not in str(caught.value)


def test_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "faces.zip", {"a.png": CONTENT, "b.png": CONTENT})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="readable zip"):
        open_dataset(str(path))
