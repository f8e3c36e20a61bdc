"""From a file and flags to runs and tables; what a file cannot mean is refused with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fsrbench.errors import UserError
from fsrbench.experiment.config import Experiment, read_experiment
from fsrbench.spec import RunSpec

TOP = "methods: [bicubic]\n"
BOMB = f"a: &a [{'1,' * 400}]\nb: &b [{'*a,' * 400}]\n"


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def make(text: str, **flags: Any) -> Experiment:
        path = tmp_path / "study.yaml"
        path.write_text(text, encoding="utf-8")
        return read_experiment(path, flags)

    return make


def specs(experiment: Experiment) -> dict[str, RunSpec]:
    return {run.name: run.spec for run in experiment.runs}


def test_a_file_without_runs_is_one(read: Any) -> None:
    experiment = read("methods: ours, bicubic\nbatch-size: 3\nsave_images: true\nlimit:\npairs: ~/pairs.txt\n")
    assert experiment.is_single_run
    expected = RunSpec(
        methods={"ours": "ours", "bicubic": "bicubic"}, batch_size=3, save_images=True, pairs=Path.home() / "pairs.txt"
    )
    assert specs(experiment) == {"": expected}
    assert experiment.out == Path("runs/latest")
    assert not experiment.tables


def test_a_run_goes_before_the_top_and_flags_before_both(read: Any) -> None:
    text = f"{TOP}limit: 4\nseed: 1\nruns:\n  a: {{limit: 5}}\n  b: {{limit: null, methods: [ours]}}\n"
    found = specs(read(text))
    assert {name: (spec.limit, spec.seed, tuple(spec.methods)) for name, spec in found.items()} == {
        "a": (5, 1, ("bicubic",)),
        "b": (None, 1, ("ours",)),
    }
    found = specs(read(text, limit=7, methods="nearest"))
    assert {(spec.limit, tuple(spec.methods)) for spec in found.values()} == {(7, ("nearest",))}


@pytest.mark.parametrize(
    ("top", "flags", "out"),
    [("", {}, "runs/study"), ("out: there\n", {}, "there"), ("out: there\n", {"out": "here"}, "here")],
)
def test_each_run_has_a_folder(read: Any, top: str, flags: dict[str, Any], out: str) -> None:
    experiment = read(f"{TOP}{top}runs: {{a: {{}}, b.2: {{task: x8}}}}\n", **flags)
    assert experiment.out == Path(out)
    assert {name: spec.out for name, spec in specs(experiment).items()} == {n: Path(out) / n for n in ("a", "b.2")}


def test_a_list_of_a_setting_is_a_sweep(read: Any) -> None:
    experiment = read(f"{TOP}runs:\n  n: {{degradation: [noise:5, noise:10]}}\n  t: {{task: [x4, x8]}}\n  o: {{}}\n")
    found = {name: (spec.degradation, spec.task) for name, spec in specs(experiment).items()}
    assert found == {
        "n/noise-5": ("noise:5", "x4"),
        "n/noise-10": ("noise:10", "x4"),
        "t/x4": ("bicubic", "x4"),
        "t/x8": ("bicubic", "x8"),
        "o": ("bicubic", "x4"),
    }
    assert {name: (t.groups, t.sweep) for name, t in experiment.tables.items()} == {
        "all": (("t", "o"), False),
        "sweep-n": (("n",), True),
    }
    assert set(specs(read("methods: [ours]\ndegradation: [blur:1, blur:2]"))) == {"blur-1", "blur-2"}
    assert set(specs(read("methods: [ours]\ndegradation: [blur:1, blur:2]", degradation="area"))) == {""}


def test_tables(read: Any) -> None:
    experiment = read(
        f"{TOP}runs: {{a: {{}}, b: {{}}}}\ntables:\n  x: {{runs: [b], layout: {{title: T}}}}\n  y: {{}}\n"
    )
    assert experiment.tables["x"].groups == ("b",)
    assert experiment.tables["x"].layout.title == "T"
    assert experiment.tables["y"].groups == ("a", "b")
    assert read(f"{TOP}runs: {{a: {{}}}}\ntables: {{}}").tables == {}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "a configuration: expected 'name: value'"),
        ("- methods\n", 1, "a configuration: expected 'name: value'"),
        ("data: sample\n", 1, "no methods; name them in the file or with --methods"),
        (f"{TOP}metrcs: [psnr]\n", 2, "unknown key 'metrcs'; did you mean metrics"),
        (f"{TOP}7: x\n", 2, "unknown key '7'"),
        (f"{TOP}on: x\n", 2, "unknown key 'True'"),
        (f"{TOP}limit: 3\nlimit: 4\n", 3, "'limit' appears twice"),
        (f"{TOP}batch-size: 3\nbatch_size: 4\n", 3, "batch_size appears twice"),
        (f"{TOP}limit: many\n", 2, "limit: must be a valid integer"),
        (f"{TOP}limit: true\n", 2, "limit: true is not a valid value"),
        (f"{TOP}limit: 0\n", 2, "limit: must be at least 1"),
        (f"{TOP}task: x3\n", 2, "task: unknown task 'x3'; write x4, x8 or LRxSCALE"),
        (f"{TOP}data: {{a: b}}\n", 2, "data: must be a valid string"),
        (f"{TOP}data: null\n", 2, "data: must be a valid string"),
        (f"{TOP}timeout: 3\n", 2, "timeout: needs --isolate"),
        (f"{TOP}weights: [arcface]\n", 2, "weights: must be a valid dictionary"),
        ("methods:\n  - bicubic\n  - 3\n", 3, "methods: must be a valid string"),
        ("methods: []\n", 1, "methods: name at least one"),
        (f"{TOP}tables: {{}}\n", 2, "tables: they need runs:"),
        (f"{TOP}runs:\n", 2, "runs: expected 'name: value'"),
        (f"{TOP}runs: {{}}\n", 2, "runs: name at least one"),
        (f"{TOP}runs: [a]\n", 2, "runs: expected 'name: value'"),
        (f"{TOP}runs:\n  a:\n", 3, "a: expected 'name: value'"),
        (f"{TOP}runs:\n  a:\n    data: x\n    limt: 3\n", 5, "unknown key 'limt'; did you mean limit"),
        (f"{TOP}runs:\n  a:\n    runs: {{}}\n", 4, "unknown key 'runs'"),
        (f"{TOP}runs:\n  a:\n    out: x\n", 4, "each run's folder is its name below out"),
        (f"{TOP}seed: {2**32}\nruns:\n  a: {{}}\n", 2, "seed: must be at most 4294967293"),
        (f"{TOP}seed: -1\nruns:\n  a: {{}}\n", 2, "seed: must be at least 0"),
        ("seed: 1\nruns:\n  a: {methods: [ours]}\n  b: {}\n", 4, "no methods"),
        (f"{TOP}runs:\n  a: {{}}\n  a: {{}}\n", 4, "'a' appears twice"),
        (f"{TOP}runs:\n  a: {{}}\n  A: {{}}\n", 4, "'A' appears twice"),
        (f"{TOP}runs:\n  a/b: {{}}\n", 3, "'a/b': a name may have letters, digits"),
        (f"{TOP}runs:\n  ..: {{}}\n", 3, "'..': a name may have"),
        (f"{TOP}runs:\n  ../../x: {{}}\n", 3, "a name may have"),
        (f"{TOP}runs:\n  7: {{}}\n", 3, "'7': a name may have"),
        (f"{TOP}runs:\n  Tables: {{}}\n", 3, "'Tables' is a folder or file of the experiment itself"),
        (f"{TOP}runs:\n  a:\n    task: [x4]\n    seed: [1, 2]\n", 5, "seed: a list, but task is one already"),
        (f"{TOP}seed: [1, 2]\nruns:\n  a:\n    task: [x4, x8]\n", 5, "task: a list, but seed is one already"),
        (f"{TOP}degradation: []\n", 2, "degradation: name at least one value"),
        (f"{TOP}degradation:\n- noise:5\n- noise 5\n", 4, "'noise 5' does not give a unique folder name"),
        (f"{TOP}data: [/]\n", 2, "'/' does not give a unique folder name"),
        (f"{TOP}task:\n- x4\n- x5\n", 4, "task: unknown task 'x5'; write x4, x8 or LRxSCALE"),
        (f"{TOP}data: [[a], b]\n", 2, "data: must be a valid string"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  t: {{rows: [a]}}\n", 4, "unknown key 'rows'; did you mean runs"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  t:\n    runs:\n    - a\n    - b\n", 7, "unknown run 'b'; known: a"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  t: {{runs: [a, a]}}\n", 4, "runs: a appears twice"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  t: {{runs: a}}\n", 4, "runs: write a list of names"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  t: {{runs: [[a]]}}\n", 4, "unknown run"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  ../t: {{}}\n", 4, "'../t': a name may have"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  t: {{sweep: 1}}\n", 4, "sweep: write true or false"),
        (f"{TOP}runs: {{a: {{}}, b: {{}}}}\ntables:\n  t: {{sweep: true}}\n", 4, "sweep: its runs must differ only"),
        (f"{TOP}runs: {{a: {{}}}}\ntables:\n  t: {{layout: [psnr]}}\n", 4, "expected 'key: value'"),
        (
            f"{TOP}runs: {{a: {{}}}}\ntables:\n  t: {{layout: {{runs: {{aa: A}}}}}}\n",
            4,
            "unknown run 'aa'; did you mean a",
        ),
        (
            f"{TOP}runs: {{a: {{}}}}\ntables:\n  t:\n    layout:\n      title: T\n      metrcs: [psnr]\n",
            7,
            "unknown key 'metrcs'; did you mean metrics",
        ),
        (f"{TOP}{BOMB}", 3, "aliases (*name) stand for more than 100,000 values"),
        (f"{TOP}seed: [1\n", 3, "cannot be read"),
    ],
)
def test_invalid_files_are_refused_with_the_line(read: Any, text: str, line: int, reason: str) -> None:
    with pytest.raises(UserError) as caught:
        read(text)
    message = str(caught.value)
    assert "study.yaml" in message
    assert f"line {line}" in message
    assert reason in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"limit": 0}, "--limit: must be"),
        ({"batch_size": 0}, "--batch-size: must be"),
        ({"methods": ","}, "--methods: name at least one"),
        ({"weights": ["arcfase=x"]}, "unknown weight file 'arcfase'"),
    ],
)
def test_a_wrong_flag_is_reported_by_its_name(read: Any, flags: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError) as caught:
        read(f"{TOP}runs: {{a: {{}}}}\n", **flags)
    assert str(caught.value).startswith(reason)
