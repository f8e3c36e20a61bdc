"""Keys of stored results differ if the results may, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from made import picture_files, run, write_files
from made.extractors import use_colours

from fsrbench import weights
from fsrbench.datasets import Dataset, open_dataset
from fsrbench.engine.keys import Keys
from fsrbench.engine.plan import REFERENCE, Unit, make_shards
from fsrbench.methods.names import find_method
from fsrbench.metrics.consistency import Consistency
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor
from fsrbench.metrics.quality import Psnr
from fsrbench.provenance import fingerprints, versions
from fsrbench.provenance.versions import version
from fsrbench.runs.names import HR
from fsrbench.spec import RunSpec
from fsrbench.tasks import TASKS


@pytest.fixture
def faces(tmp_path: Path) -> Dataset:
    return open_dataset(str(write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))))


def keys(device: str = "cpu", **setting: Any) -> Keys:
    spec = RunSpec(methods={"bicubic": "bicubic"}, **setting)
    return Keys(spec, torch.device(device), lambda name: find_method(name)(), lambda name: EXTRACTORS.get(name)())


@pytest.mark.parametrize(
    ("setting", "same_hr"),
    [({"seed": 1}, True), ({"degradation": "realworld"}, True), ({"device": "cuda"}, True), ({"task": "x8"}, False)],
    ids=str,
)
def test_sr_depends_on_the_whole_setting_and_hr_on_the_task_alone(
    faces: Dataset, setting: dict[str, Any], same_hr: bool
) -> None:
    (shard,) = make_shards(faces, TASKS["x4"])
    one, other = keys(), keys(**setting)
    assert one.pictures(Unit(shard, "bicubic")) != other.pictures(Unit(shard, "bicubic"))
    for row in (HR, REFERENCE):
        assert (one.pictures(Unit(shard, row)) == other.pictures(Unit(shard, row))) == same_hr


def test_every_picture_counts(faces: Dataset, tmp_path: Path) -> None:
    (shard,), (fewer,) = make_shards(faces, TASKS["x4"]), make_shards(faces.head(1), TASKS["x4"])
    before = {keys().pictures(Unit(part, HR)) for part in (shard, fewer)}
    (tmp_path / "data" / "a.png").write_bytes((tmp_path / "data" / "b.png").read_bytes())
    assert len(before | {keys().pictures(Unit(shard, HR))}) == 3


def test_hr_is_scored_once_however_lr_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_files(tmp_path / "data", picture_files(f"{i:02}.png" for i in range(24)))
    seen = use_colours(monkeypatch, "mtcnn", "facenet")
    monkeypatch.setattr(weights, "sha256", lambda name: name)
    for seed in range(3):
        options = ("--degradation", "realworld", "--seed", seed, "--metrics", "verification_facenet")
        assert run(data, tmp_path / "out", *options).status("bicubic", "verification_facenet") == "ok"
    assert sum(seen) == (1 + 3) * 24


@pytest.mark.parametrize("changed", ["a package", "the harness"])
def test_another_version_of_a_package_or_of_our_code_is_in_every_key(
    faces: Dataset, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    (shard,) = make_shards(faces, TASKS["x4"])

    def all_keys() -> tuple[str, ...]:
        found = keys()
        pictures = [found.pictures(Unit(shard, row)) for row in ("bicubic", HR)]
        return (found.inputs(shard), *pictures, found.scores("sr", Psnr()), found.features("sr", "mtcnn", False))

    before = all_keys()
    assert all_keys() == before
    if changed == "a package":
        other = {"pillow": "1.0"}
        monkeypatch.setattr(versions, "version", lambda package: other.get(package) or version(package))
    else:
        monkeypatch.setattr(fingerprints, "harness", lambda: "0" * 64)
    assert not set(before) & set(all_keys())


def test_an_extra_that_is_installed_later_changes_what_uses_it_and_nothing_else(
    faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shard,) = make_shards(faces, TASKS["x4"])
    monkeypatch.setattr(weights, "sha256", lambda name: name)

    def made(package: str) -> str | None:
        return "1.0" if package == "retinaface-pytorch" else version(package)

    names = ("mtcnn", "retinaface", "arcface")
    before = [keys().inputs(shard), *(keys().features("sr", name, False) for name in names)]
    monkeypatch.setattr("fsrbench.provenance.versions.version", made)
    monkeypatch.setattr("fsrbench.metrics.extractors.base.version", made)
    after = [keys().inputs(shard), *(keys().features("sr", name, False) for name in names)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, False, True]


def test_scores_beside_lr_depend_on_how_lr_is_made_and_others_do_not(faces: Dataset) -> None:
    (shard,) = make_shards(faces, TASKS["x4"])
    metric = Consistency()
    found = [keys(degradation=name, seed=seed) for name, seed in (("area", 0), ("noise:5", 0), ("noise:5", 1))]
    assert len({each.scores(each.beside_lr("sr", shard), metric) for each in found}) == 3
    assert len({each.scores("sr", Psnr()) for each in found}) == 1


def test_numbers_of_a_gpu_are_kept_apart_from_those_of_the_cpu() -> None:
    def features_of(name: str, device: str) -> str:
        def extractor(name: str) -> Extractor:
            made: Extractor = EXTRACTORS.get(name)()
            made.use(torch.device(device))
            return made

        spec = RunSpec(methods={"bicubic": "bicubic"})
        return Keys(spec, torch.device(device), lambda name: find_method(name)(), extractor).features("sr", name, False)

    assert features_of("fan", "cpu") != features_of("fan", "cuda") == features_of("fan", "cuda:1")
    assert features_of("dlib-landmarks", "cpu") != features_of("dlib-landmarks", "cuda")  # in a box of MTCNN's
    metric = Psnr()
    assert keys().scores("sr", metric) != keys().scores("sr", metric.replace(device=torch.device("cuda")))
    assert keys().scores("sr", metric) == keys("cuda").scores("sr", metric.on(torch.device("cuda")))
