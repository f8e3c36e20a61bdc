"""pyiqa's metrics by name: direction and needs as its table says, refusals, and one against a NumPy formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made import call, picture_files, run, write_files
from scipy.ndimage import convolve
from torch import Tensor

from fsrbench.errors import Invalid, Unavailable, UserError
from fsrbench.metrics import BUILTIN, resolve
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pyiqa_metric import SETS, pyiqa_metric
from fsrbench.pictures.decode import to_tensor
from fsrbench.tasks import TASKS

FACTS = Facts(TASKS["x4"], images=3, has_hr=True, has_pairs=False)


def metric(name: str):
    found = pyiqa_metric(name)
    assert found is not None
    return found()


def pictures(count: int, seed: int = 0) -> Tensor:
    smooth = np.random.RandomState(seed).randint(0, 256, (count, 8, 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
    noise = np.random.RandomState(seed + 1).normal(0, 8, smooth.shape)
    return to_tensor(np.clip(smooth + noise, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("name", "direction", "needs"),
    [
        ("lpips", "lower", {"hr"}),
        ("dists", "lower", {"hr"}),
        ("gmsd", "lower", {"hr"}),
        ("vif", "higher", {"hr"}),
        ("fsim", "higher", {"hr"}),
        ("musiq", "higher", set()),
        ("brisque", "lower", set()),
        ("clipiqa", "higher", set()),
    ],
)
def test_direction_and_needs_as_published(name, direction, needs):
    (found,) = resolve([name])
    assert (found.name, found.direction, found.needs) == (name, direction, needs)
    assert f"pyiqa {__import__('pyiqa').__version__}'s {name} with its defaults" in found.protocol


def test_every_metric_of_pyiqas_table_has_its_direction_and_needs():
    from pyiqa.default_model_configs import DEFAULT_CONFIGS

    assert DEFAULT_CONFIGS.keys() > SETS
    for name, config in DEFAULT_CONFIGS.items():
        found = pyiqa_metric(name)
        assert (found is None) == (name in SETS)
        if found is not None:
            assert (found.direction == "lower") == bool(config.get("lower_better", False))
            assert ("hr" in found.needs) == (config["metric_mode"] == "FR")


@pytest.mark.parametrize("name", sorted({"psnr", "ssim", "ms_ssim", "niqe", "fid"} & set(BUILTIN)))
def test_a_name_of_our_own_stays_ours(name):
    (found,) = resolve([name])
    assert type(found).__module__ != "fsrbench.metrics.pyiqa_metric"


@pytest.mark.parametrize("name", ["sfid", "inception_score", "lpisp", "LPIPS"])
def test_an_unknown_name_and_what_pyiqa_computes_over_folders_are_refused(name):
    with pytest.raises(UserError, match=rf"unknown metric '{name}'; .*\(presets: .*; and pyiqa's metrics\)"):
        resolve([name])


def test_score_is_that_of_a_numpy_formula():
    sr, hr = pictures(2), pictures(2, seed=5)
    assert metric("gmsd").score(sr, hr).tolist() == pytest.approx(
        [numpy_gmsd(x, y) for x, y in zip(sr.numpy(), hr.numpy(), strict=True)], abs=3e-4
    )


def numpy_gmsd(x: np.ndarray, y: np.ndarray) -> float:
    """Gradient magnitude similarity deviation as Xue et al. (2014) write it, of the Y of YIQ."""

    def gradient(picture: np.ndarray) -> np.ndarray:
        luma = 255 * np.tensordot([0.299, 0.587, 0.114], picture.astype(np.float64), 1)
        half = (luma[::2, ::2] + luma[1::2, ::2] + luma[::2, 1::2] + luma[1::2, 1::2]) / 4
        prewitt = np.array([[1, 0, -1]] * 3) / 3
        return np.hypot(convolve(half, prewitt, mode="constant"), convolve(half, prewitt.T, mode="constant"))

    a, b = gradient(x), gradient(y)
    return float(((2 * a * b + 170) / (a**2 + b**2 + 170)).std(ddof=1))


def test_hr_is_handed_only_to_metrics_that_need_it():
    alone = metric("entropy")
    assert alone.score(pictures(2), pictures(2, seed=5)).tolist() == alone.score(pictures(2), None).tolist()
    assert alone.scores_hr
    assert not metric("gmsd").scores_hr


# --- refusals


def test_pictures_that_are_too_small_are_invalid():
    with pytest.raises(Invalid, match=r"^pyiqa cannot score 64 px pictures: RuntimeError: ") as caught:
        metric("ms_ssim").check(FACTS)
    assert "\n" not in str(caught.value)


def test_needs_hr():
    with pytest.raises(Invalid, match="needs HR images"):
        metric("gmsd").check(Facts(TASKS["x4"], images=3, has_hr=False, has_pairs=False))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("no route\nto host"), r"cannot make lpips: OSError: no route; `fsrbench weights fetch lpips` gets"),
        (
            ModuleNotFoundError("No module named 'clip'"),
            "needs a package that is not installed: .*No module named 'clip'$",
        ),
    ],
    ids=["download", "package"],
)
def test_what_cannot_be_made_is_unavailable_with_advice(monkeypatch, error, reason):
    import pyiqa

    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(pyiqa, "create_metric", fail)
    with pytest.raises(Unavailable, match=reason) as caught:
        metric("lpips").check(FACTS)
    assert "\n" not in str(caught.value)
    with pytest.raises(Unavailable) as caught:
        metric("lpips").fetch()
    assert "weights fetch" not in str(caught.value)  # that is what has failed


def test_missing_weights_are_unavailable_offline_and_stop_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("pyiqa.utils.download_util.DEFAULT_CACHE_DIR", str(tmp_path / "empty"))
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    finished = run(data, tmp_path / "out", "--metrics", "brisque,gmsd,psnr", "--offline")
    assert finished.code == 0
    assert finished.status("bicubic", "brisque") == "unavailable"
    assert "`fsrbench weights fetch brisque` gets its weights" in finished.note("bicubic", "brisque")
    assert finished.status("bicubic", "gmsd") == "ok"
    assert all(0 < value < 1 for value in finished.values("bicubic", "gmsd").values())


def test_weights_of_a_metric_are_fetched_by_its_name(monkeypatch):
    import pyiqa

    made = []
    monkeypatch.setattr(pyiqa, "create_metric", lambda name, **options: made.append(name) or torch.nn.Identity())
    result = call("weights", "fetch", "musiq")
    assert (result.exit_code, result.stdout, made) == (0, "musiq: in pyiqa's cache\n", ["musiq"])


def test_another_file_in_pyiqas_cache_is_another_metric() -> None:
    found = metric("lpips")
    found.__dict__["_network"] = network = torch.nn.Linear(2, 2)  # as if it had been loaded
    before = found.fingerprint()
    assert found.fingerprint() == before
    with torch.no_grad():
        network.weight += 1
    assert found.fingerprint() != before
