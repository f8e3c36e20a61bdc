"""Semi-cycle training: which gradient reaches which network, exact resume, and that it runs as a whole."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fsrbench.errors import UserError
from fsrbench.training import semicycle
from fsrbench.training.loop import Schedule, train
from fsrbench.training.recipe import Options
from fsrbench.training.restoration import Guidance
from fsrbench.training.semicycle import Networks, SemiCycle, Weights
from reference_model.degradation import NOISE, DegradationNetwork
from reference_model.discriminator import Discriminator, UNetDiscriminator
from reference_model.generator import RestorationNetwork


def make(
    options: Options,
    weights: Weights,
    guidance: Guidance | None = None,
    seed: int = 0,
    judge: Callable[[int, int], nn.Module] = Discriminator,
) -> SemiCycle:
    torch.manual_seed(seed)

    def degradation() -> nn.Module:
        return DegradationNetwork(channels=8, blocks=1)

    networks = Networks(
        RestorationNetwork(4, channels=8, blocks=1),
        degradation(),
        degradation(),
        Discriminator(16, 4),
        Discriminator(16, 4),
        judge(64, 4),
        judge(64, 4),
        NOISE,
    )
    return SemiCycle(options, networks, weights, guidance=guidance)


def gradient_of(recipe: SemiCycle, loss: str, module: str) -> float:
    """Size of one loss's gradient in one network."""
    batch = recipe.batch(0)
    hr, real = recipe.encode(batch.hr), recipe.encode(batch.real)
    losses = recipe._generator_losses(recipe._generate(hr, real, batch.noise), hr, real)
    parameters = list(recipe.modules[module].parameters())
    gradients = torch.autograd.grad(losses[loss], parameters, allow_unused=True)
    return sum(float(g.abs().sum()) for g in gradients if g is not None)


@pytest.mark.parametrize("detach", [False, True])
def test_cycle_gradients_cross_generators_unless_they_are_cut(options: Options, detach: bool) -> None:
    recipe = make(options, Weights(detach=detach))
    assert (gradient_of(recipe, "pixel_hr_forward", "degradation_forward") > 0) is not detach
    assert (gradient_of(recipe, "pixel_lr_backward", "restoration") > 0) is not detach
    assert gradient_of(recipe, "pixel_hr_forward", "restoration") > 0
    assert gradient_of(recipe, "pixel_lr_backward", "degradation_backward") > 0


def test_without_the_backward_pathway_nothing_of_it_reaches_the_restoration(options: Options) -> None:
    recipe = make(options, Weights(backward=0.0, detach=False))
    for loss in ("pixel_hr_backward", "fool_hr_backward", "pixel_lr_backward", "fool_lr_backward"):
        assert gradient_of(recipe, loss, "restoration") == 0, loss
    assert gradient_of(recipe, "pixel_hr_forward", "restoration") > 0


def test_the_whole_backward_pathway_is_weighed(options: Options) -> None:
    for loss in ("pixel_hr_backward", "fool_hr_backward", "pixel_lr_backward", "fool_lr_backward"):
        whole, tenth = (
            gradient_of(make(options, Weights(backward=w, detach=False)), loss, "restoration") for w in (1, 0.1)
        )
        assert tenth == pytest.approx(0.1 * whole, rel=1e-3), loss


def test_the_picture_shows_real_faces_too(options: Options) -> None:
    recipe = make(options, Weights())
    shown = recipe.picture(recipe.network)
    assert shown is not None
    assert shown.height == 5 * options.task.hr_size  # LR, SR and HR; real LR and SR


def test_generators_do_not_train_discriminators(options: Options) -> None:
    recipe = make(options, Weights())
    for name in ("lr_forward", "hr_forward", "hr_backward", "lr_backward"):
        assert gradient_of(recipe, f"fool_{name}", f"judge_{name}") == 0


