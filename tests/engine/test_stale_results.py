"""Weights and code that change behind a run's back: the second command gives what a fresh run gives."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from made import Finished, draw_picture, picture_files, run, write_files
from made.networks import save_enlarging_onnx
from torch import nn

from fsrbench.metrics import METRICS
from fsrbench.metrics.extractors.base import EXTRACTORS

pytestmark = pytest.mark.heavy  # whole runs

GAINS = 0.5, 0.9

HEAD = """
import json
from functools import cache
from pathlib import Path
import numpy as np
import onnxruntime
import torch
from torch import nn
from fsrbench.methods.names import Method
HERE = Path(__file__).parent
def make():
    network = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv2d(3, 3, 1, groups=3))
    network.load_state_dict(torch.load(HERE / "w.pth", weights_only=True))
    return network.eval()
"""
NETWORK = "    def load(self, task, device):\n        {}\n    def upscale(self, lr):\n        return {}\n"
WAYS = {
    "network": NETWORK.format("self.network = make()", "self.network(lr)"),
    "another name": NETWORK.format("self._generator = make()", "self._generator(lr)"),
    "a list": NETWORK.format("self.nets = [make(), nn.Identity()]", "self.nets[0](lr)"),
    "a dict": NETWORK.format("self.nets = {'x4': {'g': make()}}", "self.nets['x4']['g'](lr)"),
    "a closure": NETWORK.format("net = make(); self.go = lambda lr: net(lr)", "self.go(lr)"),
    "a wrapper": NETWORK.format("self.net = Wrapper(make())", "self.net.network(lr)"),
    "compiled": NETWORK.format("self.net = torch.jit.script(make())", "self.net(lr)"),
    "an array": NETWORK.format(
        "self.gain = np.load(HERE / 'w.npy')", "nn.functional.interpolate(lr, scale_factor=4) * float(self.gain)"
    ),
    "a number": NETWORK.format(
        "self.gain = json.loads((HERE / 'w.json').read_text())",
        "nn.functional.interpolate(lr, scale_factor=4) * self.gain",
    ),
    "a session": NETWORK.format(
        "self.session = onnxruntime.InferenceSession(str(HERE / 'w.onnx'))",
        "torch.from_numpy(self.session.run(None, {'x': lr.numpy()})[0])",
    ),
    "lazily": NETWORK.format("self.net = None", "self.get()(lr)")
    + "    def get(self):\n        self.net = self.net or make()\n        return self.net\n",
    "lazily, cached": NETWORK.format("pass", "cached()(lr)"),
    "lazily, beside another": NETWORK.format(
        "self.mean = torch.zeros(1); self.net = None", "self.get()(lr) + self.mean"
    )
    + "    def get(self):\n        self.net = self.net or make()\n        return self.net\n",
    "each time": NETWORK.format("pass", "make()(lr)"),
    "the module": NETWORK.format("pass", "MODULE_NETWORK(lr)"),
    "the class": "    net = make()\n" + NETWORK.format("pass", "self.net(lr)"),
    "one of two files": NETWORK.format(
        "self.network, self.weights = make(), HERE / 'w.json.unchanged'", "self.network(lr)"
    ),
}
TAIL = """
class Wrapper:
    def __init__(self, network):
        self.network = network
@cache
def cached():
    return make()
