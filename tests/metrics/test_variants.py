"""A metric under another name on changed pictures is the metric itself in all else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fsrbench.errors import Unavailable
from fsrbench.metrics.base import ImageMetric
from fsrbench.metrics.changes import crop
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.quality import Psnr, Ssim
from fsrbench.metrics.variants import ChangedPictures
from fsrbench.tasks import TASKS


class Judge(ImageMetric):
    name, title, unit, direction, protocol, digits = "judge", "Judge", "x", "lower", "made up", 5
    bounds = (0, 3)

    def check(self, facts: Facts) -> None:
        raise Unavailable("no judge here")

    def fingerprint(self) -> str:
        return "weights 1"

    def files(self) -> frozenset[Path]:
        return frozenset({Path("judge.pth")})

    @property
    def threads_matter(self) -> bool:
        return False

    def score(self, sr, hr):
        assert hr is None
        return sr.amax(dim=(1, 2, 3))


def test_everything_but_name_and_protocol_is_the_metrics_own() -> None:
    found = ChangedPictures(Judge(), "lab:judge", "told")
    assert (found.name, found.protocol) == ("lab:judge", "told")
    assert (found.title, found.unit, found.direction, found.digits, found.bounds) == ("Judge", "x", "lower", 5, (0, 3))
    assert (found.fingerprint(), found.files(), found.threads_matter) == (
        "weights 1",
        frozenset({Path("judge.pth")}),
        False,
    )
    assert found.scores_hr
    with pytest.raises(Unavailable, match="no judge here"):
        found.check(Facts(TASKS["x4"], images=1, has_hr=False, has_pairs=False))
    assert found.score(torch.ones(2, 3, 4, 4), None).tolist() == [1, 1]


def test_the_metric_sees_the_changed_pictures() -> None:
    sr, hr = torch.rand(2, 2, 3, 32, 32, generator=torch.manual_seed(0))
    for base in (Psnr(), Ssim()):
        inner = base.score(sr[..., 4:-4, 4:-4], hr[..., 4:-4, 4:-4])
        assert torch.equal(ChangedPictures(base, "lab:x", "4 px cropped", crop(4)).score(sr, hr), inner)
        assert not ChangedPictures(base, "lab:x", "").scores_hr
