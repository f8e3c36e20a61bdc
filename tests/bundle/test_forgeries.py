"""Forged bundles are caught with a line that says what: most by what they say of themselves, the rest by recomputing.

The forgers know their trade: hashes, numbers and intervals fit what they have changed, unless a test says otherwise.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import picture_files, write_files
from made.forgeries import Forged
from PIL import Image

from fsrbench.bundle import formats
from fsrbench.bundle.again import Again
from fsrbench.bundle.findings import Outcome, State
from fsrbench.bundle.read import read_bundle
from fsrbench.bundle.schema import Level
from fsrbench.bundle.verify import verify
from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import PictureFolder
from fsrbench.stats.intervals import mean_interval

Forger = Callable[[Forged, RunData], Any]
TRACK = "faces, x4, realworld"


def mismatches(outcome: Outcome) -> list[str]:
    return [finding.line for finding in outcome.of(State.MISMATCH)]


def kept(run: RunData, row: str) -> dict[str, np.ndarray]:
    """A row's pictures by image."""
    folder = PictureFolder(run.path / "images")
    return {image: np.asarray(Image.open(folder.file(row, image))) for image in folder.read_index().images}


def one_score(forged: Forged, run: RunData) -> None:
    forged.change("psnr", lambda values: values.where(values.index != values.index[5], values + 3), consistent=False)


def number_alone(forged: Forged, run: RunData) -> None:
    forged.row("ssim")["value"] += 0.001


def copied_interval(forged: Forged, run: RunData) -> None:
    other = run.result("bicubic", "psnr")
    assert other is not None
    width = (other.ci_high - other.ci_low) / 8  # around its own number, as narrow as no interval of theirs
    forged.row("psnr").update(ci_low=forged.row("psnr")["value"] - width, ci_high=forged.row("psnr")["value"] + width)


def others_numbers(forged: Forged, run: RunData) -> None:
    other = run.result("bicubic", "psnr")
    assert other is not None
    forged.row("psnr").update(value=other.value, ci_low=other.ci_low, ci_high=other.ci_high)


def best_half(forged: Forged, run: RunData) -> None:
    of = forged.scores["metric"] == "psnr"
    worst = forged.scores[of].sort_values("value").index[:12]
    forged.scores = forged.scores.drop(worst)
    forged.summarise("psnr")


def worst_called_failed(forged: Forged, run: RunData) -> None:
    of = forged.scores["metric"] == "psnr"
    worst = forged.scores[of].sort_values("value").index[:6]
    forged.scores.loc[worst, ["value", "status"]] = [np.nan, "failed"]
    forged.summarise("psnr")


def worst_infinite(forged: Forged, run: RunData) -> None:
    of = forged.scores["metric"] == "psnr"
    forged.scores.loc[forged.scores[of]["value"].idxmin(), "value"] = np.inf
    rows = forged.scores[of & np.isfinite(forged.scores["value"])]
    forged.row("psnr").update(n=len(rows), value=float(rows["value"].mean()))


def more_images(forged: Forged, run: RunData) -> None:
    forged.row("psnr")["n"] = 2400


def nan_called_ok(forged: Forged, run: RunData) -> None:
    forged.change("psnr", lambda values: values.where(values.index != values.index[0]), consistent=False)


def infinite_ssim(forged: Forged, run: RunData) -> None:
    forged.change("ssim", lambda values: values.where(values.index != values.index[0], np.inf), consistent=False)


def ssim_above_one(forged: Forged, run: RunData) -> None:
    forged.change("ssim", lambda values: values + 0.5)


def turned_direction(forged: Forged, run: RunData) -> None:
    forged.row("consistency")["direction"] = forged.manifest["metrics"]["consistency"]["direction"] = "higher"


def seed_of_the_document(forged: Forged, run: RunData) -> None:
    forged.result["seed"] = 4


def other_weights(forged: Forged, run: RunData) -> None:
    forged.result["weights"]["sha256"] = "0" * 64


def other_task(forged: Forged, run: RunData) -> None:
    forged.result["track"]["task"] = "x8"


def other_data_hash(forged: Forged, run: RunData) -> None:
    forged.result["track"]["dataset"]["sha256"] = "f" * 64


