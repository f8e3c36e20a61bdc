"""The commands ``fsrbench check`` (the gate) and ``fsrbench audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.options import RunFolder
from fsrbench.files.lists import names_in
from fsrbench.stats.seeds import MOST_SEED

app = typer.Typer(rich_markup_mode=None)


@app.command()
def check(
    path: RunFolder,
    against: Annotated[Path, typer.Option(help="The reference, a JSON file.")],
    update: Annotated[bool, typer.Option("--update", help="Make the run the reference; print what changes.")] = False,
    format: Annotated[str, typer.Option(help="text, junit, github or json.")] = "text",
    output: Annotated[
        Path | None, typer.Option(help="Write the format to this file; the text is still printed.")
    ] = None,
    seed: Annotated[
        int,
        typer.Option(min=0, max=MOST_SEED, help="Seed of the tests; the run's own seed must equal the reference's."),
    ] = 0,
) -> None:
    """Compare a RUN with a reference. Exit code 0: holds, 1: regressed, 2: cannot be compared."""
    with one_line_errors():
        from fsrbench.gate import command

        if update:
            command.update_command(path, against)
            return
        code = command.check_command(path, against, format, output, seed)
    raise typer.Exit(code)


@app.command()
def audit(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A finished run's folder.")] = None,
    method: Annotated[str | None, typer.Option(help="Instead of a run: methods, comma-separated.")] = None,
    data: Annotated[str | None, typer.Option(help="sample (default), a folder, a .zip or a dataset's name.")] = None,
    degradation: Annotated[str | None, typer.Option(help="How LR is made from HR; bicubic by default.")] = None,
    task: Annotated[str | None, typer.Option(help="x4 (default), x8 or LRxSCALE.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N images; by default 128, for NIQE 64.")] = None,
    out: Annotated[Path | None, typer.Option(help="RUN/audit by default; runs/audit without a run.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of degradations and folds.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Refuse connections to other machines.")] = False,
) -> None:
    """Show how much the numbers of a RUN or a method change under other papers' protocols."""
    with one_line_errors():
        from fsrbench.audit.command import audit

        requested = {
            "methods": None if method is None else tuple(names_in(method)),
            "data": data,
            "degradation": degradation,
            "task": task,
            "limit": limit,
            "seed": seed,
        }
        audit(path, out, {name: value for name, value in requested.items() if value is not None} | {"offline": offline})
