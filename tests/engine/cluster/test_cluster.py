"""Runs on a Dask cluster of this machine: the scores of one process, whoever dies when."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import psutil
import pytest
import torch
from made import Finished, call, picture_files, run, write_files
from made.hostile.watch import running, started_since
from made.places import TESTS

pytest.importorskip("distributed", reason="the extra [cluster] is not installed")

import dask
from distributed import Client, LocalCluster

from fsrbench.engine import cached_timings
from fsrbench.engine.cluster import start as cluster
from fsrbench.engine.cluster.remote import NO_TIMEOUT, Setting, device_of, unfit, with_isolation
from fsrbench.files.size_limit import GIB
from fsrbench.methods.isolation.fork_server import starting_context
from fsrbench.provenance.versions import versions
from fsrbench.spec import RunSpec

pytestmark = pytest.mark.cluster

SHARD = 16
IMAGES = [f"{i:03}" for i in range(2 * SHARD + 4)]
"""Three shards."""
METHODS = "bicubic,ours"
METRICS = "psnr,ssim,psnr_y,landmark_nme"
SLOW = "python:made.plugins:Slow"


@pytest.fixture(scope="module", autouse=True)
def _small_shards() -> Iterator[None]:
    """Shards of fewer pictures, made by this process alone: workers are sent theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fsrbench.engine.plan.SHARD", SHARD)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = picture_files([f"{name}.png" for name in IMAGES])
    return write_files(tmp_path_factory.mktemp("data"), files | {"broken.png": b"no picture"})


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run(data, tmp_path_factory.mktemp("alone") / "out", "--metrics", METRICS, methods=METHODS)


@pytest.fixture(scope="module")
def slow_alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return run(data, tmp_path_factory.mktemp("slow") / "out", methods=SLOW)


@pytest.fixture(scope="module")
def joined() -> Iterator[Client]:
    """A cluster that somebody else started."""
    options = {"threads_per_worker": 1, "memory_limit": None, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    starting_context()  # else each worker takes two seconds to import torch
    with (
        dask.config.set(cluster.CONFIG),  # so that a worker's death counts at once, and nannies last
        LocalCluster(n_workers=2, **options) as made,
        Client(made, set_as_default=False) as client,
    ):
        yield client


def address(client: Client) -> str:
    return str(client.scheduler.address)


def same(one: Finished, other: Finished) -> None:
    """Not one bit of a score or summary differs."""
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.summary, other.summary, check_exact=True)


def test_a_joined_cluster_gives_the_scores_of_one_process(
    alone: Finished, joined: Client, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)  # its workers have another working folder
    out = Path(os.path.relpath(tmp_path / "out"))
    found = run(data.name, out, "--metrics", METRICS, "--scheduler", address(joined), methods=METHODS)
    assert found.code == 0
    same(replace(found, path=tmp_path / "out"), alone)
    executor = found.manifest["executor"]
    assert (executor["kind"], executor["workers"], executor["lost"]) == ("joined cluster", 2, 0)
    assert "broken left out" in found.stderr
    assert f"joined 2 workers at {address(joined)}" in found.stderr
    assert "scoring: 9 of 9" in found.stderr
    assert not list((tmp_path / "out" / "cache").glob("cluster-*"))
    assert [running(pid) for pid in joined.run(os.getpid).values()] == [[], []]  # methods' processes have ended


