"""A finished run is shown at once; a change of anything that it depends on runs it again."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from made import Finished, draw_picture, encode_picture, picture_files, run, write_files, write_zip

from fsrbench.machine import facts as machine_facts
from fsrbench.machine.cores import usable_cores
from fsrbench.metrics import METRICS
from fsrbench.metrics.extractors.base import EXTRACTORS
from fsrbench.metrics.quality import Psnr
from fsrbench.provenance import fingerprints

pytestmark = pytest.mark.heavy  # whole runs

PLUG_IN = """
import torch
from fsrbench.methods.names import Method

class Blocks(Method):
    '''Every LR pixel becomes a block.'''
    settings = ""
    def upscale(self, lr):
        return torch.nn.functional.interpolate(lr, scale_factor=4)
"""
METRIC = """
from fsrbench.metrics.evaluation import Evaluation
from fsrbench.metrics.base import FeatureMetric, ImageMetric

class Red(ImageMetric):
    name, title, protocol = "red", "Red", "mean of R"
    def score(self, sr, hr):
        return sr[:, 0].mean(dim=(1, 2))

class Found(FeatureMetric):
    name, title, protocol, extractor = "found", "Found", "what the extractor saw", "looks"
    def evaluate(self, faces, seed):
        return Evaluation(faces.features["green"])
"""
EXTRACTOR = """
from fsrbench.metrics.extractors.base import Extractor

class Looks(Extractor):
    def extract(self, images, guide):
        return {"green": images[:, 1].double().mean(dim=(1, 2)).numpy()}
"""
METHODS = "bicubic,python:blocks_of_a_test:Blocks"
METRICS_ASKED = "psnr,landmark_nme"


def write_data(folder: Path) -> Path:
    """Data and a method's module in a folder."""
    (folder / "blocks_of_a_test.py").write_text(PLUG_IN)
    return write_files(folder / "data", picture_files(["anna/1.png", "ben/1.png"]))


def again(data: Path, out: Path, *options: object, metrics: str = METRICS_ASKED, methods: str = METHODS) -> Finished:
    return run(data, out, "--metrics", metrics, *options, methods=methods)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data and a finished run of them, which no test changes."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.delitem(sys.modules, "blocks_of_a_test", raising=False)
        assert again(write_data(folder), folder / "out").code == 0
    return folder


@pytest.fixture
def done(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """A copy of the finished run, which can be requested again; its data stay unchanged."""
    shutil.copytree(first / "out", tmp_path / "out")
    for folder in (first, tmp_path):
        monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "blocks_of_a_test", raising=False)  # of another test
    return partial(again, first / "data", tmp_path / "out")


@pytest.fixture
def done_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """A finished run of data and a module of the test's own, which it may change."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "blocks_of_a_test", raising=False)  # of another test
    asked = partial(again, write_data(tmp_path), tmp_path / "out")
    assert asked().code == 0
    return asked


def was_shown(finished: Finished) -> bool:
    return "nothing has changed" in finished.stderr


def test_an_unchanged_run_is_shown_with_its_table(done):
    again = done()
    assert was_shown(again)
    assert "PSNR" in again.stdout
    assert again.code == 0


def test_it_takes_no_torch(done, first, tmp_path):
    arguments = ["run", "--methods", METHODS, "--data", first / "data", "--device", "cpu"]
    arguments += ["--metrics", METRICS_ASKED]
    code = (
        "import sys; from typer.testing import CliRunner; from fsrbench.cli.app import app;"
        "found = CliRunner().invoke(app, sys.argv[1:]);"
        "print(found.exit_code, 'nothing has changed' in found.stderr, 'torch' in sys.modules, 'scipy' in sys.modules)"
    )
    command = [sys.executable, "-c", code, *map(str, arguments), "--out", str(tmp_path / "out")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["0", "True", "False", "False"]


@pytest.mark.parametrize(
    "options", [("--fresh",), ("--seed", 1), ("--limit", 1), ("--degradation", "realworld")], ids=str
)
def test_another_specification_is_run(done, options):
    assert not was_shown(done(*options))


def test_an_added_metric_or_method_is_run(done):
    assert not was_shown(done(metrics="psnr,ssim,landmark_nme"))
    assert not was_shown(done(methods="bicubic"))


def change_picture(folder: Path) -> None:
    (folder / "data/anna/1.png").write_bytes(encode_picture(draw_picture(9)))


def add_picture(folder: Path) -> None:
    (folder / "data/ben/2.png").write_bytes(encode_picture(draw_picture(9)))


def remove_picture(folder: Path) -> None:
    (folder / "data/ben/1.png").unlink()


def change_method(folder: Path) -> None:
    (folder / "blocks_of_a_test.py").write_text(PLUG_IN + "\n# changed\n")
    del sys.modules["blocks_of_a_test"]  # another process would import it anew


def remove_table(folder: Path) -> None:
    (folder / "out/table.md").unlink()


def damage_memory(folder: Path) -> None:
    (folder / "out/cache/finished.json").write_text('{"version": ')


@pytest.mark.parametrize(
    "change", [change_picture, add_picture, remove_picture, change_method, remove_table, damage_memory]
)
def test_a_change_brings_the_work_back(done_alone, tmp_path, change):
    change(tmp_path)
    assert not was_shown(done_alone())
    assert was_shown(done_alone())


def test_a_picture_of_the_same_size_and_another_time_runs_it_again(done_alone, tmp_path):
    file = tmp_path / "data/anna/1.png"
    os.utime(file, ns=(1, 1))
    assert not was_shown(done_alone())


def test_another_version_of_a_package_runs_it_again(done, monkeypatch):
    monkeypatch.setattr("fsrbench.provenance.versions.version", lambda package: "1.0")
    again = done()
    assert not was_shown(again)
    assert again.manifest["versions"]["pillow"] == "1.0"
    assert was_shown(done())


def test_other_code_of_our_own_runs_it_again_and_changes_the_score(done, monkeypatch):
    first = done()
    assert was_shown(first)
    before = first.values("bicubic", "psnr")
    score = Psnr.score
    monkeypatch.setattr(Psnr, "score", lambda self, sr, hr: score(self, sr, hr) + 1000)
    monkeypatch.setattr(fingerprints, "harness", lambda: "0" * 64)
    again = done()
    assert not was_shown(again)
    assert again.values("bicubic", "psnr") == {image: value + 1000 for image, value in before.items()}


@pytest.mark.parametrize(("metric", "status"), [("verification_pairs", "invalid"), ("musiq", "unavailable")])
def test_what_is_invalid_or_unavailable_stays_so(done, metric, status):
    first = done("--offline", metrics=f"psnr,{metric}")
    assert status in set(first.summary["status"])
    assert was_shown(done("--offline", metrics=f"psnr,{metric}"))


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a metric of each kind and an extractor, which the registries know."""
    for name, code in (("metric_of_a_test", METRIC), ("extractor_of_a_test", EXTRACTOR)):
        (tmp_path / f"{name}.py").write_text(code)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(METRICS._targets, "red", "metric_of_a_test:Red")
    monkeypatch.setitem(METRICS._targets, "found", "metric_of_a_test:Found")
    monkeypatch.setitem(EXTRACTORS._targets, "looks", "extractor_of_a_test:Looks")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "before", "after", "metric"),
    [
        ("metric_of_a_test", "sr[:, 0]", "sr[:, 2]", "red"),
        ("extractor_of_a_test", "images[:, 1]", "images[:, 2]", "found"),
    ],
)
def test_changed_code_of_a_plug_in_is_measured_anew(done, plugins, file, before, after, metric):
    first = done(metrics="red,found").values("bicubic", metric)
    assert was_shown(done(metrics="red,found"))
    path = plugins / f"{file}.py"
    path.write_text(path.read_text().replace(before, after))
    sys.modules.pop(file)
    importlib.invalidate_caches()
    shutil.rmtree(plugins / "__pycache__", ignore_errors=True)  # the same size in the same second
    again = done(metrics="red,found")
    assert not was_shown(again)
    assert again.values("bicubic", metric) != first


