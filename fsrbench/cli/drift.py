"""The command ``fsrbench drift``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.options import Device
from fsrbench.stats.seeds import MOST_SEED

app = typer.Typer(rich_markup_mode=None)


@app.command()
def drift(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A run's folder; none with --watch.")] = None,
    against: Annotated[Path, typer.Option(help="The reference run's folder.")] = ...,  # type: ignore[assignment]
    watch: Annotated[Path | None, typer.Option(help="Score new pictures in this folder, repeatedly.")] = None,
    every: Annotated[str, typer.Option(help="With --watch: how often; 30s, 10m, 1h, 1d.")] = "1h",
    once: Annotated[bool, typer.Option("--once", help="With --watch: one round, then exit; for cron.")] = False,
    window: Annotated[int, typer.Option(min=12, help="With --watch: compare the last N pictures.")] = 200,
    pictures: Annotated[str, typer.Option(help="With --watch: lr (inputs, which the method enlarges) or sr.")] = "lr",
    out: Annotated[Path, typer.Option(help="With --watch: folder for its state and its page.")] = Path("runs/drift"),
    method: Annotated[str | None, typer.Option(help="Method to compare; the run's first by default.")] = None,
    blocks: Annotated[
        str, typer.Option(help="Unit of permutation: person, day or image; auto: person if people are known.")
    ] = "auto",
    alpha: Annotated[float, typer.Option(help="Probability of an alarm by chance.")] = 0.05,
    format: Annotated[str, typer.Option(help="text, json, junit or prometheus.")] = "text",
    output: Annotated[
        Path | None, typer.Option(help="Write the format to this file; the text is still printed.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of the tests.")] = 0,
    device: Device = "auto",
    offline: Annotated[bool, typer.Option("--offline", help="Refuse connections to other machines.")] = False,
) -> None:
    """Test whether a RUN on other pictures has drifted from a reference. Exit code 0: no, 1: yes, 2: not comparable."""
    with one_line_errors():
        from fsrbench.drift.command import Settings, drift_command
        from fsrbench.errors import UserError

        settings = Settings(against, method, blocks, alpha, format, output, seed)  # type: ignore[arg-type]
        if (path is None) == (watch is None):
            raise UserError("give either a RUN or --watch FOLDER")
        if watch is None:
            assert path is not None
            code = drift_command(path, settings)
        else:
            from fsrbench.drift.watch import Watched, watch_command

            code = watch_command(Watched(watch, out, window, pictures, device, offline), settings, every, once)
    raise typer.Exit(code)
