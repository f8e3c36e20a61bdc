"""The tool that counts wrong rejections: on a made run, whose own labels have something to do with the scores."""

from __future__ import annotations

from pathlib import Path

from made.grouped import write_grouped

from fsrbench.runs.grouping import groupings
from tools.gap_false_alarms import rejected


def test_shuffled_labels_are_rarely_rejected_even_where_the_runs_own_are(tmp_path: Path) -> None:
    run = write_grouped(tmp_path / "run")
    (sex,) = groupings(run.labels, "sex")
    shares = rejected(run, sex, "psnr", draws=60)
    assert len(shares) == 2
    assert max(shares) < 0.2
    assert len(rejected(run, sex, "detection", draws=5)) == 1  # of one method all scores are equal
