"""The loop: resumes exactly, logs what it did, and ships what it averaged."""

import csv
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from fsrbench.errors import UserError
from fsrbench.training.data import Batch
from fsrbench.training.loop import Schedule, locked, train
from fsrbench.training.recipe import Options
from fsrbench.training.restoration import PairRecipe
from reference_model.generator import RestorationNetwork


def tiny(options: Options, seed: int = 0) -> PairRecipe:
    torch.manual_seed(seed)
    return PairRecipe(options, RestorationNetwork(4, channels=8, blocks=1), (2e-3, 1e-4))


def quiet(done: int, losses: dict[str, float]) -> None:
    pass


def test_log_has_a_row_for_each_checkpoint(options: Options, tmp_path: Path) -> None:
    train(tiny(options), tmp_path, Schedule(9, save_every=3), False, quiet)
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [(int(r["step"]), int(r["images"])) for r in rows] == [(3, 12), (6, 24), (9, 36)]
    assert all(10 < float(r["psnr_realworld"]) < 60 and 0 < float(r["pixel"]) < 1 for r in rows)


def test_pictures_show_lr_sr_and_hr(options: Options, tmp_path: Path) -> None:
    train(tiny(options), tmp_path, Schedule(2, save_every=2), False, quiet)
    assert Image.open(tmp_path / "pictures" / "0000002.png").size == (6 * 64, 3 * 64)


def test_killed_and_resumed_equals_undisturbed(options: Options, tmp_path: Path) -> None:
    undisturbed, killed, schedule = tmp_path / "a", tmp_path / "b", Schedule(9, save_every=3)
    train(tiny(options), undisturbed, schedule, False, quiet)

    def die(done: int, losses: dict[str, float]) -> None:
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny(options), killed, schedule, False, die)
    # Other first weights: all must come from the state.
    train(tiny(options, seed=1), killed, schedule, True, quiet)
    assert same_weights(undisturbed, killed)
    logs = [[{**r, "images_per_s": ""} for r in csv.DictReader((f / "log.csv").open())] for f in (undisturbed, killed)]
    assert logs[0] == logs[1]


def same_weights(a: Path, b: Path) -> bool:
    first, second = (load_file(folder / "weights.safetensors") for folder in (a, b))
    return first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())


def test_two_trainings_of_one_seed_are_equal(options: Options, tmp_path: Path) -> None:
    for name in "ab":
        train(tiny(options), tmp_path / name, Schedule(3), False, quiet)
    assert same_weights(tmp_path / "a", tmp_path / "b")


def test_a_training_is_not_overwritten_unasked(options: Options, tmp_path: Path) -> None:
    with locked(tmp_path, resume=False):
        train(tiny(options), tmp_path, Schedule(1), False, quiet)
    with pytest.raises(UserError, match="--resume"), locked(tmp_path, resume=False):
        pass
    with (
        locked(tmp_path, resume=True),
        pytest.raises(UserError, match="is being written"),
        locked(tmp_path, resume=True),
    ):
        pass


def test_another_networks_state_is_refused(options: Options, tmp_path: Path) -> None:
    train(tiny(options), tmp_path, Schedule(1), False, quiet, {"model": "first"})
    other = PairRecipe(options, RestorationNetwork(4, channels=16, blocks=1), (1e-3, 1e-3))
    with pytest.raises(UserError, match="made by another training"):
        train(other, tmp_path, Schedule(2), True, quiet, {"model": "other"})
    assert json.loads((tmp_path / "training.json").read_text()) == {"model": "first"}


@pytest.mark.parametrize(
    ("loss", "weight", "bad"), [("nan", 1, "pixel"), ("inf", 1, "pixel"), ("0.1", float("inf"), "restoration")]
)
def test_what_is_not_finite_ends_it_and_keeps_the_last_state(options, tmp_path: Path, loss, weight, bad) -> None:
    class Diverging(PairRecipe):
        def step(self, batch: Batch, progress: float) -> dict[str, float]:
            if progress < 0.5:
                return {"pixel": 0.1}
            next(self.network.parameters()).data.mul_(weight)
            return {"pixel": float(loss)}

    torch.manual_seed(0)
    recipe = Diverging(options, RestorationNetwork(4, channels=8, blocks=1), (1e-3, 1e-3))
    with pytest.raises(UserError, match=f"step 8: {bad}.* not finite"):
        train(recipe, tmp_path, Schedule(8, save_every=4), False, quiet)
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 4
