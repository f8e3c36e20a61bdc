"""Training data: held-out identities, batches that depend on the seed alone, folders and zips alike."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from made import call
from PIL import Image

from fsrbench.errors import UserError
from fsrbench.training.data import draw_lr, load_faces, load_lr, make_batch, prefetch


def test_held_out_identities_are_never_trained_on(faces: Path) -> None:
    train_faces, held_out = load_faces(str(faces), 64, 0.4)
    assert (len(train_faces), len(held_out)) == (24, 6)
    assert not {f.tobytes() for f in train_faces} & {f.tobytes() for f in held_out}


def test_batches_depend_on_the_seed_alone(faces: Path) -> None:
    pictures, _ = load_faces(str(faces), 64)
    mixture = {"realworld": 1.0, "bicubic": 1.0}
    a, b, c = (make_batch(pictures, 16, 6, mixture, np.random.RandomState(s)) for s in (1, 1, 2))
    assert torch.equal(a.lr, b.lr)
    assert torch.equal(a.hr, b.hr)
    assert not torch.equal(a.lr, c.lr)
    assert a.lr.shape == (6, 3, 16, 16)


def test_zip_and_folder_give_the_same_faces(faces: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "faces"), "zip", faces))
    assert np.array_equal(load_faces(str(archive), 64)[0], load_faces(str(faces), 64)[0])


def test_without_identities_pictures_are_held_out(faces: Path) -> None:
    train_faces, held_out = load_faces(str(faces / "id0"), 64, 0.31)
    assert (len(train_faces), len(held_out)) == (2, 1)


def test_an_imported_dataset_is_taken_by_name(faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FSRBENCH_DATA", str(tmp_path))
    assert call("data", "import", "folder", faces, "smooth", "--size", 64).exit_code == 0
    assert np.array_equal(load_faces("smooth", 64)[0], load_faces(str(faces), 64)[0])


def test_lr_beside_hr_is_not_trained_on_as_hr(faces: Path, tmp_path: Path) -> None:
    shutil.copytree(faces, tmp_path / "HR")
    for picture in (tmp_path / "HR").rglob("*.png"):
        path = tmp_path / "LR" / picture.relative_to(tmp_path / "HR")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16)).save(path)
    assert np.array_equal(load_faces(str(tmp_path), 64)[0], load_faces(str(faces), 64)[0])
    assert not load_lr(str(tmp_path), 16).any()


def test_pictures_are_cut_square_and_never_enlarged(tmp_path: Path) -> None:
    wide = np.zeros((64, 96, 3), np.uint8)
    wide[:, 16:80] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (load_faces(str(tmp_path), 64)[0] == 200).all()
    with pytest.raises(UserError, match="wide is 64 px, HR faces of 128 px are needed"):
        load_faces(str(tmp_path), 128)


def test_real_lr_comes_to_one_size(lr_faces: Path) -> None:
    lr = load_lr(str(lr_faces), 16)
    assert (lr.shape, lr.dtype) == ((12, 16, 16, 3), np.uint8)
    drawn = draw_lr(lr, 5, np.random.RandomState(0))
    assert drawn.shape == (5, 3, 16, 16)
    assert 0 <= drawn.min() < drawn.max() <= 1


def test_no_pictures_is_one_line(tmp_path: Path) -> None:
    for load in (load_faces, load_lr):
        with pytest.raises(UserError, match="no pictures in"):
            load(str(tmp_path), 16)


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


def test_prefetch_that_is_left_early_ends_its_thread() -> None:
    made: list[int] = []

    def make(step: int) -> int:
        made.append(step)
        return step

    batches = prefetch(make, 0, 1000, depth=2)
    assert [next(batches) for _ in range(4)] == [0, 1, 2, 3]
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fsrbench-batches")]
    assert len(made) <= 3 + 1 + 2
