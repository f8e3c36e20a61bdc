from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from made.boards import MACHINE, result, summary, track, write_bundle, write_verdict

from fsrbench.board.composite import read_composite
from fsrbench.board.ranks import rank_scores
from fsrbench.board.submissions import read_submissions, stable_id
from fsrbench.board.text import unchecked_text
from fsrbench.board.tracks import BoardTrack, build_tracks
from fsrbench.bundle.schema import Level

RNG = np.random.default_rng(0)
FACE = RNG.normal(size=20)


def scores(shift: float = 0.0) -> dict[str, np.ndarray]:
    psnr = 24 + FACE + shift + 0.1 * RNG.normal(size=20)
    return {"psnr": psnr, "lpips": 0.3 - 0.01 * psnr + 0.01 * RNG.normal(size=20)}


def tracks_of(*files: Path, **more: object) -> list[BoardTrack]:
    return build_tracks(read_submissions(files)[0], **more)  # type: ignore[arg-type]


def test_data_task_degradation_and_protocol_keep_tracks_apart(tmp_path: Path) -> None:
    noise = {"name": "noise", "protocol": "noise", "seed": 0, "strength": 5.0, "unit": "levels"}
    tracks = [
        track(),
        track(task="x8"),
        track("other faces"),
        track(degradation=noise),
        track(degradation=noise | {"strength": 10.0}),
        track(degradation=noise | {"seed": 1}),
        track(protocol={"id": "gfpgan", "version": 1}),
        track(protocol={"id": "gfpgan", "version": 2}),
    ]
    file = write_bundle(tmp_path / "a.zip", "a", [result(scores(), track=each) for each in tracks])
    found = tracks_of(file)
    assert len(found) == len({each.id for each in found}) == len(tracks)


def test_the_same_data_under_another_name_is_one_track(tmp_path: Path) -> None:
    renamed = track()
    renamed["dataset"] |= {"name": "my faces"}
    old = result(scores(), finished="2026-01-01T00:00:00+00:00")
    files = [
        write_bundle(tmp_path / "b.zip", "b", [result(scores(), track=renamed)]),
        write_bundle(tmp_path / "a.zip", "a", [old]),
    ]
    [found] = tracks_of(*files)
    assert len(found.entries) == 2
    assert found.track.dataset.name == "faces"  # the first of equally many
    third = write_bundle(tmp_path / "c.zip", "c", [result(scores(), track=renamed)])
    [more] = tracks_of(*files, third)
    assert more.track.dataset.name == "my faces"
    assert more.id == found.id  # an address lasts


def test_the_newest_of_a_method_counts_and_earlier_ones_are_kept(tmp_path: Path) -> None:
    days = ("2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+01:00", "2026-01-01T00:00:00")
    files = [
        write_bundle(tmp_path / f"{i}.zip", "mine", [result(scores(i), finished=day)]) for i, day in enumerate(days)
    ]
    other = write_bundle(tmp_path / "other.zip", "mine", [result(scores())], submitter={"author": "Somebody else"})
    [found] = tracks_of(*files, other)
    mine, _ = sorted(found.entries, key=lambda method: found.entries[method].submission.file)
    assert found.entries[mine].submission.file == "1.zip"
    assert [old.submission.file for old in found.older[mine]] == ["0.zip", "2.zip"]
    assert len(found.entries) == 2  # the same name by another author is another method


def test_columns_are_ranked_by_scores_blocks_intervals_or_counts(tmp_path: Path) -> None:
    files = []
    for i in range(3):
        more = [
            summary("fid", 50.0 + i),
            summary("kid", 5.0 * i, ci_low=5.0 * i - 1, ci_high=5.0 * i + 1),
            summary("params", 2.0 + i, exact=True),
            summary("hue", 3.0, direction="none"),
        ]
        blocks = {"fid": 50.0 + i + 0.01 * np.arange(12)}
        files.append(write_bundle(tmp_path / f"{i}.zip", f"m{i}", [result(scores(i), more, blocks=blocks)]))
    [found] = tracks_of(*files)
    ranked = {column.key: column for column in found.columns}
    how = {key: column.ranking.how for key, column in ranked.items()}
    assert how == {
        "psnr": "paired", "lpips": "paired", "fid": "paired", "kid": "intervals", "params": "exact", "hue": "none",
    }  # fmt: skip
    best = {key: [column.range_of(method) for method in found.order] for key, column in ranked.items()}
    assert best["psnr"] == [(1, 1), (2, 2), (3, 3)]
    assert best["fid"] == best["kid"] == best["params"] == [(3, 3), (2, 2), (1, 1)]
    by_hand = rank_scores(
        build_frame(found, "psnr"), lower=False, people=[f"image {name}" for name in build_frame(found, "psnr").index]
    )
    assert by_hand.ranges == ranked["psnr"].ranking.ranges


def build_frame(found: BoardTrack, metric: str):  # type: ignore[no-untyped-def]
    import pandas as pd

    return pd.DataFrame({method: entry.scores[metric] for method, entry in found.entries.items()})


def test_a_metric_measured_in_two_ways_has_two_columns(tmp_path: Path) -> None:
    files = []
    for i, protocol in enumerate(["Y channel", "RGB", "RGB"]):
        one = result(scores(i))
        one["summaries"][0]["protocol"] = protocol
        files.append(write_bundle(tmp_path / f"{i}.zip", f"m{i}", [one]))
    [found] = tracks_of(*files)
    usual, other = (column for column in found.columns if column.info.name == "psnr")
    assert (usual.key, usual.protocol, len(usual.results), usual.ranked) == ("psnr", "RGB", 2, 2)
    assert (other.protocol, len(other.results), other.ranking.how) == ("Y channel", 1, "none")
    assert other.key != "psnr"
    assert other.info.title == "PSNR, variant 2"


