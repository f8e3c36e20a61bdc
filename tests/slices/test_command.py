"""The command: what it prints and writes, and one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made import call
from made.sliced import faces, scores, write_sliced

PEOPLE, EACH = 40, 4


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Against bicubic, ours loses 3 dB on faces turned by more than 20 degrees."""
    rng = np.random.RandomState(2)
    table, images = faces(rng, PEOPLE, EACH)
    base, noise = scores(rng, PEOPLE, EACH), rng.normal(0, 0.3, PEOPLE * EACH)
    turned = table["yaw"].abs().to_numpy() > 20
    psnr = {"ours": base + 2 + noise - 3 * turned, "bicubic": base}
    path = tmp_path_factory.mktemp("runs") / "run"
    degraded = {name: {"noise": 3.0 + place % 7, "kernel": "round"} for place, name in enumerate(images["image"])}
    write_sliced(path, table, images, psnr, degraded=degraded)
    return path


def test_it_says_where_and_writes_it(run: Path) -> None:
    done = call("slices", run)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("PSNR (dB) ↑ minus bicubic's of 160 images of 40 people: 20 searched, 20 held out")
    place = lines.index("ours")
    assert lines[place + 1].startswith("  |yaw| > 20°")
    assert "bicubic" not in lines
    written = json.loads((run / "slices.json").read_text(encoding="utf-8"))
    assert "drawn noise" in written["columns"]
    assert "drawn kernel" not in written["columns"]
    (each,) = [each for each in written["slices"] if each["confirmed"]]
    assert each["conditions"] == [{"column": "|yaw|", "sign": ">", "value": 20.0}]
    assert each["effect"] == pytest.approx(-3, abs=0.3)
    assert each["inside"] - each["elsewhere"] == pytest.approx(each["effect"])
    assert each["ci_low"] < -3 < each["ci_high"]
    assert each["p_holm"] < 0.05
    assert {file.suffix for file in (run / "plots").glob("slices.*")} == {".png", ".svg"}
    assert "Where methods fail" in _report(run)


def _report(run: Path) -> str:
    assert call("report", run).exit_code == 0
    return (run / "report.html").read_text(encoding="utf-8")


def test_json_is_what_is_written(run: Path) -> None:
    done = call("slices", run, "--format", "json", "--to", "none", "--method", "bicubic")
    assert done.stdout == (run / "slices.json").read_text(encoding="utf-8")
    found = json.loads(done.stdout)
    assert found["minus"] is None
    assert found["methods"] == ["bicubic"]
    assert not [each for each in found["slices"] if each["confirmed"]]
    assert found["slices"] or not list((run / "plots").glob("slices.*"))  # an earlier plot would show another search


def test_labels_come_from_a_file(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    names = [f"p{i // EACH}/{i % EACH}" for i in range(PEOPLE * EACH)]
    file.write_text(
        "image,hat,age\n" + "".join(f"{name},{'yes' if i % 3 else 'no'},{i}\n" for i, name in enumerate(names))
    )
    found = json.loads(call("slices", run, "--groups", file, "--format", "json").stdout)
    assert {"hat", "age"} <= set(found["columns"])


@pytest.mark.parametrize(
    ("options", "text", "reason"),
    [
        (["--format", "yaml"], "", "unknown format 'yaml'; known: text, json"),
        (["--metric", "ssmi"], "", "unknown metric of this run 'ssmi'"),
        (["--to", "nobody"], "", "unknown method of this run 'nobody'"),
        (["--groups", "none.csv"], "", "none.csv: cannot be read: No such file"),
        (["--groups", "labels.csv"], "name,hat\np0/0,yes\n", "labels.csv: the first line must be image and the names"),
        (["--groups", "labels.csv"], "image,hat\np0/0,yes\np0/0,no\n", "labels.csv, line 3: p0/0 appears twice"),
        (
            ["--groups", "labels.csv"],
            "image,hat\nelse,yes\n",
            "labels.csv: none of its 1 lines names an image of the data; it has 'else'",
        ),
        (["--groups", "labels.csv"], "", "labels.csv: the first line must be image and the names"),
    ],
)
def test_bad_input_has_one_line(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], text: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.csv").write_text(text)
    done = call("slices", run, *options)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"fsrbench: {reason}")
    assert len(done.stderr.splitlines()) == 1


def test_a_run_that_is_none_has_one_line(tmp_path: Path) -> None:
    assert call("slices", tmp_path / "nowhere").stderr.endswith("no such run folder\n")