def test_links_in_a_circle_end(tmp_path):
    data = write_files(tmp_path / "data", picture_files(["anna/1.png"]))
    (data / "anna" / "round").symlink_to(data)
    for expected in (False, True):
        assert was_shown(run(data, tmp_path / "out", "--metrics", "psnr")) == expected


def test_a_zip_is_remembered_too(tmp_path):
    data = write_zip(tmp_path / "data.zip", picture_files(["a.png"]))
    assert [was_shown(run(data, tmp_path / "out", "--metrics", "psnr")) for _ in range(2)] == [False, True]
    write_zip(tmp_path / "data.zip", picture_files(["a.png", "b.png"]))
    assert not was_shown(run(data, tmp_path / "out", "--metrics", "psnr"))


def replace_keeping_times(file: Path, content: bytes) -> None:
    """Other content of the same size under the old times, as a tool that copies with times may write it."""
    times = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_file_that_kept_its_size_and_time_is_read_again(done_alone, tmp_path):
    plugin = tmp_path / "blocks_of_a_test.py"
    replace_keeping_times(plugin, plugin.read_bytes().replace(b"block", b"BLOCK"))
    assert not was_shown(done_alone())


@pytest.mark.parametrize(
    ("name", "other"),
    [("cpu", "another CPU"), ("gpus", ["another GPU"]), ("usable_cores", 64), ("platform", None)],
)
def test_on_another_machine_scores_stay_and_speed_is_measured_anew(done, tmp_path, monkeypatch, name, other):
    metrics = {"metrics": "psnr,latency_ms", "methods": "bicubic"}
    first = done(**metrics)
    assert was_shown(done(**metrics))
    cached = {file: file.stat().st_mtime_ns for file in (tmp_path / "out/cache").rglob("*.npz")}
    if name == "platform":
        monkeypatch.setattr(machine_facts.platform, "machine", lambda: "another")
    else:
        monkeypatch.setattr(machine_facts, name, lambda: other)
    again = done(**metrics)
    assert not was_shown(again)
    assert again.values("bicubic", "psnr") == first.values("bicubic", "psnr")
    new = {file.parent.name for file in (tmp_path / "out/cache").rglob("*.npz") if file not in cached}
    assert new == {"timings"}
    assert was_shown(done(**metrics))


@pytest.mark.parametrize("setting", machine_facts.SETTINGS)
def test_another_choice_of_devices_or_threads_runs_it_again(done, monkeypatch, setting):
    assert was_shown(done())
    monkeypatch.setenv(setting, "3")
    assert not was_shown(done())


def test_threads_that_the_program_chose_run_it_again(done):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1 if before == 1 else 1)
        assert was_shown(done()) == (min(torch.get_num_threads(), usable_cores()) == min(before, usable_cores()))
    finally:
        torch.set_num_threads(before)
