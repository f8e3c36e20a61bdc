"""Methods of a board: the results of each, and the facts on its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fsrbench.board.submissions import TRUST, Entry, Submission
from fsrbench.board.text import date_text
from fsrbench.board.tracks import BoardTrack
from fsrbench.bundle.schema import Level
from fsrbench.runs.digits import significant


@dataclass(frozen=True, eq=False)
class BoardMethod:
    """A method of the board."""

    id: str
    entries: Sequence[tuple[BoardTrack, Entry]]
    """Its newest result in each track."""

    @cached_property
    def newest(self) -> Submission:
        """The newest submission, whose title, card and paper are shown."""
        return max((entry.submission for _, entry in self.entries), key=lambda one: (one.created, one.bundle.sha256))

    @property
    def title(self) -> str:
        """Its name on pages."""
        return self.newest.title

    @property
    def date(self) -> str:
        """The day of its newest results."""
        return date_text(self.newest)

    @cached_property
    def licences(self) -> str:
        """Licences of all its weights, in words; empty if none is declared."""
        weights = [entry.result.weights for _, entry in self.entries]
        declared = ", ".join(sorted({each.licence for each in weights} - {""}))
        return declared or ("" if any(each.sha256 or each.files for each in weights) else "no weights")

    @cached_property
    def level(self) -> Level:
        """The lowest level of its results."""
        return min((entry.level for _, entry in self.entries), key=TRUST.__getitem__)

    @property
    def mixed(self) -> bool:
        """Whether some of its results were checked further."""
        return len({entry.level for _, entry in self.entries}) > 1

    @property
    def trust(self) -> int:
        """The level as a number."""
        return TRUST[self.level]


def build_methods(tracks: Sequence[BoardTrack]) -> list[BoardMethod]:
    """The methods of some tracks, by title."""
    found: dict[str, list[tuple[BoardTrack, Entry]]] = {}
    for track in tracks:
        for method, entry in track.entries.items():
            found.setdefault(method, []).append((track, entry))
    methods = [BoardMethod(method, entries) for method, entries in found.items()]
    return sorted(methods, key=lambda method: (method.title.casefold(), method.id))


def facts(entry: Entry) -> list[tuple[str, str]]:
    """What produced a result: names and texts."""
    result = entry.result
    weights, versions = result.weights, result.versions
    texts = {
        "Weights": weights.files,
        "Weights' sha256": weights.sha256 or "",
        "Licence": weights.licence,
        "Training": weights.training,
        "Parameters": f"{significant(weights.parameters)} M" if weights.parameters is not None else "",
        "Source": result.source,
        "Machine": result.machine.title,
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items() if version),
        "Finished": result.finished,
        "Bundle": f"{entry.submission.file}, sha256 {entry.submission.bundle.sha256}",
    }
    return [(name, text) for name, text in texts.items() if text]
