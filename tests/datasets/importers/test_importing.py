"""The course of an import: in parallel, stopped and resumed, onto other files, from bad archives."""

import errno
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import psutil
import pytest
from made import call, encode_picture, write_files, write_zip
from made.archives import celeba, draw_photo, lfw, png, write_tar
from made.imports import contents, do_import, manifest, pictures, table
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fsrbench.datasets import open_dataset


def many(folder: Path, count: int, side: int = 150, kind: str = "png") -> Path:
    """A folder of pictures of several people, one of them broken."""
    photos = {f"p{k % 5}/{k:04d}.{kind}": draw_photo(k, side, side + 10) for k in range(count)}
    files = {name: encode_picture(photo, kind.upper()) for name, photo in photos.items()}
    return write_files(folder, files | {"p1/broken.png": b"no picture"})


@pytest.mark.heavy
def test_processes_change_no_byte(tmp_path: Path) -> None:
    files = {f"p{k % 5}/{k:04d}.png": png(k, 150, 160) for k in reversed(range(40))}
    source = write_tar(tmp_path / "src.tgz", files | {"p1/broken.png": b"no picture"})
    do_import("folder", source, tmp_path / "one")
    do_import("folder", source, tmp_path / "three", "--workers", 3)
    assert len(pictures(tmp_path / "one")) == 40
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


