"""Training: learns, resumes exactly, and ships what it averaged."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from fsrbench.tasks import TASKS
from fsrbench.training.data import Batch, Mixture, load_faces, make_batch
from fsrbench.training.loop import Schedule, export, train
from fsrbench.training.recipe import Options, PixelRecipe
from reference_model.generator import RestorationNetwork

OPTIONS = Options(TASKS["x4"], torch.device("cpu"), amp=False)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten identities of smooth pictures with a sharp edge that a network can learn to sharpen."""
    folder = tmp_path_factory.mktemp("faces")
    rng = np.random.RandomState(0)
    for identity in range(10):
        (folder / f"id{identity}").mkdir()
        for number in range(3):
            picture = np.zeros((64, 64, 3), np.uint8)
            picture[:, : rng.randint(20, 44)] = rng.randint(100, 256, 3)
            Image.fromarray(picture).save(folder / f"id{identity}" / f"{number}.png")
    return folder


def tiny(seed: int = 0) -> PixelRecipe:
    torch.manual_seed(seed)
    return PixelRecipe(RestorationNetwork(4, channels=8, blocks=1), 2e-3, 1e-4, OPTIONS)


def schedule(steps: int) -> Schedule:
    return Schedule(TASKS["x4"], steps, batch=4, held_out=0.2, save_every=3)


def quiet(line: str) -> None:
    pass


def test_pixel_recipe_learns_a_batch() -> None:
    torch.manual_seed(0)
    hr = torch.nn.functional.interpolate(torch.rand(4, 3, 32, 32), scale_factor=2)
    batch = Batch(torch.nn.functional.avg_pool2d(hr, 4), hr)
    recipe = PixelRecipe(RestorationNetwork(4, channels=32, blocks=1), 1e-2, 1e-2, OPTIONS)
    losses = [recipe.step(batch, 0.0)["l1"] for _ in range(150)]
    assert losses[-1] < 0.6 * losses[0]


def test_log_has_a_row_for_each_checkpoint(faces: Path, tmp_path: Path) -> None:
    train(tiny(), faces, tmp_path, schedule(9), False, quiet)
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [int(r["step"]) for r in rows] == [3, 6, 9]
    assert all(10 < float(r["psnr_realworld"]) < 60 for r in rows)


def test_killed_and_resumed_equals_undisturbed(faces: Path, tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "a", tmp_path / "b"
    train(tiny(), faces, undisturbed, schedule(9), False, quiet)

    def die(line: str) -> None:
        if line.startswith("step 6"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny(), faces, killed, schedule(9), False, die)
    train(tiny(seed=1), faces, killed, schedule(9), True, quiet)  # other first weights: all must come from the state
    for name, value in load_file(undisturbed / "weights.safetensors").items():
        assert torch.equal(value, load_file(killed / "weights.safetensors")[name]), name


def test_without_resume_starts_anew(faces: Path, tmp_path: Path) -> None:
    train(tiny(), faces, tmp_path, schedule(3), False, quiet)
    first = load_file(tmp_path / "weights.safetensors")
    train(tiny(), faces, tmp_path, schedule(3), False, quiet)
    assert all(torch.equal(v, load_file(tmp_path / "weights.safetensors")[k]) for k, v in first.items())


def test_held_out_identities_are_never_trained_on(faces: Path) -> None:
    train_faces, held_out = load_faces(faces, 64, 0.2)
    assert (len(train_faces), len(held_out)) == (24, 6)
    assert not {f.tobytes() for f in train_faces} & {f.tobytes() for f in held_out}


def test_batches_depend_on_the_seed_alone(faces: Path) -> None:
    pictures, _ = load_faces(faces, 64)
    mixture = Mixture({"realworld": 1.0, "bicubic": 1.0})
    a, b, c = (make_batch(pictures, 16, 6, mixture, np.random.RandomState(s)) for s in (1, 1, 2))
    assert torch.equal(a.lr, b.lr)
    assert torch.equal(a.hr, b.hr)
    assert not torch.equal(a.lr, c.lr)
    assert a.lr.shape == (6, 3, 16, 16)


def test_zip_and_folder_give_the_same_faces(faces: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "faces"), "zip", faces))
    assert np.array_equal(load_faces(archive, 64)[0], load_faces(faces, 64)[0])


def test_export_halves_weights_but_not_statistics(faces: Path, tmp_path: Path) -> None:
    train(tiny(), faces, tmp_path, schedule(3), False, quiet)
    export(tmp_path, tmp_path / "x.safetensors", "12 images, L1")
    halved = load_file(tmp_path / "x.safetensors")
    assert halved["head.weight"].dtype == torch.float16
    full = load_file(tmp_path / "weights.safetensors")
    assert torch.allclose(halved["head.weight"].float(), full["head.weight"], atol=1e-3)
    with safe_open(tmp_path / "x.safetensors", "pt") as file:
        assert file.metadata() == {"training": "12 images, L1"}
