"""Faces that were not aligned are found by the boxes of a detector; aligned ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from made.checked import crops, honest

from fsrbench.checks.framing import FEWEST, judge
from fsrbench.metrics.extractors.base import EXTRACTORS, extract
from fsrbench.pictures.decode import to_tensor


def boxes(heights: float, places: float, number: int = 32, seed: int = 0) -> np.ndarray:
    """Faces of about 0.75 of 64 px, with normal spreads of height (relative) and place (of the side)."""
    generator = np.random.default_rng(seed)
    height = 64 * 0.75 * (1 + heights * generator.normal(size=number))
    middle = 64 * (0.55 + places * generator.normal(size=number))
    left = 64 * (0.2 + 0.05 * generator.normal(size=number))
    return np.stack([left, middle - height / 2, left + 0.55 * 64, middle + height / 2], axis=1)


def found(box: np.ndarray, confidence: float = 0.99) -> list[str]:
    return [finding.text for finding in judge(box, np.full(len(box), confidence), 64)]


@pytest.mark.parametrize("seed", range(20))
def test_aligned_faces_have_no_finding(seed):
    """As far apart as the aligned sets measured: 0.1 of the height, 0.018 of the side."""
    assert found(boxes(0.1, 0.018, seed=seed)) == []


@pytest.mark.parametrize(("heights", "places"), [(0.3, 0.018), (0.08, 0.08), (0.25, 0.07)])
def test_crops_that_are_not_aligned_are_found(heights, places):
    (text,) = found(boxes(heights, places, number=200))
    assert text.startswith("faces are not framed alike (")


def test_the_spreads_are_robust_standard_deviations():
    (finding,) = judge(boxes(0.3, 0.018, number=4000), np.ones(4000), 64)
    assert finding.value == pytest.approx(0.3 / 0.16, rel=0.05)
    assert "height varies by 30%" in finding.text


def test_faces_that_were_not_found_do_not_count():
    box = boxes(0.4, 0.1)
    assert found(box, confidence=0.5) == []
    assert found(box[: FEWEST - 1]) == []
    with_none = np.concatenate([box, np.full((9, 4), np.nan)])
    (finding,) = judge(with_none, np.repeat([0.99, 0.0], [32, 9]), 64)
    assert finding.of == 32


@pytest.mark.heavy
def test_detected_faces_of_the_sample_and_random_crops_of_them():
    """What MTCNN finds in pictures."""
    aligned = honest(images=24).hr
    detected = [extract(EXTRACTORS.get("mtcnn")(), to_tensor(faces), {}) for faces in (aligned, crops(aligned))]
    fair, loose = (judge(of["box"], of["confidence"], 64) for of in detected)
    assert fair == []
    assert [finding.check for finding in loose] == ["framing"]
