"""A run is logged completely, and the same run is always recognised."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fsrbench import RunData
from fsrbench.trackers.record import content_key, describe

pytestmark = pytest.mark.heavy


def test_every_number_of_the_summary_is_a_metric(run: RunData) -> None:
    record = describe(run)
    assert [entry.name for entry in record.entries] == ["all methods", "bicubic", "nearest", "hr"]
    for entry in record.methods:
        rows = run.summary[(run.summary["method"] == entry.name) & (run.summary["status"] == "ok")]
        for row in rows.itertuples():
            expected = {"": row.value, ".ci_low": row.ci_low, ".ci_high": row.ci_high, ".n": row.n}
            for suffix, value in expected.items():
                assert entry.metrics.get(row.metric + suffix, np.nan) == pytest.approx(value, nan_ok=True, abs=0)


def test_what_has_no_number_says_why(run: RunData) -> None:
    [bicubic, *_] = describe(run).methods
    assert "kid_face" not in bicubic.metrics
    assert bicubic.parameters["status.kid_face"].startswith("invalid: needs at least 50 images")


def test_parameters_name_data_settings_and_weights(run: RunData) -> None:
    record = describe(run)
    found = record.methods[0].parameters
    assert found["data_sha256"] == run.manifest["dataset"]["sha256"]
    wanted = {"task": "x4", "degradation": "bicubic", "seed": "0", "limit": "6", "images": "6", "method": "bicubic"}
    assert found | wanted == found
    assert record.overview.parameters["protocol.psnr"] == run.manifest["protocols"]["psnr"]


def test_scores_are_a_table_of_images(run: RunData) -> None:
    table = describe(run).methods[1].tables["scores"].set_index("image")
    np.testing.assert_array_equal(table["psnr"], run.per_image("psnr")["nearest"].loc[table.index])


def test_pictures_of_every_method_are_of_the_same_images(run: RunData) -> None:
    bicubic, nearest, _ = (entry.pictures for entry in describe(run).methods)
    assert list(bicubic) == list(nearest) == list(run.images["image"])
    assert describe(run).overview.pictures.keys() >= {"grid", "metrics"}


def test_the_key_is_of_the_content_alone(run: RunData) -> None:
    known = content_key(run)
    elsewhere = {**run.manifest, "finished": "2001-01-01T00:00:00+00:00", "seconds": {"scoring": 1.0}}
    elsewhere["spec"] = {**run.manifest["spec"], "out": "elsewhere", "workers": 2}
    assert content_key(dataclasses.replace(run, manifest=elsewhere)) == known
    assert content_key(dataclasses.replace(run, manifest={**run.manifest, "task": "x8"})) != known
    changed = run.scores.assign(value=run.scores["value"] + 1e-9)
    assert content_key(dataclasses.replace(run, scores=changed)) != known
