"""The commands ``fsrbench submit``, ``verify`` and ``board``: results that others can check, and a leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.options import Device

app = typer.Typer(rich_markup_mode=None)


@app.command()
def submit(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs.")],
    method: Annotated[str, typer.Option(help="The method whose results to submit.")],
    out: Annotated[Path | None, typer.Option(help="METHOD.zip by default.")] = None,
    with_images: Annotated[bool, typer.Option("--with-images", help="Add the method's pictures, lossless.")] = False,
    title: Annotated[str, typer.Option(help="The method's name on pages.")] = "",
    author: Annotated[str, typer.Option(help="Who submits.")] = "",
    paper: Annotated[str, typer.Option(help="Title of the paper.")] = "",
    url: Annotated[str, typer.Option(help="Address of paper or code.")] = "",
    year: Annotated[int | None, typer.Option(min=1900, max=2200, help="Year of the paper.")] = None,
    card: Annotated[Path | None, typer.Option(help="Model card, Markdown; the package's by default.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the weights; the declared one by default.")] = "",
) -> None:
    """Pack one method's results of one or several RUNs into a bundle that others can check."""
    with one_line_errors():
        from fsrbench.bundle.command import submit_command
        from fsrbench.bundle.make import About
        from fsrbench.files.text import read_text

        text = read_text(card, 200_000) if card else ""
        about = About(title, text, licence, author, {"title": paper, "url": url, "year": year})
        submit_command(runs, method, out, about, with_images)


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A bundle of `fsrbench submit`.")],
    data: Annotated[
        list[str] | None, typer.Option(help="Compute again on this data: sample, a folder, a .zip; repeatable.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="With --data: run this method too; kind:target as in `run`.")
    ] = None,
    format: Annotated[str, typer.Option(help="text, json or junit.")] = "text",
    output: Annotated[
        Path | None, typer.Option(help="Write the format to this file; the text is still printed.")
    ] = None,
    verdict: Annotated[
        Path | None, typer.Option("--out", help="Write the verdict, for a board: FILE.zip.verdict.json.")
    ] = None,
    device: Device = "auto",
    offline: Annotated[bool, typer.Option("--offline", help="Refuse connections to other machines.")] = False,
) -> None:
    """Verify a bundle. Exit code 0: everything agrees, 1: something does not, 2: cannot be read or compared."""
    with one_line_errors():
        from fsrbench.bundle.again import Again
        from fsrbench.bundle.command import verify_command
        from fsrbench.errors import UserError

        if method is not None and not data:
            raise UserError("--method needs --data SRC to run on")
        again = Again(tuple(data), method, device, offline) if data else None
        code = verify_command(bundle, again, format, output, verdict)
    raise typer.Exit(code)


@app.command()
def board(
    bundles: Annotated[list[Path], typer.Argument(metavar="BUNDLE...", help="Bundles, or folders that hold some.")],
    out: Annotated[Path, typer.Option(help="Folder of the site.")] = Path("board"),
    score: Annotated[
        list[str] | None,
        typer.Option(help="A composite score as a column: 'name=psnr/50 - lpips'; repeatable."),
    ] = None,
    name: Annotated[str, typer.Option(help="Heading of the site.")] = "Leaderboard",
) -> None:
    """Make a leaderboard of BUNDLEs: a static site with rank ranges and one page per track and per method."""
    with one_line_errors():
        from fsrbench.board.command import board_command

        board_command(bundles, out, score or (), name)
