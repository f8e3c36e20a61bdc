"""The metrics of pyiqa that are listed: missing weights are reported before anything is built; pictures of any size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from made import picture_files, run, write_files

from fsrbench.errors import Unavailable
from fsrbench.machine.offline import is_offline, no_connections
from fsrbench.metrics import BUILTIN, METRICS, PRESETS
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pyiqa_listed import LISTED
from fsrbench.metrics.pyiqa_metric import PyiqaMetric
from fsrbench.tasks import Task

FACTS = Facts(Task(512, 1), images=3, has_hr=True, has_pairs=False)


@pytest.fixture
def empty_caches(tmp_path, monkeypatch) -> Iterator[None]:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return


@pytest.fixture
def no_building(monkeypatch) -> None:
    def fail(self: PyiqaMetric, how_to_get: str) -> None:
        raise AssertionError("was built")

    monkeypatch.setattr(PyiqaMetric, "_load", fail)


@pytest.mark.parametrize("name", LISTED)
def test_missing_weights_are_named_with_their_source_without_building(name, empty_caches, no_building):
    with no_connections(), pytest.raises(Unavailable) as caught:
        METRICS.get(name)().check(FACTS)
    file = LISTED[name].stored_as.rpartition("/")[2]
    assert str(caught.value).startswith(f"{file} not found in pyiqa's cache; `fsrbench weights fetch {name}` gets")
    assert all(source in str(caught.value) for source in LISTED[name].files)


def test_sixteen_gigabytes_are_only_fetched_by_hand(empty_caches, no_building):
    assert not is_offline()
    with pytest.raises(Unavailable, match=r"weights fetch qalign` gets its weights \(.*16 GB\)"):
        METRICS.get("qalign")().check(FACTS)


def test_what_is_listed_is_in_all_and_says_what_it_does():
    assert set(LISTED) < set(BUILTIN)
    assert set(LISTED) < set(PRESETS["all"])
    assert not set(LISTED) & set(PRESETS["paper"])
    for name, listed in LISTED.items():
        metric = METRICS.get(name)()
        assert metric.protocol.endswith(
            f"'s {name} with its defaults; RGB, 8 bit, at the task's size; {listed.protocol}"
        )
        assert metric.title == listed.title


@pytest.mark.heavy
def test_pyiqa_takes_its_weights_from_the_files_that_are_listed():
    from importlib import import_module

    modules = {"lpips": "lpips", "lpips-vgg": "lpips", "topiq_nr-face": "topiq", "maniqa-pipal": "maniqa"}
    for name, listed in LISTED.items():
        if name in ("clipiqa", "qalign"):
            continue  # of other packages
        urls = import_module(f"pyiqa.archs.{modules.get(name, name)}_arch").default_model_urls.values()
        assert any(url.endswith("/" + listed.stored_as.rpartition("/")[2]) for url in urls), name


@pytest.mark.heavy
def test_a_real_network_with_random_weights_takes_512_px(faces, monkeypatch):
    from pyiqa.archs import musiq_arch

    monkeypatch.setattr(musiq_arch, "load_pretrained_network", lambda *args, **kwargs: None)
    metric, sr = METRICS.get("musiq")(), faces(1, 512)
    metric.check(FACTS)
    found = metric.score(sr, None)
    assert found.shape == (1,)
    assert found.isfinite().all()
    assert torch.equal(found, metric.score(sr, None))  # nothing is drawn


class Bright(torch.nn.Module):
    """Takes bright pictures only."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        assert picture.mean() > 0.5, self.reason
        return picture.mean().view(1, 1)


def test_pictures_without_a_face_have_no_number_and_other_errors_are_errors():
    metric = METRICS.get("topiq_nr-face")().replace(_network=Bright("No face detected in the input image."))
    sr = torch.tensor([0.25, 0.75]).view(2, 1, 1, 1).expand(2, 3, 64, 64)
    assert np.array_equal(metric.score(sr, None).numpy(), [np.nan, 0.75], equal_nan=True)
    with pytest.raises(AssertionError, match="too dark"):
        metric.replace(_network=Bright("too dark")).score(sr, None)


def test_all_of_them_are_rows_of_a_run_without_weights(tmp_path, empty_caches):
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    found = run(data, tmp_path / "out", "--metrics", ",".join(["psnr", *LISTED]), "--offline")
    assert found.code == 0
    assert {found.status("bicubic", name) for name in LISTED} == {"unavailable"}
    assert found.status("bicubic", "psnr") == "ok"