def changed(recipe: SemiCycle, act: Callable[[], object]) -> set[str]:
    """Modules whose weights an action changes."""
    before = {name: [p.detach().clone() for p in m.parameters()] for name, m in recipe.modules.items()}
    act()
    return {
        name
        for name, module in recipe.modules.items()
        if any(not torch.equal(p, q) for p, q in zip(module.parameters(), before[name], strict=True))
    }


def test_a_step_trains_all_seven_networks(options: Options) -> None:
    recipe = make(options, Weights(pairs=1.0))
    assert changed(recipe, lambda: recipe.step(recipe.batch(0), 0.0)) == set(recipe.modules)


def test_only_every_nth_update_goes_through_the_cycles(options: Options) -> None:
    recipe = make(options, Weights(pairs=1.0, cycle_every=3))
    assert [recipe.batch(step).cycle for step in range(4)] == [True, False, False, True]
    assert changed(recipe, lambda: recipe.step(recipe.batch(1), 0.0)) == {"restoration", "judge_hr_forward"}


def test_features_of_the_discriminator_are_matched_on_pairs(options: Options) -> None:
    recipe = make(options, Weights(pairs=1.0, features=2.0, cycle_every=2), judge=UNetDiscriminator)
    batch = recipe.batch(1)
    hr = recipe.encode(batch.hr)
    _, losses = recipe._pairs(batch.pairs, hr)
    judge = recipe.modules["judge_hr_forward"]
    sr, truth = (judge(x).features for x in (recipe.restore(recipe.network, batch.pairs.lr), hr))
    expected = 2.0 * sum(float((a - b).detach().abs().mean()) for a, b in zip(sr, truth, strict=True)) / len(truth)
    assert losses["features"].item() == pytest.approx(expected, rel=0.05)  # bfloat16, and spectral norm iterates
    assert "fool" in losses


def test_guidance_is_asked_wherever_hr_is_known(options: Options) -> None:
    seen = []

    def guidance(sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        seen.append((sr.shape, hr.shape))
        assert 0 <= hr.min() < hr.max() <= 1
        return {"likeness": (sr - hr).abs().mean()}

    losses = make(options, Weights(pairs=0.5), guidance)
    assert {"likeness", "likeness_pairs"} <= set(losses.step(losses.batch(0), 0.0))
    assert seen == [((4, 3, 64, 64), (4, 3, 64, 64))] * 2


def test_discriminators_learn_to_tell_real_from_made(options: Options) -> None:
    recipe = make(options, Weights())
    semicycle.set_rate([recipe.optimizers["judges"]], 5e-3, 5e-3, 0.0)
    judged = []
    for step in range(30):
        batch = recipe.batch(step)
        hr, real = recipe.encode(batch.hr), recipe.encode(batch.real)
        with torch.no_grad():
            made = recipe._generate(hr, real, batch.noise)
        losses = recipe._judge_losses(made, hr, real)
        semicycle.update(torch.stack(list(losses.values())).sum(), recipe.optimizers["judges"])
        judged.append(losses["judge_hr_backward"].item())
    assert sum(judged[-5:]) < 0.7 * sum(judged[:5])


def test_killed_and_resumed_equals_undisturbed(options: Options, tmp_path: Path) -> None:
    def quiet(done: int, losses: dict[str, float]) -> None:
        pass

    def die(done: int, losses: dict[str, float]) -> None:
        if done == 3:
            raise KeyboardInterrupt

    weights, schedule = Weights(detach=False, pairs=1.0), Schedule(4, save_every=2)
    train(make(options, weights), tmp_path / "a", schedule, False, quiet)
    with pytest.raises(KeyboardInterrupt):
        train(make(options, weights), tmp_path / "b", schedule, False, die)
    train(make(options, weights, seed=1), tmp_path / "b", schedule, True, quiet)
    first, second = (load_file(tmp_path / name / "weights.safetensors") for name in "ab")
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_real_lr_faces_are_needed(options: Options) -> None:
    with pytest.raises(UserError, match="--lr-data"):
        make(replace(options, lr_data=None), Weights())
