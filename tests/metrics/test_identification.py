"""Closed-set identification against direct NumPy, and through whole runs of imported data."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from made import draw_picture, encode_picture, run, write_files
from made.extractors import use_colours
from made.imports import do_import
from made.recognition import scface_files, tinyface_files
from PIL import Image
from torch.nn import functional as F

from fsrbench import evaluate
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.identification import Identification, match_curve
from fsrbench.metrics.identification_open import IdentificationOpen
from fsrbench.metrics.ranking import average_precision
from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import PictureFolder
from fsrbench.stats.intervals import mean_interval


def made_faces(roles: bool, noise: float = 1.2, strangers: int = 30) -> Faces:
    """Forty people with three pictures each, and strangers; SR noisier than HR."""
    rng = np.random.default_rng(0)
    who = [f"p{i // 3:02}" for i in range(120)] + [f"s{i:02}" for i in range(strangers)]
    centres = {name: rng.normal(size=16) for name in sorted(set(who))}
    hr = np.stack([centres[name] + 0.5 * rng.normal(size=16) for name in who])
    sr = hr + noise * rng.normal(size=hr.shape)
    parts = [("gallery", "probe", "probe")[i % 3] for i in range(120)] + ["distractor"] * strangers if roles else []
    ids = [f"{name}/{i:03}" for i, name in enumerate(who)]
    return Faces(ids, who, {"descriptor": sr}, {"descriptor": hr}, roles=parts)


def direct(faces: Faces, gallery: np.ndarray, probes: np.ndarray, both: bool = False) -> list[np.ndarray]:
    """Ranks of all mates of each probe, by sorting one row after the other."""
    assert faces.hr is not None
    enrolled = faces.features["descriptor"] if both else faces.hr["descriptor"]
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)  # noqa: E731
    scores = unit(faces.features["descriptor"][probes]) @ unit(enrolled[gallery]).T
    people = np.array(faces.people)
    return [
        np.flatnonzero(people[gallery][np.argsort(-row)] == people[probe]) + 1
        for row, probe in zip(scores, probes, strict=True)
    ]


@pytest.mark.parametrize("roles", [True, False])
@pytest.mark.parametrize("sides", ["one", "both"])
def test_rates_are_those_of_direct_numpy(roles: bool, sides: str) -> None:
    faces = made_faces(roles)
    gallery = np.concatenate([np.arange(0, 120, 3), np.arange(120, 150)])
    probes = np.setdiff1d(np.arange(120), gallery)
    ranks = direct(faces, gallery, probes, both=sides == "both")
    best = np.array([r[0] for r in ranks])
    found = Identification().replace(sides=sides).evaluate(faces, seed=0)
    assert found.summary is not None
    assert found.values is not None
    assert 0.2 < (best == 1).mean() < 0.95
    assert found.summary.value == pytest.approx((best == 1).mean())
    assert found.summary.n == 80
    assert found.details["rank_5"] == pytest.approx((best <= 5).mean())
    assert found.details["rank_20"] == pytest.approx((best <= 20).mean())
    assert found.details["map"] == pytest.approx(np.mean([average_precision(r) for r in ranks]))
    np.testing.assert_array_equal(found.values[probes], best == 1)
    assert np.isnan(found.values[gallery]).all()
    curve = dict(found.curves["cmc"])
    assert curve[7] == pytest.approx((best <= 7).mean())
    assert curve[70] == 1


def test_what_a_method_fails_on_changes_neither_gallery_nor_who_is_enrolled() -> None:
    whole = made_faces(roles=False)
    assert whole.hr is not None
    everybody = Faces(whole.ids, whole.identities, whole.hr, None)
    kept = np.setdiff1d(np.arange(150), [0, 4, 130, 131])  # one who is enrolled, a probe, and two single pictures
    some = replace(whole.some(kept), enrolled=everybody)
    for metric in (Identification(), IdentificationOpen()):
        expected = metric.evaluate(replace(whole, enrolled=everybody), seed=0)
        found = metric.evaluate(some, seed=0)
        assert found.values is not None
        assert expected.values is not None
        if metric.name == "identification":  # in the open set the threshold is another, of fewer unmated probes
            np.testing.assert_array_equal(found.values, expected.values[kept])
        assert np.array_equal(np.isnan(found.values), np.isnan(expected.values[kept]))
        assert found.summary is not None
        assert found.summary.n == 79
    plain, again = (Identification().evaluate(each, seed=0) for each in (whole, replace(whole, enrolled=everybody)))
    assert plain.details == again.details
    assert plain.note == again.note


def test_the_interval_is_over_people() -> None:
    faces = made_faces(roles=True)
    found = Identification().evaluate(faces, seed=0)
    assert found.summary is not None
    assert found.values is not None
    probes = np.flatnonzero(np.isfinite(found.values))
    expected = mean_interval(found.values[probes], 0, np.array(faces.people)[probes], rate=True)
    assert (found.summary.ci_low, found.summary.ci_high) == pytest.approx(expected)


def test_the_curve_ends_at_the_gallery_and_never_falls() -> None:
    curve = match_curve(np.array([2, 2, 5]), gallery=5)
    assert curve[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert curve[:, 1] == pytest.approx([0, 2 / 3, 2 / 3, 2 / 3, 1])


def seen(path: Path, fit: str, task: int = 16, hr: int = 64) -> np.ndarray:
    """What the descriptor of mean colours makes of a native picture, by Pillow and NumPy alone."""
    image = np.asarray(Image.open(path))
    height, width = image.shape[:2]
    if fit == "pad":
        side = max(width, height)
        top, left = (side - height) // 2, (side - width) // 2
        widths = ((top, side - height - top), (left, side - width - left), (0, 0))
        image = np.pad(image, widths, mode="edge")
    small = Image.fromarray(image).resize((task, task), Image.Resampling.BICUBIC)
    large = np.asarray(small.resize((hr, hr), Image.Resampling.BICUBIC), dtype=np.float64) / 255
    return large.reshape(4, hr // 4, 4, hr // 4, 3).mean(axis=(1, 3)).transpose(2, 0, 1).ravel()


@pytest.mark.parametrize("fit", ["pad", "stretch"])
def test_a_run_on_tinyface_gives_what_its_files_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit: str) -> None:
    use_colours(monkeypatch, "dlib")
    do_import("tinyface", write_files(tmp_path / "src", tinyface_files()), tmp_path / "data", "--fit", fit)
    finished = run(
        tmp_path / "data", tmp_path / "run", "--metrics", "identification,identity_lr", "--descriptor", "dlib"
    )
    assert finished.code == 0, finished.stderr
    files = sorted((tmp_path / "data" / "LR").rglob("*.png"))
    features = {f.relative_to(tmp_path / "data" / "LR").as_posix(): seen(f, fit) for f in files}
    unit = {name: x / np.linalg.norm(x) for name, x in features.items()}
    gallery = [name for name in unit if not name.startswith("probe")]
    hits = []
    for name in (name for name in unit if name.startswith("probe")):
        nearest = max(gallery, key=lambda other: float(unit[name] @ unit[other]))
        hits.append(nearest.split("/")[:2] == ["gallery", name.split("/")[1]])
    summary = RunData.load(tmp_path / "run").summary.set_index(["method", "metric"])["value"]
    assert summary["bicubic", "identification"] == pytest.approx(np.mean(hits))
    assert summary["lr", "identification"] == pytest.approx(np.mean(hits))  # the control: no SR on either side
    assert ("lr", "identity_lr") not in summary.index  # other metrics have no control


@pytest.mark.heavy
def test_gallery_and_distractors_are_not_super_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no metric reads their SR: whole shards of them; the numbers stay what they are."""
    seen_pictures = use_colours(monkeypatch, "dlib")
    monkeypatch.setattr("fsrbench.engine.plan.SHARD", 4)
    files = {f"gallery/{who}/{n}.png": encode_picture(draw_picture(9 * who + n)) for who in range(6) for n in range(2)}
    files |= {f"probe/{who}/{n}.png": encode_picture(draw_picture(9 * who + n)) for who in range(9) for n in (3, 4)}
    files |= {f"distractors/{n}.png": encode_picture(draw_picture(100 + n)) for n in range(10)}
    data = write_files(tmp_path / "data", files)
    given: list[int] = []
    metrics = ["identification", "identification_open"]

    def method(lr: torch.Tensor) -> torch.Tensor:
        given.append(len(lr))
        return F.interpolate(lr, scale_factor=4, mode="nearest")

    def scores(out: str, *more: str, sides: Literal["one", "both"] = "one") -> tuple[RunData, int, int]:
        given.clear(), seen_pictures.clear()
        options = {"descriptor": "dlib", "offline": True, "progress": False, "sides": sides}
        run = evaluate({"made": method}, data, [*metrics, *more], out=tmp_path / out, **options)  # type: ignore[arg-type]
        return run, sum(given), sum(seen_pictures)

    def numbers(run: RunData) -> tuple[object, ...]:
        of = run.summary[run.summary["metric"].isin(metrics)].set_index(["method", "metric"])
        details = run.details[run.details["metric"].isin(metrics)].sort_values(["method", "metric", "detail"])
        images = [run.per_image(metric).dropna().sort_index().to_dict() for metric in metrics]
        return of[["value", "ci_low", "ci_high", "n"]].to_dict(), details["value"].tolist(), images

    probes, made, described = scores("probes")
    every, all_made, all_described = scores("every", "psnr")
    assert all_made >= 40  # more for the checks of the method
    assert made <= all_made - 20  # 10 distractors and 12 of the gallery fill five shards, the sixth has two probes
    assert described == all_described - 20
    assert numbers(probes) == numbers(every)
    for metric in metrics:
        assert probes.result("made", metric).status == "ok"  # type: ignore[union-attr]
        assert "gallery, probes and distractors as the data's folders say" in probes.manifest["protocols"][metric]
        assert "without roles" not in probes.manifest["protocols"][metric]
    kept = PictureFolder(probes.path / "images").read_index()
    assert len(kept.complete(["lr", "made"])) == 20  # only those with SR
    assert scores("both", sides="both")[1] >= 40


