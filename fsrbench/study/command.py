"""``fsrbench study make | score | metrics``: read, compute, print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fsrbench.errors import counted, one_of
from fsrbench.gate.command import write_text
from fsrbench.runs.data import RunData
from fsrbench.study import show_metrics, show_score
from fsrbench.study.answers import read_answers
from fsrbench.study.as_table import FORMATS, Shown, as_markdown, as_text
from fsrbench.study.correlation import compare_metrics
from fsrbench.study.judged import check_pictures, write_scores
from fsrbench.study.make import Settings, make_study
from fsrbench.study.questions import QUESTIONS
from fsrbench.study.score import score_study


def settings_of(
    methods: Sequence[str] | None, images: int | None, pairs: int, questions: str, title: str | None, seed: int
) -> Settings:
    """The settings of a study from the command line.

    Raises:
        UserError: no such question.
    """
    asked = one_of("questions", questions, ("both", *(question.name for question in QUESTIONS)))
    chosen = tuple(question for question in QUESTIONS if asked in ("both", question.name))
    shown = title or (chosen[0].text if len(chosen) == 1 else "Compare pictures of faces")
    return Settings(tuple(methods) if methods else None, images, pairs, chosen, shown, seed)


def make_command(path: Path, out: Path, settings: Settings) -> None:
    """Write a study and print what to do with it.

    Raises:
        UserError: see :func:`fsrbench.study.make.make_study`.
    """
    made = make_study(RunData.load(path), out, settings)
    print(f"{made.page}: for raters; {made.summary}", file=sys.stderr)
    print(f"{made.key}: which picture is of which method; not for raters", file=sys.stderr)
    print(f"next: put the raters' files beside the key; fsrbench study score {out} --run {path}", file=sys.stderr)
    print(made.page)


def score_command(
    paths: Sequence[Path], key: Path | None, run: Path | None, format: str, output: Path | None, seed: int
) -> None:
    """Score raters' files; print the table, and write the numbers into a run's folder if one is given.

    Raises:
        UserError: see :func:`fsrbench.study.answers.read_answers` and :func:`fsrbench.study.score.score_study`.
    """
    one_of("format", format, FORMATS)
    answers = read_answers(paths, key)
    found = score_study(answers, seed)
    written = write_scores(RunData.load(run), answers.key, found) if run else None
    _print(format, output, show_score.tables(found), show_score.frame(found), show_score.record(found))
    apart = [rater for rater in found.raters if not rater.counts]
    if format in ("csv", "json") and apart:
        print(f"{counted(len(apart), 'rater')} set apart, by the catch pairs", file=sys.stderr)
    if written:
        print(f"{written}: preference is in the run's tables, plots and page now", file=sys.stderr)


def metrics_command(
    path: Path, paths: Sequence[Path], key: Path | None, format: str, output: Path | None, seed: int
) -> None:
    """Compare a run's metrics with raters' answers and print the table.

    Raises:
        UserError: the answers are not about the run's pictures; or see
            :func:`fsrbench.study.correlation.compare_metrics`.
    """
    one_of("format", format, FORMATS)
    run, answers = RunData.load(path), read_answers(paths, key)
    check_pictures(run, answers.key)
    found = compare_metrics(run, answers, seed)
    _print(format, output, show_metrics.tables(found), show_metrics.frame(found), show_metrics.record(found))


def _print(format: str, output: Path | None, tables: list[Shown], frame: pd.DataFrame, record: dict[str, Any]) -> None:
    """Print in the format; if a file is given, write it there and print the text."""
    texts: dict[str, Callable[[], str]] = {
        "text": lambda: as_text(tables),
        "md": lambda: as_markdown(tables),
        "csv": lambda: str(frame.to_csv(index=False)),
        "json": lambda: json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    if output is None:
        print(texts[format](), end="")
        return
    write_text(output, texts[format]())
    print(texts["text"](), end="")
