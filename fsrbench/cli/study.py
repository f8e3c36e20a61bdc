"""The commands ``fsrbench study make``, ``score`` and ``metrics``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.options import RunFolder
from fsrbench.files.lists import names_in
from fsrbench.stats.seeds import MOST_SEED

study_app = typer.Typer(help="What people prefer: ask them, score them.", no_args_is_help=True, rich_markup_mode=None)
AnswerFiles = Annotated[
    list[Path], typer.Argument(metavar="ANSWERS...", help="Raters' files, or folders of them (*.json).")
]
KeyFile = Annotated[Path | None, typer.Option(help="The study's key; by default key.json among or beside the answers.")]
Format = Annotated[str, typer.Option(help="text, md, csv or json.")]
Output = Annotated[Path | None, typer.Option(help="Write the format to this file; the text is still printed.")]
Seed = Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of the draws.")]


@study_app.command()
def make(
    path: RunFolder,
    out: Annotated[Path, typer.Option(help="Folder for the page and its key.")],
    methods: Annotated[str | None, typer.Option(help="Methods to compare, comma-separated; all by default.")] = None,
    images: Annotated[
        int | None,
        typer.Option(min=2, help="How many; by default up to 60 that fit into 30 MB; a given number may take 200 MB."),
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, max=500, help="Pairs that a rater sees for each question.")] = 30,
    questions: Annotated[str, typer.Option(help="better, person (the same as the reference) or both.")] = "both",
    title: Annotated[str | None, typer.Option(help="Heading of the page; names no method.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of pairs, sides and order.")] = 0,
) -> None:
    """Write a page on which people choose between two methods' pictures, and the key to it."""
    with one_line_errors():
        from fsrbench.study.command import make_command, settings_of

        chosen = names_in(methods) if methods else None
        make_command(path, out, settings_of(chosen, images, pairs, questions, title, seed))


@study_app.command()
def score(
    answers: AnswerFiles,
    key: KeyFile = None,
    run: Annotated[Path | None, typer.Option(help="Write the scores into this run's folder.")] = None,
    format: Format = "text",
    output: Output = None,
    seed: Seed = 0,
) -> None:
    """Score raters' answers: strengths of the methods with intervals, ranks, agreement, and excluded raters."""
    with one_line_errors():
        from fsrbench.study.command import score_command

        score_command(answers, key, run, format, output, seed)


@study_app.command()
def metrics(
    path: RunFolder,
    answers: AnswerFiles,
    key: KeyFile = None,
    format: Format = "text",
    output: Output = None,
    seed: Seed = 0,
) -> None:
    """Compare a run's metrics with raters' answers: how often each agrees, and rank correlations with preference."""
    with one_line_errors():
        from fsrbench.study.command import metrics_command

        metrics_command(path, answers, key, format, output, seed)