"""


def train(folder: Path, gain: float) -> None:
    """Weights of a network that multiplies by ``gain``, in every kind of file that the methods above read."""
    network = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv2d(3, 3, 1, groups=3))
    nn.init.constant_(network[1].weight, gain)  # type: ignore[arg-type]
    nn.init.zeros_(network[1].bias)  # type: ignore[arg-type]
    torch.save(network.state_dict(), folder / "w.pth")
    np.save(folder / "w.npy", np.float32(gain))
    (folder / "w.json").write_text(json.dumps(gain))
    (folder / "w.json.unchanged").write_text("1")
    save_enlarging_onnx(folder / "w.onnx", gain=gain)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data in ``data``, and a folder that modules are imported from."""
    write_files(tmp_path / "data", picture_files(["a.png"]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_modules(folder: Path) -> dict[str, str]:
    """A module with a class for each way to hold a network; their names as methods."""
    names = {}
    for number, (way, body) in enumerate(WAYS.items()):
        module = f"stale_{number}_of_a_test"
        (folder / f"{module}.py").write_text(
            f"{HEAD}\nMODULE_NETWORK = {'make()' if way == 'the module' else None}\n{TAIL}\nclass Mine(Method):\n"
            f"    training = 'L1'\n{body}"
        )
        names[way] = f"python:{module}:Mine"
    return names


def again(folder: Path, *methods: str, metrics: str = "psnr", options: tuple[object, ...] = ()) -> Finished:
    """A run as a new process would do it: modules are imported anew."""
    for name in [name for name in sys.modules if name.partition(".")[0].endswith("_of_a_test")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)  # another text of the same size in the same second
    return run(folder / "data", folder / "out", "--metrics", metrics, *options, methods=",".join(methods))


def expected_psnr(gain: float) -> float:
    """PSNR of the picture in blocks of 4 px, darkened, computed here."""
    hr = draw_picture(0)
    lr = np.asarray(hr.resize((16, 16), 3), np.float32) / 255
    sr = np.rint(np.clip(lr.repeat(4, 0).repeat(4, 1) * np.float32(gain), 0, 1) * 255)
    return float(10 * np.log10(255**2 / np.mean((sr - np.asarray(hr, np.float64)) ** 2)))


def test_a_retrained_network_is_seen_wherever_a_class_keeps_it(folder: Path) -> None:
    names = write_modules(folder)
    for gain in (*GAINS, GAINS[0]):
        train(folder, gain)
        found = again(folder, *names.values())
        scores = {way: found.values(name)["a"] for way, name in names.items()}
        assert scores == pytest.approx(dict.fromkeys(names, expected_psnr(gain)), abs=1e-3)


def test_an_unchanged_network_of_a_file_that_nobody_names_is_not_run_again(folder: Path) -> None:
    (folder / "counted_of_a_test.py").write_text(
        HEAD
        + "class Mine(Method):\n"
        + NETWORK.format("self.net = make()", "[self.net(lr), (HERE / 'calls').open('a').write('x')][0]")
    )
    train(folder, GAINS[0])
    again(folder, "python:counted_of_a_test:Mine")
    calls = (folder / "calls").read_text()
    again(folder, "python:counted_of_a_test:Mine")
    assert (folder / "calls").read_text() == calls


def test_code_that_a_method_imports_counts(folder: Path) -> None:
    (folder / "helpers_of_a_test").mkdir()
    (folder / "helpers_of_a_test" / "__init__.py").write_text("")
    (folder / "method_of_a_test.py").write_text(
        "from fsrbench.methods import Method\nclass Mine(Method):\n    settings = ''\n"
        "    def upscale(self, lr):\n        from helpers_of_a_test import first\n        return first.up(lr)\n"
    )
    (folder / "helpers_of_a_test" / "first.py").write_text("from .second import up\n")
    for gain in GAINS:
        (folder / "helpers_of_a_test" / "second.py").write_text(
            "from torch.nn.functional import interpolate\n"
            f"def up(lr):\n    return interpolate(lr, scale_factor=4) * {gain}\n"
        )
        found = again(folder, "python:method_of_a_test:Mine").values("python:method_of_a_test:Mine")
        assert found["a"] == pytest.approx(expected_psnr(gain), abs=1e-3)


@pytest.mark.parametrize("location", ["net.onnx.data", "net.onnx_data", "weights.bin", "parts/tensors"])
@pytest.mark.parametrize("isolate", [False, pytest.param(True, marks=pytest.mark.heavy)])
def test_onnx_weights_in_another_file_count(folder: Path, location: str, isolate: bool) -> None:
    if isolate and location != "weights.bin":
        pytest.skip("one is enough: a process each")
    model = onnx.load(save_enlarging_onnx(folder / "net.onnx"))
    factor = next(tensor for tensor in model.graph.initializer if tensor.name == "factor")
    factor.CopyFrom(onnx.numpy_helper.from_array(np.ones(1, np.float32), "factor"))  # what has raw bytes can lie apart
    (folder / location).parent.mkdir(exist_ok=True)
    where = {"location": location, "size_threshold": 0, "all_tensors_to_one_file": True}
    onnx.save(model, folder / "net.onnx", save_as_external_data=True, **where)
    hashes = set()
    for gain in GAINS:
        np.float32([gain]).tofile(folder / location)
        found = again(folder, f"onnx:{folder / 'net.onnx'}", options=("--isolate",) if isolate else ())
        assert found.values(f"onnx:{folder / 'net.onnx'}")["a"] == pytest.approx(expected_psnr(gain), abs=1e-3)
        hashes.add(found.manifest["methods"][f"onnx:{folder / 'net.onnx'}"]["weights_sha256"])
    assert len(hashes) == 2


PLUGINS = """
import torch
from pathlib import Path
from fsrbench.metrics.evaluation import Evaluation
from fsrbench.metrics.base import FeatureMetric, ImageMetric
from fsrbench.metrics.extractors.base import Extractor
HERE = Path(__file__).parent
class Red(ImageMetric):
    name, title, protocol = "red", "Red", "a network's mean of R"
    network = None
    def score(self, sr, hr):
        if self.network is None:
            self.network = torch.load(HERE / "judge.pth")
        return sr[:, 0].mean(dim=(1, 2)) * self.network["gain"]
class Found(FeatureMetric):
    name, title, protocol, extractor = "found", "Found", "what the extractor saw", "looks"
    def evaluate(self, faces, seed):
        return Evaluation(faces.features["green"])
class Looks(Extractor):
    def __init__(self):
        self.gain = torch.load(HERE / "judge.pth")["gain"].item()
    def extract(self, images, guide):
        return {"green": (images[:, 1].double().mean(dim=(1, 2)) * self.gain).numpy()}
"""


def test_a_retrained_judge_of_a_plugin_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "judges_of_a_test.py").write_text(PLUGINS)
    monkeypatch.setitem(METRICS._targets, "red", "judges_of_a_test:Red")
    monkeypatch.setitem(METRICS._targets, "found", "judges_of_a_test:Found")
    monkeypatch.setitem(EXTRACTORS._targets, "looks", "judges_of_a_test:Looks")
    found = []
    for gain in GAINS:
        torch.save({"gain": torch.tensor(gain)}, folder / "judge.pth")
        done = again(folder, "bicubic", metrics="red,found")
        found.append([done.values("bicubic", metric)["a"] for metric in ("red", "found")])
    assert np.array(found[1]) / found[0] == pytest.approx(GAINS[1] / GAINS[0])


def test_scores_of_a_live_function_are_used_again_where_its_pictures_are_the_same(folder: Path) -> None:
    (folder / "live_of_a_test.py").write_text(
        "from torch.nn.functional import interpolate\ndef up(lr): return interpolate(lr, scale_factor=4) * 0.5\n"
    )
    counts = []
    for _ in range(2):
        assert again(folder, "python:live_of_a_test:up").values("python:live_of_a_test:up")["a"] == pytest.approx(
            expected_psnr(0.5), abs=1e-3
        )
        counts.append([len(list((folder / "out/cache" / kind).iterdir())) for kind in ("pictures", "scores")])
    assert [after - before for before, after in zip(*counts, strict=True)] == [1, 0]


def test_code_that_was_changed_after_its_import_makes_nothing_that_is_used_again(folder: Path) -> None:
    name = "python:edited_of_a_test:Mine"
    text = "from fsrbench.methods import Method\nfrom torch.nn.functional import interpolate\nclass Mine(Method):\n"
    text += "    settings = ''\n    def upscale(self, lr):\n        return interpolate(lr, scale_factor=4) * GAIN\n"
    (folder / "edited_of_a_test.py").write_text(text.replace("GAIN", "0.5"))
    again(folder, name)
    (folder / "edited_of_a_test.py").write_text(text.replace("GAIN", "0.9"))
    old = run(folder / "data", folder / "out", "--metrics", "psnr", methods=name)  # as in a notebook: not imported anew
    assert old.values(name)["a"] == pytest.approx(expected_psnr(0.5), abs=1e-3)
    assert again(folder, name).values(name)["a"] == pytest.approx(expected_psnr(0.9), abs=1e-3)
