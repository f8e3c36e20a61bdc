"""Zips, folders, names and paths that are bombs, broken or lead astray."""

from __future__ import annotations

import os
import socket
import struct
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from made import write_files, write_zip
from made.hostile.cases import GOOD, INTACT, Case, run_on

PNG = GOOD["good1.png"]
LINK = 0o120777 << 16
"""External attributes of a zip's member that is a symbolic link."""


def end_of_directory(count: int, size: int, start: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), size, start, 0)


def million(path: Path, declared: int | None = None) -> None:
    """A zip whose directory has a million entries for one member."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b"a.png"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 5, 0) + b"a.png"
    directory = entry * 1_000_000
    count = 1_000_000 if declared is None else declared
    path.write_bytes(local + directory + end_of_directory(count, len(directory), len(local)))


def overlapping(path: Path) -> None:
    """Members that all start at the same place, as in Fifield's bomb."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", bytes(100_000))
        info = archive.infolist()[0]
        for number in range(1000):
            twin = zipfile.ZipInfo(f"{number}.png")
            twin.file_size = twin.compress_size = info.file_size
            twin.CRC, twin.header_offset = info.CRC, 0
            archive.filelist.append(twin)
        archive._didModify = True  # type: ignore[attr-defined]


def declares(size: int, unpacked: int) -> Callable[[Path], None]:
    """A deflated member whose entry in the directory says another size than it has."""

    def make(path: Path) -> None:
        write_zip(path, GOOD)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open("bad.png", "w") as file:
                for _ in range(unpacked // 2**20):
                    file.write(bytes(2**20))
            archive.getinfo("bad.png").file_size = size

    return make


def packed_by(method: int) -> Callable[[Path], None]:
    """A member that unpacks to twenty million zeros, by a method that Python gives no limit to."""

    def make(path: Path) -> None:
        write_zip(path, GOOD)
        with zipfile.ZipFile(path, "a", method) as archive, archive.open("bad.png", "w") as file:
            for _ in range(20):
                file.write(bytes(1_000_000))

    return make


def with_member(name: str, data: bytes = PNG, attributes: int = 0) -> Callable[[Path], None]:
    """A zip of good pictures and one more member."""

    def make(path: Path) -> None:
        write_zip(path, GOOD)
        with zipfile.ZipFile(path, "a") as archive:
            info = zipfile.ZipInfo("x")
            info.filename, info.external_attr = name, attributes
            archive.writestr(info, data)

    return make


def changed(old: bytes, new: bytes, which: int = 0) -> Callable[[Path], None]:
    """A zip of good pictures with some bytes replaced."""

    def make(path: Path) -> None:
        write_zip(path, {"bad.png": PNG} | GOOD)
        data = path.read_bytes()
        place = -1
        for _ in range(which + 1):
            place = data.index(old, place + 1)
        path.write_bytes(data[:place] + new + data[place + len(new) :])

    return make


def nested(path: Path) -> None:
    """Zips in a zip, as in 42.zip: they are not opened."""
    inner = path.with_suffix(".inner")
    write_zip(inner, {"0.dll": bytes(1000)})
    write_zip(path, {f"lib {i}.zip": inner.read_bytes() for i in range(16)})


def from_zip(make: Callable[[Path], None]) -> Callable[[Path], list[object]]:
    def arguments(folder: Path) -> list[object]:
        make(folder / "data.zip")
        return run_on(folder / "data.zip")

    return arguments


def zip_of(files: Mapping[str, bytes]) -> Callable[[Path], list[object]]:
    return from_zip(lambda path: (write_zip(path, files), None)[1])


def says(data: bytes) -> Callable[[Path], list[object]]:
    return from_zip(lambda path: (path.write_bytes(data), None)[1])


UNSAFE = "1 pictures left out, nothing can be saved under their names"
NO_ZIP = "neither a folder nor a readable zip"

ZIPS = [
    Case("zip-empty-file", says(b""), NO_ZIP),
    Case("zip-of-text", says(b"faces, all of them"), NO_ZIP),
    Case("zip-of-nothing", zip_of({}), "no pictures in"),
    Case("zip-header-only", says(b"PK\3\4" + bytes(100)), NO_ZIP),
    Case("zip-impossible-directory", says(b"PK\5\6" + b"\xff" * 18), NO_ZIP),
    Case("zip-directory-outside", says(end_of_directory(1, 60, 4_000_000_000)), NO_ZIP),
    Case("zip-in-zips", from_zip(nested), "no pictures in"),
    Case("zip-a-million-entries", from_zip(million), "holds more than 500,000 files"),
    Case("zip-a-million-entries-says-1", from_zip(lambda path: million(path, 1)), "holds more than 500,000 files"),
    Case("zip-overlapping", from_zip(overlapping), "members overlap"),
    Case("zip-bomb", from_zip(declares(300 * 2**20, 300 * 2**20)), "bad left out: .*more than 256 MiB", 0, INTACT),
    Case("zip-bomb-says-100", from_zip(declares(100, 2**28)), "bad left out: cannot be unpacked.*CRC", 0, INTACT),
    Case("zip-says-4-gb", from_zip(declares(2**32 - 2, 2**20)), "bad left out: .*more than 256 MiB", 0, INTACT),
    Case(
        "zip-bomb-bzip2", from_zip(packed_by(zipfile.ZIP_BZIP2)), "bad left out: not a picture", 0, INTACT, heavy=True
    ),
    Case("zip-bomb-lzma", from_zip(packed_by(zipfile.ZIP_LZMA)), "bad left out: not a picture", 0, INTACT, heavy=True),
    Case("zip-up", from_zip(with_member("../../evil.png")), UNSAFE, 0, INTACT),
    Case("zip-absolute", from_zip(with_member("/tmp/evil.png")), UNSAFE, 0, INTACT),
    Case("zip-backslashes-up", from_zip(with_member("..\\..\\evil.png")), UNSAFE, 0, INTACT),
    Case("zip-drive", from_zip(with_member("C:\\evil.png")), UNSAFE, 0, INTACT),
    Case("zip-share", from_zip(with_member("\\\\host\\share\\evil.png")), UNSAFE, 0, INTACT),
    Case("zip-line-break", from_zip(with_member("evil\nfsrbench: all good.png")), UNSAFE, 0, INTACT),
    Case("zip-terminal-codes", from_zip(with_member("\x1b[2J\x1b[31m.png")), UNSAFE, 0, INTACT),
    Case("zip-no-name", from_zip(with_member("\0.png")), "run folder", 0, INTACT),
    Case("zip-long-name", from_zip(with_member("n" * 60_000 + ".png")), UNSAFE, 0, INTACT),
    Case("zip-long-path", from_zip(with_member("n/" * 30_000 + "a.png")), UNSAFE, 0, INTACT),
    Case("zip-link", from_zip(with_member("bad.png", b"/etc/passwd", LINK)), "bad left out: not a pict", 0, INTACT),
    Case("zip-two-names", from_zip(changed(b"bad.png", b"odd.png")), "bad left out: .*differ", 0, INTACT),
    Case("zip-no-local-header", from_zip(changed(b"PK\3\4", b"XX\3\4")), "bad left out: .*magic number", 0, INTACT),
    Case("zip-flipped", from_zip(changed(PNG[60:70], b"\xff" * 10)), "bad left out: .*CRC", 0, INTACT),
]


def folder_of(fill: Callable[[Path], object]) -> Callable[[Path], list[object]]:
    """A folder of good pictures with something else in it."""

    def arguments(folder: Path) -> list[object]:
        data = write_files(folder / "data", GOOD)
        fill(data)
        return run_on(data)

    return arguments


def links_to_each_other(data: Path) -> None:
    """Eleven folders with links to the ten others: ten million ways through them."""
    names = [f"f{i}" for i in range(11)]
    for name in names:
        (data / name).mkdir()
        for other in names:
            if other != name:
                (data / name / other).symlink_to(data / other)


def deep(data: Path) -> None:
    """Folders in folders, more than Python calls functions in functions."""
    here = os.open(data, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def listening(data: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(data / "socket.png"))


def sparse(data: Path) -> None:
    with (data / "bad.png").open("wb") as file:
        file.truncate(2**33)


FOLDERS = [
    Case(
        "folder-link-to-itself", folder_of(lambda d: (d / "bad.png").symlink_to("bad.png")), "bad left out", 0, INTACT
    ),
    Case("folder-broken-link", folder_of(lambda d: (d / "bad.png").symlink_to("no")), "bad left out", 0, INTACT),
    Case("folder-links-in-a-circle", folder_of(lambda d: (d / "up").symlink_to(d)), "run folder", 0, INTACT),
    Case(
        "folder-links-multiply",
        folder_of(links_to_each_other),
        "links lead to more than 500,000",
        seconds=60,
        heavy=True,
    ),
    Case("folder-deep", folder_of(deep), "run folder", 0, INTACT, heavy=True),
    Case("folder-pipe", folder_of(lambda d: os.mkfifo(d / "bad.png")), "run folder", 0, INTACT),
    Case("folder-link-to-device", folder_of(lambda d: (d / "z.png").symlink_to("/dev/zero")), "run folder", 0, INTACT),
    Case("folder-socket", folder_of(listening), "run folder", 0, INTACT),
    Case("folder-8-gb", folder_of(sparse), "bad left out: cannot be read: more than 256 MiB", 0, INTACT),
    Case("folder-called-a-picture", folder_of(lambda d: (d / "bad.png").mkdir()), "run folder", 0, INTACT),
    Case("folder-no-utf8", folder_of(lambda d: (d / os.fsdecode(b"\xff.png")).write_bytes(PNG)), UNSAFE, 0, INTACT),
    Case("folder-line-break", folder_of(lambda d: (d / "line\nbreak.png").write_bytes(PNG)), UNSAFE, 0, INTACT),
    Case("folder-return", folder_of(lambda d: (d / "line\rbreak.png").write_bytes(PNG)), UNSAFE, 0, INTACT),
    Case("folder-empty", lambda folder: run_on(write_files(folder / "data", {})), "no pictures in"),
]
if sys.platform == "win32":
    FOLDERS = []  # links, pipes and such names are POSIX's

STRANGE_NAMES = [
    "-rf",
    "--help",
    "-",
    "a b/c d",
    "#%&;'\"`$(id)",
    "[red]x[/red]",
    "näme 顔 🙂",
    "x" * 250,
    "CON",
    "NA",
    "1e9",
]
"""Names that are scored and saved under."""

NO_UTF8 = os.fsdecode(b"no \xff utf-8")

PATHS = [
    Case("data-missing", lambda folder: run_on(folder / "no" / "faces"), "does not exist"),
    Case("data-no-name", lambda folder: run_on(""), "unknown dataset"),
    Case("data-nobody", lambda folder: run_on("~nobody-of-this-name/faces"), "cannot open|does not exist"),
    Case("data-long", lambda folder: run_on("x" * 5000), "cannot open"),
    Case("data-zero-byte", lambda folder: run_on("a\0b"), "cannot open|unknown dataset"),
    Case("data-address", lambda folder: run_on("https://example.org/faces.zip"), "does not exist"),
    Case("data-device", lambda folder: run_on("/dev/zero"), "does not exist|not a regular file"),
    Case("data-pipe", lambda folder: (os.mkfifo(folder / "p.zip"), run_on(folder / "p.zip"))[1], "does not exist"),
    Case("data-picture", lambda folder: run_on(write_files(folder, GOOD) / "good1.png"), NO_ZIP),
    Case("out-device", lambda folder: run_on(write_files(folder / "d", GOOD), "--out", "/dev/null/x"), "cannot write"),
    Case("data-no-utf8", lambda folder: run_on(write_files(folder / NO_UTF8, GOOD)), "run folder", 0, INTACT),
    Case(
        "out-no-utf8",
        lambda folder: run_on(write_files(folder / "d", GOOD), "--out", f"out/{NO_UTF8}"),
        "run folder",
        0,
    ),
    Case("out-long", lambda folder: run_on(write_files(folder / "d", GOOD), "--out", "o" * 300), "cannot write"),
]
