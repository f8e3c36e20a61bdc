"""Tables of docs/checks.md from what was measured: false alarms in draws of images, and the weakest fault seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from scipy.stats import binomtest

from fsrbench.checks import data as data_checks
from fsrbench.checks import equality, framing
from fsrbench.checks import method as checks
from fsrbench.checks.equality import KERNELS
from fsrbench.checks.finding import LEAST, Finding
from tools.checks.faults import FAULTS
from tools.checks.honest import FILTERS

NAMES: Final = (
    "shift",
    "geometry",
    "channels",
    "colours",
    "tones",
    "borders",
    "corners",
    "equal_to_hr",
    "matched_to_hr",
    "equal_to_lr",
    "pairing",
    "duplicates",
    "jpeg",
    "sr_enlarged",
    "lr_equal_to_hr",
)
OF_DATA: Final = ("data_duplicates", "hr_enlarged", "framing")
UNMEASURED: Final = ("names",)
"""Checks of file names, about which pictures say nothing."""
NEEDED: Final = {"equal_to_hr": "sr_is_hr", "matched_to_hr": "sr_is_hr", "lr_equal_to_hr": "lr_is_hr"}
"""What a condition must have, so that the check can find anything: HR."""
DATA: Final = "data"
"""Folder of what was measured of HR."""
IMAGES: Final = 32
"""Pictures per draw."""
DRAWS: Final = 50
"""Draws per condition: method, degradation, task and dataset."""
DRAWS_OF_DATA: Final = 500
"""Draws per condition: dataset and side."""
SHARE: Final = 0.8
"""If there are fewer pictures than :data:`IMAGES`, a draw takes this share of them."""
Measured = Mapping[str, np.ndarray]


def findings(measured: Measured, rows: np.ndarray) -> set[str]:
    """The checks that find something in some of the images."""
    side, scale = (int(number) for number in measured["sides"])
    part = {name: array[rows] for name, array in measured.items() if name != "sides"}
    ids = [str(row) for row in rows]
    if "spectrum" in part:
        found = data_checks.judge(part, ids) + framing.judge(part["box"], part["confidence"], side)
    else:
        found = checks.judge(part, ids, side, scale) + _exact(part, len(rows), scale)
    return {finding.check for finding in found}


def _exact(part: Measured, images: int, scale: int) -> list[Finding]:
    """Findings from counting the pictures that equal HR pixel for pixel."""
    if "sr_is_hr" not in part:
        return []
    of_sr = equality.judge_exact(int(part["sr_is_hr"].sum()), images)
    of_lr = equality.judge_lr(int(part["lr_is_hr"].sum()), images) if scale == 1 else None
    return [found for found in (of_sr, of_lr) if found]


def false_alarms(folder: Path) -> str:
    """A line per check: conditions, draws, alarms, upper 95 % bounds of the rates of both, and where most alarms are.

    The bound by draws takes them as independent; the one by conditions counts those with an alarm at all.
    """
    lines = [
        "| check | conditions | draws | alarms | at most, by draws | at most, by conditions | where |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    of_methods, of_data = _alarms(folder, DRAWS), _alarms(folder / DATA, DRAWS_OF_DATA)
    for check in (*NAMES, *OF_DATA):
        found = of_data if check in OF_DATA else of_methods
        counted = {name: alarms[check] for name, alarms in found.items() if _counts(check, name, alarms)}
        each = DRAWS_OF_DATA if check in OF_DATA else DRAWS
        draws, alarms, hit = each * len(counted), sum(counted.values()), {n: k for n, k in counted.items() if k}
        where = "; ".join(f"{name} ({number})" for name, number in Counter(hit).most_common(4)) or "–"
        rates = f"{bound(alarms, draws):.3%}", f"{bound(len(hit), len(counted)):.2%}"
        cells = (f"{len(counted):,}", f"{draws:,}", str(alarms), *rates, where)
        lines.append(f"| `{check}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def bound(alarms: int, draws: int) -> float:
    """Upper end of the exact one-sided 95 % interval of a rate (Clopper & Pearson, 1934).

    Example:
        >>> round(bound(0, 3000), 5)  # the rule of three
        0.001
    """
    return float(binomtest(alarms, draws, alternative="less").proportion_ci(0.95).high) if draws else 1.0


def _counts(check: str, name: str, alarms: Counter[str]) -> bool:
    """Whether the check can find something in this condition, and it would be an alarm."""
    scored = alarms[NEEDED[check]] if check in NEEDED else True
    restores = check != "lr_equal_to_hr" or _task(name).endswith("x1")
    return bool(scored) and restores and not _is_meant(check, name)


def _is_meant(check: str, name: str) -> bool:
    """Whether an alarm would be right: interpolations are enlarged LR, filters hardly change what is blurred, PSFRGAN's
    pictures are JPEG files, and smoothed pictures are blurred, as the finding says.
    """
    method = name.removesuffix(" without HR").rsplit(" ", 1)[-1]
    meant = {"equal_to_lr": (*KERNELS, *FILTERS), "jpeg": ("psfrgan-solvay",), "sr_enlarged": ("smoothed",)}
    return method in meant.get(check, ())


def _alarms(folder: Path, draws: int) -> dict[str, Counter[str]]:
    """By condition, in how many of its draws each check finds something."""
    alarms = {}
    for number, (path, measured) in enumerate(kept(folder.glob("*.npz"))):
        generator = np.random.default_rng(number)
        count = len(next(array for name, array in measured.items() if name != "sides"))
        drawn = IMAGES if count > IMAGES else max(LEAST, round(SHARE * count))
        found = (findings(measured, generator.choice(count, drawn, replace=False)) for _ in range(draws))
        alarms[path.stem] = Counter(check for draw in found for check in draw)
        alarms[path.stem].update(name for name in set(NEEDED.values()) if name in measured)
    return alarms


def power(folder: Path) -> str:
    """A line per fault and task: the weakest that is found on every method and degradation, at 32 pictures."""
    seen: dict[tuple[str, str], dict[float, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for path, measured in kept((folder / "faults").glob("*.npz")):
        case, rest = path.stem.split(", ", 1)
        fault, strength = rest.rsplit(", ", 1)
        found = FAULTS[fault][0] in findings(measured, np.arange(len(measured["shift"])))
        seen[fault, _task(case)][float(strength)].append(found)
    tasks = sorted({task for _, task in seen})
    lines = [f"| fault | {' | '.join(tasks)} |", f"|---|{'---:|' * len(tasks)}"]
    for fault, (_, _, strengths) in FAULTS.items():
        weakest = (_weakest(seen[fault, task], [float(f"{s:g}") for s in strengths]) for task in tasks)
        lines.append(f"| {fault} | {' | '.join(weakest)} |")
    return "\n".join(lines)


def _task(case: str) -> str:
    return case.split()[1]


def _weakest(found: Mapping[float, list[bool]], strengths: Iterable[float]) -> str:
    """The weakest fault from which on all are found everywhere, and in how many conditions."""
    weakest = None
    for strength in reversed(list(strengths)):
        if not found.get(strength) or not all(found[strength]):
            break
        weakest = strength
    return "–" if weakest is None else f"{weakest:g}"


def kept(paths: Iterable[Path]) -> Iterator[tuple[Path, Measured]]:
    """What was measured, by file."""
    for path in sorted(paths):
        with np.load(path) as file:
            yield path, dict(file)