def test_workers_give_the_same_under_a_limit_of_the_cache(
    joined: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fsrbench.engine.plan.SHARD", 5)
    data = write_files(tmp_path / "data", picture_files([f"{i:02}.png" for i in range(20)]))
    methods = "bicubic,nearest,lanczos"
    free = run(data, tmp_path / "free", methods=methods, grid=True)
    taken = sum(file.stat().st_size for file in (free.path / "cache").glob("*/*.npz"))
    limit = ("--cache-limit", f"{0.3 * taken / GIB:.15f}")
    done = run(data, tmp_path / "out", *limit, "--scheduler", address(joined), methods=methods, grid=True)
    assert done.code == 0, done.stderr
    assert done.manifest["executor"]["workers"] == 2
    same(done, free)
    kept = [
        {str(file.relative_to(found.path)): file.read_bytes() for file in found.path.rglob("*.png")}
        for found in (done, free)
    ]
    assert kept[0] == kept[1]


def test_methods_are_isolated_on_workers_that_may_start_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, isolated = (
        RunSpec(methods={"bicubic": "bicubic"}),
        RunSpec(methods={"bicubic": "bicubic"}, isolate=True, timeout=5),
    )
    made = with_isolation(plain)
    assert (made.isolate, made.timeout) == (True, NO_TIMEOUT)
    assert with_isolation(isolated) == isolated
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    assert with_isolation(plain) == plain


def test_workers_know_the_environment_and_are_gone_before_anything_is_timed(
    alone: Finished, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(running())
    seen, known = [], []
    measure, check = cached_timings.measure, cluster.Cluster._check_workers

    def watched(*arguments: Any) -> Any:
        seen.append(started_since(before))
        return measure(*arguments)

    def asked(started: cluster.Cluster, setting: Setting) -> None:
        known.extend(started.client.run(os.environ.get, "MADE_LATER").values())
        check(started, setting)

    monkeypatch.setattr(cached_timings, "measure", watched)
    monkeypatch.setattr(cluster.Cluster, "_check_workers", asked)
    monkeypatch.setenv("MADE_LATER", "than the server of forks")
    options = ("--metrics", f"{METRICS},latency_ms", "--workers", 2, "--offline")
    found = run(data, tmp_path / "out", *options, methods=METHODS)
    assert found.code == 0
    assert seen == [set()]
    assert known == 2 * ["than the server of forks"]
    untimed = "metric != 'latency_ms'"
    pd.testing.assert_frame_equal(found.scores, alone.scores, check_exact=True)
    ours, theirs = (f.summary.query(untimed).reset_index(drop=True) for f in (found, alone))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert found.manifest["executor"]["kind"] == "local cluster"
    assert found.manifest["spec"]["workers"] == 2


def soon(true: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def pictures(out: Path) -> list[Path]:
    return sorted((out / "cache" / "pictures").glob("*.npz"))


def test_all_workers_killed_at_once_change_nothing(
    slow_alone: Finished, joined: Client, data: Path, tmp_path: Path
) -> None:
    workers = list(joined.run(os.getpid).values())

    def kill() -> None:
        soon(lambda: bool(pictures(tmp_path / "out")))
        for pid in workers:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = run(data, tmp_path / "out", "--scheduler", address(joined), methods=SLOW)
    killer.join()
    assert found.code == 0
    same(found, slow_alone)
    assert found.manifest["executor"]["lost"] >= 1
    assert "a worker was lost with" in found.stderr


def test_offline_named_weights_and_paths_reach_the_workers(
    joined: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the workers have another working folder
    for folder in ("data", "given"):
        write_files(tmp_path / folder, picture_files(["a.png", "b.png"]))
    Path("half").write_text("0.5")
    caller, reader, given = "python:made.plugins:Caller", "python:made.plugins:Reader", "images:given"
    options = ("--offline", "--weights", "arcface=half")
    methods = f"{caller},{reader},{given},named={given}"
    found = run("data", tmp_path / "out", *options, "--scheduler", address(joined), methods=methods)
    assert "--offline forbids a connection to 192.0.2.1" in found.note(caller)
    assert {found.status(reader), found.status(given, "ssim"), found.status("named", "ssim")} == {
        "ok"
    }  # no PSNR: equal HR
    same(found, run("data", tmp_path / "alone", *options, methods=methods))


def test_a_method_that_ends_its_process_costs_no_worker_and_no_other_number(joined: Client, tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files([f"{n}.png" for n in ("1", "2", "deadly", "z")]))
    deadly, exits, good = (f"python:made.plugins:{name}" for name in ("Deadly", "Exits", "Blocks"))
    found = run(data, tmp_path / "out", "--scheduler", address(joined), methods=f"{deadly},{exits},{good}")
    assert found.code == 1
    assert (found.status(deadly), found.status(exits), found.status(good)) == ("failed", "failed", "ok")
    assert "its process ended with exit code 139" in found.note(deadly)
    assert "its process ended with exit code 3" in found.note(exits)
    assert found.manifest["executor"]["lost"] == 0
    assert found.values(good) == run(data, tmp_path / "alone", methods=good).values(good)
    isolated = run(data, tmp_path / "isolated", "--isolate", methods=f"{deadly},{exits},{good}")
    same(isolated, found)


def test_a_folder_that_workers_do_not_see_is_refused(
    joined: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png"]))
    make_setting = cluster.make_setting
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setattr(cluster, "make_setting", lambda *a: replace(make_setting(*a), scratch=elsewhere))
    found = run(data, tmp_path / "out", "--scheduler", address(joined))
    assert found.code == 2
    assert "--out must be on a file system that all workers share" in found.stderr
    assert not pictures(tmp_path / "out")


COMMAND = f"""
import sys
from fsrbench.cli.app import app
from fsrbench.engine import plan

plan.SHARD = {SHARD}
app(sys.argv[1:])
"""


def started(data: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """A run on two workers in a process group of its own, once some of it is done."""
    given = ["run", "--methods", SLOW, "--data", str(data), "--out", str(out), "--device", "cpu", *options]
    path = os.pathsep.join([str(TESTS), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *given, "--metrics", "psnr,ssim", "--workers", "2"],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    soon(lambda: bool(pictures(out)) or process.poll() is not None)
    assert process.poll() is None, process.stderr and process.stderr.read()
    return process


def group(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [p for p in psutil.process_iter() if p.pid != process.pid and in_group(p.pid, process.pid)]


def in_group(pid: int, leader: int) -> bool:
    try:
        return os.getpgid(pid) == leader and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def test_a_killed_run_goes_on_in_one_process(slow_alone: Finished, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = started(data, out)
    process.kill()
    process.wait()
    soon(lambda: not group(process))  # its workers notice
    kept = {path: path.stat().st_mtime_ns for path in pictures(out)}
    assert kept
    found = run(data, out, methods=SLOW)
    assert found.code == 0
    same(found, slow_alone)
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in pictures(out)}.items()
    assert found.manifest["executor"]["kind"] == "one process"


@pytest.mark.slow
def test_interrupting_ends_the_workers_and_keeps_what_was_done(data: Path, tmp_path: Path) -> None:
    process = started(data, tmp_path / "out")
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.splitlines()[-1].startswith("fsrbench: interrupted; finished work is kept")
    assert "Traceback" not in stderr
    soon(lambda: not group(process), 10)
    assert pictures(tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--workers", 2, "--scheduler", "tcp://h:1"), "--scheduler: joins a cluster and --workers starts one"),
        (("--workers", 0), "--workers: must be at least 1"),
        (("--scheduler", "somewhere"), "--scheduler: write tcp://HOST:PORT"),
    ],
)
def test_unusable_flags_are_refused_in_a_line(options: tuple[object, ...], line: str) -> None:
    refused = call("run", "--methods", "bicubic", *options)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"fsrbench: {line}")
    assert len(refused.stderr.splitlines()) == 1


def test_nobody_at_the_address(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png"]))
    with dask.config.set({"distributed.comm.timeouts.connect": 0.5}):
        found = run(data, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert found.code == 2
    assert "fsrbench: no Dask scheduler answers at tcp://127.0.0.1:9" in found.stderr


def test_without_dask_the_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    data = write_files(tmp_path / "data", picture_files(["a.png"]))
    found = run(data, tmp_path / "out", "--workers", 2)
    assert found.code == 2
    assert "pip install fsrbench[cluster]" in found.stderr
    assert run(data, tmp_path / "out").code == 0


def setting(scratch: Path, **change: Any) -> Setting:
    spec = RunSpec(methods={"bicubic": "bicubic"}, device=change.pop("asked", "auto"))
    (scratch / "token").write_text("a token")
    usual = Setting(spec, (), {}, scratch, scratch, "cpu", own=True, token="a token")
    return replace(usual, **change)


@pytest.mark.parametrize(
    ("asked", "kind", "own", "devices"),
    [
        ("auto", "cpu", True, ["cpu", "cpu", "cpu"]),
        ("cuda", "cuda", True, ["cuda:0", "cuda:1", "cuda:0"]),
        ("auto", "cuda", True, ["cuda:0", "cuda:1", "cuda:0"]),
        ("cuda:1", "cuda", True, ["cuda:1", "cuda:1", "cuda:1"]),
        ("cuda", "cuda", False, ["cuda:0", "cuda:0", "cuda:0"]),  # each sees the devices it was given
    ],
)
def test_workers_share_the_devices_out(tmp_path: Path, asked: str, kind: str, own: bool, devices: list[str]) -> None:
    given = setting(tmp_path, asked=asked, device=kind, own=own)
    names: list[Any] = [0, 1, 2] if own else ["tcp://a:1", "node-7", 3]
    assert [str(device_of(given, name, count=2)) for name in names] == devices


def test_what_makes_a_worker_unfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = SimpleNamespace(name=0)
    assert unfit(setting(tmp_path), me) is None
    assert "does not see" in str(unfit(setting(tmp_path, token="another"), me))
    older = versions() | {"torch": "1.0"}
    assert "the main process 1.0; scores depend on it" in str(unfit(setting(tmp_path, versions=older), me))
    isolated = setting(tmp_path, spec=RunSpec(methods={"bicubic": "bicubic"}, isolate=True))
    assert unfit(isolated, me) is None
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    assert "may not start processes, which --isolate needs" in str(unfit(isolated, me))
    assert unfit(setting(tmp_path), me) is None
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert "has no device cuda:0" in str(unfit(setting(tmp_path, device="cuda"), me))
