"""Statistics files, others' and ours: the numbers against NumPy, and FID from a file as from the folder."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import call, picture_files, run, write_files
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import Invalid, UserError
from fsrbench.machine.console import Reporter
from fsrbench.metrics import METRICS, reference_statistics, write_statistics
from fsrbench.metrics.distribution import frechet_distance, kernel_distance
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.extractors.inception import Inception
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.reference_statistics import is_statistics, open_statistics
from fsrbench.tasks import TASKS

SIZE = 16
FACTS = Facts(TASKS["x4"], images=5000, has_hr=True, has_pairs=False)


def activations(images: Tensor) -> np.ndarray:
    """Means of 16 fields."""
    found: np.ndarray = torch.nn.functional.adaptive_avg_pool2d(images.double(), 4).mean(1).flatten(1).numpy()
    return found


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Inception with 16 activations: its covariance is quickly used."""
    monkeypatch.setattr(reference_statistics, "DIMENSIONS", SIZE)
    monkeypatch.setattr(write_statistics, "DIMENSIONS", SIZE)
    monkeypatch.setattr(Inception, "check", lambda self: None)
    monkeypatch.setattr(Inception, "extract", lambda self, images, guide: {"activations": activations(images)})
    (tmp_path / "inception.pth").write_bytes(b"the network")
    with weights.override({"inception": tmp_path / "inception.pth"}):
        yield


def features(count: int, seed: int = 0, shift: float = 0.0) -> np.ndarray:
    rng = np.random.RandomState(seed)
    made: np.ndarray = rng.normal(shift, 1, (count, SIZE)) @ np.random.RandomState(99).normal(size=(SIZE, SIZE))
    return made


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(axis=0), np.cov(x, rowvar=False)


def as_npz(path: Path, x: np.ndarray) -> None:
    mu, sigma = moments(x)
    np.savez(path, mu=mu, sigma=sigma)


def as_nvidia(path: Path, x: np.ndarray) -> None:
    mean, cov = moments(x)
    path.write_bytes(pickle.dumps({"mean": mean, "cov": cov, "num_images": len(x)}))


def as_basicsr(path: Path, x: np.ndarray) -> None:
    mean, cov = moments(x)
    torch.save({"name": "FFHQ", "size": 512, "mean": mean, "cov": cov}, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("name", "write", "images"), [("a.npz", as_npz, None), ("a.pkl", as_nvidia, 300), ("a.pth", as_basicsr, None)]
)
def test_files_of_other_projects_are_read(tmp_path: Path, name: str, write: Callable[..., None], images: Any) -> None:
    x = features(300)
    write(tmp_path / name, x)
    found = open_statistics(str(tmp_path / name))
    for given, expected in zip(found.moments(), moments(x), strict=True):
        np.testing.assert_allclose(given, expected, rtol=1e-12)
    assert (found.images, found.network, found.has_features) == (images, None, False)
    assert f"{name} (sha256 {found.sha256[:12]}" in str(found)


def test_a_dataset_is_not_a_statistics_file() -> None:
    assert [is_statistics(source) for source in ("a.npz", "b/c.PKL", "d.pth", "sample", "HR", "faces.zip")] == [
        *[True] * 3,
        *[False] * 3,
    ]


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


