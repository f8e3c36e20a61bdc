"""Inside somebody's own suite: green while a network stays as it is, red when a layer moves, errors with reasons."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.metadata import entry_points
from pathlib import Path
from unittest import mock

import pytest
from made.places import ROOT

from fsrbench import evaluate
from fsrbench.pytest_plugin import hold

pytest_plugins = "pytester"
pytestmark = pytest.mark.heavy
NETWORK = """
import pytest, time, torch
from torch import nn

def network(scale=1.0):
    '''Bicubic enlargement, and two layers that leave colours as they are.'''
    first, last = nn.Conv2d(3, 6, 1, bias=False), nn.Conv2d(6, 3, 1, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.eye(3).repeat(2, 1)[:, :, None, None])
        last.weight.copy_(torch.eye(3).repeat(1, 2)[:, :, None, None] / 2 * scale)
    return nn.Sequential(nn.Upsample(scale_factor=4, mode="bicubic"), first, last, nn.Hardtanh(0, 1)).eval()
"""
HELD = '@pytest.mark.fsrbench(reference="faces.json", limit=12)\n'


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Whatever a run imports late: pytester forgets what is first imported inside, and NumPy allows that only once."""
    assert hold.METRICS
    with mock.patch("fsrbench.reports.plots.draw.write_plots"), mock.patch("fsrbench.gallery.keep.write_grid"):
        evaluate({"half": lambda lr: lr.repeat_interleave(4, 2).repeat_interleave(4, 3)}, metrics=["psnr"], limit=2)


def suite(pytester: pytest.Pytester, *tests: str, options: str = "") -> pytest.RunResult:
    """Run a suite of these tests in this process."""
    pytester.makepyfile(NETWORK + "\n".join(tests))
    return pytester.runpytest("-q", *plugin(), *options.split())


def plugin() -> list[str]:
    """An environment that was installed before the plug-in was declared does not know it."""
    known = {point.name for point in entry_points(group="pytest11")}
    return [] if "fsrbench" in known else ["-p", "fsrbench.pytest_plugin"]


def held(body: str, name: str = "test_network") -> str:
    return f"{HELD}def {name}(fsrbench_gate):\n    {body}\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reference is kept; the first test that needs it makes it, as a pytester belongs to a test."""
    return tmp_path_factory.mktemp("reference") / "faces.json"


@pytest.fixture
def reference(pytester: pytest.Pytester, kept: Path) -> Path:
    """The reference that the unchanged network makes."""
    if kept.exists():
        return Path(shutil.copy(kept, pytester.path))
    done = suite(pytester, held("assert fsrbench_gate(network(), name='mine') is None"), options="--fsrbench-update")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*= fsrbench =*", "*::test_network: *faces.json made: 3 changes"])
    shutil.copy(pytester.path / "faces.json", kept)
    return pytester.path / "faces.json"


def test_twenty_reruns_are_green_and_a_moved_layer_is_red(pytester: pytest.Pytester, reference: Path) -> None:
    before = reference.read_bytes()
    done = suite(
        pytester,
        HELD + "@pytest.mark.parametrize('run', range(20))\ndef test_same(fsrbench_gate, run, record_property):\n"
        "    start = time.process_time()\n    verdict = fsrbench_gate(network())\n"
        "    record_property('seconds', time.process_time() - start)\n"
        "    assert not verdict.red and len(verdict.findings) == 3\n",
        held("fsrbench_gate(network(scale=1.03))", "test_moved"),
        options="--junitxml=report.xml -o junit_family=xunit1",
    )
    done.assert_outcomes(passed=20, failed=1)
    done.stdout.fnmatch_lines(
        [
            "*_ test_moved _*",
            "mine regressed: 1 regressed, 2 improved (faces.json)",
            "regressed: mine, PSNR: 23.151 -> 23.038 dB (-0.113, may lose 0.005)",
            "improved: mine, MS-SSIM: *",
            "if this is intended: pytest --fsrbench-update",
            "*= fsrbench =*",
            "*::test_same[[]19]: mine holds: 3 holds (faces.json)",
            "*::test_moved: mine regressed: 1 regressed, 2 improved (faces.json)",
        ]
    )
    assert reference.read_bytes() == before
    properties = ElementTree.parse(pytester.path / "report.xml").getroot().iter("property")
    seconds = [float(each.get("value", "")) for each in properties if each.get("name") == "seconds"]
    assert len(seconds) == 20
    assert sorted(seconds)[10] < 1


