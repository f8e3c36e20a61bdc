"""Print the difference of each ablation from the full training, face by face: mean and 95 % interval.

python -m tools.ablations.differences RUN
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.names import HR
from fsrbench.stats.intervals import mean_interval, people
from tools.ablations.methods import Full

FULL = f"python:tools.ablations.methods:{Full.__name__}"


def main(folder: str) -> None:
    """Print a Markdown table."""
    run = RunData.load(Path(folder))
    per_image = run.scores.pivot(index="image", columns=["metric", "method"], values="value")
    scored = set(per_image.columns.get_level_values(0))
    metrics = [run.metric(name) for name in run.metrics if name in scored]
    print("| minus the full training | " + " | ".join(info.label for info in metrics) + " |")
    print("| :--- |" + " ---: |" * len(metrics))
    for method in run.methods:
        if method not in (FULL, HR):
            cells = [_difference(run, per_image[info.name], method, info) for info in metrics]
            print(f"| {method.rpartition(':')[2]} | " + " | ".join(cells) + " |")


def _difference(run: RunData, scores: pd.DataFrame, method: str, info: MetricInfo) -> str:
    difference = (scores[method] - scores[FULL]).dropna() * info.factor
    low, high = mean_interval(difference.to_numpy(), clusters=people(difference.index, run.identities))
    digits = info.digits + 1
    return f"{difference.mean():+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


if __name__ == "__main__":
    main(sys.argv[1])
