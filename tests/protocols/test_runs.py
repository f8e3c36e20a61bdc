"""Every record is run; for VQFR, RestoreFormer and NTIRE each number is computed again from the published formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made.basicsr_niqe import matlab_y, niqe, yiq_y
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from fsrbench import evaluate
from fsrbench.faces.alignment import TEMPLATE
from fsrbench.protocols.record import find
from fsrbench.reports.tables.build import build
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.notes import facts
from fsrbench.reports.tables.sources import Source
from fsrbench.runs.data import RunData

from .conftest import FACE, SHARES, Pictures, standing_in

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
pytestmark = pytest.mark.heavy
SSIM = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "channel_axis": -1}
SCRIPTS = ("vqfr", "restoreformer", "difface", "pmrf")
COUNTS = {"CelebA": 100, "LFW-Test": 100, "CelebChild-Test": 50, "WebPhoto-Test": 100, "Wider-Test": 100}
LIMITS = {
    "ntire-face-2025": {
        "CelebA": 0.5,
        "LFW-Test": 0.6,
        "CelebChild-Test": 0.6,
        "WebPhoto-Test": 0.3,
        "Wider-Test": 0.3,
    },
    "ntire-face-2026": {
        "CelebA": 0.5,
        "LFW-Test": 0.6,
        "CelebChild-Test": 0.6,
        "WebPhoto-Test": 0.25,
        "Wider-Test": 0.2,
    },
}
"""Thresholds of the challenges' eval.py."""


@pytest.fixture(scope="module")
def paired(faces: Pictures, judges: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """All metrics of the scripts that compare with HR, in one run of two images."""
    metrics = [name for script in SCRIPTS for name in find(script).metric_names]
    metrics.remove("pmrf:kid")  # it wants 50 images
    with standing_in(judges):
        return evaluate(
            [f"images:{faces.folder / 'SR'}"], faces.folder / "paired", metrics, task="512x1", progress=False,
            offline=True, reference=str(faces.folder / "FFHQ"), out=tmp_path_factory.mktemp("paired"),
        )  # fmt: skip


@pytest.fixture(scope="module", params=["ntire-face-2025", "ntire-face-2026"])
def blind(request, faces: Pictures, judges: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """A challenge's protocol on an image of each subset."""
    with standing_in(judges):
        return evaluate(
            [f"images:{faces.folder / 'SR'}"], faces.folder / "blind", protocol=request.param, progress=False,
            offline=True, reference=str(faces.folder / "FFHQ"), out=tmp_path_factory.mktemp("blind"),
        )  # fmt: skip


def value(run: RunData, metric: str) -> float:
    """The method's number."""
    (method,) = run.methods
    row = run.result(method, metric)
    assert row is not None
    assert row.status == "ok", row.note
    return row.value


def mean(
    function: Callable[[np.ndarray, np.ndarray], float], faces: Pictures, against: str = "hr", count: int = 2
) -> float:
    others = getattr(faces, against)
    return float(np.mean([function(faces.sr[image], others[image]) for image in list(faces.sr)[:count]]))


def corrected(sr: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """VQFR's correction: shifted to HR's mean, stretched by the deviations, and both again."""
    found = sr.astype(np.float64)
    for c in range(3):
        for _ in range(2):
            found[..., c] += hr[..., c].mean() - found[..., c].mean()
            found[..., c] *= hr[..., c].std() / found[..., c].std()
    return found


def pooled(planes: np.ndarray) -> np.ndarray:
    """What the stand-in networks give: C,H,W averaged over blocks of 16 px."""
    c, h, w = planes.shape
    return planes.reshape(c, h // 16, 16, w // 16, 16).mean(axis=(2, 4)).ravel()


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y)))


def vqfrs_descriptor(picture: np.ndarray) -> np.ndarray:
    small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (128, 128), interpolation=cv2.INTER_LINEAR)
    return pooled(((small.astype(np.float64) - 127.5) / 127.5)[None])


def restoreformers_descriptor(picture: np.ndarray) -> np.ndarray:
    bgr = picture[..., ::-1].astype(np.float32) / 255
    grey = 0.2989 * bgr[..., 0] + 0.5870 * bgr[..., 1] + 0.1140 * bgr[..., 2]
    return pooled(cv2.resize(grey, (128, 128), interpolation=cv2.INTER_LINEAR)[None].astype(np.float64))


def colours(picture: np.ndarray) -> np.ndarray:
    """What stands in for Inception: mean colours of 16 fields."""
    return (picture.reshape(4, 128, 4, 128, 3).mean(axis=(1, 3)) / 255).transpose(2, 0, 1).ravel()


