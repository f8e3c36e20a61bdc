"""How often the gap test of ``--by`` rejects on a run's own scores when its labels are shuffled among people.

python -m tools.gap_false_alarms RUN --by sex,age:30 [--draws 500]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from fsrbench.files.markdown import markdown_table
from fsrbench.runs import RunData
from fsrbench.runs.by_group import MIN_PEOPLE
from fsrbench.runs.grouping import Grouping, groupings
from fsrbench.stats import people
from fsrbench.stats.gaps import gap_test

PERMUTATIONS = 199
"""With this many, p can be exactly 0.05."""


def rejected(run: RunData, grouping: Grouping, metric: str, draws: int, seed: int = 0) -> list[float]:
    """The share of draws below 5 %, for each method with scores that differ; empty without two large groups."""
    found = []
    scores = run.per_image(metric)
    for method in scores.columns.intersection(run.rows):
        values = scores[method][scores.index.isin(list(grouping.of))].dropna()
        values = values[np.isfinite(values)]
        person = np.array(people(map(str, values.index), run.identities))
        group = np.array([grouping.of[image] for image in values.index])
        large = [name for name in grouping.names if len(set(person[group == name])) >= MIN_PEOPLE]
        chosen = np.isin(group, large)
        numbers = values.to_numpy()[chosen]
        if len(large) < 2 or np.ptp(numbers) == 0:
            continue
        found.append(_share(numbers, np.searchsorted(sorted(large), group[chosen]), person[chosen], draws, seed))
    return found


def _share(values: np.ndarray, group: np.ndarray, person: np.ndarray, draws: int, seed: int) -> float:
    """The share for one method; labels are shuffled among people, each of whom is in one group."""
    _, first, number = np.unique(person, return_index=True, return_inverse=True)
    random, hits = np.random.default_rng(seed), 0
    for draw in range(draws):
        shuffled = random.permutation(group[first])[number]
        hits += gap_test(values, shuffled, person, PERMUTATIONS, seed=draw + 1) <= 0.05
    return hits / draws


def main() -> None:
    """Print the shares as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--by")
    parser.add_argument("--draws", type=int, default=500)
    given = parser.parse_args()
    run = RunData.load(given.run)
    rows = []
    for grouping in groupings(run.labels, given.by):
        for metric in run.metrics:
            if shares := rejected(run, grouping, metric, given.draws):
                low, high = f"{100 * min(shares):.1f}", f"{100 * max(shares):.1f}"
                rows.append(
                    [grouping.column, metric, str(len(shares)), f"{100 * np.mean(shares):.1f}", f"{low} to {high}"]
                )
    print(f"Rejected at 5 %, of {given.draws} draws in which labels are shuffled among people (%).\n")
    print(markdown_table(["Column", "Metric", "Rows", "Mean", "Lowest and highest"], rows, "llrrr"))


if __name__ == "__main__":
    main()