def test_times_of_different_machines_are_never_side_by_side(tmp_path: Path) -> None:
    files = []
    for i, device in enumerate(["cpu", "cpu", "NVIDIA H200"]):
        more = [summary("latency_ms", 10.0 * (i + 1), ci_low=9.0 * (i + 1), ci_high=10.5 * (i + 1))]
        one = result(scores(), more, machine=MACHINE | {"device": device})
        files.append(write_bundle(tmp_path / f"{i}.zip", f"m{i}", [one]))
    [found] = tracks_of(*files)
    assert "latency_ms" not in {column.key for column in found.columns}
    speeds = {machine: [len(column.results) for column in columns] for machine, columns in found.speeds.items()}
    assert sorted(speeds.values()) == [[1], [2]]
    assert all(column.ranked == 2 for columns in found.speeds.values() for column in columns if len(column.results) > 1)


def test_scores_are_columns_beside_their_parts_and_never_the_order(tmp_path: Path) -> None:
    files = [write_bundle(tmp_path / f"{i}.zip", f"m{i}", [result(scores(i))]) for i in range(2)]
    formulas = [read_composite("mine=psnr/50 - 2*lpips"), read_composite("other=psnr + musiq")]
    [found] = tracks_of(*files, scores=formulas)
    assert [column.info.title for column in found.columns] == ["PSNR", "LPIPS", "mine"]
    values = {column.key: column.results for column in found.columns}
    for method in found.entries:
        parts = [values[key][method].value for key in ("psnr", "lpips")]
        assert values["score:mine"][method].value == pytest.approx(parts[0] / 50 - 2 * parts[1])
    assert found.columns[-1].ranking.ranges == {}
    assert found.first is not None
    assert found.first.key == "psnr"


def test_identities_are_by_majority_of_the_bundles(tmp_path: Path) -> None:
    files = [
        write_bundle(tmp_path / f"{i}.zip", f"m{i}", [result(scores(), people=people)])
        for i, people in enumerate([5, 5, 1])
    ]
    [found] = tracks_of(*files)
    assert len(set(found.identities.values())) == 5


def test_other_inputs_are_counted(tmp_path: Path) -> None:
    files = []
    for i in range(3):
        one = result(scores())
        for image in one["images"]:
            image |= {"lr": "a" * 64} if i < 2 else {"hr": "b" * 64}
        if i == 1:
            one["images"][3] |= {"lr": "c" * 64}
            one["images"][4] |= {"hr": "d" * 64}
        files.append(write_bundle(tmp_path / f"{i}.zip", f"m{i}", [one]))
    [found] = tracks_of(*files)
    assert {found.entries[m].submission.file: n for m, n in found.other_inputs.items()} == {"1.zip": 2}


def test_levels_are_those_of_a_verdict_on_these_bytes(tmp_path: Path) -> None:
    files = [write_bundle(tmp_path / f"{i}.zip", f"m{i}", [result(scores())]) for i in range(5)]
    write_verdict(files[0], "recomputed by running")
    write_verdict(files[1], "recomputed from pictures")
    write_verdict(files[2], "recomputed by running", bundle_sha256="0" * 64)
    write_verdict(files[3], "self-reported", verified=False, mismatches=["psnr of id/003: 24.1, not 22.0", "more"])
    submissions, left_out = read_submissions([*files, files[0]])
    [found] = build_tracks(submissions)
    levels = {entry.submission.file: entry.level for entry in found.entries.values()}
    assert levels == {
        "0.zip": Level.RUN, "1.zip": Level.PICTURES, "2.zip": Level.SELF_REPORTED, "4.zip": Level.SELF_REPORTED,
    }  # fmt: skip
    assert {entry.submission.file: len(entry.recomputed) for entry in found.entries.values()}["1.zip"] == 2
    assert unchecked_text(found) == ""
    reasons = [(one.file, one.reason) for one in left_out]
    assert reasons[0] == ("3.zip", "not confirmed by fsrbench verify: psnr of id/003: 24.1, not 22.0, and 1 more")
    assert reasons[1][1].startswith("the same file as 0.zip")


def test_metrics_of_a_checked_method_that_were_not_recomputed_are_named(tmp_path: Path) -> None:
    people = [summary("preference", 0.7, title="Preference"), summary("latency_ms", 9.0, title="Latency")]
    file = write_bundle(tmp_path / "a.zip", "a", [result(scores(), people)])
    [self_reported] = tracks_of(file)
    assert unchecked_text(self_reported) == ""
    write_verdict(file, "recomputed from pictures")  # of its first two metrics
    [found] = tracks_of(file)
    assert unchecked_text(found) == "Self-reported even if a method was checked: Preference, Latency."


def test_a_score_without_a_number_is_none(tmp_path: Path) -> None:
    rows = [summary("verification", None, status="unavailable", note="no weights", n=0)]
    files = [write_bundle(tmp_path / f"{i}.zip", f"m{i}", [result(scores(), rows)]) for i in range(2)]
    [found] = tracks_of(*files)
    column = found.columns[-1]
    assert all(math.isnan(one.value) for one in column.results.values())
    assert column.ranking.how == "none"


def test_ids_are_plain_and_differ_where_names_differ() -> None:
    names = ["../../etc/passwd", "a b", "a-b", "日本", "", "<script>", "x" * 900, "A", "a"]
    ids = [stable_id(name, name) for name in names]
    assert len(set(ids)) == len(names)
    assert all(len(one) <= 61 and set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for one in ids)
    assert ids == [stable_id(name, name) for name in names]
