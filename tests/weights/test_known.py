"""Weight files: where they are looked for, and what is fetched from a server on this machine."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from made.places import ROOT, SHARED
from made.serving import folder_served

from fsrbench import weights
from fsrbench.errors import Unavailable, UserError
from fsrbench.weights.fetching import fetch
from fsrbench.weights.known import WeightFile, known_files
from fsrbench.weights.lookup import ENVIRONMENT, cache, find, override, parse_override

CONTENT = b"a few numbers"


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch) -> Path:
    """A user's folders, all empty: ``own`` for weights, ``cache``, and ``package`` with a package of weights."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path / "package")
    return tmp_path


@pytest.fixture
def server(tmp_path) -> Iterator[str]:
    """The address of a folder with one file, and of nothing else."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "made.bin").write_bytes(CONTENT)
    with folder_served(tmp_path / "served") as url:
        yield url


@pytest.fixture
def declare(monkeypatch):
    """Declares a weight file called ``made``."""

    def add(url: str | None = None, sha256: str | None = None, package: str | None = None) -> None:
        monkeypatch.setitem(known_files(), "made", WeightFile("made", "made.bin", sha256, url, "CC0", package))

    return add


def put(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "made.bin").write_bytes(CONTENT)
    return folder / "made.bin"


def make_package(user: Path) -> Path:
    folder = user / "package" / "package_of_weights"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('must not be imported')")
    return folder


# --- find


def test_own_folder_then_cache_then_package(user, declare):
    declare(package="package_of_weights")
    expected = [put(make_package(user) / "models"), put(cache()), put(user / "own")]
    while expected:
        assert find("made") == expected[-1]
        expected.pop().unlink()
    with pytest.raises(Unavailable):
        find("made")


def test_cache_lies_under_home_by_default(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache() == Path("/home/somebody/.cache/fsrbench/weights")


def test_own_folder_may_start_with_a_tilde(user, declare, monkeypatch):
    declare()
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv(ENVIRONMENT, "~/mine")
    path = put(user / "mine")
    assert find("made") == path


@pytest.mark.parametrize(
    ("where", "advice"),
    [({"url": "http://x"}, "`fsrbench weights fetch made`"), ({"package": "no_such_package"}, "`pip install no_such_")],
)
def test_what_is_nowhere_comes_with_advice(declare, where, advice):
    declare(**where)
    with pytest.raises(Unavailable) as caught:
        find("made")
    assert advice in str(caught.value)
    assert str(caught.value).startswith("made.bin not found; ")
    assert ENVIRONMENT in str(caught.value)


def test_find_never_opens_a_connection(declare, monkeypatch):
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    declare(url="http://127.0.0.1:9/made.bin")
    with pytest.raises(Unavailable):
        find("made")


@pytest.mark.parametrize("name", ["dlib-landmarks", "dlib-descriptor"])
def test_dlibs_files_come_with_their_package(name):
    assert find(name).stat().st_size > 10**6


def test_shared_niqe_file_is_the_declared_one():
    path = SHARED / "weights" / known_files()["niqe"].file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == known_files()["niqe"].sha256


@pytest.mark.parametrize("weight", known_files().values(), ids=lambda w: w.name)
def test_every_file_can_be_had_somewhere_and_has_a_licence(weight):
    assert weight.url or weight.package or "--weights" in weight.licence
    assert weight.licence


def test_every_shipped_file_is_the_registered_one():
    root = ROOT
    shipped = {path.name: path for path in root.glob("**/weights/*.safetensors") if "shared" not in path.parts}
    own = {w.file: w for w in known_files().values() if w.folder == "weights"}
    assert shipped.keys() == own.keys()
    for name, path in shipped.items():
        assert find(own[name].name).samefile(path)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == own[name].sha256, name


def test_shipped_files_are_small():
    assert sum(find(w.name).stat().st_size for w in known_files().values() if w.folder == "weights") < 64 * 2**20


# --- named files


def test_a_named_file_comes_before_all_other_places(user, declare):
    declare()
    put(cache())
    own = put(user / "own")
    mine = put(user / "mine").rename(user / "mine" / "any name.pth")
    with override({"made": mine}):
        assert find("made") == mine
        with override({"niqe": own}):
            assert find("made") == mine
            assert find("niqe") == own
    assert find("made") == own


def test_names_end_with_the_block_even_when_it_breaks(user, declare):
    declare()
    with pytest.raises(RuntimeError), override({"made": user}):
        raise RuntimeError
    with pytest.raises(Unavailable):
        find("made")


def test_named_files_are_parsed(user):
    path = put(user / "a=b")
    assert parse_override(f"arcface={path}") == ("arcface", path)


def test_a_named_file_may_start_with_a_tilde(user, monkeypatch):
    monkeypatch.setenv("HOME", str(user))
    path = put(user / "mine")
    assert parse_override("niqe=~/mine/made.bin") == ("niqe", path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("arcfase=x.onnx", "unknown weight file 'arcfase'; did you mean arcface"),
        ("=x.onnx", "unknown weight file ''"),
        ("x.onnx", "unknown weight file 'x.onnx'"),
        ("arcface=nowhere.onnx", "weights arcface: nowhere.onnx is not a file; write arcface=FILE"),
        ("arcface=.", "weights arcface: . is not a file"),
        ("arcface=", "weights arcface: no file given; write arcface=FILE"),
        ("arcface", "weights arcface: no file given"),
    ],
)
def test_a_name_or_file_that_is_not_there_is_refused(text, reason):
    with pytest.raises(UserError, match=reason):
        parse_override(text)


def test_hash_follows_the_content_and_not_the_place(user, declare):
    declare()
    path = put(user / "own")
    known = hashlib.sha256(CONTENT).hexdigest()
    assert weights.sha256("made") == known
    with override({"made": put(user / "mine")}):
        assert weights.sha256("made") == known
    path.write_bytes(CONTENT + b" more")
    assert weights.sha256("made") == hashlib.sha256(CONTENT + b" more").hexdigest()
    path.unlink()
    with pytest.raises(Unavailable):
        weights.sha256("made")


# --- fetch


@pytest.mark.parametrize("known", [True, False], ids=["known hash", "unknown hash"])
def test_fetch_keeps_the_file_in_the_cache(server, declare, known):
    declare(url=f"{server}/made.bin", sha256=hashlib.sha256(CONTENT).hexdigest() if known else None)
    path = fetch("made")
    assert path == cache() / "made.bin" == find("made")
    assert path.read_bytes() == CONTENT


def test_a_fetched_file_is_not_fetched_again(server, user, declare):
    declare(url=f"{server}/made.bin", sha256=hashlib.sha256(CONTENT).hexdigest())
    fetch("made")
    (user / "served" / "made.bin").unlink()
    assert fetch("made").read_bytes() == CONTENT


def test_a_damaged_file_in_the_cache_is_fetched_anew(server, declare):
    declare(url=f"{server}/made.bin", sha256=hashlib.sha256(CONTENT).hexdigest())
    put(cache()).write_bytes(b"half a f")
    assert fetch("made").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("file", "sha256"),
    [("made.bin", "0" * 64), ("missing.bin", None), ("missing.bin", "0" * 64)],
    ids=["wrong hash", "not there", "not there, known hash"],
)
def test_a_failed_fetch_is_one_line_and_leaves_nothing(server, declare, file, sha256):
    declare(url=f"{server}/{file}", sha256=sha256)
    with pytest.raises(Unavailable, match=r"^made\.bin could not be fetched: ") as caught:
        fetch("made")
    assert "\n" not in str(caught.value)
    assert "weights fetch" not in str(caught.value)  # that is what has failed
    assert "--weights made=FILE" in str(caught.value)
    assert [p for p in cache().rglob("*") if p.is_file()] == []


def test_nobody_answers(declare):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        declare(url=f"http://127.0.0.1:{taken.getsockname()[1]}/made.bin")
        with pytest.raises(Unavailable, match="could not be fetched"):
            fetch("made")


def test_what_comes_with_a_package_is_not_downloaded(user, declare):
    declare(package="package_of_weights")
    path = put(make_package(user) / "models")
    assert fetch("made") == path


# --- declared by packages


@pytest.fixture
def installed(user, monkeypatch) -> Iterator[Callable[..., Path]]:
    """Installs a package that registers a method and declares the weight files of a YAML text."""
    points: list[metadata.EntryPoint] = list(metadata.entry_points(group="fsrbench.methods"))
    monkeypatch.setattr(
        metadata, "entry_points", lambda group: [point for point in points if point.group == group or group is None]
    )

    def install(package: str, declared: str) -> Path:
        folder = user / "package" / package / "weights"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").write_text("raise ImportError('must not be imported')")
        (folder / "weights.yaml").write_text(declared)
        points.append(metadata.EntryPoint(package, f"{package}.methods:Theirs", "fsrbench.methods"))
        known_files.cache_clear()
        return folder

    yield install
    known_files.cache_clear()


DECLARED = f"licence: MIT\nfiles:\n  theirs_x4.pth: {hashlib.sha256(CONTENT).hexdigest()}\n"


def test_a_package_declares_its_files(installed, user):
    folder = installed("their_package", DECLARED)
    assert list(known_files())[-1] == "theirs_x4"
    (folder / "theirs_x4.pth").write_bytes(CONTENT)
    assert find("theirs_x4") == folder / "theirs_x4.pth"
    assert known_files()["theirs_x4"].licence == "MIT"
    assert weights.name_of_shipped(folder / "theirs_x4.pth") == "theirs_x4"
    assert weights.undeclared("theirs_x4") is None
    with override({"theirs_x4": put(user / "mine")}):
        assert find("theirs_x4") == user / "mine" / "made.bin"
    (folder / "theirs_x4.pth").write_bytes(b"retrained")
    assert "theirs_x4.pth (sha256 " in weights.undeclared("theirs_x4")


@pytest.mark.parametrize("name", ["theirs_x4.pth", "niqe.npz", "ours_x4.safetensors"])
def test_one_name_of_two_packages_is_refused_with_both(installed, name):
    installed("a_package", DECLARED)
    installed("another_package", f"licence: MIT\nfiles: {{{name}: '00'}}\n")
    with pytest.raises(UserError, match="both declare the weight file") as caught:
        known_files()
    assert "another_package" in str(caught.value)


@pytest.mark.parametrize("text", ["", "files: {}", "licence: MIT\nfiles: [a]", "licence: MIT\nfile: {a.pth: b}"])
def test_a_damaged_declaration_is_one_line(installed, text):
    installed("their_package", text)
    with pytest.raises(UserError, match=r"their_package.weights.weights\.yaml: ") as caught:
        known_files()
    assert "\n" not in str(caught.value)
