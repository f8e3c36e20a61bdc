"""From names to metrics: of records, of a user's file, combined ones with their parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fsrbench.errors import FsrbenchError, UserError
from fsrbench.metrics.base import Broken, CombinedMetric
from fsrbench.metrics.facts import Facts
from fsrbench.protocols.build import build, described, resolve
from fsrbench.protocols.record import Record, find, names
from fsrbench.tasks import Task

MADE = """\
id: mine
version: 1
title: ours
source: {repository: https://example.org/ours}
tasks: [x4]
lr: {description: as given}
metrics:
  psnr: {title: PSNR (mine), measure: psnr, choices: {colour: Y, crop: 4, matched: false}, note: as our script}
"""


@pytest.mark.parametrize("name", names())
def test_every_metric_of_a_record_is_made_and_says_what_it_does(name) -> None:
    record = find(name)
    for metric, entry in record.metrics.items():
        made = build(record, metric)
        assert (made.name, made.title) == (record.metric_name(metric), entry.title)
        assert not isinstance(made, Broken)
        line = described(made)
        assert "\n" not in line
        assert line.startswith("" if record.own else f"protocol {record.label}: ")
        assert line.endswith(entry.note or made.protocol)


def test_presets_single_metrics_and_protocols_stand_side_by_side() -> None:
    found = [metric.name for metric in resolve(["fast", "vqfr:psnr", "psnr", "pmrf:niqe"])]
    assert found == ["psnr", "psnr_y", "ssim", "latency_ms", "params", "vqfr:psnr", "pmrf:niqe"]


def test_a_combined_metric_brings_its_parts() -> None:
    *parts, score = resolve(["ntire-face-2026:score"])
    assert isinstance(score, CombinedMetric)
    assert tuple(metric.name for metric in parts) == score.parts
    assert len(resolve(["ntire-face-2026:score", "ntire-face-2026:musiq"])) == 7


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("vqrf:psnr", "metric vqrf:psnr: unknown protocol 'vqrf'; did you mean vqfr or pmrf?"),
        ("vqfr:psrn", "unknown metric of protocol vqfr 'psrn'; did you mean psnr?"),
        ("psrn", "unknown metric 'psrn'"),
    ],
)
def test_unknown_names_bring_the_nearest(name, reason) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        resolve([name])


def test_metrics_of_a_file_are_known_in_its_runs(tmp_path) -> None:
    file: Path = tmp_path / "mine.yaml"
    file.write_text(MADE)
    (metric,) = resolve(["mine:psnr"], str(file))
    recipe = "Y of BT.601 YCbCr (16-235, not rounded; peak 255); 4 px cut off every side; 8 bit; per image, then mean"
    assert described(metric, str(file)) == f"protocol mine 1: {recipe}; as our script"
    with pytest.raises(UserError, match="unknown protocol 'mine'"):
        resolve(["mine:psnr"])


def made(**changes: object) -> Record:
    record = find("vqfr")
    entry = record.metrics["psnr"].model_copy(update=changes)
    return record.model_copy(update={"metrics": {"psnr": entry}})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"measure": "psnrr"}, "protocol vqfr, metric psnr: unknown measure 'psnrr'; did you mean psnr"),
        ({"choices": {"colour": "RGB", "crop": 0}}, "metric psnr: choice matched: Missing required argument"),
        ({"choices": {"colour": "BGR", "crop": 0, "matched": True}}, "choice colour: must be RGB or Y"),
        ({"choices": {"colour": "Y", "crop": 0, "matched": True, "x": 1}}, "choice x: Unexpected keyword argument"),
    ],
)
def test_invalid_choices_are_refused(changes, reason) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        build(made(**changes), "psnr")


def test_a_metric_that_the_installed_pyiqa_lacks_says_so() -> None:
    metric = build(made(measure="pyiqa", choices={"metric": "nothing"}), "psnr")
    facts = Facts(Task(512, 1), images=1, has_hr=True, has_pairs=False)
    with pytest.raises(FsrbenchError, match="the installed pyiqa has no metric nothing"):
        metric.check(facts)
