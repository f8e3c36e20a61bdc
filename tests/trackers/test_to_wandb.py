"""wandb's offline files, read back record by record, hold what the run found and no secret."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from made.packages import skip_file_without

import fsrbench
from fsrbench import RunData
from fsrbench.errors import UserError
from fsrbench.trackers import record
from fsrbench.trackers.to_wandb import Wandb, run_id

skip_file_without("wandb")
pytestmark = pytest.mark.heavy
BLOCK = 32768
"""Bytes of a block of the file, which is a log of LevelDB's after a head of seven bytes."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    return tmp_path / "wandb"


def records(file: Path) -> Iterator[Any]:
    """The records of a ``.wandb`` file, without one that is not yet written whole."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, place, parts = file.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:  # no head fits into the rest of the block
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        if place + 7 + length > len(content):
            return
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(parts)
            parts = b""


def ended(file: Path) -> list[Any]:
    """The records of a finished run; wandb's own process may still be writing the last of them."""
    deadline = time.monotonic() + 60
    while True:
        found = list(records(file))
        if found and found[-1].WhichOneof("record_type") == "exit":
            return found
        assert time.monotonic() < deadline, f"{file} does not end"
        time.sleep(0.05)


def read(folder: Path) -> dict[str, SimpleNamespace]:
    """By name of a run: its settings, its numbers (those of tables and pictures below their names) and its files."""
    found = {}
    for file in folder.glob("offline-run-*/*.wandb"):
        read = ended(file)
        [run] = [each.run for each in read if each.WhichOneof("record_type") == "run"]
        history = [each.history for each in read if each.WhichOneof("record_type") == "history"]
        items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for h in history for item in h.item}
        config = {item.key: json.loads(item.value_json) for item in run.config.update}
        found[run.display_name] = SimpleNamespace(run=run, config=config, items=items, files=file.parent / "files")
    return found


def test_half_a_record_is_waited_for(run: RunData, folder: Path, tmp_path: Path) -> None:
    fsrbench.log(run, to="wandb")
    file = max(folder.glob("offline-run-*/*.wandb"), key=lambda each: each.stat().st_size)
    whole, part = ended(file), tmp_path / "part.wandb"
    content = file.read_bytes()
    for end in (len(content) - 1, len(content) // 2, 9, 0):
        part.write_bytes(content[:end])
        assert list(records(part)) == whole[: len(list(records(part)))] != whole


def test_files_hold_metrics_tables_and_pictures(run: RunData, folder: Path) -> None:
    [done] = fsrbench.log(run, to="wandb")
    assert done.runs == 4
    found = read(folder)
    assert found.keys() == {"all methods", "bicubic", "nearest", "hr"}
    assert len({each.run.run_group for each in found.values()}) == 1
    for method in ("bicubic", "nearest"):
        logged, result = found[method], run.result(method, "psnr")
        assert result is not None
        assert logged.run.project == "fsrbench"
        assert logged.config["degradation"] == "bicubic"
        assert logged.items["psnr"] == result.value
        assert (logged.items["psnr.ci_low"], logged.items["psnr.ci_high"]) == (result.ci_low, result.ci_high)
        table = json.loads((logged.files / logged.items["scores/path"]).read_text())
        scores = pd.DataFrame(table["data"], columns=table["columns"]).set_index("image")["psnr"]
        pd.testing.assert_series_equal(scores, run.per_image("psnr")[method], check_names=False)
    overview = found["all methods"]
    assert (overview.files / overview.items["pictures/grid/path"]).is_file()
    page = (overview.files / overview.items["report/path"]).read_text()
    assert "<!doctype html>" in page


def test_a_second_time_nothing_changes(run: RunData, folder: Path) -> None:
    def kept() -> dict[Path, bytes]:
        """What its runs hold, without logs, which wandb's own process ends."""
        assert len(read(folder)) == 4
        files = [*folder.glob("offline-run-*/*.wandb"), *folder.glob("offline-run-*/files/**/*.*")]
        return {path: path.read_bytes() for path in files if path.is_file()}

    fsrbench.log(run, to="wandb")
    before = kept()
    [again] = fsrbench.log(run, to="wandb")
    assert again.runs == 0
    assert kept() == before


def test_no_secret_is_written(run: RunData, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "5ecre7" * 7)
    monkeypatch.setenv("SOME_TOKEN", "t0k3n")
    monkeypatch.setattr("sys.argv", ["train.py", "--password=p4ssw0rd"])
    fsrbench.log(run, to="wandb")
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert len(contents) > 8
    for secret in (b"5ecre75ecre7", b"t0k3n", b"p4ssw0rd"):
        assert not [content for content in contents if secret in content]


def test_online_the_server_is_asked_what_it_has(run: RunData, monkeypatch: pytest.MonkeyPatch) -> None:
    from wandb.errors import CommError

    described = record.describe(run)
    states = {run_id(described, entry): "finished" for entry in described.entries}

    def asked(path: str) -> SimpleNamespace:
        entity, project, name = path.split("/")
        assert (entity, project) == ("people", "fsrbench")
        if name not in states:
            raise CommError("no such run")
        return SimpleNamespace(state=states[name])

    monkeypatch.setattr("wandb.Api", lambda timeout: SimpleNamespace(run=asked, default_entity="people", api_key="k"))
    tracker = Wandb()
    tracker.check()
    assert tracker.holds(described)
    states[run_id(described, described.methods[0])] = "crashed"
    assert not tracker.holds(described)
    states.clear()
    assert not tracker.holds(described)


@pytest.mark.parametrize(("mode", "reason"), [("online", "no API key"), ("disabled", "nothing would be logged")])
def test_what_cannot_be_logged_to_is_refused(
    run: RunData, mode: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    monkeypatch.setattr("wandb.Api", lambda timeout: SimpleNamespace(api_key=None))
    with pytest.raises(UserError, match=rf"^wandb: .*{reason}"):
        fsrbench.log(run, to="wandb")


def test_offline_never_connects(run: RunData, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    [done] = fsrbench.log(run, to="wandb", offline=True)
    assert done.place == f"{folder}, for `wandb sync`"
    assert len(read(folder)) == 4
