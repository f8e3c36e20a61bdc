"""The table of ``fsrbench compare``: differences from a base method, and whether they are more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Final, Literal

import pandas as pd
from rich.text import Text

from fsrbench.errors import counted
from fsrbench.files.markdown import escape, markdown_table
from fsrbench.files.text_table import column_widths, text_row
from fsrbench.reports.tables.model import NO_VALUE
from fsrbench.runs.comparison import Compared
from fsrbench.runs.data import RunData
from fsrbench.runs.times import BAND

Format = Literal["text", "md", "csv"]
HEADINGS: Final = ("Metric", "Method", "Difference", "95 % interval", "p (Holm)", "Effect", "Wins (%)", "n", "Verdict")
ALIGN: Final = "llrrrrrrl"
COLUMNS: Final = (
    *("metric", "method", "base", "difference", "ci_low", "ci_high", "p", "p_holm", "effect", "win_rate", "n"),
    *("people", "verdict", "reason"),
)
_VERDICTS: Final = {
    "better": "better",
    "worse": "worse",
    "other": "differs",
    "same": "≈",
    "few": "too few people to tell",
    "untested": "not tested",
}


def legend(base: str, rows: Sequence[Compared]) -> str:
    """What the columns mean."""
    tests = counted(sum(row.paired is not None for row in rows), "test")
    return (
        f"Each method minus {base}, on the n images (in brackets: people) that both have. Interval: 95 %, over people. "
        f"p: permutation test of paired scores, Holm-corrected for the {tests} here; ≈: not distinguishable "
        "at 5 %. Effect: mean difference over the differences' standard deviation. Wins: images on which the method is "
        "better, ties counted half. Rows without p have no per-image scores: measured values differ if their intervals "
        f"do not overlap (times: and their ratio is above {BAND:g}), counted ones if they are not equal."
    )


def lines(run: RunData, rows: Sequence[Compared]) -> list[list[str]]:
    """The cells of :data:`HEADINGS`; a metric is named in its first row."""
    written, last = [], ""
    for row in rows:
        info, paired = run.metric(row.metric), row.paired
        texts = ["", "", "", "", ""]
        if paired:
            low, high = (signed(bound * info.factor, info.digits) for bound in (paired.ci_low, paired.ci_high))
            interval = NO_VALUE if math.isnan(paired.ci_low) else f"[{low}, {high}]"
            effect = NO_VALUE if math.isnan(paired.effect) else signed(paired.effect, 2)
            tested = paired.n + paired.infinite
            images = str(tested) if paired.people == tested else f"{tested} ({paired.people})"
            texts = [interval, _p(row.p_corrected), effect, f"{100 * row.win_rate:.0f}", images]
        heading = info.label if row.metric != last else ""
        unknown = math.isnan(row.difference)
        difference = NO_VALUE if unknown else signed(row.difference * info.factor, info.digits)
        written.append([heading, row.method, difference, *texts, verdict(row)])
        last = row.metric
    return written


def verdict(row: Compared) -> str:
    """The verdict in words, with its reason if there is one."""
    return f"{_VERDICTS[row.verdict]} ({row.reason})" if row.reason else _VERDICTS[row.verdict]


def signed(number: float, digits: int) -> str:
    """The number with its sign; no sign if it is zero as shown."""
    text = f"{number:+.{digits}f}".replace("inf", "∞")
    if math.isinf(number):
        return text.replace("-", "−")
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def frame(base: str, rows: Sequence[Compared]) -> pd.DataFrame:
    """The comparison for other programs, in the units of the run's files."""
    table = []
    for row in rows:
        paired = row.paired
        numbers = (paired.ci_low, paired.ci_high, paired.p) if paired else (math.nan,) * 3
        counts = (paired.n, paired.people) if paired else (0, 0)
        more = (row.p_corrected, paired.effect if paired else math.nan, row.win_rate, *counts)
        table.append((row.metric, row.method, base, row.difference, *numbers, *more, row.verdict, row.reason))
    return pd.DataFrame(table, columns=list(COLUMNS))


def render(run: RunData, base: str, rows: Sequence[Compared], format: Format) -> str | Text:
    """The table as text, or for ``rich.print``."""
    if format == "csv":
        return str(frame(base, rows).to_csv(index=False))
    if format == "md":
        table = markdown_table(HEADINGS, ([*map(escape, line)] for line in lines(run, rows)), ALIGN)
        return f"{table}\n\n{escape(legend(base, rows))}\n"
    return _terminal(run, base, rows)


def _terminal(run: RunData, base: str, rows: Sequence[Compared]) -> Text:
    """As text: each metric is on a separate line, which keeps the columns narrow."""
    cells = lines(run, rows)
    widths = column_widths([HEADINGS[1:], *(row[1:] for row in cells)])

    def line(row: Sequence[str]) -> str:
        return f"  {text_row(row, widths, ALIGN[1:])}\n"

    text = Text(line(HEADINGS[1:]), style="", no_wrap=True)
    for row, (heading, *others) in zip(rows, cells, strict=True):
        text.append(f"{heading}\n" if heading else "", style="bold")
        text.append(line(others), style={"better": "green", "worse": "red"}.get(row.verdict))
    return text.append("\n" + "\n".join(wrap(legend(base, rows), 80)) + "\n")
