"""Trainings that are interrupted, resumed and changed: what they count, keep and write again."""

import csv
import errno
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made import call
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from fsrbench.errors import CannotWrite, Interrupted, UserError
from fsrbench.training import restoration
from fsrbench.training.loop import Schedule, train
from fsrbench.training.recipe import Options
from fsrbench.training.restoration import PairRecipe
from reference_model.generator import RestorationNetwork


def tiny(options: Options, seed: int = 0) -> PairRecipe:
    torch.manual_seed(seed)
    return PairRecipe(options, RestorationNetwork(4, channels=8, blocks=1), (2e-3, 1e-4))


def quiet(done: int, losses: dict[str, float]) -> None:
    pass


def rows(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "log.csv").open()))


def test_images_are_counted_whatever_the_batch(options: Options, tmp_path: Path) -> None:
    train(tiny(options), tmp_path, Schedule(4, save_every=2), False, quiet)
    lines: list[str] = []
    train(tiny(replace(options, batch=1)), tmp_path, Schedule(6, save_every=1), True, quiet, say=lines.append)
    assert [int(row["images"]) for row in rows(tmp_path)] == [8, 16, 17, 18]
    assert any("batch was 4, now 1" in line for line in lines)
    history = torch.load(tmp_path / "state.pt", weights_only=True)["history"]
    assert [(entry["step"], entry["images"]) for entry in history] == [(4, 16)]


def test_older_states_that_count_no_images_go_on(options: Options, tmp_path: Path) -> None:
    train(tiny(options), tmp_path, Schedule(4, save_every=2), False, quiet, {"batch": 4})
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    torch.save({name: state[name] for name in ("step", "average", "recipe")}, tmp_path / "state.pt")
    train(tiny(replace(options, batch=1)), tmp_path, Schedule(5, save_every=1), True, quiet, {"batch": 1})
    assert [int(row["images"]) for row in rows(tmp_path)] == [8, 16, 17]


@pytest.mark.parametrize("what", ["seed", "data"])
def test_other_data_or_seed_is_refused_by_the_api_too(options: Options, faces: Path, tmp_path: Path, what: str) -> None:
    train(tiny(options), tmp_path, Schedule(1), False, quiet)
    before = (tmp_path / "state.pt").read_bytes()
    other = {"seed": replace(options, seed=1), "data": replace(options, data=str(faces / "id0"))}[what]
    with pytest.raises(UserError, match=f"made by another training: {what} was"):
        train(tiny(other), tmp_path, Schedule(2), True, quiet)
    assert (tmp_path / "state.pt").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_resumed_training_equals_an_undisturbed_one(
    options: Options, tmp_path: Path, number: int
) -> None:
    undisturbed, stopped, schedule = tmp_path / "a", tmp_path / "b", Schedule(6, save_every=3)
    train(tiny(options), undisturbed, schedule, False, quiet)

    def stop(done: int, losses: dict[str, float]) -> None:
        if done == 2:
            os.kill(os.getpid(), number)

    handler = signal.getsignal(number)
    with pytest.raises(Interrupted, match=r"keeps the checkpoint of update 2; the same command with --resume"):
        train(tiny(options), stopped, schedule, False, stop)
    assert signal.getsignal(number) is handler
    assert torch.load(stopped / "state.pt", weights_only=True)["step"] == 2
    train(tiny(options, seed=1), stopped, schedule, True, quiet)
    first, second = (load_file(out / "weights.safetensors") for out in (undisturbed, stopped))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    logs = [[{**row, "images_per_s": ""} for row in rows(out)] for out in (undisturbed, stopped)]
    assert logs[0] == logs[1]


@pytest.mark.parametrize("damage", ["gone", "older", "broken"])
def test_a_finished_training_writes_its_weights_again(options: Options, tmp_path: Path, damage: str) -> None:
    train(tiny(options), tmp_path, Schedule(1), False, quiet)
    weights = tmp_path / "weights.safetensors"
    older = weights.read_bytes()
    train(tiny(options), tmp_path, Schedule(2), True, quiet)
    right = weights.read_bytes()
    assert older != right
    if damage == "gone":
        weights.unlink()
    else:
        weights.write_bytes(older if damage == "older" else right[:100])
    train(tiny(options, seed=3), tmp_path, Schedule(2), True, quiet)
    assert weights.read_bytes() == right