def test_the_mugshots_of_scface_stay_hr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen_pictures = use_colours(monkeypatch, "dlib")
    do_import("scface", write_files(tmp_path / "src", scface_files()), tmp_path / "data")
    finished = run(tmp_path / "data", tmp_path / "run", "--metrics", "identification", "--descriptor", "dlib")
    assert finished.code == 0, finished.stderr
    assert sum(seen_pictures) == 2 * (3 + 45)  # of the method and of the control, for there is no HR of probes
    read = RunData.load(tmp_path / "run")
    row = read.summary.set_index(["method", "metric"]).loc[("bicubic", "identification")]
    assert row["n"] == 45
    assert "gallery of 3 people" in row["note"]
    assert "hr" not in set(read.summary["method"])


@pytest.mark.heavy
def test_a_large_gallery_takes_little_memory_and_time() -> None:
    rng = np.random.default_rng(0)
    gallery, probes, strangers, size = 1000, 800, 40_000, 512
    total = gallery + probes + strangers
    descriptors = rng.standard_normal((total, size), dtype=np.float32)
    descriptors[gallery : gallery + probes] += 0.5 * descriptors[:probes]
    who = [*(f"p{i}" for i in range(gallery)), *(f"p{i}" for i in range(probes)), *([None] * strangers)]
    parts = ["gallery"] * gallery + ["probe"] * probes + ["distractor"] * strangers
    features = {"descriptor": descriptors}
    faces = Faces([str(i) for i in range(total)], who, features, features, roles=parts)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = Identification().evaluate(faces, seed=0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert time.process_time() - start < 30
    assert grown < 600_000  # kB: less than the 1.3 GB of all scores in double precision, twice
    assert found.summary is not None
    assert found.summary.n == probes
