"""What a resumed training may change, and what is kept of it."""

from pathlib import Path
from typing import Any

import pytest

from fsrbench.errors import UserError
from fsrbench.training.record import Record, differences

BEFORE: dict[str, Any] = {
    "model": "ours",
    "task": "x4",
    "data": "faces.zip",
    "lr_data": None,
    "seed": 0,
    "batch": 32,
    "config": {"rate": 0.001, "fan": "a.safetensors"},
    "config_sha256": {"fan": "1"},
    "data_sha256": "12",
    "held_out": "by hash",
    "steps": 100,
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seed": 1}, "seed was 0, now 1"),
        ({"task": "x8"}, "task was x4, now x8"),
        ({"model": "scgan"}, "model was ours, now scgan"),
        ({"data_sha256": "13"}, "data has other content than before"),
        ({"data": "other.zip", "data_sha256": "13"}, "data was faces.zip, now other.zip"),
        ({"lr_data": "lr.zip"}, "lr_data was not given, now lr.zip"),
        ({"config": {"rate": 0.002, "fan": "a.safetensors"}}, "config.rate was 0.001, now 0.002"),
        ({"config": {"fan": "a.safetensors"}}, "config.rate was 0.001, now not given"),
        ({"config_sha256": {"fan": "2"}}, "config.fan has other content than before"),
        ({"held_out": "the last"}, "held_out was by hash, now the last"),
        ({"lr_mix": "mine.yaml"}, "lr_mix was not given, now mine.yaml"),
    ],
)
def test_another_training_is_refused(change: dict[str, Any], reason: str) -> None:
    record = Record.of(BEFORE)
    with pytest.raises(UserError, match=reason):
        record.resume_with(Record.of(BEFORE | change), Path("out"), 50, 1600)
    assert record == Record.of(BEFORE)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"steps": 200}, "steps was 100, now 200"),
        ({"batch": 8}, "batch was 32, now 8"),
        ({"data": "moved/faces.zip"}, "data was faces.zip, now moved/faces.zip"),
        ({"config": {"rate": 0.001, "fan": "moved/a"}}, "config.fan was a.safetensors, now moved/a"),
    ],
)
def test_harmless_changes_are_reported_and_kept(change: dict[str, Any], line: str, tmp_path: Path) -> None:
    record = Record.of(BEFORE)
    assert record.resume_with(Record.of(BEFORE | change), tmp_path, 50, 1600) == [f"{line} (from update 51 on)"]
    record.write(tmp_path)
    kept = Record.read(tmp_path)
    assert kept is not None
    assert kept.settings == BEFORE | change
    assert [(entry["step"], entry["images"]) for entry in kept.history] == [(50, 1600)]


def test_the_same_settings_change_nothing(tmp_path: Path) -> None:
    record = Record.of(BEFORE)
    assert record.resume_with(Record.of(BEFORE), tmp_path, 50, 1600) == []
    assert record.history == []


def test_what_older_trainings_did_not_record_is_not_compared() -> None:
    old = {name: value for name, value in BEFORE.items() if name not in ("data_sha256", "held_out", "config_sha256")}
    assert differences(old, BEFORE) == {}
    assert differences(old, BEFORE | {"data": "other.zip"}) == {"data": ("faces.zip", "other.zip")}


def test_a_damaged_record_is_one_line(tmp_path: Path) -> None:
    assert Record.read(tmp_path) is None
    for text in ("{", "[1]"):
        (tmp_path / "training.json").write_text(text)
        with pytest.raises(UserError, match=r"training\.json cannot be read"):
            Record.read(tmp_path)
