"""NIQE on the Y of MATLAB's YCbCr at the picture's own size, against BasicSR's steps in NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made.basicsr_niqe import matlab_y, niqe

from fsrbench import weights
from fsrbench.errors import Invalid
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.niqe import Niqe
from fsrbench.pictures.decode import to_tensor
from fsrbench.tasks import Task

BASICSR = Niqe(native=0, colour="MATLAB YCbCr")


@pytest.fixture
def pristine(tmp_path) -> Iterator[dict[str, np.ndarray]]:
    """Made-up pristine parameters, as the file has them."""
    rng = np.random.RandomState(0)
    root = rng.normal(size=(36, 36))
    made = {"mu_pris_param": rng.uniform(size=(1, 36)), "cov_pris_param": root @ root.T + np.eye(36)}
    file: Path = tmp_path / "niqe_pris_params.npz"
    np.savez(file, **made)  # type: ignore[arg-type]
    with weights.override({"niqe": file}):
        yield made


def test_is_basicsrs(pristine, pair) -> None:
    picture, _ = pair("smooth", 300, 200)  # six blocks and a rest
    expected = niqe(matlab_y(picture), pristine["mu_pris_param"][0], pristine["cov_pris_param"])
    found = BASICSR.score(to_tensor(picture[None]), None).item()
    assert found == pytest.approx(expected, rel=1e-4)
    assert Niqe(native=0).score(to_tensor(picture[None]), None).item() != pytest.approx(expected, rel=1e-3)


def test_small_pictures_are_refused_and_not_enlarged(pristine) -> None:
    with pytest.raises(Invalid, match="needs pictures of at least 192 px: it enlarges none"):
        BASICSR.check(Facts(Task(16, 8), images=1, has_hr=False, has_pairs=False))
    BASICSR.check(Facts(Task(48, 4), images=1, has_hr=False, has_pairs=False))


def test_the_protocol_says_which_y() -> None:
    assert "pictures as they are; BasicSR's NIQE (Y of MATLAB's YCbCr, 16-235, rounded" in BASICSR.protocol
    configured = BASICSR.configured(Facts(Task(512, 1), images=1, has_hr=False, has_pairs=False))
    assert "at 512 px; BasicSR's NIQE" in configured.protocol
