"""``fsrbench slices``: search a run, and write and print what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from fsrbench.errors import one_of
from fsrbench.files.atomic import whole
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import labels_of
from fsrbench.slices.find import control, find_slices
from fsrbench.slices.plot import write_plot
from fsrbench.slices.show import as_json, as_text


def slices_command(
    path: Path,
    methods: Sequence[str] | None,
    metric: str,
    base: str | None,
    groups: Path | None,
    format: str,
    seed: int,
) -> None:
    """Find slices; print them, and write ``slices.json`` and ``plots/slices.png`` and ``.svg`` into the run's folder.

    Args:
        path: the run's folder.
        methods: to search; all by default.
        metric: whose scores.
        base: the method whose scores are subtracted; see :func:`fsrbench.slices.find.control`.
        groups: a CSV of labels by image, besides the run's own.
        format: text or json.
        seed: of halves and signs.

    Raises:
        UserError: see :func:`fsrbench.slices.find.find_slices`.
    """
    one_of("format", format, ("text", "json"))
    run = RunData.load(path)
    labels = labels_of(run, groups) if groups or run.labels else None
    found = find_slices(run, methods, metric, control(run, metric, base, methods), labels, seed)
    text = as_json(found)
    with whole(path / "slices.json") as part:
        part.write_text(text, encoding="utf-8")
    write_plot(found, path / "plots")
    if format == "json":
        print(text, end="")
    else:
        Console(soft_wrap=True).print(as_text(found), end="", markup=False, highlight=False)