def a_faster_machine(forged: Forged, run: RunData) -> None:
    forged.result["machine"]["cpu"] = "Quantum 9000"


def changed_manifest(forged: Forged, run: RunData) -> None:
    forged.manifest["versions"]["torch"] = "1.0"


def hidden_findings(forged: Forged, run: RunData) -> None:
    forged.manifest["methods"]["mine"]["findings"] = [{"check": "shift", "text": "moved by 1 px"}]


def hidden_metric(forged: Forged, run: RunData) -> None:
    forged.result["summaries"] = [row for row in forged.result["summaries"] if row["metric"] != "ssim"]


def invented_metric(forged: Forged, run: RunData) -> None:
    forged.result["summaries"].append(forged.row("ssim") | {"metric": "beauty", "title": "Beauty"})


def copied_hr(forged: Forged, run: RunData) -> None:
    forged.paint(kept(run, "hr"))


def swapped_pictures(forged: Forged, run: RunData) -> None:
    forged.paint(kept(run, "bicubic"), known=False)


def one_picture_for_all(forged: Forged, run: RunData) -> None:
    first, *_ = forged.pictures().values()
    forged.paint(dict.fromkeys(forged.pictures(), first))


def missing_pictures(forged: Forged, run: RunData) -> None:
    del forged.files["pictures/0/id03/1.png"]


def jpeg_pictures(forged: Forged, run: RunData) -> None:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(forged.files["pictures/0/id03/1.png"])).save(buffer, "JPEG")
    forged.files["pictures/0/id03/1.png"] = buffer.getvalue()


def other_size(forged: Forged, run: RunData) -> None:
    forged.paint({"id03/1": np.zeros((32, 32, 3), np.uint8)})


def no_picture(forged: Forged, run: RunData) -> None:
    forged.files["pictures/0/id03/1.png"] = b"\x89PNG\r\n\x1a\n"


def invented_parameters(forged: Forged, run: RunData) -> None:
    forged.result["weights"]["parameters"] = 0.001


WITHOUT_DATA: dict[Forger, str] = {
    one_score: "psnr: is ",
    number_alone: "ssim: is ",
    copied_interval: "psnr: its interval is ",
    others_numbers: "psnr: is ",
    best_half: "psnr: no score of 12 of 24 images, e.g. ",
    worst_called_failed: "psnr: is called ok; 6 of 24 images failed, which is failed",
    worst_infinite: "psnr: the score of ",
    more_images: "psnr: n is 2400, and there are 24 finite scores",
    nan_called_ok: "psnr: the score of id00/0 is none and called ok",
    infinite_ssim: "ssim: the score of id00/0 is infinite",
    ssim_above_one: "ssim: the score of ",
    turned_direction: "metrics: consistency: direction is 'higher', in fsrbench's metric of this name 'lower'",
    seed_of_the_document: "manifest: seed is 4, in the manifest 3",
    other_weights: f"manifest: weights.sha256 is '{'0' * 64}', in the manifest None",
    other_task: "manifest: track.task is 'x8', in the manifest 'x4'",
    other_data_hash: f"manifest: track.dataset.sha256 is '{'f' * 64}', in the manifest ",
    a_faster_machine: "manifest: machine.cpu is 'Quantum 9000', in the manifest ",
    changed_manifest: "manifest: versions.torch is ",
    hidden_findings: "manifest: findings is [], in the manifest ['moved by 1 px']",
    hidden_metric: "metrics: ssim: the run measured it, and the result does not have it",
    invented_metric: "metrics: beauty: the run did not measure it",
    invented_parameters: "manifest: weights.parameters is 0.001, the number of params ",
    copied_hr: "hashes of pictures: 24 of 24 SR pictures equal HR pixel for pixel",
    swapped_pictures: "pictures: id00/0 is not the picture that was scored",
    one_picture_for_all: "hashes of pictures: id00/0 and id00/1 have the same picture but different inputs",
    missing_pictures: "pictures: none of 1 of 24 images, e.g. id03/1",
    jpeg_pictures: "pictures: id03/1 is not a PNG file",
    other_size: "pictures: id03/1 has 32 x 32 px, not 64 x 64",
    no_picture: "pictures: id03/1: ",
}


