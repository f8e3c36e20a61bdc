"""Timing from the command line: ratios to the method that was named, throughput by batch size, effort on record."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from made import Finished, picture_files, run, write_files

from fsrbench.methods import timing
from fsrbench.methods.timing import BATCHES, Effort


def timed(tmp_path: Path, *options: object) -> Finished:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    return run(data, tmp_path / "out", "--metrics", "latency_ms,throughput", *options, methods="bicubic,nearest")


def details(finished: Finished, method: str) -> dict[str, float]:
    frame = pd.read_csv(finished.path / "details.csv").query("method == @method and metric == 'latency_ms'")
    return dict(zip(frame["detail"], frame["value"], strict=True))


@pytest.mark.parametrize("base", ["bicubic", "nearest"])
def test_latencies_are_compared_with_the_method_that_was_named(tmp_path: Path, base: str) -> None:
    finished = timed(tmp_path, "--ratio-to", base)
    (other,) = {"bicubic", "nearest"} - {base}
    mine, theirs = details(finished, base), details(finished, other)
    assert mine["ratio"] == 1
    assert theirs["ratio"] == pytest.approx(theirs["p50"] / mine["p50"])
    assert f"x {base}" in finished.note(other, "latency_ms")
    assert mine["p50"] <= mine["p90"] <= mine["p99"]


def test_throughput_is_drawn_by_batch_size(tmp_path: Path) -> None:
    finished = timed(tmp_path)
    curves = pd.read_csv(finished.path / "curves.csv").query("method == 'nearest'")
    assert set(curves["metric"]) == {"throughput"}
    assert curves["x"].tolist() == list(BATCHES)
    assert (curves["y"] > 0).all()


def test_effort_is_the_one_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    efforts = {"quick": Effort(7, 0, 60), "full": Effort(21, 0, 60)}
    for name, effort in efforts.items():
        monkeypatch.setitem(timing.EFFORTS, name, effort)
    for option, queries in (((), 7), (("--timing", "full"), 21)):
        finished = timed(tmp_path, *option)
        rows = finished.summary.query("metric == 'latency_ms'")
        assert set(rows["n"].astype(int)) == {queries}
    assert finished.manifest["spec"]["timing"] == "full"


@pytest.mark.parametrize(("metrics", "said"), [("params,flops", False), ("params,latency_ms", True)])
def test_only_what_is_timed_is_announced_as_timing(tmp_path: Path, metrics: str, said: bool) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    assert ("timing nearest" in run(data, tmp_path / "out", "--metrics", metrics, methods="nearest").stderr) == said
