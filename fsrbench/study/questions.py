"""What raters are asked, and the metric that each question gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fsrbench.runs.preference import Judged


@dataclass(frozen=True)
class Question:
    """One of the study's questions; every pair is asked once for each."""

    name: str
    text: str
    reference: bool
    """Whether the HR picture is shown beside the pair."""
    metric: Judged
    """The metric in a run's folder that its answers give."""
    title: str

    @property
    def protocol(self) -> str:
        """How the metric is measured."""
        shown = "HR shown beside" if self.reference else "HR not shown"
        return (
            f'two-alternative forced choice, "{self.text}" ({shown}), no difference allowed; probability to be '
            "preferred over another method of the study, no difference counted half; Bradley-Terry with ties (Davidson "
            "1970); interval over raters and people (docs/study.md)"
        )


QUESTIONS: Final = (
    Question("better", "Which picture is better?", False, "preference", "Preference"),
    Question("person", "Which shows the same person as the reference?", True, "preference_identity", "Same person"),
)
"""In the order asked: without HR first, because whoever has seen the HR picture judges the others by it."""
