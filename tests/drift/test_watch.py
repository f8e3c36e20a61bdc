from __future__ import annotations

import errno
import io
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from made import call
from made.drifting import descriptors, drop, enlarge, faces, noisy, window
from made.places import ROOT, TESTS

from fsrbench.datasets import FolderFiles
from fsrbench.drift import score as scoring
from fsrbench.drift import watch as watching
from fsrbench.drift.command import Settings
from fsrbench.drift.descriptor_file import DescriptorFile
from fsrbench.drift.journal import Journal
from fsrbench.drift.memory import DESCRIPTORS, Memory
from fsrbench.drift.score import Scored
from fsrbench.drift.watch import Watched, watch_command
from fsrbench.drift.windows import Window, measured
from fsrbench.errors import CannotWrite, FsrbenchError, UserError
from fsrbench.files.folders import only_writer
from fsrbench.pictures.decode import decode

COUNT = 40
KILLS = 10


def by_hand(files: dict[str, bytes], *_: object, **__: object) -> Scored:
    """Score with the made method, without a run."""
    found = {}
    for name, content in files.items():
        lr = np.asarray(decode(content))
        found[name] = measured(enlarge(lr), lr)
    return Scored(found, {}, {"protocols": {}, "weights": None})


@pytest.fixture(scope="module")
def reference() -> Window:
    return window(faces(COUNT, seed=0), name="reference")


@pytest.fixture(autouse=True)
def quick(reference: Window) -> Iterator[None]:
    """The made reference and method in place of a run's."""
    with (
        mock.patch.object(scoring, "score", by_hand),
        mock.patch.object(Settings, "reference", return_value=reference),
        mock.patch("fsrbench.drift.two_samples.PERMUTATIONS", 499),
        mock.patch("fsrbench.drift.conditional.PERMUTATIONS", 500),
    ):
        yield


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    folder = tmp_path / "camera"
    for place, lr in enumerate(faces(COUNT, seed=1)):
        drop(folder, f"{place:03}.png", lr, age=5000 - place)
    return folder


def a_round(camera: Path, **changes: object) -> int:
    watched = Watched(camera, camera.parent / "state", **changes)  # type: ignore[arg-type]
    return watch_command(watched, Settings(Path("reference")), once=True)


