from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import Result
from made import call
from made.drifting import enlarge, faces, noisy
from made.runs import write_run

from fsrbench.drift import command
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder

COUNT = 30
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+)\} (-?[0-9.e+-]+)')


def keep(path: Path, lrs: list[np.ndarray]) -> Path:
    """A run that kept the pictures of the made method."""
    write_run(path, {"psnr": {"mine": 26.0}})
    ids = tuple(f"{path.name}-{place}" for place in range(len(lrs)))
    folder = PictureFolder(path / "images", ["lr", "mine"])
    folder.write("lr", zip(ids, lrs, strict=True))
    folder.write("mine", ((image, enlarge(lr)) for image, lr in zip(ids, lrs, strict=True)))
    folder.finish(Index(ids, {"lr": KeptRow("a"), "mine": KeptRow("b")}))
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    keep(folder / "reference", faces(COUNT, seed=0))
    keep(folder / "same", faces(COUNT, seed=1))
    keep(folder / "noisy", [noisy(lr) for lr in faces(COUNT, seed=2)])
    keep(folder / "few", faces(4, seed=3))
    return folder


def drift(runs: Path, name: str, *flags: object) -> Result:
    return call("drift", runs / name, "--against", runs / "reference", *flags)


def test_exit_codes_and_text(runs: Path) -> None:
    same, moved = drift(runs, "same"), drift(runs, "noisy")
    assert (same.exit_code, moved.exit_code) == (0, 1)
    assert same.stdout.splitlines()[-1] == "no drift: inputs hold; outputs hold; outputs beyond inputs hold"
    assert "moved: inputs, LR noise: " in moved.stdout
    assert moved.stdout.splitlines()[-1].startswith("drift: inputs moved (")


def test_json(runs: Path) -> None:
    found = json.loads(drift(runs, "noisy", "--format", "json").stdout)
    assert found["exit_code"] == 1
    assert found["parts"]["inputs"] == "moved"
    noise = next(each for each in found["findings"] if each["measure"] == "lr_noise")
    assert noise["state"] == "moved"
    assert noise["after"] > noise["before"]
    assert set(found) == set(command.as_json.JsonVerdict.model_fields)


def test_junit_counts_add_up(runs: Path) -> None:
    root = ElementTree.fromstring(drift(runs, "noisy", "--format", "junit").stdout.encode())
    cases = root.findall(".//testcase")
    assert root.get("tests") == str(len(cases))
    assert root.get("failures") == str(len(root.findall(".//failure")))
    assert root.get("skipped") == str(len(root.findall(".//skipped")))
    assert [suite.get("name") for suite in root] == ["inputs", "outputs", "outputs beyond inputs"]


def test_prometheus_is_valid_and_says_the_same(runs: Path) -> None:
    text = drift(runs, "noisy", "--format", "prometheus").stdout
    assert text.endswith("\n")
    helped, typed, values = set(), set(), {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert line.split()[2] not in helped
            helped.add(line.split()[2])
        elif line.startswith("# TYPE "):
            assert line.split()[3] == "gauge"
            typed.add(line.split()[2])
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] in helped & typed  # both lines come before the samples
            assert (match[1], match[2]) not in values
            values[match[1], match[2]] = float(match[3])
    assert helped == typed
    assert all(NAME.fullmatch(name) for name in helped)
    alarms = {labels: value for (name, labels), value in values.items() if name == "fsrbench_drift_alarm"}
    assert [value for labels, value in alarms.items() if 'part="inputs"' in labels] == [1.0]


def test_labels_are_escaped() -> None:
    from fsrbench.drift.prometheus import _labels

    assert _labels({"run": 'a"b\\c\nd'}) == 'run="a\\"b\\\\c\\nd"'


@pytest.mark.parametrize("format", ["text", "json", "junit", "prometheus"])
def test_a_refusal_is_written_in_every_format(runs: Path, tmp_path: Path, format: str) -> None:
    output = tmp_path / f"drift.{format}"
    output.write_text("of an earlier check")
    done = drift(runs, "few", "--format", format, "--output", output)
    assert done.exit_code == 2
    assert "too few to test: 4 pictures, at least 12 are needed" in done.stderr
    text = output.read_text()
    assert "of an earlier check" not in text
    if format != "prometheus":
        assert "too few to test" in text
    else:
        assert "fsrbench_drift_comparable{" in text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--format", "xml"], "unknown format 'xml'; known: text, junit, json, prometheus"),
        (["--blocks", "weeks"], "unknown kind of blocks 'weeks'; known: auto, person, day, image"),
        (["--alpha", "1.5"], "--alpha 1.5 is not a probability between 0 and 1"),
        (["--alpha", "1e-4"], "--alpha 0.0001 is below 0.0004, the smallest that the tests can reach"),
        (["--method", "ours"], "no method ours in this run; it has mine"),
        (["--blocks", "person"], "--blocks person: nobody is known"),
    ],
)
def test_bad_flags_are_one_line(runs: Path, flags: list[str], message: str) -> None:
    done = drift(runs, "same", *flags)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_run_or_a_folder(runs: Path) -> None:
    assert "give either a RUN or --watch FOLDER" in call("drift", "--against", runs / "reference").stderr


def test_prometheus_file_is_replaced_at_once(runs: Path, tmp_path: Path) -> None:
    output = tmp_path / "drift.prom"
    assert drift(runs, "same", "--format", "prometheus", "--output", output).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["drift.prom"]