def test_fewer_updates_than_done_change_no_record(options: Options, tmp_path: Path) -> None:
    train(tiny(options), tmp_path, Schedule(3), False, quiet, {"steps": 3})
    before = {name: (tmp_path / name).read_bytes() for name in ("training.json", "state.pt", "log.csv")}
    lines: list[str] = []
    train(tiny(options), tmp_path, Schedule(2), True, quiet, {"steps": 2}, lines.append)
    assert lines == [f"{tmp_path} has 3 updates already, more than the 2 asked for: nothing is trained"]
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    ("good", "kept"),
    [(2, "keeps the checkpoint of update 1; the same command with --resume"), (0, "no checkpoint was written")],
)
def test_a_full_disk_says_what_is_kept(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: int, kept: str
) -> None:
    written: list[Path] = []
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        written.append(self)
        if len(written) > good:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CannotWrite, match=kept) as caught:
        train(tiny(options), tmp_path, Schedule(3, save_every=1), False, quiet)
    assert "run the same command to continue" not in str(caught.value)


def test_weights_tell_their_training(options: Options, tmp_path: Path) -> None:
    train(tiny(options), tmp_path, Schedule(3), False, quiet, {"model": "ours", "steps": 3})
    with safe_open(tmp_path / "weights.safetensors", "pt") as file:
        metadata = file.metadata()
    assert metadata == {"training": f"ours x4, update 3 of 3, 12 images of {Path(options.data).name} and lr0, seed 0"}


@pytest.fixture
def commands(faces: Path, small_scgan: None, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Start of a command that trains two updates in no time."""
    monkeypatch.setattr(restoration, "HELD_OUT", 0.4)
    words = ["train", "scgan", "--data", faces, "--max-steps", 2, "--batch-size", 2, "--device", "cpu"]
    return [*words, "--threads", 1, "--no-amp"]


def test_a_folder_without_a_training_is_not_resumed(commands: list[object], tmp_path: Path) -> None:
    result = call(*commands, "--out", tmp_path / "typo", "--resume")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"fsrbench: {tmp_path / 'typo'} holds no training to resume; check --out, or start one without --resume"
    ]
    assert not (tmp_path / "typo").exists()


def test_a_command_is_resumed_with_what_it_was_started_with(
    commands: list[object], faces: Path, lr_faces: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    started = call(*commands, "--out", out)
    assert started.exit_code == 0
    assert f"2 updates on 4 images; weights: {out / 'weights.safetensors'}" in started.stderr
    assert f"score them: fsrbench run --methods bicubic,checkpoint:{out / 'weights.safetensors'}" in started.stderr
    record = (out / "training.json").read_text()
    other = tmp_path / "other" / "ann"
    other.mkdir(parents=True)
    for number in range(2):
        Image.fromarray(np.full((64, 64, 3), number, np.uint8)).save(other / f"{number}.png")
    for flags, reason in (
        (["--seed", 1], "seed was 0, now 1"),
        (["--data", other.parent], f"data was {faces}, now {other.parent}"),
        (["--lr-data", lr_faces], f"lr_data was not given, now {lr_faces}"),
    ):
        result = call(*commands, "--out", out, "--resume", *flags)
        assert result.exit_code == 2
        assert reason in result.stderr
        assert len([line for line in result.stderr.splitlines() if line.startswith("fsrbench: ")]) == 1
        assert (out / "training.json").read_text() == record
    longer = call(*commands, "--out", out, "--resume", "--max-steps", 3)
    assert "steps was 2, now 3 (from update 3 on)" in longer.stderr
    kept = json.loads((out / "training.json").read_text())
    assert (kept["steps"], kept["history"][0]["changed"]) == (3, {"steps": [2, 3]})
    assert len(kept["data_sha256"]) == 64


def test_a_semi_cycle_is_not_resumed_without_its_real_faces(
    commands: list[object], lr_faces: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert call(*commands, "--out", out, "--lr-data", lr_faces).exit_code == 0
    result = call(*commands, "--out", out, "--resume")
    assert result.exit_code == 2
    assert f"lr_data was {lr_faces}, now not given" in result.stderr
    state = torch.load(out / "state.pt", weights_only=True)
    torch.save({name: state[name] for name in ("step", "average", "recipe")}, out / "state.pt")
    (out / "training.json").unlink()  # the state alone says what it is of, too
    result = call(*commands, "--out", out, "--resume")
    assert result.exit_code == 2
    assert "made by another training: its modules are degradation_backward, degradation_forward" in result.stderr


def test_interrupted_before_anything_was_kept(
    commands: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(restoration, "load_faces", interrupt)
    result = call(*commands, "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert result.stderr.splitlines() == ["fsrbench: interrupted; no checkpoint was written, so nothing is kept"]