@pytest.mark.kill
def test_killed_import_continues(tmp_path: Path) -> None:
    source, out = many(tmp_path / "src", 110, side=320, kind="jpeg"), tmp_path / "out"
    command = "import sys; from fsrbench.cli.app import main; main()"
    arguments = ["data", "import", "folder", str(source), str(out), "--workers", "2"]
    process = subprocess.Popen([sys.executable, "-c", command, *arguments], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(out.rglob("*.png"))) < 10:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, "processes of a killed import wait for ever"

    done = {f: f.stat().st_mtime_ns for f in (out / "HR").rglob("[!.]*.png")}
    assert 0 < len(done) < 110
    for file in done:
        Image.open(file).load()  # none is half written
    assert not manifest(out)["complete"]
    assert any("incomplete" in line for line in open_dataset(str(out)).warnings)
    assert "incomplete" in call("data", "show", out).stdout

    (out / "HR" / "p0" / ".1-1.part.png").write_bytes(b"half")  # as a kill may leave it
    result = do_import("folder", source, out)
    assert f"{len(done)} pictures were imported before" in result.stderr
    assert all(file.stat().st_mtime_ns == before for file, before in done.items())
    do_import("folder", source, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")
    assert open_dataset(str(out)).warnings == ()


def test_changed_sources_and_changed_pictures_are_made_again(tmp_path: Path) -> None:
    source, out = many(tmp_path / "src", 5), tmp_path / "out"
    do_import("folder", source, out)
    before = contents(out)
    (source / "p0" / "0000.png").write_bytes(png(99, 150, 160))
    (source / "p1" / "0001.png").unlink()
    Image.new("RGB", (128, 128)).save(out / "HR" / "p2" / "0002.png")
    (out / "HR" / "p3" / "0003.png").write_bytes(before["HR/p3/0003.png"][:200])
    result = do_import("folder", source, out)
    assert "1 pictures were imported before" in result.stderr
    after = contents(out)
    assert after["HR/p0/0000.png"] != before["HR/p0/0000.png"]
    assert [after[f"HR/p{k}/000{k}.png"] == before[f"HR/p{k}/000{k}.png"] for k in (2, 3, 4)] == [True] * 3
    assert "HR/p1/0001.png" not in after
    assert not (out / "HR" / "p1").exists()


def test_changed_pixels_with_the_old_text_are_made_again(tmp_path: Path) -> None:
    source, out = many(tmp_path / "src", 2), tmp_path / "out"
    do_import("folder", source, out)
    before, file = contents(out), out / "HR" / "p0" / "0000.png"
    text = PngInfo()
    text.add_text("fsrbench-import", Image.open(file).info["fsrbench-import"])
    Image.new("RGB", (128, 128)).save(file, pnginfo=text)
    do_import("folder", source, out)
    assert contents(out) == before


def test_other_settings_need_fresh(tmp_path: Path) -> None:
    source, out = many(tmp_path / "src", 3), tmp_path / "out"
    do_import("folder", source, out)
    result = call("data", "import", "folder", source, out, "--size", 64)
    assert result.exit_code == 2
    assert "was made with other settings: size 128 and not 64; --fresh" in result.stderr
    do_import("folder", source, out, "--size", 64, "--fresh")
    assert {p.shape for p in pictures(out).values()} == {(64, 64, 3)}


def test_another_split_keeps_what_is_shared(tmp_path: Path) -> None:
    source, out = celeba(tmp_path / "src"), tmp_path / "out"
    do_import("celeba", source, out, "--split", "all")
    assert "4 pictures were imported before" in do_import("celeba", source, out, "--split", "test").stderr
    assert len(pictures(out)) == 4


def test_another_source_needs_fresh(tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_import("folder", many(tmp_path / "src", 3), out)
    before = contents(out)
    other = write_files(tmp_path / "other", {"x.png": png(9, 150, 160)})
    result = call("data", "import", "folder", other, out)
    assert result.exit_code == 2
    assert "out holds 3 other pictures, e.g. 'p0/0000'; --fresh removes them" in result.stderr
    assert contents(out) == before
    assert "3 pictures removed" in do_import("folder", other, out, "--fresh").stderr
    assert list(pictures(out)) == ["x"]


def test_removed_pictures_are_reported(tmp_path: Path) -> None:
    source, out = many(tmp_path / "src", 4), tmp_path / "out"
    assert "removed" not in do_import("folder", source, out).stderr + do_import("folder", source, out).stderr
    assert "3 pictures removed" in do_import("folder", source, out, "--limit", 1).stderr
    assert len(pictures(out)) == 1
    assert "removed" not in do_import("folder", source, out, "--fresh").stderr


def test_folders_that_hold_something_else_are_left_alone(tmp_path: Path) -> None:
    source = many(tmp_path / "src", 2)
    write_files(tmp_path / "mine", {"thesis.txt": b"text", "dataset.json": b'{"format": "mine"}'})
    result = call("data", "import", "folder", source, tmp_path / "mine", "--fresh")
    assert result.exit_code == 2
    assert "holds other files" in result.stderr
    assert "is inside the other" in call("data", "import", "folder", source, source / "out").stderr
    assert "a registered dataset" in call("data", "import", "folder", source, "sample").stderr


def test_links_out_of_the_folder_are_not_written_through(tmp_path: Path) -> None:
    source, out = many(tmp_path / "src", 3), tmp_path / "out"
    do_import("folder", source, out)
    (tmp_path / "elsewhere").mkdir()
    for file in (out / "HR" / "p0").iterdir():
        file.unlink()
    (out / "HR" / "p0").rmdir()
    (out / "HR" / "p0").symlink_to(tmp_path / "elsewhere")
    result = call("data", "import", "folder", source, out, "--workers", 1)
    assert result.exit_code == 2
    assert "a link leads out" in result.stderr
    assert not any((tmp_path / "elsewhere").iterdir())


def test_hostile_zip_writes_nothing_outside(tmp_path: Path) -> None:
    good = encode_picture(draw_photo(0, 140, 140))
    names = ["ok.png", "../up.png", "/root.png", "a/../../up.png", "..\\back.png", "C:\\drive.png", "x\ny.png"]
    source = write_zip(write_files(tmp_path / "in", {}) / "bad.zip", dict.fromkeys(names, good))
    before = set(tmp_path.rglob("*"))
    do_import("folder", source, tmp_path / "box" / "out")
    assert set(pictures(tmp_path / "box" / "out")) == {"ok"}
    made = set(tmp_path.rglob("*")) - before
    assert all(path.is_relative_to(tmp_path / "box") for path in made)
    reasons = {row["reason"] for row in table(tmp_path / "box" / "out" / "left_out.csv")}
    assert reasons == {"nothing can be saved under its name"}


def test_hostile_tar_has_no_links_and_no_way_out(tmp_path: Path) -> None:
    secret = write_files(tmp_path / "secret", {"Bo_0001.jpg": png(1, 250, 250)})
    links = []
    for kind, name, target in (
        (tarfile.SYMTYPE, "lfw/Bo/Bo_0001.jpg", str(secret / "Bo_0001.jpg")),
        (tarfile.LNKTYPE, "lfw/Cy/Cy_0001.jpg", "../secret/Bo_0001.jpg"),
        (tarfile.SYMTYPE, "lfw/Ann", str(secret)),
        (tarfile.FIFOTYPE, "lfw/Di/Di_0001.jpg", ""),
    ):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        links.append(info)
    files = {name: png(2, 250, 250) for name in ("lfw/Ed/Ed_0001.jpg", "../../Up/Up_0001.jpg", "/..!/../_0001.jpg")}
    source = write_tar(tmp_path / "lfw.tgz", files, links)
    before = set(tmp_path.rglob("*"))
    do_import("lfw", source, tmp_path / "box" / "out")
    assert set(pictures(tmp_path / "box" / "out")) == {"Ed/Ed_0001", "Up/Up_0001"}
    assert all(path.is_relative_to(tmp_path / "box") for path in set(tmp_path.rglob("*")) - before)


@pytest.mark.parametrize("left", [0, 10, 500, 3000, -40])
def test_tar_that_is_cut_short_is_refused_in_one_line(tmp_path: Path, left: int) -> None:
    path = lfw(tmp_path / "src") / "lfw.tgz"
    path.write_bytes(path.read_bytes()[:left])
    result = call("data", "import", "lfw", path, tmp_path / "out")
    assert result.exit_code == 2
    assert "lfw.tgz is not a readable tar" in result.stderr
    assert len(result.stderr.splitlines()) == 3


def test_names_that_meet_without_suffix_are_counted(tmp_path: Path) -> None:
    source = write_files(tmp_path / "src", {"a.png": png(0, 140, 140), "a.jpg": png(1, 140, 140)})
    do_import("folder", source, tmp_path / "out")
    assert manifest(tmp_path / "out")["counts"]["left_out"] == 1
    assert "a.jpg has the same name without suffix" in table(tmp_path / "out" / "left_out.csv")[0]["reason"]


def test_full_disk_stops_and_keeps_finished_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out, save, saved = many(tmp_path / "src", 6), tmp_path / "out", Image.Image.save, []

    def full(self: Image.Image, *args: object, **more: object) -> None:
        saved.append(1)
        if len(saved) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "save", full)
    result = call("data", "import", "folder", source, out, "--workers", 1)
    assert result.exit_code == 2
    assert "No space left on device; finished work is kept" in result.stderr
    monkeypatch.undo()
    assert "3 pictures were imported before" in do_import("folder", source, out).stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["celebba", "."], "did you mean celeba"),
        (["folder", "nowhere"], "nowhere does not exist"),
        (["folder", ".", "--crop", "ffhq"], "add --landmarks FILE or --align detect"),
        (["lfw", ".", "--crop", "upright"], "LFW has none; add --align detect"),
        (["lfw", ".", "--split", "test"], "LFW has no test split here; --split all"),
        (["ffhq", ".", "--split", "dev"], "unknown split 'dev'"),
        (["widerface", ".", "--size", "32"], "without --crop, --size or --align"),
        (["widerface", ".", "--min-face", "60"], "no face has such a size"),
        (["celeba", ".", "--crop", "box"], "has no boxes"),
        (["folder", ".", "--in-the-wild"], "is for celeba"),
        (["folder", "."], "no pictures in"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    tmp_path: Path, arguments: list[str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    kind, source, *options = arguments
    result = call("data", "import", kind, source, tmp_path / "out", *options)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) <= 3
    assert not (tmp_path / "out").exists()