@pytest.mark.parametrize("forger", WITHOUT_DATA, ids=lambda forger: forger.__name__)
def test_contradictions_are_caught_without_the_data(
    forger: Forger, bundle: Path, finished: RunData, tmp_path: Path
) -> None:
    forged = Forged(bundle)
    forger(forged, finished)
    found = mismatches(verify(read_bundle(forged.write(tmp_path / "forged.zip"))))
    track = TRACK.replace("x4", "x8") if forger is other_task else TRACK
    assert any(line.startswith(f"mismatch: {track}: {WITHOUT_DATA[forger]}") for line in found), found


def test_what_was_changed_under_old_hashes_is_named(bundle: Path, finished: RunData, tmp_path: Path) -> None:
    forged = Forged(bundle)
    one_score(forged, finished)
    changed_manifest(forged, finished)
    found = mismatches(verify(read_bundle(forged.write(tmp_path / "forged.zip", rehash=False))))
    for name in ("manifests/0.json", "scores/0.csv"):
        assert f"mismatch: bundle: files: {name} was changed: its sha256 is not the one in bundle.json" in found


def test_line_breaks_in_a_bundle_do_not_reach_the_log(bundle: Path, tmp_path: Path) -> None:
    """GitHub takes a line that begins with two colons for a command."""
    forged = Forged(bundle)
    forged.scores.loc[0, "image"] = "x\n::error::verified"
    outcome = verify(read_bundle(forged.write(tmp_path / "forged.zip")))
    assert any("not the run's, e.g. x?::error::verified" in line for line in mismatches(outcome))
    for made in (formats.text(outcome), formats.as_json(outcome), formats.junit(outcome)):
        assert "\n::error" not in made
    assert outcome.verdict().mismatches


def test_a_date_that_would_stay_the_newest_is_caught(bundle: Path, tmp_path: Path) -> None:
    forged, date = Forged(bundle), "2199-01-01T00:00:00"
    forged.document["created"] = date
    found = mismatches(verify(read_bundle(forged.write(tmp_path / "forged.zip"))))
    assert found[0].startswith(f"mismatch: bundle: date: created is '{date}', the latest run was finished '20")
    forged.result["finished"] = forged.manifest["finished"] = date
    found = mismatches(verify(read_bundle(forged.write(tmp_path / "forged.zip"))))
    assert found == [f"mismatch: bundle: date: created is '{date}', which is in the future"]


def test_the_same_track_twice_is_caught(bundle: Path, tmp_path: Path) -> None:
    forged = Forged(bundle)
    forged.document["results"] *= 2
    for name in ("scores/{}.csv", "manifests/{}.json"):
        forged.files[name.format(1)] = forged.files[name.format(0)]
    found = mismatches(verify(read_bundle(forged.write(tmp_path / "forged.zip"))))
    assert f"mismatch: bundle: tracks: {TRACK} appears twice" in found


# What agrees with itself: only computing it again shows it


def one_score_and_all_that_follows(forged: Forged, run: RunData) -> None:
    forged.change("psnr", lambda values: values.where(values.index != values.index[5], values + 0.01))


def all_shifted(forged: Forged, run: RunData) -> None:
    forged.change("psnr", lambda values: values + 1)


def pictures_of_another_method(forged: Forged, run: RunData) -> None:
    forged.paint(kept(run, "bicubic"))


def enlarged_inputs(forged: Forged, run: RunData) -> None:
    forged.paint(
        {
            image: np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC))
            for image, pixels in kept(run, "lr").items()
        }
    )


def hr_with_noise(forged: Forged, run: RunData) -> None:
    noise = np.random.RandomState(0).randint(-1, 2, (64, 64, 3))
    forged.paint({i: np.clip(hr.astype(int) + noise, 0, 255).astype(np.uint8) for i, hr in kept(run, "hr").items()})


def other_seed(forged: Forged, run: RunData) -> None:
    forged.result["seed"] = forged.manifest["spec"]["seed"] = 4
    forged.result["track"]["degradation"]["seed"] = forged.manifest["degradation"]["seed"] = 4
    for metric in ("psnr", "ssim", "consistency"):
        forged.summarise(metric)


def other_degradation(forged: Forged, run: RunData) -> None:
    said = {"name": "bicubic", "protocol": "Pillow BICUBIC, antialiased, one step"}
    forged.manifest["spec"]["degradation"] = "bicubic"
    forged.manifest["degradation"] |= said
    forged.result["track"]["degradation"] |= said


