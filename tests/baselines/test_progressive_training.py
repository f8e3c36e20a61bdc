"""Training of the progressive baseline: its stages, its discriminator, what each step learns from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from baselines.progressive import discriminator
from baselines.progressive.discriminator import Discriminator
from baselines.progressive.network import Generator
from baselines.progressive.training import ProgressiveRecipe, stage
from fsrbench.errors import UserError
from fsrbench.tasks import TASKS
from fsrbench.training.recipe import Options


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    for number in range(4):
        pixels = np.random.RandomState(number).randint(0, 256, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(pixels).resize((128, 128)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the published networks' feature maps."""
    widths = (128, 64, 32, 16)
    monkeypatch.setattr(Generator, "WIDTHS", widths)
    monkeypatch.setattr(discriminator, "WIDTHS", widths)


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(0.0, (1, 1.0)), (0.2, (1, 1.0)), (0.25, (2, 0.0)), (0.3125, (2, 0.5)), (0.45, (2, 1.0)), (0.5, (3, 0.0))],
)
def test_stages(progress: float, expected: tuple[int, float]) -> None:
    assert stage(progress) == expected


@pytest.mark.usefixtures("_narrow")
@pytest.mark.parametrize("step", [1, 2, 3])
def test_discriminator_scores_every_step(step: int) -> None:
    faces = torch.rand(2, 3, 16 * 2**step, 16 * 2**step)
    judge = Discriminator()
    assert judge(faces, step).shape == (2,)
    faded = [judge(faces, step, alpha) for alpha in (0.0, 1.0)]
    assert torch.equal(*faded) is (step == 1)


def test_discriminator_at_the_start_of_a_fade_is_the_step_before() -> None:
    faces, judge = torch.rand(2, 3, 64, 64), Discriminator()
    small = torch.nn.functional.avg_pool2d(faces, 2)
    assert torch.allclose(judge(faces, 2, alpha=0.0), judge(small, 1), atol=1e-5)


@pytest.mark.usefixtures("_narrow")
@pytest.mark.parametrize(
    ("progress", "losses"),
    [(0.1, {"pixel", "fool"}), (0.3, {"pixel", "fool", "heatmap", "attention"})],
)
def test_a_step_trains_both_networks(faces: Path, progress: float, losses: set[str]) -> None:
    torch.manual_seed(0)
    recipe = ProgressiveRecipe(Options(TASKS["x8"], str(faces), torch.device("cpu"), amp=False, batch=2))
    reached = stage(progress)[0]
    before = [recipe.modules[n].state_dict() for n in ("restoration", "judge")]
    before = [{k: v.clone() for k, v in state.items()} for state in before]
    report = recipe.step(recipe.batch(0), progress)
    assert set(report) == losses | {"judge", "reached"}
    assert all(np.isfinite(v) for v in report.values())
    for name, key in (("restoration", f"to_rgb.{reached - 1}.weight"), ("judge", f"from_rgb.{reached - 1}.weight")):
        state = before[name == "judge"]
        assert not torch.equal(state[key], recipe.modules[name].state_dict()[key])
        last = key.replace(f".{reached - 1}.", ".2.")
        assert torch.equal(state[last], recipe.modules[name].state_dict()[last])  # the third step's turn has not come
    assert recipe.restore(recipe.network, recipe.batch(0).pairs.lr).shape == (2, 3, 128, 128)


@pytest.mark.usefixtures("_narrow")
def test_without_the_adversary_it_is_not_trained(faces: Path) -> None:
    options = Options(TASKS["x8"], str(faces), torch.device("cpu"), amp=False, batch=1, config={"adversarial": False})
    recipe = ProgressiveRecipe(options)
    assert set(recipe.step(recipe.batch(0), 0.1)) == {"pixel", "reached"}


@pytest.mark.usefixtures("_narrow")
def test_the_discriminator_is_used_every_few_updates(faces: Path) -> None:
    options = Options(TASKS["x8"], str(faces), torch.device("cpu"), amp=False, batch=1, config={"judge_every": 3})
    recipe = ProgressiveRecipe(options)
    assert [recipe.batch(step).adversarial for step in range(5)] == [True, False, False, True, False]


@pytest.mark.usefixtures("_narrow")
def test_a_training_continues_from_weights_at_the_third_step(faces: Path, tmp_path: Path) -> None:
    trained = Generator()
    save_file(trained.state_dict(), tmp_path / "weights.safetensors")
    config = {"init": str(tmp_path / "weights.safetensors"), "adversarial": False}
    options = Options(TASKS["x8"], str(faces), torch.device("cpu"), amp=False, batch=1, config=config)
    recipe = ProgressiveRecipe(options)
    batch = recipe.batch(0)
    expected = trained.eval()(batch.pairs.lr * 2 - 1)
    found = recipe.network.eval()(batch.pairs.lr * 2 - 1)
    torch.testing.assert_close(found, expected)
    report = recipe.step(batch, progress=0.5)
    assert set(report) == {"pixel", "heatmap", "attention", "reached"}
    assert report["reached"] == 3
    assert recipe.optimizers["restoration"].param_groups[0]["lr"] == pytest.approx((1e-3 + 1e-6) / 2)


def test_x4_is_refused(faces: Path) -> None:
    with pytest.raises(UserError, match="trained as x8"):
        ProgressiveRecipe(Options(TASKS["x4"], str(faces), torch.device("cpu")))
