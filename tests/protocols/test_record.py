"""Records: every shipped one is complete, and other files are refused with their line."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from fsrbench.degradations.recipes import check_task, find_degradation
from fsrbench.errors import UserError
from fsrbench.metrics import METRICS, PAPER
from fsrbench.protocols.measures import MEASURES
from fsrbench.protocols.record import RECORDS, find, names, record_of
from fsrbench.provenance.file_hashes import sha256_of
from fsrbench.tasks import find_task

NAMES = names()
COMMIT = re.compile(r"[0-9a-f]{7,40}")
MADE = """\
id: mine
version: 3
title: ours
source: {repository: https://example.org/ours}
tasks: [x4]
lr: {description: as given}
metrics:
  psnr: {title: PSNR (mine), measure: psnr, choices: {colour: Y, crop: 4, matched: false}}
"""


def test_the_fields_protocols_are_there() -> None:
    assert {
        "fsrbench-x4", "fsrbench-x8", "vqfr", "restoreformer", "difface", "pmrf", "pyiqa-defaults", "ntire-face-2025",
        "ntire-face-2026",
    } <= set(NAMES)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_whole(name) -> None:
    record = find(name)
    assert (record.id, record.sha256, record.path) == (
        name,
        sha256_of(RECORDS / f"{name}.yaml"),
        RECORDS / f"{name}.yaml",
    )
    assert record.own or (record.source.repository and COMMIT.fullmatch(record.source.commit or ""))
    assert record.source.files
    assert all(report.startswith("https://") for trap in record.traps for report in trap.reports)
    titles = [metric.title for metric in record.metrics.values()]
    assert len(set(titles)) == len(titles)
    if record.lr.degradation:
        for task in record.tasks:
            check_task(find_degradation(record.lr.degradation), find_task(task))


@pytest.mark.parametrize("name", NAMES)
def test_a_record_makes_every_choice(name) -> None:
    """Nothing is left to a default of the code, so that a record says all."""
    for metric in find(name).metrics.values():
        assert set(metric.choices) == set(inspect.signature(MEASURES[metric.measure]).parameters)


def test_no_two_columns_of_different_protocols_have_one_heading() -> None:
    records = [find(name) for name in NAMES]
    titles = [metric.title for record in records if not record.own for metric in record.metrics.values()]
    titles += [METRICS.get(name)().title for name in METRICS.names()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", ["fsrbench-x4", "fsrbench-x8"])
def test_our_own_are_the_default_table_under_its_own_names(name) -> None:
    record = find(name)
    assert record.metric_names == PAPER
    assert [metric.title for metric in record.metrics.values()] == [METRICS.get(name)().title for name in PAPER]


def test_metrics_belong_to_the_record_before_their_colon() -> None:
    assert record_of("vqfr:psnr") is find("vqfr")
    assert record_of("psnr") is None
    assert record_of("other:psnr") is None
    assert record_of("psnr", "fsrbench-x4") is find("fsrbench-x4")


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown protocol 'vqf'; did you mean vqfr"):
        find("vqf")


def test_a_file_is_a_protocol_too(tmp_path) -> None:
    file: Path = tmp_path / "mine.yaml"
    file.write_text(MADE)
    assert (find(str(file)).label, find(str(file)).metric_names) == ("mine 3", ("mine:psnr",))
    file.write_text(MADE.replace("version: 3", "version: 4"))
    assert find(str(file)).label == "mine 4"
    with pytest.raises(UserError, match="there is no such file"):
        find(str(tmp_path / "no.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version: 3", "version: 0", "line 2: version: must be at least 1"),
        ("tasks: [x4]", "tasks: [x5]", "line 5: tasks: unknown task 'x5'"),
        ("version: 3\n", "", "version: is missing"),
        (MADE, "", "is not a protocol; write 'key: value' for id, version, title, source, tasks"),
        (MADE, "- psnr", "is not a protocol; write 'key: value' for id, version, title, source, tasks"),
        ("id: mine", "id: vqfr", "line 1: id: vqfr is a protocol of fsrbench; choose another id"),
        ("tasks: [x4]", "tasks: [x4]\nextra: 1", "line 6: extra: is not a known key"),
        ("as given}", "as given, sha256: abc}", "line 6: lr.sha256: String should match pattern"),
    ],
)
def test_a_file_that_is_not_a_record_is_refused_with_its_line(tmp_path, old, new, reason) -> None:
    file: Path = tmp_path / "mine.yaml"
    file.write_text(MADE.replace(old, new))
    with pytest.raises(UserError, match=re.escape(reason)):
        find(str(file))
