"""Measure the false alarms and the power of the checks of pictures, and print the tables of docs/checks.md.

python -m tools.checks.false_alarms --data FACES.zip,PEOPLE.zip --data512 FACES512.zip --lr512 LQ512.zip \
    --outputs OUTPUTS.zip --half measured --keep DIR

What is measured is kept, so that it can be stopped and called again; `--judge` prints the tables of what there is.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from fsrbench.checks import data as data_checks
from fsrbench.checks import method as checks
from tools.checks.cases import DEGRADATIONS, GIVEN, Case, computed, native
from tools.checks.faults import FAULTS
from tools.checks.split import HALVES
from tools.checks.tables import DATA, IMAGES, false_alarms, power

FAULTY: Final = ("bicubic", "ours", "smoothed", "ours of 16 px", "codeformer", "gpen-solvay")
FAULTY_LR: Final = ("bicubic", "realworld", "wild", "gfpgan", GIVEN)
"""Methods and degradations on which faults are made."""
WITHOUT: Final = " without HR"
Measured = Mapping[str, np.ndarray]


def main() -> None:
    """Measure what is not kept yet, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="sample", help="x4, x8 and 64x2, separated by commas")
    parser.add_argument("--data512", help="128x4 and 512x1")
    parser.add_argument("--lr512", help="real LR of 512 px: 512x1")
    parser.add_argument("--outputs", type=Path)
    parser.add_argument("--half", choices=HALVES, default="measured")
    parser.add_argument("--images", type=int, default=64, help="of each dataset at most")
    parser.add_argument("--keep", type=Path, required=True, help="folder for what was measured")
    parser.add_argument("--judge", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    if not asked.judge:
        for case in cases(asked):
            measure(case, asked.keep)
    print(false_alarms(asked.keep), power(asked.keep), sep="\n\n")


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    """All that is asked for, in an order that covers every task early; what is kept already is left out."""
    if asked.outputs and not (asked.keep / "native512").exists():
        yield from native(asked.outputs, asked.half)
        (asked.keep / "native512").touch()
    small = [(source, task) for source in asked.data.split(",") for task in ("x4", "x8", "64x2")]
    large = [(asked.data512, task) for task in ("128x4", "512x1") if asked.data512]
    wanted = [(*of, degradation) for of in (*small, *large) for degradation in DEGRADATIONS[of[1]]]
    wanted += [(asked.lr512, "512x1", GIVEN)] if asked.lr512 else []
    random.Random(0).shuffle(wanted)
    for source, task, degradation in wanted:
        done = asked.keep / f"{Path(source).stem} {task} {degradation}"
        if not done.exists():
            yield from computed(source, task, degradation, asked.half, asked.images)
            done.touch()


def measure(case: Case, folder: Path) -> None:
    """Measure a case, and the same with every fault where faults are made, and keep it."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / f"{case.name}.npz", case, checks.measure(case.sr, case.lr, case.hr))
    if case.hr is not None:
        save(folder / f"{case.name}{WITHOUT}.npz", case, checks.measure(case.sr, case.lr, None))
        save(folder / DATA / f"{case.data} {case.hr.shape[1]} px.npz", case, data_checks.measure(case.hr))
    if case.method not in FAULTY or case.degradation not in FAULTY_LR:
        return
    some = slice(IMAGES)
    lr, hr = case.lr[some], None if case.hr is None else case.hr[some]
    for fault, (_, make, strengths) in FAULTS.items():
        for strength in strengths:
            sr = np.stack([make(picture, strength) for picture in case.sr[some]])
            save(folder / "faults" / f"{case.name}, {fault}, {strength:g}.npz", case, checks.measure(sr, lr, hr))


def save(path: Path, case: Case, measured: Measured) -> None:
    """Keep what was measured."""
    path.parent.mkdir(exist_ok=True)
    np.savez(path, sides=np.array([case.sr.shape[1], case.sr.shape[1] // case.lr.shape[1]]), **measured)


if __name__ == "__main__":
    main()