def frechet(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    (mean_a, cov_a), (mean_b, cov_b) = ((np.mean(x, axis=0), np.cov(np.array(x), rowvar=False)) for x in (a, b))
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(0)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * roots)


def fid(faces: Pictures, count: int) -> float:
    images = list(faces.sr)
    reference = [picture for image in images[:2] for picture in (faces.sr[image], faces.hr[image][::-1])]
    return frechet([colours(faces.sr[image]) for image in images[:count]], [colours(p) for p in reference])


def pristine(judges: dict[str, Path]) -> tuple[np.ndarray, np.ndarray]:
    with np.load(judges["niqe"]) as file:
        return file["mu_pris_param"][0], file["cov_pris_param"]


def test_vqfrs_psnr_and_ssim(paired, faces) -> None:
    psnr = mean(lambda sr, hr: peak_signal_noise_ratio(hr.astype(float), corrected(sr, hr), data_range=255), faces)
    ssim = mean(lambda sr, hr: structural_similarity(hr.astype(float), corrected(sr, hr), **SSIM), faces)
    assert value(paired, "vqfr:psnr") == pytest.approx(psnr, abs=1e-4)
    assert value(paired, "vqfr:ssim") == pytest.approx(ssim, abs=1e-5)


def test_restoreformers_psnr_and_ssim(paired, faces) -> None:
    psnr = mean(lambda sr, hr: peak_signal_noise_ratio(hr, sr), faces)
    ssim = mean(lambda sr, hr: structural_similarity(hr, sr, **SSIM), faces)
    assert value(paired, "restoreformer:psnr") == pytest.approx(psnr, abs=1e-4)
    assert value(paired, "restoreformer:ssim") == pytest.approx(ssim, abs=1e-5)
    assert value(paired, "vqfr:psnr") > psnr + 1  # what the correction is worth here


def test_vqfrs_degrees(paired, faces) -> None:
    def angle(sr: np.ndarray, hr: np.ndarray) -> float:
        return np.arccos(cosine(vqfrs_descriptor(sr), vqfrs_descriptor(hr))) / math.pi * 180

    assert mean(angle, faces) > 1  # else the script would leave it out
    assert value(paired, "vqfr:identity") == pytest.approx(mean(angle, faces), abs=1e-3)
    assert value(paired, "pmrf:identity") == value(paired, "difface:identity") == value(paired, "vqfr:identity")


def test_restoreformers_radians(paired, faces) -> None:
    angle = mean(lambda x, y: np.arccos(cosine(restoreformers_descriptor(x), restoreformers_descriptor(y))), faces)
    assert value(paired, "restoreformer:identity") == pytest.approx(angle, abs=1e-5)


def test_vqfrs_landmarks_are_pixels(paired, faces) -> None:
    def moved(sr: np.ndarray, hr: np.ndarray) -> float:
        places = [cv2.resize(p, (256, 256), interpolation=cv2.INTER_LINEAR).mean(axis=(0, 1))[:2] for p in (sr, hr)]
        return float(np.linalg.norm(places[0] - places[1]) / 255 * 512)

    assert value(paired, "vqfr:lmd") == pytest.approx(mean(moved, faces), abs=0.01)


def test_vqfrs_niqe(paired, faces, judges) -> None:
    expected = mean(lambda sr, _: niqe(matlab_y(sr), *pristine(judges)), faces)
    assert value(paired, "vqfr:niqe") == pytest.approx(expected, rel=1e-4)


def test_fid_of_the_reference_and_of_paired_hr(paired, faces) -> None:
    images = list(faces.sr)[:2]
    own = frechet([colours(faces.sr[i]) for i in images], [colours(faces.hr[i]) for i in images])
    assert value(paired, "vqfr:fid") == pytest.approx(fid(faces, 2), rel=1e-3)
    assert value(paired, "restoreformer:fid") == value(paired, "vqfr:fid")
    assert value(paired, "difface:fid") == pytest.approx(own, rel=1e-3)


def test_restoreformers_lpips_sees_bgr_in_two_ranges(paired, faces) -> None:
    """The stand-in is linear, so that [0, 1] in place of [-1, 1] halves it."""
    expected = mean(lambda sr, hr: np.abs(sr / 255 - hr / 255).mean(axis=(0, 1)).sum(), faces)
    assert value(paired, "restoreformer:norm_lpips") == pytest.approx(expected, rel=1e-5)
    assert value(paired, "restoreformer:lpips") == pytest.approx(expected / 2, rel=1e-5)


