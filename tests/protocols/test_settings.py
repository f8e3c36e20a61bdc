"""What a protocol sets in a run, and what contradicts it: one line each, in flags and in files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fsrbench.errors import UserError
from fsrbench.experiment.config import read_experiment
from fsrbench.protocols.record import find
from fsrbench.protocols.settings import check_data_of, check_task_of, task_and_protocol, with_protocol
from fsrbench.spec import WrongSetting, parse_spec

GIVEN = {"methods": ("bicubic",), "protocol": "vqfr"}


def test_task_degradation_and_metrics_are_the_protocols() -> None:
    spec = parse_spec(**with_protocol(GIVEN))
    assert (spec.task, spec.degradation, spec.protocol) == ("512x1", "gfpgan", "vqfr")
    assert spec.metrics == find("vqfr").metric_names


def test_another_degradation_and_any_of_the_protocols_tasks_can_be_given() -> None:
    assert with_protocol({**GIVEN, "degradation": "daefr"})["degradation"] == "daefr"
    assert with_protocol({"protocol": "pyiqa-defaults"})["task"] == "512x1"
    assert with_protocol({"protocol": "pyiqa-defaults", "task": "128x4"})["task"] == "128x4"
    assert with_protocol({"protocol": "vqfr", "task": "auto"})["task"] == "auto"


def test_without_a_protocol_nothing_changes() -> None:
    assert with_protocol({"methods": ["a"], "task": "x8"}) == {"methods": ["a"], "task": "x8"}
    assert with_protocol({"protocol": None, "metrics": ["psnr"]}) == {"protocol": None, "metrics": ["psnr"]}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"protocol": "vqf"}, "--protocol: unknown protocol 'vqf'; did you mean vqfr"),
        ({"protocol": "no.yaml"}, "--protocol: protocol no.yaml: there is no such file"),
        ({**GIVEN, "task": "x4"}, "--task: protocol vqfr is for 512x1, not x4"),
        (
            {**GIVEN, "metrics": ["psnr"]},
            "--metrics: protocol vqfr sets them; give --protocol or --metrics, which can name single ones: "
            "--metrics vqfr:psnr",
        ),
        ({"protocol": "pyiqa-defaults", "task": "x8"}, "--task: protocol pyiqa-defaults is for 512x1 or 128x4, not x8"),
        ({**GIVEN, "task": "y"}, "--task: unknown task 'y'"),
    ],
)
def test_contradictions_get_one_line(given, reason) -> None:
    with pytest.raises(UserError, match=re.escape(reason)) as error:
        with_protocol(given)
    assert "\n" not in str(error.value)


def test_a_protocol_gives_its_task_to_a_photo() -> None:
    assert task_and_protocol("vqfr", None) == ("512x1", "vqfr 1")
    assert task_and_protocol("pyiqa-defaults", "128x4") == ("128x4", "pyiqa-defaults 1")
    with pytest.raises(WrongSetting, match="--task: protocol vqfr is for 512x1, not 128x4"):
        task_and_protocol("vqfr", "128x4")
    with pytest.raises(WrongSetting, match="--protocol: unknown protocol 'vqf'; did you mean vqfr"):
        task_and_protocol("vqf", None)


def test_data_with_another_hash_are_refused() -> None:
    record = find("vqfr")
    check_data_of(record, "faces.zip", "0" * 64)  # no hash is published, and so none is checked
    known = record.model_copy(update={"lr": record.lr.model_copy(update={"sha256": "a" * 64})})
    check_data_of(known, "faces.zip", "a" * 64)
    reason = r"--data: faces.zip is not the data of protocol vqfr \(sha256 000000000000, not aaaaaaaaaaaa\)"
    with pytest.raises(WrongSetting, match=reason):
        check_data_of(known, "faces.zip", "0" * 64)


def test_a_task_found_in_the_data_is_checked_too() -> None:
    check_task_of(find("vqfr"), "512x1")
    with pytest.raises(WrongSetting, match="protocol vqfr is for 512x1, not 128x4"):
        check_task_of(find("vqfr"), "128x4")


def config(folder: Path, text: str) -> Path:
    file = folder / "runs.yaml"
    file.write_text(text)
    return file


def test_a_file_of_runs_has_protocols_and_its_contradictions_their_line(tmp_path) -> None:
    text = "methods: [bicubic]\nruns:\n  one: {protocol: vqfr}\n  two: {protocol: fsrbench-x8}\n"
    one, two = read_experiment(config(tmp_path, text), {}).runs
    assert (one.spec.task, two.spec.task) == ("512x1", "x8")
    assert two.spec.metrics == find("fsrbench-x8").metric_names
    with pytest.raises(UserError, match="line 4: metrics: protocol fsrbench-x8 sets them"):
        read_experiment(config(tmp_path, text.replace("fsrbench-x8}", "fsrbench-x8, metrics: [psnr]}")), {})
    with pytest.raises(UserError, match="line 3: protocol: unknown protocol 'vq'"):
        read_experiment(config(tmp_path, text.replace("vqfr", "vq")), {})
