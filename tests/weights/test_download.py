"""Weights that a run needs and does not find: fetched from servers on this machine, of which some do not answer."""

from __future__ import annotations

import hashlib
import http.server
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from made import Finished, picture_files, run, write_files
from made.serving import served
from rich.console import Console

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.machine.console import Reporter
from fsrbench.weights import download, fetching
from fsrbench.weights.fetching import fetched_when_needed, need
from fsrbench.weights.known import WeightFile, known_files
from fsrbench.weights.lookup import ENVIRONMENT, cache

PATIENCE = 0.5
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with served(Handler) as url:
        yield url, asked


def sends(content: bytes, length: bool = True) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if length:
            request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def says_nothing(request: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(3 * PATIENCE)


def trickles(request: http.server.BaseHTTPRequestHandler) -> None:
    """A byte now and then: no timeout of a socket ends that."""
    request.send_response(200)
    request.send_header("Content-Length", "10000")
    request.end_headers()
    for _ in range(20):
        request.wfile.write(b".")
        request.wfile.flush()
        time.sleep(PATIENCE / 5)


def stops_half_way(request: http.server.BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "10000")
    request.end_headers()
    request.wfile.write(b"." * 5000)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has no weights."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "fetched_when_needed", fetched_when_needed)
    monkeypatch.setattr(download, "PATIENCE", PATIENCE)
    return tmp_path


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, bytes], None]:
    def add(name: str, url: str, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        file = known_files()[name].file if name in known_files() else f"{name}.bin"
        monkeypatch.setitem(known_files(), name, WeightFile(name, file, digest, f"{url}/{file}", "CC0"))

    return add


def reporter() -> tuple[Reporter, io.StringIO]:
    stream = io.StringIO()
    return Reporter(Console(file=stream, width=200)), stream


# --- one file


def test_a_file_is_fetched_inside_and_said_in_one_line(declare):
    content = bytes(3 * 2**20)
    with serving(sends(content)) as (url, asked):
        declare("made", url, content)
        with pytest.raises(Unavailable):
            need("made")
        assert asked == []
        to, stream = reporter()
        with fetched_when_needed(to):
            path = need("made")
            assert need("made") == path == cache() / "made.bin"
        assert asked == ["/made.bin"]
    assert path.read_bytes() == content
    assert stream.getvalue().startswith(f"fetching made.bin (3.1 MB) from {url.removeprefix('http://')}\n")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says_nothing, "127.0.0.1:.* sent nothing for 0.5 s|no connection to 127.0.0.1:.*timed out"),
        (trickles, "127.0.0.1:.* sent nothing for 0.5 s"),
        (stops_half_way, "IncompleteRead|Connection broken|size"),
        (sends(b"something else"), "does not match|hash"),
        (lambda request: request.send_error(404), "404"),
    ],
    ids=["hangs", "trickles", "stops half way", "another file", "not there"],
)
def test_a_failed_download_is_given_up_in_time_and_leaves_a_reason(declare, answer, reason):
    with serving(answer) as (url, _):
        declare("made", url, b"what was meant")
        start = time.monotonic()
        with fetched_when_needed(reporter()[0]), pytest.raises(Unavailable, match=reason) as caught:
            need("made")
        assert time.monotonic() - start < PATIENCE + 2
    assert str(caught.value).startswith("made.bin could not be fetched: ")
    assert "`fsrbench weights fetch made`" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path for path in cache().rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("length", [True, False], ids=["told", "not told"])
def test_large_files_wait_for_being_asked_for(declare, monkeypatch, length):
    monkeypatch.setattr(fetching, "MAX_AUTOMATIC", 1_000_000)
    content = bytes(1_000_001)
    with serving(sends(content, length)) as (url, _):
        declare("made", url, content)
        with fetched_when_needed(reporter()[0]), pytest.raises(Unavailable, match="larger than 1 MB"):
            need("made")
        assert weights.fetch("made", reporter()[0]).read_bytes() == content


def test_a_file_whose_hash_nobody_knows_is_not_fetched_unasked(declare, monkeypatch):
    with serving(sends(b"x")) as (url, asked):
        monkeypatch.setitem(known_files(), "made", WeightFile("made", "made.bin", None, f"{url}/made.bin", "CC0"))
        with fetched_when_needed(reporter()[0]), pytest.raises(Unavailable, match="not found"):
            need("made")
    assert asked == []


# --- several files


def test_nothing_is_tried_twice_and_nothing_after_a_host_that_does_not_answer(declare):
    with serving(says_nothing) as (url, asked):
        declare("made", url, b"x")
        declare("other", url, b"y")
        with fetched_when_needed(reporter()[0]):
            for name in ("made", "made", "other"):
                with pytest.raises(Unavailable):
                    need(name)
            with fetched_when_needed(reporter()[0]), pytest.raises(Unavailable):  # one of several runs
                need("made")
            with fetched_when_needed(None), pytest.raises(Unavailable, match="not found"):  # --offline
                need("other")
        assert asked == ["/made.bin"]


def test_a_file_that_is_not_there_does_not_keep_others_from_being_fetched(declare):
    answer: Answer = lambda request: request.send_error(404) if "made" in request.path else sends(b"y")(request)  # noqa: E731
    with serving(answer) as (url, _):
        declare("made", url, b"x")
        declare("other", url, b"y")
        with fetched_when_needed(reporter()[0]):
            with pytest.raises(Unavailable):
                need("made")
            assert need("other").read_bytes() == b"y"


# --- runs


@pytest.fixture(scope="module")
def pristine() -> bytes:
    """Parameters for NIQE that nobody published."""
    root = np.random.RandomState(0).normal(size=(36, 36))
    buffer = io.BytesIO()
    np.savez(buffer, mu_pris_param=root[:1], cov_pris_param=root @ root.T + np.eye(36))
    return buffer.getvalue()


@pytest.fixture
def niqe(tmp_path: Path) -> Callable[..., Finished]:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    return lambda *options: run(data, tmp_path / "out", "--metrics", "psnr,niqe", *options)


DONE = "nothing has changed since this run finished"


def test_a_run_fetches_what_it_needs_unless_it_is_offline(niqe, declare, pristine):
    with serving(sends(pristine)) as (url, asked):
        declare("niqe", url, pristine)
        first = niqe("--offline")
        assert (first.code, first.status("bicubic", "niqe"), asked) == (0, "unavailable", [])
        again = niqe("--offline")
        assert DONE in again.stderr
        assert "niqe is unavailable: niqe_pris_params.npz not found" in again.stderr
        online = niqe()
        assert (online.code, online.status("bicubic", "niqe"), len(asked)) == (0, "ok", 1)
        assert "fetching niqe_pris_params.npz" in online.stderr
        assert DONE in niqe().stderr
    assert len(asked) == 1


def test_a_run_remembers_what_was_not_there_until_it_is(niqe, declare, pristine):
    with serving(lambda request: request.send_error(404)) as (url, asked):
        declare("niqe", url, pristine)
        assert niqe().status("bicubic", "niqe") == "unavailable"
        again = niqe()
        assert DONE in again.stderr
        assert "niqe is unavailable: niqe_pris_params.npz could not be fetched: " in again.stderr
        assert len(asked) == 1
        assert niqe("--fresh").status("bicubic", "niqe") == "unavailable"
        assert len(asked) == 2
        write_files(cache(), {known_files()["niqe"].file: pristine})
        found = niqe()
        assert DONE not in found.stderr
        assert found.status("bicubic", "niqe") == "ok"
