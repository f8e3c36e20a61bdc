"""``fsrbench table --classifier``: from the user's arguments to the text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import groupings, labels_of


def classes_seen(
    run: str, classifier: str, by: str | None, groups: Path | None, methods: Sequence[str] | None = None
) -> str:
    """The tables of proportional measures of a run, one for each column.

    Raises:
        UserError: the run, the labels or the classifier cannot be used.
        Unavailable: the classifier lacks a package, or is none.
    """
    # Networks in files take torch, which other tables by group can do without
    from fsrbench.attributes.classifiers import find_classifier
    from fsrbench.attributes.measure import measure, written

    data = RunData.load(Path(run))
    classify = find_classifier(classifier)
    tables = []
    for grouping in groupings(labels_of(data, groups), by):
        tables.append(written(grouping.column, *measure(data, grouping, classify, methods), classifier))
    return "\n".join(tables)
