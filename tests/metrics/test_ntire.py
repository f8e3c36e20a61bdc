"""The challenges' score and gate against their script's steps, in plain Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from fsrbench.errors import Invalid, Unavailable
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.extractors.base import BY_LR, EXTRACTORS
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.ntire import PARTS, NtireGate, NtireIdentity, NtireScore
from fsrbench.tasks import Task

SUBSETS = {"CelebA": 3, "LFW-Test": 2, "CelebChild-Test": 1}
NAMES = {part: f"ntire:{part}" for part in PARTS}
IDS = ["CelebA/1", "CelebA/2", "CelebA/3", "LFW-Test/1", "CelebChild-Test/1"]
"""LFW-Test lacks one image, so that the subsets' means do not count as their images do."""
FACTS = Facts(Task(512, 1), images=5, has_hr=False, has_pairs=False)


def parts(**changed: Any) -> dict[str, Evaluation]:
    rng = np.random.RandomState(0)
    scale = {"clipiqa": 1, "maniqa": 1, "musiq": 100, "niqe": 12, "qalign": 5}
    made = {name: Evaluation(rng.uniform(0, top, 5)) for name, top in scale.items()}
    made |= {"fid": Evaluation(None, Summary(60.0, n=5))} | changed
    return {NAMES[name]: evaluation for name, evaluation in made.items()}


def of_the_script(found: Mapping[str, Evaluation], fid: float) -> float:
    """Means of the data sets, their mean weighted by the sizes, and the sum of the parts."""
    total = {}
    for part in ("clipiqa", "maniqa", "musiq", "niqe", "qalign"):
        by_set: dict[str, list[float]] = {}
        for image, value in zip(IDS, found[NAMES[part]].values, strict=True):
            by_set.setdefault(image.split("/")[0], []).append(value)
        total[part] = sum(np.mean(values) * SUBSETS[name] for name, values in by_set.items()) / sum(SUBSETS.values())
    return (
        total["clipiqa"] + total["maniqa"] + total["musiq"] / 100 + max(0, (10 - total["niqe"]) / 10)
        + total["qalign"] / 5 + max(0, (100 - fid) / 100)
    )  # fmt: skip


@pytest.mark.parametrize("fid", [60.0, 130.0])
def test_the_score_is_the_scripts(fid) -> None:
    found = parts(fid=Evaluation(None, Summary(fid, n=5)))
    made = NtireScore(NAMES, SUBSETS).combine(IDS, found)
    assert made.summary.value == pytest.approx(of_the_script(found, fid), rel=1e-12)
    assert (made.summary.n, made.note) == (5, "5 images; the challenge's test has 6")
    assert made.details["fid"] == fid
    assert made.details["musiq"] != pytest.approx(found["ntire:musiq"].values.mean())  # subsets, not images, count


def test_a_bad_niqe_counts_as_0() -> None:
    bad = parts(niqe=Evaluation(np.full(5, 30.0)))
    without = NtireScore(NAMES, SUBSETS).combine(IDS, parts(niqe=Evaluation(np.full(5, 10.0))))
    assert NtireScore(NAMES, SUBSETS).combine(IDS, bad).summary.value == pytest.approx(without.summary.value)


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        (
            ["CelebA/1", "CelebA/2", "CelebA/3", "LFW-Test/1", "others/1"],
            "others/1 is in none of them: put the inputs into LR/CelebA/",
        ),
        (["CelebA/1", "CelebA/2", "CelebA/3", "LFW-Test/1", "LFW-Test/2"], "no image of CelebChild-Test"),
        (
            ["1", "2", "3", "4", "5"],
            "the first folder of an id names its subset: CelebA, LFW-Test, CelebChild-Test; 1 is in none of them",
        ),
    ],
)
def test_ids_without_the_subsets_have_no_score(ids, reason) -> None:
    with pytest.raises(Invalid, match=re.escape(reason)):
        NtireScore(NAMES, SUBSETS).combine(ids, parts())


def identities() -> Faces:
    """Cosines 0.9, 0.55, 0.4, 0.55 and 0.7 with LR."""
    cosines = np.array([0.9, 0.55, 0.4, 0.55, 0.7])
    sr = np.column_stack([cosines, np.sqrt(1 - cosines**2)]) * 3
    lr = {"descriptor": np.array([[2.0, 0]] * 5)}
    return Faces(IDS, [None] * 5, {"descriptor": sr}, None, lr=lr)


LIMITS = {"CelebA": 0.5, "LFW-Test": 0.6, "CelebChild-Test": 0.6}
WHOLE = {"CelebA": 3, "LFW-Test": 1, "CelebChild-Test": 1}


def test_the_gate_counts_each_subset_by_its_threshold() -> None:
    found = NtireGate(LIMITS, 1, WHOLE).evaluate(identities(), seed=0)
    assert (found.summary.value, found.summary.n, found.values) == (2, 5, None)
    assert found.details == {"CelebA": 1, "LFW-Test": 1, "CelebChild-Test": 0}
    assert "CelebA 1 of 3, LFW-Test 1 of 1, CelebChild-Test 0 of 1; refused by the rule of at most 1" in found.note
    assert "passes by the rule of at most 2" in NtireGate(LIMITS, 2, WHOLE).evaluate(identities(), 0).note


def test_part_of_the_test_can_be_refused_but_does_not_pass() -> None:
    alone = Faces(
        IDS[:3],
        [None] * 3,
        {"descriptor": identities().features["descriptor"][:3]},
        None,
        lr={"descriptor": np.eye(2)[[0, 0, 0]]},
    )
    found = NtireGate(LIMITS, 1, WHOLE).evaluate(alone, seed=0)
    assert (found.summary.value, found.details) == (1, {"CelebA": 1})
    text = "CelebA 1 of 3; no verdict: the rule of at most 1 is for the test's 5 images, not for 3"
    assert found.note == f"below the threshold: {text}"
    assert "refused by the rule of at most 0" in NtireGate(LIMITS, 0, WHOLE).evaluate(alone, 0).note


def test_the_gate_knows_no_other_subset() -> None:
    with pytest.raises(Invalid, match="LFW-Test/1 is in none of them"):
        NtireGate({"CelebA": 0.5, "CelebChild-Test": 0.6}, 10, WHOLE).evaluate(identities(), 0)


def test_the_similarity_is_to_lr() -> None:
    assert NtireIdentity().evaluate(identities(), 0).values == pytest.approx([0.9, 0.55, 0.4, 0.55, 0.7])


def test_faces_are_aligned_by_the_list_of_points_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise Unavailable("no list")

    for name in ("adaface", "adaface-by-file"):
        monkeypatch.setattr(EXTRACTORS.get(name), "check", lambda self: None)
    listed = NtireIdentity().configured(FACTS)
    assert (listed.feature_set, "that the file face_points lists" in listed.protocol) == ("adaface-by-file", True)
    monkeypatch.setattr(EXTRACTORS.get("adaface-by-file"), "check", refuse)
    own = NtireIdentity().configured(FACTS)
    assert own.feature_set == f"adaface{BY_LR}"
    assert (
        "five of dlib's 68 points of the LR (the challenge's list of points, face_points, is not given)" in own.protocol
    )