def test_another_file_gets_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = features(50)
    mu, sigma = moments(x)
    np.savez(tmp_path / "wide.npz", mu=np.zeros(512), sigma=np.eye(512))
    np.savez(tmp_path / "flat.npz", mu=mu, sigma=mu)
    np.savez(tmp_path / "nan.npz", mu=mu * np.nan, sigma=sigma)
    np.savez(tmp_path / "other.npz", weights=mu)
    np.savez(tmp_path / "network.npz", mu=mu, sigma=sigma, network_sha256="0123456789abcdef")
    np.savez(tmp_path / "count.npz", mu=mu, sigma=sigma, n=np.array([1, 2]))
    np.savez(tmp_path / "few.npz", mu=mu, sigma=sigma, n=-3)
    np.savez(tmp_path / "many.npz", mu=mu, sigma=sigma, n="many")
    np.savez(tmp_path / "unknown.npz", mu=mu, sigma=sigma, n=np.nan)
    np.savez(tmp_path / "networks.npz", mu=mu, sigma=sigma, network_sha256=["a", "b"])
    np.savez(tmp_path / "words.npz", mu="mean", sigma="covariance")
    np.savez(tmp_path / "complex.npz", mu=mu * 1j, sigma=sigma)
    np.savez(tmp_path / "half.npz", mu=mu, sigma=np.triu(sigma))
    np.savez(tmp_path / "below.npz", mu=mu, sigma=-sigma)
    np.savez(tmp_path / "one.npz", features=x[:1])
    np.savez(tmp_path / "row.npz", features=x[0])
    np.savez(tmp_path / "gaps.npz", mu=mu, sigma=sigma, features=x * np.nan)
    torch.save({"mean": torch.zeros(SIZE, dtype=torch.bfloat16), "cov": torch.eye(SIZE)}, tmp_path / "brain.pth")
    (tmp_path / "none.pkl").write_bytes(pickle.dumps({"mean": "a", "cov": [[1], [1, 2]]}))
    (tmp_path / "text.npz").write_text("mu")
    (tmp_path / "code.pkl").write_bytes(pickle.dumps({"mean": Trap(), "cov": sigma}))
    (tmp_path / "list.pkl").write_bytes(pickle.dumps([1, 2]))
    said = {
        "wide.npz": r"is of another network: its mean is \(512,\), Inception's is \(16,\)",
        "flat.npz": r"its covariance is \(16,\)",
        "nan.npz": "its mean has numbers that are not finite",
        "count.npz": "its number of images is not a whole number above 0",
        "few.npz": "its number of images is not a whole number above 0",
        "many.npz": "its n is not an array of numbers",
        "unknown.npz": "its n has numbers that are not finite",
        "networks.npz": "its network_sha256 is not a hash",
        "words.npz": "its mean is not an array of numbers",
        "complex.npz": "its mean is not an array of numbers",
        "half.npz": "its covariance is invalid",
        "below.npz": "its covariance is invalid",
        "one.npz": "at least two images",
        "row.npz": "at least two images",
        "gaps.npz": "its features has numbers that are not finite",
        "brain.pth": "its mean cannot be read",
        "none.pkl": "its mean is not an array of numbers",
        "~nobody_here/a.npz": "home directory",
        "other.npz": "holds no mean .*, but weights",
        "network.npz": r"is of another network \(sha256 0123456789ab\) than this run's",
        "text.npz": r"is not a \.npz file, or is damaged",
        "code.pkl": "holds code .* and is not loaded",
        "list.pkl": "holds list, not arrays by name",
        "nowhere.npz": "there is no such file",
    }
    for name, line in said.items():
        with pytest.raises(UserError, match=line) as caught:
            open_statistics(name if name.startswith("~") else str(tmp_path / name))
        assert "\n" not in str(caught.value)
    assert "run" not in capsys.readouterr().out


# --- ours


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_files(tmp_path / "ffhq", picture_files((f"{i:02}.png" for i in range(40)), side=96))


def expected_activations(folder: Path) -> np.ndarray:
    from PIL import Image

    pictures = [np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.glob("*.png"))]
    return activations(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255)


