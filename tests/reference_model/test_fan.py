"""The face alignment network: its size, its points, its training data and its losses."""

import math
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from fsrbench.datasets import open_dataset
from fsrbench.errors import UserError
from fsrbench.metrics.landmarks import nme
from fsrbench.pictures.decode import decode, to_tensor
from fsrbench.tasks import TASKS
from fsrbench.training.recipe import Options, load_weights
from reference_model import WEIGHTS, fan_data
from reference_model.fan import FAN, gaussians, points_of
from reference_model.fan_data import MIRRORED, Annotated, draw, load_annotated, reduced
from reference_model.fan_training import FanRecipe, alignment_losses
from reference_model.losses import AlignmentLosses, attention_map

SIDE = fan_data.SIDE


def test_size() -> None:
    fan = FAN().eval()
    assert sum(p.numel() for p in fan.parameters()) <= 400_000
    with FlopCounterMode(display=False) as counter:
        fan(torch.rand(1, 3, 64, 64))
    assert counter.get_total_flops() <= 1.5e9


def test_points_of_gaussians_are_their_centres() -> None:
    points = torch.rand(2, 68, 2) * 0.8 + 0.1
    assert torch.allclose(points_of(gaussians(points, 32)), points, atol=1e-4)


def test_landmarks_are_in_pixels_of_the_face_given() -> None:
    fan = FAN().eval()
    face = torch.nn.functional.interpolate(torch.rand(1, 3, 16, 16), size=(64, 64), mode="bilinear")
    small = fan.landmarks(face)
    large = fan.landmarks(torch.nn.functional.interpolate(face, scale_factor=2, mode="bilinear"))
    assert torch.allclose((large + 0.5) / 2, small + 0.5, atol=0.5)


SHAPE = np.random.RandomState(0).uniform(0.35, 0.65, (68, 2)).astype(np.float32)


