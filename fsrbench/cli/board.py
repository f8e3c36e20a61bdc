"""The command ``fsrbench board``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors

app = typer.Typer(rich_markup_mode=None)


@app.command()
def board(
    bundles: Annotated[list[Path], typer.Argument(metavar="BUNDLE...", help="Bundles, or folders that hold some.")],
    out: Annotated[Path, typer.Option(help="Folder of the site.")] = Path("board"),
    score: Annotated[
        list[str] | None,
        typer.Option(help="A composite score as a column: 'name=psnr/50 - lpips'; may be given several times."),
    ] = None,
    name: Annotated[str, typer.Option(help="Heading of the site.")] = "Leaderboard",
) -> None:
    """Make a leaderboard of BUNDLEs: a static site with rank ranges, a page for each track and each method."""
    with one_line_errors():
        from fsrbench.board.command import board_command

        board_command(bundles, out, score or (), name)