def other_protocol(forged: Forged, run: RunData) -> None:
    said = "luma of BT.601, 4 px of the border left out"
    forged.row("psnr")["protocol"] = forged.manifest["protocols"]["psnr"] = said


def everybody_a_stranger(forged: Forged, run: RunData) -> None:
    for image in forged.result["images"]:
        image["identity"] = None
    for metric in ("psnr", "ssim", "consistency"):
        people = [f"image {image['id']}" for image in forged.result["images"]]
        rows = forged.scores[forged.scores["metric"] == metric]["value"].to_numpy()
        low, high = mean_interval(rows, 3, people)
        forged.row(metric).update(ci_low=low, ci_high=high)


def a_subset_throughout(forged: Forged, run: RunData) -> None:
    left = {image["id"] for image in forged.result["images"][:12]}
    forged.result["images"] = [image for image in forged.result["images"] if image["id"] in left]
    forged.scores = forged.scores[forged.scores["image"].isin(left)]
    forged.files = {
        name: data
        for name, data in forged.files.items()
        if not name.startswith("pictures/0/") or name.removeprefix("pictures/0/").removesuffix(".png") in left
    }
    forged.result["track"]["dataset"]["n"] = forged.manifest["dataset"]["n"] = 12
    for metric in ("psnr", "ssim", "consistency"):
        forged.summarise(metric)


WITH_DATA: dict[Forger, str] = {
    one_score_and_all_that_follows: "psnr from pictures: the scores of 1 of 24 images differ, most that of id02/1: ",
    all_shifted: "psnr from pictures: the scores of 24 of 24 images differ, most that of ",
    pictures_of_another_method: "psnr from pictures: the scores of 24 of 24 images differ, most that of ",
    enlarged_inputs: "checks from pictures: ",
    hr_with_noise: "checks from pictures: ",
    other_seed: "images: LR of ",
    other_degradation: "images: LR of 24 images differs from the data, e.g. id00/0",
    other_protocol: "psnr from pictures: protocol is 'luma of BT.601, 4 px of the border left out', here 'RGB ",
    everybody_a_stranger: "images: identity of 24 images differs from the data, e.g. id00/0",
    a_subset_throughout: "images: presence of 12 images differs from the data, e.g. ",
}


@pytest.mark.parametrize("forger", WITH_DATA, ids=lambda forger: forger.__name__)
def test_a_consistent_forgery_is_caught_with_the_data(
    forger: Forger, bundle: Path, finished: RunData, faces: Path, tmp_path: Path
) -> None:
    forged = Forged(bundle)
    forger(forged, finished)
    read = read_bundle(forged.write(tmp_path / "forged.zip"))
    assert mismatches(verify(read)) == []
    outcome = verify(read, Again((str(faces),), device="cpu"))
    found, track = mismatches(outcome), read.results[0].track.title
    assert any(line.startswith(f"mismatch: {track}: {WITH_DATA[forger]}") for line in found), found
    assert outcome.level is Level.SELF_REPORTED


def test_other_data_of_the_same_name_is_named(bundle: Path, tmp_path: Path) -> None:
    names = [f"HR/id{person:02d}/{picture}.png" for person in range(1, 13) for picture in range(2)]
    other = write_files(tmp_path / "faces", picture_files(names))
    outcome = verify(read_bundle(bundle), Again((str(other),), device="cpu"))
    (line,) = mismatches(outcome)
    assert line.startswith(f"mismatch: {TRACK}: data: {other} is other data: sha256 ")
    assert outcome.level is Level.SELF_REPORTED


def test_what_was_measured_is_recomputed(bundle: Path, faces: Path) -> None:
    outcome = verify(read_bundle(bundle), Again((str(faces),), device="cpu"))
    assert mismatches(outcome) == []
    assert outcome.level is Level.PICTURES
    (result,) = outcome.results
    assert result.recomputed == ["psnr", "ssim", "consistency"]
    assert result.not_recomputed["latency_ms"] == "a time holds for its machine"
    (time,) = [finding for finding in outcome.of(State.OPEN) if finding.check == "latency_ms"]
    assert "a time cannot be verified elsewhere" in time.text