def test_written_statistics_are_numpys(tmp_path: Path, pictures: Path) -> None:
    file = tmp_path / "out" / "ffhq.npz"
    result = call("data", "statistics", pictures, file, "--device", "cpu", "--features", "--limit", 30)
    assert result.exit_code == 0, result.output
    x = expected_activations(pictures)[:30]
    with np.load(file) as written:
        np.testing.assert_allclose(written["mu"], x.mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(written["sigma"], np.cov(x, rowvar=False), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(written["features"], x, rtol=1e-6)
        assert written["n"] == 30
    found = open_statistics(str(file))
    assert (found.images, found.network) == (30, weights.sha256("inception"))


def test_what_cannot_be_written_is_reported(tmp_path: Path, pictures: Path) -> None:
    assert "ends in .npz" in call("data", "statistics", pictures, tmp_path / "a.txt").stderr
    one = call("data", "statistics", pictures, tmp_path / "a.npz", "--limit", 1)
    assert (one.exit_code, "at least two" in one.stderr) == (2, True)


def test_named_weights_are_those_of_the_statistics(tmp_path: Path, pictures: Path) -> None:
    named, file = tmp_path / "elsewhere.pth", tmp_path / "a.npz"
    named.write_bytes(weights.find("inception").read_bytes() + b"more")
    options = ["--device", "cpu", "--limit", 2, "--weights"]
    result = call("data", "statistics", pictures, file, *options, f"inception={named}")
    assert result.exit_code == 0, result.output
    with np.load(file) as written:
        assert written["network_sha256"] == hashlib.sha256(named.read_bytes()).hexdigest()
    wrong = call("data", "statistics", pictures, file, *options, "inception=nowhere.pth")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
    assert "nowhere.pth is not a file" in wrong.stderr


def metric_for(name: str, file: Path | None, **changes: Any) -> Any:
    metric = METRICS.get(name)().replace(least=20)
    statistics = open_statistics(str(file)) if file else None
    return metric.configured(replace(FACTS, statistics=statistics, **changes))


@pytest.mark.parametrize("name", ["fid", "kid"])
def test_a_file_gives_the_numbers_of_the_folder(tmp_path: Path, pictures: Path, name: str) -> None:
    write_statistics.write_statistics(str(pictures), tmp_path / "a.npz", Reporter(), features=True, device="cpu")
    sr, reference = features(60, 1), expected_activations(pictures)
    faces = Faces([str(i) for i in range(60)], [None] * 60, {"activations": sr}, None)
    of_file = metric_for(name, tmp_path / "a.npz", has_hr=False).evaluate(faces, seed=0)
    of_folder = metric_for(name, None, has_hr=False, reference=40).evaluate(
        replace(faces, reference={"activations": reference}), seed=0
    )
    assert of_file.summary.value == pytest.approx(of_folder.summary.value, abs=1e-6)
    assert of_file.summary.ci_low == pytest.approx(of_folder.summary.ci_low, rel=1e-5)
    np.testing.assert_allclose(of_file.blocks, of_folder.blocks, rtol=1e-5)
    direct = frechet_distance(sr, reference) if name == "fid" else kernel_distance(sr, reference, 20, 0)[0]
    assert of_file.summary.value == pytest.approx(direct, abs=1e-6)


def test_moments_alone_have_a_fid_but_no_kid(tmp_path: Path) -> None:
    reference = features(300, 3, 0.2)
    as_npz(tmp_path / "a.npz", reference)
    metric = metric_for("fid", tmp_path / "a.npz", has_hr=False)
    assert metric.scores_hr
    assert "a.npz (sha256" in metric.protocol
    assert "an unknown number of images" in metric.protocol
    faces = Faces([str(i) for i in range(60)], [None] * 60, {"activations": features(60)}, None)
    assert metric.evaluate(faces, 0).summary.value == pytest.approx(frechet_distance(features(60), reference), abs=1e-6)
    with pytest.raises(Invalid, match=r"a\.npz has moments only; KID needs the features"):
        metric_for("kid", tmp_path / "a.npz")
    for name in ("fid_face", "kid_face"):
        with pytest.raises(Invalid, match="a statistics file of Inception does not have"):
            metric_for(name, tmp_path / "a.npz")


@pytest.mark.parametrize("count", [19, 20])
def test_a_file_of_too_few_images_is_refused(tmp_path: Path, count: int) -> None:
    np.savez(tmp_path / "a.npz", mu=np.zeros(SIZE), sigma=np.eye(SIZE), n=count)
    if count == 20:
        metric_for("fid", tmp_path / "a.npz")
    else:
        with pytest.raises(Invalid, match="needs at least 20 images on both sides, not 19"):
            metric_for("fid", tmp_path / "a.npz")


def test_a_run_without_hr_is_compared_with_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(METRICS.get("fid"), "least", 20)
    reference = features(300, 3, 0.2)
    as_npz(tmp_path / "ref.npz", reference)
    data = write_files(tmp_path / "data", picture_files((f"LR/{i:02}.png" for i in range(24)), side=16))
    result = run(data, tmp_path / "out", "--metrics", "fid,kid", "--reference", tmp_path / "ref.npz")
    assert result.code == 0, result.stderr
    rows = result.summary.set_index("metric")
    assert rows.loc["fid", "status"] == "ok"
    assert rows.loc["kid", "status"] == "invalid"
    assert result.manifest["reference"]["name"] == "ref.npz"
    assert "ref.npz (sha256" in result.manifest["protocols"]["fid"]
    wrong = run(data, tmp_path / "out", "--metrics", "fid", "--reference", tmp_path / "nowhere.npz")
    assert (wrong.code, "there is no such file" in wrong.stderr) == (2, True)
