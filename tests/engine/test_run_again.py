"""What a method failed on is tried again by the next command, once, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from made import Finished, picture_files, run, write_files
from made.extractors import use_colours
from torch import Tensor

from fsrbench import weights
from fsrbench.engine.context import Context
from fsrbench.engine.loaded_methods import LoadedMethods
from fsrbench.engine.plan import Unit
from fsrbench.engine.prepare import Prepared, prepare
from fsrbench.engine.worker import Worker
from fsrbench.machine.console import silent
from fsrbench.methods.base import Method
from fsrbench.methods.isolation.parent import MethodDied
from fsrbench.spec import RunSpec

pytestmark = pytest.mark.heavy  # whole runs

IDS = [f"{i:02}" for i in range(24)]


class Moody(Method):
    """Raises on some images."""

    settings = ""
    bad: ClassVar[dict[str, Exception]] = {}
    seen: ClassVar[list[str]] = []
    """Images that it was given one by one or made."""

    def upscale(self, lr: Tensor) -> Tensor:
        return torch.nn.functional.interpolate(lr, scale_factor=4)

    def upscale_named(self, lr: Tensor, ids: Sequence[str]) -> Tensor:
        for image in ids:
            if image in self.bad:
                self.seen.extend(ids if len(ids) == 1 else ())
                raise self.bad[image]
        self.seen.extend(ids)
        return self.upscale(lr)


MOODY = f"python:{__name__}:Moody"
BROKEN = RuntimeError("no driver")


@pytest.fixture(autouse=True)
def _calm() -> Iterator[None]:
    Moody.bad.clear()
    Moody.seen.clear()
    yield
    Moody.bad.clear()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_files(tmp_path / "data", picture_files(f"{image}.png" for image in IDS))


def fail_on(*images: str, error: Exception = BROKEN) -> None:
    Moody.bad.clear()
    Moody.bad.update(dict.fromkeys(images, error))
    Moody.seen.clear()


def command(data: Path, out: Path, metrics: str = "psnr") -> Finished:
    return run(data, out, "--metrics", metrics, methods=MOODY)


@pytest.mark.parametrize("failing", [["03", "07"], IDS])
def test_what_failed_is_tried_again_and_nothing_else(data: Path, tmp_path: Path, failing: list[str]) -> None:
    fail_on(*failing)
    assert command(data, tmp_path / "out").code == 1
    fail_on()
    mended = command(data, tmp_path / "out")
    assert Moody.seen[: len(failing)] == failing
    assert set(Moody.seen[len(failing) :]) <= {failing[0]}  # a method's first picture is made again, to check it
    assert mended.code == 0
    assert mended.scores.equals(command(data, tmp_path / "fresh").scores)
    assert len(list((tmp_path / "out" / "images").rglob("*.png"))) == 3 * len(IDS)  # LR, SR, HR


def test_persistent_failures_are_tried_once_per_command_and_reported_each_time(data: Path, tmp_path: Path) -> None:
    for _ in range(2):
        fail_on("03", "07")
        again = command(data, tmp_path / "out")
        assert sorted(image for image in Moody.seen if image in Moody.bad) == ["03", "07"]
        assert again.code == 1
        assert f"{MOODY} failed on 2 images; 03: RuntimeError: no driver" in " ".join(again.stderr.split())
        assert list(again.manifest["methods"][MOODY]["failed_images"]) == ["03", "07"]
    assert Moody.seen == ["03", "07"]


def test_another_image_that_fails_is_no_other_images_score(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_colours(monkeypatch, "mtcnn", "facenet")
    monkeypatch.setattr(weights, "sha256", lambda name: name)
    metrics = "psnr,verification_facenet"
    fresh = command(data, tmp_path / "fresh", metrics)
    for failing in (("00", "05"), ("05",)):
        fail_on(*failing)
        result = command(data, tmp_path / "out", metrics)
        for metric in metrics.split(","):
            found, expected = result.values(MOODY, metric), fresh.values(MOODY, metric)
            assert {image for image, score in found.items() if np.isnan(score)} == set(failing)
            assert all(found[image] == expected[image] for image in IDS if image not in failing)


def of_run(data: Path, out: Path) -> tuple[Prepared, Unit]:
    found = prepare(RunSpec(methods={MOODY: MOODY}, data=str(data), metrics=("psnr",), out=out, device="cpu"), silent())
    return found, Unit(found.shards[0], MOODY)


def pictures(data: Path, out: Path) -> tuple[set[str], dict[str, str]]:
    """Images that one more run has pictures of, and why not of the others."""
    found, unit = of_run(data, out)
    made, ids = Worker(found.context).pictures.get(unit), found.context.inputs.get(unit.shard).ids
    found.close()
    return {ids[row] for row in made.rows}, made.problems


def test_a_method_that_dies_when_it_is_tried_again_loses_no_picture(data: Path, tmp_path: Path) -> None:
    fail_on("03", "07")
    pictures(data, tmp_path / "out")
    fail_on("07", error=MethodDied("timed out"))
    there, problems = pictures(data, tmp_path / "out")
    assert there == set(IDS) - {"03", "07"}
    assert problems == {"03": "timed out", "07": "timed out"}
    fail_on("07")
    there, problems = pictures(data, tmp_path / "out")
    assert there == set(IDS) - {"07"}
    assert problems == {"07": "RuntimeError: no driver"}


def test_a_method_that_dies_while_it_is_loaded_fails_on_all_images(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(methods: LoadedMethods, name: str) -> Method:
        raise MethodDied("its process was killed by SIGKILL")

    found, unit = of_run(data, tmp_path / "out")
    monkeypatch.setattr(LoadedMethods, "get", die)
    elsewhere = Context(found.spec, found.usable_metrics, found.context.device, found.context.store)
    result = Worker(elsewhere).run_unit(unit)
    assert (result.ids, result.stored_at) == ([], "")
    assert result.problems == dict.fromkeys(IDS, "its process was killed by SIGKILL")
    elsewhere.close()
    found.close()


def test_two_workers_of_a_run_try_once(data: Path, tmp_path: Path) -> None:
    fail_on("03")
    found, unit = of_run(data, tmp_path / "out")
    first = found.context
    Worker(first).pictures.get(unit)
    other = Context(found.spec, found.usable_metrics, first.device, first.store)
    other.keys.token = first.keys.token
    fail_on("03")
    assert Worker(other).pictures.get(unit).problems == {"03": "RuntimeError: no driver"}
    assert Moody.seen == []
    other.close()
    found.close()