def test_what_cannot_be_compared_is_an_error_with_the_reason(pytester: pytest.Pytester, reference: Path) -> None:
    done = suite(
        pytester,
        held("fsrbench_gate(network(), limit=6)", "test_other_images"),
        held("fsrbench_gate(network(), reference='none.json')", "test_no_reference"),
        held("fsrbench_gate(network(), name='ours')", "test_other_name"),
        held("fsrbench_gate(network(), metrics=['lpips'])", "test_other_metric"),
        held("fsrbench_gate(network(), limmit=12)", "test_no_setting"),
        held("fsrbench_gate(lambda lr: lr[:, :, :3])", "test_broken"),
        "def test_nothing_named(fsrbench_gate):\n    fsrbench_gate(network())\n",
    )
    done.assert_outcomes(errors=6, failed=1)
    done.stdout.fnmatch_lines(
        [
            "*test_other_images: cannot be compared: number of images differs: this test has 6; the reference has 12*",
            "*test_no_reference: cannot be compared: none.json does not exist; `pytest --fsrbench-update` makes it",
            "*test_other_name: cannot be compared: faces.json has no method ours; it has mine",
            "*test_other_metric: cannot be compared: faces.json has none of these metrics of mine: ms_ssim, psnr, ssim",
            "*test_no_setting: cannot be compared: unknown setting 'limmit'; did you mean limit or *",
            "*test_nothing_named: cannot be compared: no reference: *",
        ],
        consecutive=False,
    )
    done.stdout.fnmatch_lines(["*test_broken: mine regressed: 1 lost (*"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_reference_is_updated_on_purpose_and_keeps_other_methods(pytester: pytest.Pytester, reference: Path) -> None:
    both = [
        held("fsrbench_gate(network(0.9), name='other')"),
        held("fsrbench_gate(network(1.03), name='mine')", "test_b"),
    ]
    suite(pytester, *both, options="--fsrbench-update").assert_outcomes(passed=2)
    assert list(json.loads(reference.read_text())["methods"]) == ["mine", "other"]
    suite(pytester, *both).assert_outcomes(passed=2)
    suite(pytester, held("fsrbench_gate(network(), name='other')")).assert_outcomes(passed=1)  # it improved


def test_two_models_of_one_reference_do_not_take_each_others_place(pytester: pytest.Pytester) -> None:
    """Without names: a method keeps its own, and two networks of one class need some."""
    methods = [held(f"fsrbench_gate('{name}', metrics=['psnr'])", f"test_{name}") for name in ("bicubic", "nearest")]
    suite(pytester, *methods, options="--fsrbench-update").assert_outcomes(passed=2)
    assert list(json.loads((pytester.path / "faces.json").read_text())["methods"]) == ["bicubic", "nearest"]
    suite(pytester, *methods).assert_outcomes(passed=2)
    networks = [held("fsrbench_gate(network(), metrics=['psnr'])", f"test_{name}") for name in "ab"]
    done = suite(pytester, *networks, options="--fsrbench-update")
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(["*faces.json has Sequential from *::test_a; name this model: fsrbench_gate(*"])


def test_several_processes_do_not_write_one_reference(pytester: pytest.Pytester, reference: Path) -> None:
    before = reference.read_bytes()
    pytester.makeconftest("def pytest_configure(config):\n    config.workerinput = {}")  # as pytest-xdist marks them
    done = suite(pytester, held("fsrbench_gate(network(0.9), name='mine')"), options="--fsrbench-update")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*cannot be compared: --fsrbench-update writes from one process only: add -n 0"])
    assert reference.read_bytes() == before


def test_command_line_and_ini_name_a_reference(pytester: pytest.Pytester, reference: Path) -> None:
    unmarked = "def test_network(fsrbench_gate):\n    fsrbench_gate(network(), metrics=['psnr'])\n"
    suite(pytester, unmarked, options="--fsrbench-reference=faces.json").assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nfsrbench_reference = faces.json\n")
    suite(pytester, unmarked).assert_outcomes(passed=1)


def test_a_reference_of_the_command_line_is_taken(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of many methods is compared; floor, ceiling and times, which need other methods, are no obstacle."""
    reference = json.loads((ROOT / "results" / "reference.json").read_text(encoding="utf-8"))
    (pytester.path / "faces.json").write_text(json.dumps(reference))
    done = suite(
        pytester,
        HELD.replace("limit=12", "limit=96, metrics=['psnr', 'ssim']")
        + "def test_bicubic(fsrbench_gate):\n    fsrbench_gate('bicubic')\n",
    )
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*test_bicubic: bicubic holds: 2 holds (*"])


def test_the_plugin_is_declared_and_loads_nothing() -> None:
    assert 'pytest11]\nfsrbench = "fsrbench.pytest_plugin"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    code = (
        "import sys, time, pytest; start = time.perf_counter(); import fsrbench.pytest_plugin; "
        "print(time.perf_counter() - start, *{m.partition('.')[0] for m in sys.modules})"
    )
    tries = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(2)]
    found = [done.stdout.split() for done in tries]
    assert not {"torch", "numpy", "pandas", "pydantic"} & set(found[0])
    assert min(float(words[0]) for words in found) < 0.02