def dotted(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A grey face whose points 36 and 45 are a red and a green dot; all points lie as in SHAPE, shifted."""
    points = SHAPE + np.random.RandomState(seed).uniform(-0.15, 0.15, 2).astype(np.float32)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    face = np.full((SIDE, SIDE, 3), 90.0)
    for channel, point in ((0, 36), (1, 45)):
        distance = (x - points[point, 0] * SIDE) ** 2 + (y - points[point, 1] * SIDE) ** 2
        face[..., channel] += 165 * np.exp(-distance / (2 * 5**2))
    return face.astype(np.uint8), points


def annotated(count: int) -> Annotated:
    faces, points = zip(*(dotted(seed) for seed in range(count)), strict=True)
    return Annotated(np.stack(faces), np.stack(points), np.array([f"{n}.png" for n in range(count)]))


def test_points_move_with_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("_few_pixels", "_relight", "_cover"):
        monkeypatch.setattr(fan_data, step, lambda faces, generator: faces)
    data = annotated(24)
    faces, points = draw(data, np.arange(24), torch.Generator().manual_seed(0))
    mirrored = 0
    for face, truth, before in zip(faces, points, data.points, strict=True):
        for channel, point in ((0, 36), (1, 45)):
            strength = (face[channel] - face[2]).clamp(min=0)
            row, column = divmod(int(strength.argmax()), 64)
            # A mirrored face's red dot is what was its point 36 and now is the point that mirrors it.
            found = torch.tensor([(column + 0.5) / 64, (row + 0.5) / 64])
            errors = [float((found - truth[p]).norm()) for p in (point, int(np.argwhere(point == MIRRORED)[0, 0]))]
            assert min(errors) < 0.02
            mirrored += errors[1] < errors[0]
        assert not np.allclose(truth.numpy(), before)
    assert 8 <= mirrored <= 40


def test_mirroring_twice_changes_nothing() -> None:
    assert (MIRRORED[MIRRORED] == np.arange(68)).all()


def test_drawn_faces_are_in_range_and_depend_on_the_seed_alone() -> None:
    data = annotated(6)
    a, b, c = (draw(data, np.arange(6), torch.Generator().manual_seed(s))[0] for s in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert a.shape == (6, 3, 64, 64)
    assert 0 <= a.min() < a.max() <= 1


def write(folder: Path, count: int, prefix: str = "face", side: int = 256) -> Path:
    """Pictures of another size, and their points in their own pixels."""
    folder.mkdir(exist_ok=True)
    names, points = [], []
    for number in range(count):
        face, fractions = dotted(number)
        names.append(f"{prefix}{number}.png")
        points.append(fractions * side - 0.5)
        Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC).save(folder / names[-1])
    np.savez(folder / "landmarks68.npz", names=np.array(names), points=np.stack(points))
    return folder


def test_annotated_faces_come_to_one_size(tmp_path: Path) -> None:
    data = load_annotated(write(tmp_path, 3))
    assert data.faces.shape == (3, SIDE, SIDE, 3)
    assert np.allclose(data.points[1], dotted(1)[1], atol=1e-5)
    assert reduced(data).shape == (3, 3, 64, 64)


def test_dataset_with_landmarks_is_as_good_as_a_table() -> None:
    data, samples = load_annotated("sample"), open_dataset("sample").samples
    assert [str(name) for name in data.names] == [sample.id for sample in samples]
    assert samples[5].landmarks is not None
    assert np.allclose(data.points[5] * 128 - 0.5, samples[5].landmarks, atol=1e-4)
    recipe = FanRecipe(Options(TASKS["x4"], "sample", torch.device("cpu"), amp=False, batch=4))
    assert len(recipe.faces) + len(recipe.held_out) == len(samples)
    assert recipe.step(recipe.batch(0), 0.0)["distance"] > 0


def test_oblong_picture_is_cut_and_not_squeezed(tmp_path: Path) -> None:
    face, points = dotted(0)
    oblong = np.pad(face, ((0, 0), (40, 40), (0, 0)))
    Image.fromarray(oblong).save(tmp_path / "a.png")
    np.savez(tmp_path / "landmarks68.npz", names=["a.png"], points=[points * SIDE - 0.5 + [40, 0]])
    data = load_annotated(tmp_path)
    assert (data.faces[0] == face).all()
    assert np.allclose(data.points[0], points, atol=1e-5)


def test_data_without_landmarks_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with pytest.raises(UserError, match="1 faces with landmarks to train on, at least 2 are needed"):
        FanRecipe(Options(TASKS["x4"], str(tmp_path), torch.device("cpu"), amp=False, batch=4))
    (tmp_path / "landmarks68.npz").unlink()
    with pytest.raises(UserError, match=r"no picture has 68 landmarks, in landmarks\.csv or landmarks68\.npz"):
        load_annotated(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        load_annotated(str(tmp_path / "gone"))
    with pytest.raises(UserError, match="sample is not a folder or zip"):
        load_annotated("sample", tmp_path / "points.npz")


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"names": np.array(["face0.png"])}, "no usable"),
        ({"names": np.array(["a"]), "points": np.ones(3)}, "points are"),
    ],
)
def test_unusable_points_are_one_line(tmp_path: Path, table: dict[str, np.ndarray], reason: str) -> None:
    write(tmp_path, 1)
    np.savez(tmp_path / "landmarks68.npz", **table)
    with pytest.raises(UserError, match=reason):
        load_annotated(tmp_path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((17, [np.nan, 3.0]), "face1.png is left out: a landmark is not a finite number"),
        ((3, [40000.0, 30.0]), r"face1.png is left out: a landmark lies \d+\.\d sides outside the picture"),
        ((45, None), "face1.png is left out: the outer corners of the eyes coincide"),
    ],
    ids=["nan", "far", "eyes"],
)
def test_unusable_landmarks_are_named_and_left_out(
    tmp_path: Path, row: tuple[int, list[float] | None], reason: str
) -> None:
    write(tmp_path, 4)
    table = dict(np.load(tmp_path / "landmarks68.npz"))
    number, value = row
    table["points"][1, number] = table["points"][1, 36] if value is None else value
    np.savez(tmp_path / "landmarks68.npz", **table)
    recipe = FanRecipe(Options(TASKS["x4"], str(tmp_path), torch.device("cpu"), amp=False, batch=4))
    assert len(recipe.faces) + len(recipe.held_out) == 3
    assert len(recipe.notes) == 1
    assert re.fullmatch(reason, recipe.notes[0])
    table["points"][:] = np.nan
    np.savez(tmp_path / "landmarks68.npz", **table)
    with pytest.raises(UserError, match=r"no picture's landmarks can be used; face0\.png"):
        load_annotated(tmp_path)


def test_losses_are_least_at_the_truth() -> None:
    points = torch.rand(2, 68, 2) * 0.8 + 0.1
    logits = gaussians(points, 32).clamp(min=1e-12).log()
    entropy, distance = alignment_losses(logits, points)
    assert float(distance) < 0.01
    assert float(entropy) == pytest.approx(math.log(2 * math.pi * math.e), abs=0.05)  # a Gaussian's own entropy
    worse = alignment_losses(logits, points + 0.05)
    assert worse[0] > entropy
    assert worse[1] > distance + 1


def test_points_outside_the_picture_do_not_count() -> None:
    points = torch.full((1, 68, 2), 0.5)
    logits = gaussians(points, 32).clamp(min=1e-12).log()
    points[0, 7] = torch.tensor([1.5, 0.5])
    assert float(alignment_losses(logits, points)[1]) < 0.01


@pytest.mark.heavy
def test_recipe_learns(tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = FanRecipe(Options(TASKS["x4"], str(write(tmp_path, 26)), torch.device("cpu"), amp=False, batch=4))
    assert (len(recipe.faces), len(recipe.held_out)) == (25, 1)
    distances = [recipe.step(recipe.batch(step), 0.3)["distance"] for step in range(60)]
    assert np.mean(distances[-10:]) < 0.7 * np.mean(distances[:10])
    with torch.inference_mode():
        assert 0 < recipe.validate(recipe.network.eval())["nme"] < 10


def test_held_out_faces_stay_held_out_when_others_come(tmp_path: Path) -> None:
    def held_out(count: int) -> set[str]:
        folder = write(tmp_path / str(count), count)
        recipe = FanRecipe(Options(TASKS["x4"], str(folder), torch.device("cpu"), amp=False, batch=4))
        return {*map(str, recipe.held_out.names)}

    expected = {f"face{n}.png" for n in range(60) if int(sha256(f"face{n}.png".encode()).hexdigest(), 16) % 1000 < 83.4}
    assert held_out(60) == expected
    assert held_out(40) == {name for name in expected if int(name[4:-4]) < 40}


def test_no_person_of_a_dataset_is_on_both_sides() -> None:
    recipe = FanRecipe(Options(TASKS["x4"], "sample", torch.device("cpu"), amp=False, batch=4))
    people = [{name.partition("/")[0] for name in part.names} for part in (recipe.faces, recipe.held_out)]
    assert all(people)
    assert not people[0] & people[1]


def test_faces_for_measuring_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, 13, prefix="helen_test")
    write(tmp_path, 13, prefix="helen_train")
    both = dict(np.load(tmp_path / "landmarks68.npz"))
    names = np.concatenate([both["names"], [f"helen_test{n}.png" for n in range(13)]])
    np.savez(tmp_path / "landmarks68.npz", names=names, points=np.concatenate([both["points"]] * 2))
    recipe = FanRecipe(Options(TASKS["x4"], str(tmp_path), torch.device("cpu"), amp=False, batch=4))
    used = [*recipe.faces.names, *recipe.held_out.names]
    assert len(used) == 13
    assert all(name.startswith("helen_train") for name in used)


def test_alignment_losses_vanish_for_equal_faces_and_reach_only_the_face() -> None:
    torch.manual_seed(0)
    fan = FAN()
    losses = AlignmentLosses(fan, heatmap=2.0, attention=3.0)
    hr = torch.rand(2, 3, 64, 64)
    assert all(float(loss) == 0 for loss in losses(hr, hr).values())
    sr = (hr * 0.5).requires_grad_()
    found = losses(sr, hr)
    assert set(found) == {"heatmap", "attention"}
    sum(found.values()).backward()  # type: ignore[union-attr]
    assert sr.grad is not None
    assert float(sr.grad.abs().sum()) > 0
    assert all(p.grad is None for p in fan.parameters())
    assert not fan.training


def test_attention_is_highest_at_the_landmarks() -> None:
    points = torch.full((1, 68, 2), 0.25)
    attention = attention_map(gaussians(points, 32), 64)
    assert attention.shape == (1, 1, 64, 64)
    assert (float(attention.min()), float(attention[0, 0, 15:17, 15:17].min())) == pytest.approx((0, 1), abs=0.1)
    assert float(attention[0, 0, 32:, 32:].max()) < 1e-3


def test_shipped_weights_find_the_landmarks_of_the_sample() -> None:
    samples = [s for s in open_dataset("sample") if s.landmarks is not None]
    assert len(samples) == 192
    fan = FAN().eval()
    load_weights(fan, WEIGHTS / "fan.safetensors")
    faces = np.stack([np.asarray(decode(s.hr.read())) for s in samples if s.hr is not None])
    with torch.inference_mode():
        found = fan.landmarks(to_tensor(faces)).numpy()
    truth = np.stack([s.landmarks for s in samples if s.landmarks is not None])
    assert nme(found, truth).mean() < 0.03