def records(camera: Path, kind: str) -> list[dict[str, object]]:
    lines = (camera.parent / "state" / "journal.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == kind]


def scored(camera: Path) -> list[str]:
    return [each["name"] for record in records(camera, "pictures") for each in record["new"]]  # type: ignore[union-attr, index]


def test_each_picture_is_scored_once(camera: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in camera.iterdir()}
    assert [a_round(camera), a_round(camera)] == [0, 0]
    assert scored(camera) == sorted(path.name for path in before)
    assert {path: path.stat().st_mtime_ns for path in camera.iterdir()} == before
    assert len(records(camera, "check")) == 1  # nothing new was checked a second time


def test_new_pictures_join_and_the_oldest_leave_the_window(camera: Path, reference: Window) -> None:
    a_round(camera, window=COUNT)
    for place, lr in enumerate(faces(COUNT, seed=2)):
        drop(camera, f"new-{place:03}.png", noisy(lr), age=100 - place)
    assert a_round(camera, window=COUNT) == 1
    verdict = records(camera, "check")[-1]["verdict"]
    assert verdict["pictures"] == COUNT  # type: ignore[index]
    assert verdict["parts"]["inputs"] == "moved"  # type: ignore[index]


def test_copies_and_renamed_pictures_are_known_and_new_content_is_new(camera: Path) -> None:
    a_round(camera)
    (camera / "000.png").rename(camera / "moved.png")
    drop(camera, "001.png", faces(1, seed=77)[0])
    a_round(camera)
    assert Counter(scored(camera))["001.png"] == 2
    assert "moved.png" not in scored(camera)
    assert [each["name"] for each in records(camera, "pictures")[-1]["known"]] == ["moved.png"]  # type: ignore[union-attr, index]


def test_half_written_files_wait(camera: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = drop(camera, "late.png", faces(1, seed=5)[0])
    content = whole.read_bytes()
    whole.write_bytes(content[:60])
    os.utime(whole, (time.time() - 30,) * 2)
    drop(camera, "fresh.png", faces(1, seed=6)[0], age=0)
    a_round(camera)
    assert "2 still being written" in capsys.readouterr().out
    whole.write_bytes(content)
    os.utime(whole, (time.time() - 20,) * 2)
    a_round(camera)
    assert scored(camera)[-1] == "late.png"


def test_what_is_no_picture_is_said_once(camera: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (camera / "notes.txt").write_text("no picture")
    (camera / "broken.png").write_bytes(b"no picture")
    os.utime(camera / "broken.png", (time.time() - 3600,) * 2)
    a_round(camera)
    assert "1 unusable" in capsys.readouterr().out
    a_round(camera)
    assert "unusable" not in capsys.readouterr().out


def test_empty_files_wait_and_then_are_no_pictures(camera: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, age in (("begun.png", 30), ("left.png", 3600)):
        (camera / name).touch()
        os.utime(camera / name, (time.time() - age,) * 2)
    a_round(camera)
    assert "1 unusable, 1 still being written" in capsys.readouterr().out


def test_what_cannot_be_read_is_counted_and_read_later(camera: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked = drop(camera, "locked.png", faces(1, seed=5)[0])
    read = FolderFiles.read

    def refuse(files: FolderFiles, name: str) -> bytes:
        if name == locked.name:
            raise PermissionError("no")
        return read(files, name)

    with mock.patch.object(FolderFiles, "read", refuse):
        a_round(camera)
    assert "1 unreadable" in capsys.readouterr().out
    a_round(camera)
    assert scored(camera)[-1] == "locked.png"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
@pytest.mark.parametrize("format", ["text", "json", "junit", "prometheus"])
def test_names_that_are_no_text(camera: Path, format: str) -> None:
    folder = camera.rename(camera.parent / os.fsdecode(b"cam\xff"))
    for place, lr in enumerate(faces(COUNT, seed=3)):
        drop(folder, os.fsdecode(b"%d\xff.png" % place), lr)
    output = folder.parent / "output"
    settings = Settings(Path("reference"), format=format, output=output)
    assert watch_command(Watched(folder, folder.parent / "state"), settings, once=True) in (0, 1)
    text = output.read_text(encoding="utf-8")
    assert "\\" not in text or (format == "json" and "cam\udcff" in json.loads(text)["run"]) or format == "text"
    assert len(scored(folder)) == 2 * COUNT


def test_a_clock_that_is_off_by_millennia(camera: Path) -> None:
    far = drop(camera, "far.png", faces(1, seed=5)[0])
    os.utime(far, (1e12, 1e12))
    if far.stat().st_mtime < 1e12:
        pytest.skip("this file system ends earlier")
    a_round(camera)
    assert scored(camera)[-1] == "far.png"


def test_a_full_disk_leaves_the_journal_whole(camera: Path) -> None:
    """A watch continues in the same process when there is room again."""
    a_round(camera)
    journal = Journal(camera.parent / "state" / "journal.jsonl")
    before = journal.path.read_bytes()
    with pytest.raises(CannotWrite), _full_after(100):
        journal.append({"kind": "pictures", "text": "x" * 1000})
    assert journal.path.read_bytes() == before


def test_on_a_full_disk_the_line_and_the_format_name_what_could_not_be_kept(camera: Path) -> None:
    output = camera.parent / "drift.json"
    settings = Settings(Path("reference"), format="json", output=output)
    watched = Watched(camera, camera.parent / "state")
    full = CannotWrite("cannot write state/journal.jsonl: No space left on device")
    with mock.patch.object(Memory, "add", side_effect=full), pytest.raises(CannotWrite, match=r"journal\.jsonl"):
        watch_command(watched, settings, once=True)
    assert "journal.jsonl" in json.loads(output.read_text())["errors"][0]
    assert records(camera, "check") == []  # nor was it tried
    assert watch_command(watched, settings, once=True) == 0
    assert len(scored(camera)) == COUNT


def test_a_second_watch_of_the_same_memory_is_refused(camera: Path) -> None:
    a_round(camera)
    before = (camera.parent / "state" / "journal.jsonl").read_bytes()
    with only_writer(camera.parent / "state"), pytest.raises(UserError, match="state is being written by process"):
        a_round(camera)
    assert (camera.parent / "state" / "journal.jsonl").read_bytes() == before


@contextmanager
def _full_after(written: int) -> Iterator[None]:
    """Of what is written to files without a buffer only so many bytes get through."""
    opened = Path.open

    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            nonlocal written
            if not written:
                raise OSError(errno.ENOSPC, "no space left on device")
            part = bytes(data)[:written]
            written -= len(part)
            return super().write(part)

    def open_full(path: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        return Full(path, "a") if mode == "ab" else opened(path, mode, *rest, **more)

    with mock.patch.object(Path, "open", open_full):
        yield


def test_scores_of_an_earlier_protocol_leave_the_window(camera: Path, reference: Window) -> None:
    def with_niqe(value: float, protocol: str) -> Any:
        def score(files: dict[str, bytes], *_: object, **__: object) -> Scored:
            found = by_hand(files)
            values = {name: {**numbers, "niqe": value} for name, numbers in found.values.items()}
            return Scored(values, {}, {"protocols": {"niqe": protocol}, "weights": None})

        return score

    old = replace(reference, values=reference.values.assign(niqe=5.0), protocols={"niqe": "old"})
    with (
        mock.patch.object(scoring, "score", with_niqe(5.0, "old")),
        mock.patch.object(Settings, "reference", return_value=old),
    ):
        a_round(camera)
    for place, lr in enumerate(faces(COUNT // 2, seed=2)):
        drop(camera, f"new-{place:03}.png", lr, age=100 - place)
    new = replace(reference, values=reference.values.assign(niqe=9.0), protocols={"niqe": "new"})
    with (
        mock.patch.object(scoring, "score", with_niqe(9.0, "new")),
        mock.patch.object(Settings, "reference", return_value=new),
    ):
        assert a_round(camera, window=COUNT) == 0


def test_another_reference_is_another_check(camera: Path, reference: Window) -> None:
    a_round(camera)
    with mock.patch.object(Settings, "reference", return_value=replace(reference, name="later")):
        a_round(camera)
        a_round(camera)
    found = [check["verdict"]["reference"] for check in records(camera, "check")]  # type: ignore[index]
    assert found == ["reference", "later"]


def test_descriptors_of_the_window_are_kept_and_older_ones_forgotten(camera: Path, reference: Window) -> None:
    def score(files: dict[str, bytes], *_: object, **__: object) -> Scored:
        found = by_hand(files)
        rng = np.random.default_rng(len(files))
        known = {name: {side: rng.normal(size=8) for side in ("lr", "sr")} for name in files if name != "003.png"}
        return replace(found, descriptors=known, facts={"protocols": {"identity_lr": "made"}, "weights": None})

    with (
        mock.patch.object(scoring, "score", score),
        mock.patch.object(Settings, "reference", return_value=descriptors(reference, 0)),
        mock.patch("fsrbench.drift.new_files.BATCH", 10),
    ):
        a_round(camera, window=20)
        findings = records(camera, "check")[-1]["verdict"]["findings"]  # type: ignore[index]
        assert {"lr_descriptor_kid", "sr_descriptor_distance"} <= {each["measure"] for each in findings}
    entries = [each for record in records(camera, "pictures") for each in record["new"]]  # type: ignore[union-attr, index]
    kept = DescriptorFile(camera.parent / "state" / DESCRIPTORS).of([each["sha256"] for each in entries])
    assert np.isfinite(kept["lr"]).all(axis=1).tolist() == [False] * 10 + [True] * 30  # a batch, and 20 before it
    assert "descriptor" not in json.dumps(entries)  # the journal is for ever


def test_what_cannot_be_scored_is_written_in_the_format(camera: Path) -> None:
    output = camera.parent / "drift.json"
    output.write_text("of an earlier check")

    def nothing(files: dict[str, bytes], *_: object, **__: object) -> Scored:
        return Scored({}, dict.fromkeys(files, "the method failed"), {})

    settings = Settings(Path("reference"), format="json", output=output)
    with mock.patch.object(scoring, "score", nothing), pytest.raises(FsrbenchError, match="could be scored"):
        watch_command(Watched(camera, camera.parent / "state"), settings, once=True)
    assert json.loads(output.read_text())["exit_code"] == 2
    assert scored(camera) == []


def test_too_few_pictures_are_kept_for_later(tmp_path: Path) -> None:
    camera = tmp_path / "camera"
    drop(camera, "a.png", faces(1, seed=1)[0])
    with pytest.raises(UserError, match="too few to test: 1 picture, at least 12 are needed"):
        a_round(camera)
    assert scored(camera) == ["a.png"]
    assert (tmp_path / "state" / "history.html").is_file()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folder": Path("nowhere")}, "nowhere: no such folder to watch"),
        ({"out": "camera/state"}, "is inside the watched folder, which is never written to"),
        ({"out": "."}, "contains the watched folder; give it a folder of its own"),
        ({"output": "camera/000.png"}, "000.png is inside the watched folder, which is never written to"),
        ({"output": "state/journal.jsonl"}, "journal.jsonl is the watch's own file; name another one"),
        ({"pictures": "hr"}, "unknown kind of pictures 'hr'; known: lr, sr"),
    ],
)
def test_what_cannot_be_watched(camera: Path, changes: dict[str, Any], message: str) -> None:
    places = {name: camera.parent / path for name, path in changes.items() if name in ("out", "output")}
    settings = {"folder": camera, "out": camera.parent / "state"} | changes | places
    output = settings.pop("output", None)
    before = {path: path.read_bytes() for path in camera.iterdir()}
    with pytest.raises(UserError, match=message):
        watch_command(Watched(**settings), Settings(Path("reference"), output=output), once=True)
    assert {path: path.read_bytes() for path in camera.iterdir()} == before


def test_a_state_of_another_method_is_refused(camera: Path, reference: Window) -> None:
    a_round(camera)
    other = replace(reference, method="other")
    with (
        mock.patch.object(Settings, "reference", return_value=other),
        pytest.raises(UserError, match="belongs to a watch with method mine, not other; give another --out"),
    ):
        a_round(camera)


def test_times() -> None:
    assert watching.seconds("30s") == 30
    assert watching.seconds("1.5h") == 5400
    for wrong in ("0s", "1w", "soon"):
        with pytest.raises(UserError, match="--every"):
            watching.seconds(wrong)


def test_command_line(camera: Path) -> None:
    flags = ["--watch", camera, "--against", "reference", "--once", "--out", camera.parent / "state"]
    done = call("drift", *flags, "--format", "prometheus", "--output", camera.parent / "drift.prom")
    assert done.exit_code == 0, done.output
    assert "fsrbench_drift_comparable" in (camera.parent / "drift.prom").read_text()
    assert call("drift", "run", *flags).exit_code == 2


KILLER = """
import json, os, random, signal, sys, time, types
from pathlib import Path
from unittest import mock

scoring = sys.modules["fsrbench.drift.score"] = types.ModuleType("score")  # no torch: only the watch is interrupted
import numpy as np
from made.drifting import enlarge, faces, window
from fsrbench.drift import new_files, watch
from fsrbench.drift.command import Settings
from fsrbench.drift.windows import measured
from fsrbench.pictures.decode import decode

def slowly(files, *_, **__):
    found = {}
    for name, content in files.items():
        time.sleep(0.01)
        lr = np.asarray(decode(content))
        found[name] = measured(enlarge(lr), lr)
    descriptors = {name: {"sr": np.ones(4)} for name in files}
    facts = {"protocols": {}, "weights": None}
    return types.SimpleNamespace(values=found, problems={}, descriptors=descriptors, facts=facts)

scoring.score = slowly
new_files.BATCH = 5
reference = window(faces(20, seed=0), name="reference")
Settings.reference = lambda self: reference
mock.patch("fsrbench.drift.two_samples.PERMUTATIONS", 99).start()
mock.patch("fsrbench.drift.conditional.PERMUTATIONS", 100).start()

def start(once):
    if (child := os.fork()) == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        watch.watch_command(watch.Watched(Path("camera"), Path("state")), Settings(Path("r")), "0.05s", once)
        os._exit(0)
    return child

def arrive(round):
    for path in sorted(Path("waiting").glob(f"{round:02}-*")):
        path.rename(Path("camera") / path.name)

seed, kills = json.loads(sys.argv[1])
moments = random.Random(seed)
for round in range(kills):
    arrive(round)
    child = start(False)
    time.sleep(moments.uniform(0, 0.5))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
arrive(kills)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(start(True), 0)[1]))
"""


@pytest.mark.kill
def test_ten_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """Pictures arrive while a watch is killed ten times; in the end each was scored exactly once."""
    for place, lr in enumerate(faces((KILLS + 1) * 12, seed=3)):
        drop(tmp_path / "waiting", f"{place // 12:02}-{place:03}.png", lr)
    (tmp_path / "camera").mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLER, json.dumps([random.randrange(1000), KILLS])]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    names = scored(tmp_path / "camera")
    assert len(names) == (KILLS + 1) * 12
    assert Counter(names) == Counter(path.name for path in (tmp_path / "camera").iterdir())
    assert records(tmp_path / "camera", "check")[-1]["seen"] == len(names)
    hashes = [each["sha256"] for record in records(tmp_path / "camera", "pictures") for each in record["new"]]  # type: ignore[union-attr, index]
    kept = DescriptorFile(tmp_path / "state" / DESCRIPTORS).of(hashes)
    assert np.isfinite(kept["sr"]).all()  # of no picture was its descriptor lost
