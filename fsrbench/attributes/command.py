"""``fsrbench table --by`` with ``--classifier``: from the user's arguments to the text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fsrbench.errors import UserError
from fsrbench.reports.tables.groups_command import group_table
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import groupings, labels_of


def table_by_group(
    runs: Sequence[str],
    format: str,
    by: str | None,
    groups: Path | None,
    min_people: int,
    classifier: str | None = None,
    layout: Path | None = None,
    columns: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
) -> str:
    """The tables by group, and below them what a classifier sees; arguments as :func:`group_table`.

    Raises:
        UserError: the run, the labels, the classifier or an argument cannot be used.
        Unavailable: the classifier lacks a package, or is not one.
    """
    if classifier is not None and by is None:
        raise UserError("--classifier needs --by COLUMN, with the labels to compare its classes with")
    if classifier is not None and format != "md":
        raise UserError("--classifier needs --format md")
    text = group_table(runs, format, by, groups, min_people, layout, columns, rows)
    return text if classifier is None else f"{text}\n{classes_seen(runs[0], classifier, by, groups, rows)}"


def classes_seen(
    run: str, classifier: str, by: str | None, groups: Path | None, methods: Sequence[str] | None = None
) -> str:
    """The tables of proportional measures of a run, one for each column.

    Raises:
        UserError: the run, the labels or the classifier cannot be used.
        Unavailable: the classifier lacks a package, or is not one.
    """
    # A network in a file needs torch; tables by group do not
    from fsrbench.attributes.classifiers import find_classifier
    from fsrbench.attributes.measure import measure, written

    data = RunData.load(Path(run))
    classify = find_classifier(classifier)
    tables = []
    for grouping in groupings(labels_of(data, groups), by):
        tables.append(written(grouping.column, *measure(data, grouping, classify, methods), classifier))
    return "\n".join(tables)
