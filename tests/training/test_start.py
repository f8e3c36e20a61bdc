"""``fsrbench train``: settings from flags and file, one clear line for invalid ones, two processes in step."""

import json
import re
from pathlib import Path

import pytest
from made import call, run
from made.forked import command_line_in, run_python
from safetensors.torch import load_file

from fsrbench.training import restoration

FAST = ["--max-steps", 2, "--batch-size", 2, "--device", "cpu", "--threads", 1, "--save-every", 2]


@pytest.fixture(autouse=True)
def _held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoration, "HELD_OUT", 0.4)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_ours_without_real_lr_is_trained_on_pairs(faces: Path, tmp_path: Path) -> None:
    result = call("train", "ours", "--data", faces, "--out", tmp_path / "out", *FAST)
    assert result.exit_code == 0
    assert re.search(r"training ours: 2 of 2 pixel 0\.\d+ heatmap 0\.\d+ attention 0\.\d+", result.stderr)
    settings = json.loads((tmp_path / "out" / "training.json").read_text())
    assert (settings["model"], settings["batch"], settings["steps"]) == ("ours", 2, 2)
    assert load_file(tmp_path / "out" / "weights.safetensors").keys()


@pytest.mark.heavy
def test_any_task_size_is_trained_and_scored(faces: Path, lr_faces: Path, tmp_path: Path) -> None:
    config = write(tmp_path / "c.yaml", "blocks: 2\nheatmap: 0\nattention: 0\nadversarial: 0.01\n")
    flags = ["--task", "32x2", "--lr-data", lr_faces, "--config", config]
    result = call("train", "ours", "--data", faces, "--out", tmp_path / "out", *flags, *FAST)
    assert result.exit_code == 0
    weights = f"checkpoint:{tmp_path / 'out' / 'weights.safetensors'}"
    scored = run(faces, tmp_path / "run", "--task", "32x2", "--limit", 2, "--metrics", "psnr", methods=weights)
    assert scored.code == 0
    assert "reference model, x2" in (tmp_path / "run" / "table.md").read_text()


def test_a_scale_that_the_network_lacks_is_refused(faces: Path, tmp_path: Path) -> None:
    result = call("train", "ours", "--data", faces, "--task", "16x3", "--out", tmp_path / "out", *FAST)
    assert result.exit_code == 2
    assert "the reference model enlarges by 1, 2, 4, 8, 16, not by 3" in result.stderr


@pytest.mark.heavy
def test_ours_with_real_lr_runs_the_semi_cycle(faces: Path, lr_faces: Path, tmp_path: Path) -> None:
    config = write(tmp_path / "c.yaml", "blocks: 2\nheatmap: 0\nattention: 0\nadversarial: 0.01\n")
    flags = ["--lr-data", lr_faces, "--config", config]
    result = call("train", "ours", "--data", faces, "--out", tmp_path / "out", *flags, *FAST)
    assert result.exit_code == 0
    header = (tmp_path / "out" / "log.csv").read_text().partition("\n")[0].split(",")
    assert {"pixel_hr_forward", "fool_hr_backward", "judge_lr_backward", "pixel_pairs", "psnr_realworld"} <= set(header)


@pytest.mark.parametrize(
    ("model", "config", "reason"),
    [
        ("nobody", "", "unknown model to train 'nobody'"),
        ("ours", "depth: 3", "unknown setting 'depth'; known: init, "),
        ("ours", "rate: fast", "setting rate must be float, not 'fast'"),
        ("ours", "detach: 1", "setting detach must be bool, not 1"),
        ("ours", "- rate", "expected settings as 'name: value'"),
        ("ours", "rate: [1", "cannot be read: while parsing"),
        ("ours", "init: nowhere.safetensors", "nowhere.safetensors cannot be loaded"),
    ],
)
def test_what_cannot_be_is_one_line(faces: Path, tmp_path: Path, model: str, config: str, reason: str) -> None:
    file = write(tmp_path / "c.yaml", config)
    result = call("train", model, "--data", faces, "--out", tmp_path / "out", "--config", file, *FAST)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.heavy
def test_two_processes_learn_together(faces: Path, tmp_path: Path) -> None:
    launch = ["--standalone", "--nproc-per-node", 2, "--no-python", tmp_path / "bin" / "fsrbench"]
    flags = ["train", "ours", "--data", faces, "--out", tmp_path / "out", *FAST]
    with command_line_in(tmp_path / "bin"):  # the launcher and both processes need not import torch
        result = run_python("from torch.distributed.run import main; main()", *launch, *flags)
    assert result.returncode == 0, result.stderr
    rows = (tmp_path / "out" / "log.csv").read_text().splitlines()
    assert rows[1].startswith("2,8,")  # two updates of two faces in two processes


BLOCKED = "pandas pyarrow scipy matplotlib pyiqa facenet_pytorch torchvision torch_fidelity pooch psutil dlib"

TRAIN_WITH_LITTLE = f"""
import sys

sys.modules.update(dict.fromkeys({BLOCKED.split()}))  # importing them fails
from fsrbench.cli.app import main
main()
"""


@pytest.mark.heavy
def test_few_packages_are_needed(faces: Path, tmp_path: Path) -> None:
    result = run_python(TRAIN_WITH_LITTLE, "train", "ours", "--data", faces, "--out", tmp_path / "o", *FAST)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "o" / "weights.safetensors").exists()


@pytest.mark.parametrize("flag", ["--max-steps", "--batch-size", "--save-every"])
def test_numbers_below_1_are_refused(faces: Path, tmp_path: Path, flag: str) -> None:
    assert call("train", "ours", "--data", faces, "--out", tmp_path, *FAST, flag, 0).exit_code == 2


def test_a_refused_training_leaves_the_other_as_it_was(faces: Path, tmp_path: Path) -> None:
    assert call("train", "ours", "--data", faces, "--out", tmp_path, *FAST).exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and path.name != ".lock"}
    for model, flags in (("scgan", []), ("scgan", ["--resume"])):
        assert call("train", model, "--data", faces, "--out", tmp_path, *FAST, *flags).exit_code == 2
    assert before == {path: path.read_bytes() for path in before}
