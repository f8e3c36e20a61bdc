"""Measure the false alarms and the power of the checks of pictures, and print the tables of docs/checks.md.

python -m tools.checks.false_alarms --data sample,FACES.zip --data512 FACES512.zip --outputs OUTPUTS.zip --keep DIR
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from fsrbench.checks import method as checks
from tools.checks.cases import Case, computed, enlarged, native
from tools.checks.faults import FAULTS

NAMES: Final = ("shift", "channels", "tones", "borders", "jpeg", "equal_to_hr", "duplicates", "pairing")
IMAGES: Final = 32
"""Pictures of a draw."""
DRAWS: Final = 200
"""Draws per method, degradation and dataset."""
FAULTY: Final = ("bicubic", "ours", "codeformer", "gpen-solvay")
FAULTY_LR: Final = ("bicubic", "realworld", "wild", "as given")
"""Methods and degradations on which faults are made."""
Measured = Mapping[str, np.ndarray]


def main() -> None:
    """Measure what is not kept yet, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="sample")
    parser.add_argument("--data512")
    parser.add_argument("--outputs", type=Path)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--keep", type=Path, required=True, help="folder for what was measured")
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    sources = [computed(source, asked.images) for source in asked.data.split(",")]
    sources += [enlarged(asked.data512, IMAGES)] if asked.data512 else []
    sources += [native(asked.outputs)] if asked.outputs else []
    for case in chain(*sources):
        measure(case, asked.keep)
    print(false_alarms(asked.keep), power(asked.keep), sep="\n\n")


def measure(case: Case, folder: Path) -> None:
    """Measure a case, and the same with every fault where faults are made, and keep it."""
    save(folder / f"{case.name}.npz", checks.measure(case.sr, case.lr, case.hr), case)
    if case.hr is not None:
        save(folder / f"{case.name} without HR.npz", checks.measure(case.sr, case.lr, None), case)
    if case.method not in FAULTY or case.degradation not in FAULTY_LR:
        return
    for fault, (_, make, strengths) in FAULTS.items():
        for strength in strengths:
            sr = np.stack([make(picture, strength) for picture in case.sr[:IMAGES]])
            measured = checks.measure(sr, case.lr[:IMAGES], None if case.hr is None else case.hr[:IMAGES])
            save(folder / "faults" / f"{case.name}, {fault}, {strength:g}.npz", measured, case)


def save(path: Path, measured: Measured, case: Case) -> None:
    """Keep what was measured."""
    path.parent.mkdir(exist_ok=True)
    np.savez(path, sides=np.array([case.sr.shape[1], case.sr.shape[1] // case.lr.shape[1]]), **measured)


def findings(measured: Measured, rows: np.ndarray) -> set[str]:
    """The checks that find something in some of the images."""
    side, scale = (int(number) for number in measured["sides"])
    part = {name: array[rows] for name, array in measured.items() if name != "sides"}
    return {finding.check for finding in checks.judge(part, [str(row) for row in rows], side, scale)}


def false_alarms(folder: Path) -> str:
    """A line per check: draws, alarms, and the largest rate of any one method, degradation and dataset."""
    alarms: dict[str, Counter[str]] = defaultdict(Counter)
    cases = 0
    for path, measured in kept(folder.glob("*.npz")):
        cases += 1
        generator = np.random.default_rng(cases)
        count = len(measured["shift"])
        for _ in range(DRAWS):
            for check in findings(measured, generator.choice(count, min(IMAGES, count), replace=count < IMAGES)):
                alarms[check][path.stem] += 1
    lines = ["| check | draws | alarms | where |", "|---|---:|---:|---|"]
    for check in NAMES:
        where = "; ".join(f"{name} ({number})" for name, number in alarms[check].most_common(3)) or "–"
        lines.append(f"| `{check}` | {cases * DRAWS:,} | {alarms[check].total()} | {where} |")
    return "\n".join(lines)


def power(folder: Path) -> str:
    """A line per fault and task: the weakest that is found on every method and degradation, at 32 pictures."""
    seen: dict[tuple[str, str, str], dict[float, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for path, measured in kept((folder / "faults").glob("*.npz")):
        case, fault, strength = path.stem.split(", ") if path.stem.count(", ") == 2 else _split(path.stem)
        count = len(measured["shift"])
        found = FAULTS[fault][0] in findings(measured, np.arange(count))
        seen[fault, case.split()[1], ""][float(strength)].append(found)
    tasks = sorted({task for _, task, _ in seen})
    lines = [f"| fault | {' | '.join(tasks)} |", f"|---|{'---:|' * len(tasks)}"]
    for fault, (_, _, strengths) in FAULTS.items():
        cells = []
        for task in tasks:
            by_strength = seen[fault, task, ""]
            every = [s for s in strengths if by_strength.get(float(f"{s:g}")) and all(by_strength[float(f"{s:g}")])]
            cells.append(f"{every[0]:g}" if every else "–")
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    return "\n".join(lines)


def kept(paths: Iterable[Path]) -> Iterator[tuple[Path, Measured]]:
    """What was measured, by file."""
    for path in sorted(paths):
        with np.load(path) as file:
            yield path, dict(file)


def _split(name: str) -> tuple[str, str, str]:
    """The parts of a name whose fault has a comma."""
    case, rest = name.split(", ", 1)
    fault, strength = rest.rsplit(", ", 1)
    return case, fault, strength


if __name__ == "__main__":
    main()
