"""The configurations that ship, and settings that make no sense."""

from pathlib import Path
from typing import Any

import pytest
from made import call
from made.places import ROOT

from baselines.progressive import training as progressive
from baselines.scgan import training as scgan
from fsrbench.errors import UserError
from fsrbench.files.text import read_yaml
from fsrbench.tasks import TASKS
from fsrbench.training.data import check_mixture
from fsrbench.training.recipe import parse_config
from reference_model import fan_training, training

CONFIGS = sorted((ROOT / "configs" / "train").glob("*.yaml"))
KINDS: dict[str, type] = {
    "ours": training.Config,
    "fan": fan_training.Config,
    "progressive": progressive.Config,
    "scgan": scgan.Config,
}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configurations_are_those_of_their_recipe(path: Path) -> None:
    config = parse_config(KINDS[path.stem.partition("-")[0]], read_yaml(path))
    for name, value in read_yaml(path).items():
        assert getattr(config, name) == value


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "mixtures").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_mixtures_are_of_known_degradations(path: Path) -> None:
    assert check_mixture(read_yaml(path), TASKS["x8"]) == read_yaml(path)


def test_the_first_stage_has_no_loss_but_pixels() -> None:
    [path] = [path for path in CONFIGS if path.stem == "ours-l1"]
    config = parse_config(training.Config, read_yaml(path))
    assert (config.rate, config.heatmap, config.attention, config.identity) == (0.0005, 0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("ours", {"identity": 0.6}, "identity needs teacher"),
        ("ours", {"teacher": "face.onnx"}, "teacher has no effect without identity"),
        ("ours", {"heatmap": -1.0}, "heatmap must not be negative, not -1"),
        ("ours", {"identity": -0.5, "teacher": "face.onnx"}, "identity must not be negative, not -0.5"),
        ("ours", {"rate": -5e-4}, "rate must not be negative, not -0.0005"),
        ("fan", {"rate": -1}, "rate must not be negative, not -1"),
        ("fan", {"extra_share": 1.5}, "extra_share is a share of each batch, at most 1, not 1.5"),
        ("fan", {"extra_points": "points.npz"}, "extra_points needs extra"),
        ("progressive", {"rate": -1e-3}, "rate must not be negative, not -0.001"),
        ("progressive", {"judge_every": 0}, "judge_every must be at least 1, not 0"),
        ("ours", {"cycle_every": 0}, "cycle_every must be at least 1, not 0"),
        ("ours", {"blocks": 0}, "blocks must be at least 1, not 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(kind: str, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        parse_config(KINDS[kind], values)


def test_settings_without_effect_are_said(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("heatmap: 0\nattention: 0\nrate: 5e-4\nadversarial: 1e-2\n")
    flags = ["--max-steps", 1, "--batch-size", 2, "--device", "cpu", "--threads", 1, "--config", tmp_path / "c.yaml"]
    result = call("train", "ours", "--data", faces, "--out", tmp_path / "out", *flags)
    assert result.exit_code == 0, result.stderr
    assert "without --lr-data these settings have no effect: adversarial" in result.stderr
