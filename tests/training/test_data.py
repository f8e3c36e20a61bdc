"""Training data: held-out identities, batches that depend on the seed alone, folders and zips alike."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from fsrbench.errors import UserError
from fsrbench.training.data import Mixture, draw_lr, load_faces, load_lr, make_batch, prefetch


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


def test_real_lr_comes_to_one_size(lr_faces: Path) -> None:
    lr = load_lr(lr_faces, 16)
    assert (lr.shape, lr.dtype) == ((12, 16, 16, 3), np.uint8)
    drawn = draw_lr(lr, 5, np.random.RandomState(0))
    assert drawn.shape == (5, 3, 16, 16)
    assert 0 <= drawn.min() < drawn.max() <= 1


def test_no_pictures_is_one_line(tmp_path: Path) -> None:
    for load in (load_faces, load_lr):
        with pytest.raises(UserError, match="no pictures in"):
            load(tmp_path, 16)


def test_prefetch_keeps_the_order_and_hands_on_what_is_raised() -> None:
    assert list(prefetch(lambda step: step * step, 3, 40, depth=2)) == [step * step for step in range(3, 40)]

    def broken(step: int) -> int:
        if step == 2:
            raise ValueError("no more")
        return step

    batches = prefetch(broken, 0, 5)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(ValueError, match="no more"):
        next(batches)
