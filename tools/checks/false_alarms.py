"""Measure the false alarms and the power of the checks of pictures, and print the tables of docs/checks.md.

python -m tools.checks.false_alarms --data FACES.zip,PEOPLE.zip --data512 FACES512.zip --lr512 LQ512.zip \
    --outputs OUTPUTS.zip --half measured --keep DIR

Measurements are kept, so that it can be stopped and called again: once for methods, once with `--hr` for the data, once
with `--faults` for the power; `--judge` only prints the tables of what is there.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.checks import borders, channels, duplicates, geometry, jpeg, shift, tones
from fsrbench.checks import data as data_checks
from fsrbench.checks import method as checks
from fsrbench.checks.view import View
from fsrbench.datasets import open_dataset
from fsrbench.datasets.inputs import prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.metrics.extractors.base import EXTRACTORS, extract
from fsrbench.pictures.decode import to_tensor
from fsrbench.tasks import Task
from tools.checks.cases import DEGRADATIONS, GIVEN, Case, computed, native
from tools.checks.faults import FAULTS
from tools.checks.honest import INVENTING
from tools.checks.split import HALVES, part
from tools.checks.tables import DATA, false_alarms, power

FAULTY: Final = ("bicubic", "ours", INVENTING, "codeformer", "gpen-solvay")
FAULTY_LR: Final = {"x4": ("bicubic", "wild"), "x8": ("bicubic", "wild"), "64x2": ("bicubic", "wild")}
"""Methods and degradations on which faults are made; for other tasks:"""
FAULTY_512: Final = ("gfpgan", GIVEN)
FEW: Final = {64: 32, 128: 16, 512: 8}
"""Number of pictures in which faults are made, by their side: hundreds of faults take long."""
SIDES: Final = (64, 128, 256, 512)
MOST_HR: Final = 200
"""Maximum number of HR pictures."""
MEASURES: Final = {
    module.__name__.rpartition(".")[2]: module.measure for module in (shift, geometry, channels, tones, borders, jpeg)
}
"""By check."""
WITHOUT: Final = " without HR"
NATIVE: Final = "native"
"""Instead of a task, of outputs of published methods."""
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
    parser.add_argument("--faults", action="store_true", help="make faults in some of the pictures")
    parser.add_argument("--hr", action="store_true", help="measure the data alone")
    parser.add_argument("--judge", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    if asked.hr:
        for source in filter(None, (*asked.data.split(","), asked.data512)):
            measure_data(source, asked.half, asked.keep / DATA)
    elif not asked.judge:
        for case in cases(asked):
            (measure_faults if asked.faults else measure)(case, asked.keep)
    print(false_alarms(asked.keep), power(asked.keep), sep="\n\n")


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    """All requested cases, in an order that covers every task early; those already kept are skipped."""
    sources = asked.data.split(",")[: 1 if asked.faults else None]
    small = [(source, task) for source in sources for task in ("x4", "x8", "64x2")]
    large = [(asked.data512, task) for task in ("128x4", "512x1") if asked.data512]
    wanted = [(*of, degradation) for of in (*small, *large) for degradation in DEGRADATIONS[of[1]]]
    random.Random(0).shuffle(wanted)
    wanted.sort(key=lambda of: (of[1] == "128x4") == asked.faults)  # few, and slow
    real = [(asked.lr512, "512x1", GIVEN)] if asked.lr512 else []
    real += [(str(asked.outputs), NATIVE, GIVEN)] if asked.outputs else []
    wanted = [*wanted, *real] if asked.faults else [*real, *wanted]
    for source, task, degradation in wanted:
        done = asked.keep / f"{Path(source).stem} {task} {degradation}{' faults' * asked.faults}"
        if done.exists() or (asked.faults and degradation not in FAULTY_LR.get(task, FAULTY_512)):
            continue
        if task == NATIVE:
            yield from native(asked.outputs, asked.half)
        else:
            yield from computed(source, task, degradation, asked.half, asked.images, FAULTY if asked.faults else None)
        done.touch()


def measure(case: Case, folder: Path) -> None:
    """Measure a case, with HR and without, and keep it."""
    measured = checks.measure(case.sr, case.lr, case.hr)
    if case.hr is None:
        save(folder / f"{case.name}.npz", case, measured)
        return
    is_hr = {"sr_is_hr": _equal(case.sr, case.hr), "lr_is_hr": _equal(case.lr, case.hr)}
    save(folder / f"{case.name}.npz", case, measured | is_hr)
    save(folder / f"{case.name}{WITHOUT}.npz", case, measured | _of_lr(case, measured))


def _equal(pictures: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """Of each picture, whether it is HR pixel for pixel."""
    if pictures.shape != hr.shape:
        return np.zeros(len(hr), bool)
    equal: np.ndarray = (pictures == hr).all(axis=(1, 2, 3))
    return equal


def _of_lr(case: Case, measured: Measured) -> dict[str, np.ndarray]:
    """Measurements that differ without HR."""
    changed = {name: np.full_like(measured[name], np.nan) for name in ("to_hr", "matched")}
    changed |= {name: measured[name].copy() for name in ("tones", "green")}
    changed["tones"][:, 2] = changed["green"][:, 2:] = np.nan
    changed["data_thumbnail"] = duplicates.thumbnails(case.lr)
    return changed | borders.measure(View(case.sr, case.lr, None))


def measure_faults(case: Case, folder: Path) -> None:
    """Measure a case with every fault in some of its pictures, by the check that should see it, and keep it."""
    if case.method not in FAULTY:
        return
    few = min(len(case.sr), FEW[case.sr.shape[1]])
    lr, hr = case.lr[:few], None if case.hr is None else case.hr[:few]
    honest = checks.measure(case.sr[:few], lr, hr)
    for fault, (check, make, strengths) in FAULTS.items():
        for strength in strengths:
            faulty = np.stack([make(picture, strength) for picture in case.sr[:few]])
            measured = MEASURES[check](View(faulty, lr, hr))
            save(folder / "faults" / f"{case.name}, {fault}, {strength:g}.npz", case, honest | measured)


def measure_data(source: str, half: str, folder: Path) -> None:
    """Measure HR at each side up to its own, and what MTCNN finds in it, and keep it."""
    samples = part(list(open_dataset(source)), half, MOST_HR)
    detector = EXTRACTORS.get("mtcnn")()
    for side in SIDES:
        hr = prepare(samples, Task(side, 1), find_degradation("bicubic"), 0).hr
        if hr is None or Image.open(io.BytesIO(samples[0].hr.read())).width < side:
            continue
        measured = data_checks.measure(hr) | extract(detector, to_tensor(hr), {})
        folder.mkdir(exist_ok=True)
        np.savez(folder / f"{Path(source).stem} {side} px.npz", sides=np.array([side, 1]), **measured)


def save(path: Path, case: Case, measured: Measured) -> None:
    """Keep what was measured."""
    path.parent.mkdir(exist_ok=True)
    np.savez(path, sides=np.array([case.sr.shape[1], case.sr.shape[1] // case.lr.shape[1]]), **measured)


if __name__ == "__main__":
    main()
