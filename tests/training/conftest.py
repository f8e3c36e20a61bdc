"""Made faces to train on, and tiny networks."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.scgan import training as scgan
from fsrbench.tasks import TASKS
from fsrbench.training import restoration
from fsrbench.training.recipe import Options
from reference_model.degradation import DegradationNetwork
from reference_model.discriminator import Discriminator
from reference_model.generator import RestorationNetwork


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def lr_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve LR pictures of several sizes."""
    folder = tmp_path_factory.mktemp("lr") / "LR"
    folder.mkdir()
    rng = np.random.RandomState(1)
    for number in range(12):
        side = rng.randint(15, 40)
        Image.fromarray(rng.randint(0, 256, (side, side, 3)).astype(np.uint8)).save(folder / f"{number}.png")
    return folder.parent


@pytest.fixture
def options(faces: Path, lr_faces: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Options with data, two of the ten identities held out."""
    monkeypatch.setattr(restoration, "HELD_OUT", 0.4)
    return Options(TASKS["x4"], str(faces), torch.device("cpu"), str(lr_faces), amp=False, batch=4)


@pytest.fixture
def small_scgan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SCGAN be trained with small networks; tests/baselines/test_scgan_semicycle.py trains its own."""
    monkeypatch.setattr(scgan, "RestorationNetwork", partial(RestorationNetwork, 4, channels=8, blocks=1))
    monkeypatch.setattr(scgan, "DegradationNetwork", partial(DegradationNetwork, channels=8, blocks=1))
    monkeypatch.setattr(scgan, "Discriminator", partial(Discriminator, channels=4))