def chip(picture: np.ndarray) -> np.ndarray:
    """AdaFace's input by OpenCV: the five listed points to the template, B, G, R in [-1, 1]."""
    rows = [[x, -y, 1, 0] for x, y in TEMPLATE.tolist()] + [[y, x, 0, 1] for x, y in TEMPLATE.tolist()]
    a, b, tx, ty = np.linalg.lstsq(np.array(rows), FACE.T.ravel(), rcond=None)[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(picture, np.array([[a, -b, tx], [b, a, ty]]), (112, 112), flags=flags)
    return ((warped[..., ::-1] / 255.0 - 0.5) / 0.5).transpose(2, 0, 1)


def test_ntires_score_and_parts(blind, faces, judges) -> None:
    protocol = blind.manifest["protocol"]["id"]
    each = {part: [float(faces.sr[i].mean(axis=(0, 1)) @ SHARES[part] / 255) for i in faces.sr] for part in SHARES}
    each["niqe"] = [niqe(yiq_y(picture), *pristine(judges)) for picture in faces.sr.values()]
    of_all = {part: np.mean(values) for part, values in each.items()}
    for part, expected in of_all.items():
        assert value(blind, f"{protocol}:{part}") == pytest.approx(expected, rel=1e-4)
    weighted = {
        part: sum(x * COUNTS[image.split("/")[0]] for x, image in zip(values, faces.sr, strict=True)) / 450
        for part, values in each.items()
    }
    pooled_fid = fid(faces, 5)
    assert value(blind, f"{protocol}:fid") == pytest.approx(pooled_fid, rel=1e-3)
    score = weighted["clipiqa"] + weighted["maniqa"] + weighted["musiq"] / 100 + weighted["qalign"] / 5
    score += max(0, (10 - weighted["niqe"]) / 10) + max(0, (100 - pooled_fid) / 100)
    assert value(blind, f"{protocol}:score") == pytest.approx(score, abs=1e-4)


def test_ntires_identity_gate(blind, faces) -> None:
    protocol = blind.manifest["protocol"]["id"]
    cosines = {i: cosine(pooled(chip(faces.lr[i])), pooled(chip(faces.sr[i]))) for i in faces.sr}
    assert value(blind, f"{protocol}:id_sim") == pytest.approx(np.mean(list(cosines.values())), abs=2e-3)
    below = [image for image, found in cosines.items() if found < LIMITS[protocol][image.split("/")[0]]]
    assert value(blind, f"{protocol}:id_gate") == len(below)
    limits = find(protocol).metrics["id_gate"].choices["thresholds"]
    assert limits == LIMITS[protocol]
    assert "five points that the file face_points lists" in blind.manifest["protocols"][f"{protocol}:id_sim"]


def test_the_manifest_and_the_notes_name_the_protocol(blind, paired) -> None:
    protocol = find(blind.manifest["protocol"]["id"])
    assert blind.manifest["protocol"] == protocol.facts
    assert blind.manifest["protocol"]["sha256"] == protocol.sha256
    assert f"protocol {protocol.id} 1 ({protocol.title})" in facts(blind)
    assert paired.manifest["protocol"] is None
    assert set(paired.manifest["records"]) == set(SCRIPTS)
    assert paired.manifest["protocols"]["vqfr:psnr"].startswith("protocol vqfr 1: each SR channel first shifted")


def test_two_protocols_never_share_a_column(paired) -> None:
    titles = [paired.metric(name).title for name in paired.metrics]
    assert len(set(titles)) == len(titles) == len(paired.metrics)


def test_a_table_of_two_runs_keeps_their_protocols_apart(paired, blind) -> None:
    table = build([Source(paired, "paired"), Source(blind, "blind")], Layout())
    headings = [(*column.groups, column.metric.title) for column in table.columns]
    assert len(set(headings)) == len(headings) == len(paired.metrics) + len(blind.metrics)
    lines = "\n".join(table.protocols)
    assert lines.count("protocol vqfr 1: ") == len(find("vqfr").metrics)
    assert f"protocol {blind.manifest['protocol']['id']} 1: " in lines


@pytest.mark.parametrize("name", ["fsrbench-x4", "fsrbench-x8"])
def test_our_own_records_are_the_default_table(name) -> None:
    run = evaluate(["nearest"], protocol=name, limit=2, progress=False)
    assert run.metrics == [*find(name).metric_names]
    assert run.manifest["task"] == find(name).tasks[0]
    assert run.manifest["protocols"]["psnr"].startswith("RGB (one MSE")
    assert value(run, "psnr") > 10
