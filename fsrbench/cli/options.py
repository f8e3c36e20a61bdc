"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")]
Source = Annotated[str, typer.Argument(metavar="SRC", help="sample, a folder, a .zip or a dataset's name.")]
Destination = Annotated[str, typer.Argument(metavar="DEST", help="A name for --data, or a folder (with a slash).")]
LayoutFile = Annotated[Path | None, typer.Option(help="YAML file: methods to show, their order and names.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first N samples in sorted order.")]
TaskName = Annotated[str, typer.Option(help="x4 (16->64 px), x8 (16->128 px) or LRxSCALE, e.g. 128x4.")]
By = Annotated[
    str | None,
    typer.Option(help="By group: columns of labels, comma-separated; numbers cut at edges: sex,age:30,45."),
]
GroupsFile = Annotated[Path | None, typer.Option(help="Labels of images, CSV: image,sex,age...; docs/groups.md.")]
MinPeople = Annotated[int, typer.Option(min=2, help="With --by: groups of fewer people are shown and not ranked.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda[:i].")]
