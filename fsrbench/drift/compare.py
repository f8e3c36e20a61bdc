"""Compare a window with a reference: inputs, outputs, and outputs at equal inputs, at one declared level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from fsrbench.drift.conditional import Conditional, beyond_inputs
from fsrbench.drift.descriptors import frechet_note, set_distances, with_distances
from fsrbench.drift.known import DESCRIPTOR_METRIC, DISTANCES, INPUT_NAMES, MEASURES, SETS, SIDES, Measure
from fsrbench.drift.set_distance import SetDistance
from fsrbench.drift.two_samples import Tested, two_samples
from fsrbench.drift.verdict import TOGETHER, Finding, Part, State, Verdict
from fsrbench.drift.windows import BY_HR, Window, faces_found
from fsrbench.errors import UserError, counted
from fsrbench.stats.corrections import FEWEST_PEOPLE

LEAST_OVERLAP: Final = 0.75
"""If inputs overlap less, properties that no measure captures may differ, too, and outputs are not judged."""
LEAST_IF_MOVED: Final = 0.95
"""The same if a test finds that inputs have moved."""
LEAST_KNOWN: Final = 0.9
"""Share of the pictures that must have a measure for it to enter the regressions."""
MOST: Final = 1500
"""Maximum pictures for the regressions; if there are more, some blocks are drawn."""
MOST_OF_BLOCK: Final = MOST // (2 * FEWEST_PEOPLE)
"""Maximum pictures of one block in that case, so that enough blocks are drawn even if they are large."""
PROTOCOLS: Final = {measure.name: DESCRIPTOR_METRIC for measure in DISTANCES}
"""Measures whose protocol is that of a metric with another name."""


def compare(window: Window, reference: Window, alpha: float = 0.05, seed: int = 0) -> Verdict:
    """Test whether a window's inputs and outputs have moved since the reference.

    Two tests share the level equally: one of all inputs and outputs (:func:`.two_samples.two_samples`), one of outputs
    at equal inputs (:func:`.conditional.beyond_inputs`); if the second has nothing to test, the first has the whole
    level. So the probability of any alarm by chance is at most ``alpha``.

    Raises:
        UserError: another method or task, too few people or pictures, no faces, or no measure in common.
    """
    _check(window, reference)
    window, reference = with_distances(window, reference)
    names, notes = _common(window, reference)
    pooled = pd.concat([reference.values[names], window.values[names]], ignore_index=True).astype(float)
    is_window = np.repeat([False, True], [len(reference.values), len(window.values)])
    blocks = np.array([f"r {block}" for block in reference.blocks] + [f"w {block}" for block in window.blocks])
    conditional, why = _conditional(pooled, is_window, blocks, seed)
    parts = 1 if conditional is None else 2
    sets = set_distances(window, reference, names, _drawn(blocks, is_window, seed), blocks)
    tested = two_samples(pooled.to_numpy(), is_window, blocks, seed, list(sets.values()))
    findings = _plain(pooled, is_window, tested, alpha, parts)
    findings += _of_sets(sets, _inside(blocks, is_window), tested, alpha, parts)
    notes += [line for each in sets.items() for line in frechet_note(*each, _inside(blocks, is_window))]
    overlap = math.nan
    if conditional is not None:
        overlap = conditional[1].overlap
        inputs_moved = any(each.part is Part.INPUTS and each.state is State.MOVED for each in findings)
        comparable = overlap >= (LEAST_IF_MOVED if inputs_moved else LEAST_OVERLAP)
        findings += _beyond(pooled, is_window, *conditional, comparable, alpha, parts)
        if not comparable:
            why = f"inputs overlap by only {100 * overlap:.0f} %; it takes a reference of such pictures"
    if why:
        notes.append(f"it cannot be told whether outputs moved beyond what inputs explain: {why}")
    return Verdict(
        run=window.name,
        reference=reference.name,
        method=window.method,
        alpha=alpha,
        findings=findings,
        pictures=len(window.values),
        reference_pictures=len(reference.values),
        blocks=len(set(window.blocks)),
        reference_blocks=len(set(reference.blocks)),
        overlap=overlap,
        notes=[*notes, *_shared(window, reference), *window.notes, *reference.notes],
    )


def _check(window: Window, reference: Window) -> None:
    for what in ("method", "task"):
        here, there = getattr(window, what), getattr(reference, what)
        if here != there:
            raise UserError(f"{what} differs: {window.name} has {here}; the reference {reference.name} has {there}")
    for each in (window, reference):
        if (count := len(set(each.blocks))) < FEWEST_PEOPLE:
            people = count < len(each.values)
            noun = ("person or day" if count == 1 else "people or days") if people else "picture" + "s" * (count != 1)
            instead = "; or make each picture a block, --blocks image" if len(each.values) >= FEWEST_PEOPLE else ""
            reason = f"too few to test: {count} {noun}, at least {FEWEST_PEOPLE} are needed"
            raise UserError(f"{each.name}: {reason}{instead}")
        if faces_found(each) == 0:
            raise UserError(f"{each.name}: no face is found in any of {counted(len(each.values), 'picture')}")


def _common(window: Window, reference: Window) -> tuple[list[str], list[str]]:
    """The measures that both have, and notes on why others are not compared.

    Raises:
        UserError: there are none.
    """
    names, notes, lacking = [], [], []
    blocks = [_known_blocks(each) for each in (window, reference)]
    for name in MEASURES:
        has = [known.get(name, 0) > 0 for known in blocks]
        if not any(has):
            continue
        if not all(has):
            lacking += [(each, reference.name if has[0] else window.name) for each in (name, *_with_sets(name))]
        elif why := _not_comparable(window, reference, name, [known[name] for known in blocks]):
            sets = "".join(f", and so {of_set}," for of_set in _with_sets(name))
            notes.append(f"{name}{sets} is not compared: {why}")
        else:
            names.append(name)
    for where in dict.fromkeys(place for _, place in lacking):
        notes.append(
            f"not compared, {where} lacks them: {', '.join(name for name, place in lacking if place == where)}"
        )
    if not names:
        raise UserError(f"{window.name} and {reference.name} have no measure in common; " + "; ".join(notes))
    if not set(names) & set(INPUT_NAMES):
        notes.append("inputs are not compared: there are no LR pictures on both sides")
    return names, notes


def _with_sets(name: str) -> list[str]:
    """The measure of the sets of descriptors that belongs to a distance of descriptors; empty for other measures."""
    return [of_set.name for measure, of_set in zip(DISTANCES, SETS, strict=True) if measure.name == name]


def _not_comparable(window: Window, reference: Window, name: str, blocks: Sequence[int]) -> str:
    """Why a measure that both have, in so many blocks, is not compared; empty if it is."""
    if window.protocols.get(by := PROTOCOLS.get(name, name)) != reference.protocols.get(by):
        return "its protocol differs"
    if len(lengths := _lengths(window, reference, name)) > 1:
        return f"descriptors of {' and '.join(map(str, lengths))} numbers"
    if name in BY_HR and window.has_hr != reference.has_hr:
        return "only one of the runs has HR"
    pairs = zip((window, reference), blocks, strict=True)
    if scarce := [each.name for each, count in pairs if count < FEWEST_PEOPLE]:
        return f"{' and '.join(scarce)} has it in fewer than {FEWEST_PEOPLE} blocks"
    return ""


def _known_blocks(each: Window) -> dict[str, int]:
    """Number of blocks in which each measure has a value: from one or two, its spread is not known."""
    number = np.unique(each.blocks, return_inverse=True)[1]
    known = each.values.notna().to_numpy()
    return {str(name): len(np.unique(number[has])) for name, has in zip(each.values, known.T, strict=True)}


def _lengths(window: Window, reference: Window, name: str) -> list[int]:
    """Lengths of the descriptors behind a measure of their distance; one protocol may cover two networks."""
    sides = [side for side, measure in zip(SIDES, DISTANCES, strict=True) if measure.name == name]
    return sorted({each.descriptors[side].shape[1] for each in (window, reference) for side in sides})


def _shared(window: Window, reference: Window) -> list[str]:
    notes = []
    if common := len(set(window.values.index) & set(reference.values.index)):
        notes.append(f"{counted(common, 'picture')} with the same name in both; equal pictures hide a drift")
    if window.weights and reference.weights and window.weights != reference.weights:
        notes.append(f"other weights: sha256 {reference.weights[:12]} -> {window.weights[:12]}")
    return notes


def _conditional(
    pooled: pd.DataFrame, is_window: np.ndarray, blocks: np.ndarray, seed: int
) -> tuple[tuple[list[str], Conditional] | None, str]:
    """The test of outputs at equal inputs with the names of the outputs, or why there is none."""
    known = [str(name) for name, share in pooled.notna().mean().items() if share >= LEAST_KNOWN]
    inputs = [name for name in known if name in INPUT_NAMES]
    outputs = [name for name in known if name not in INPUT_NAMES]
    if not inputs or not outputs:
        return None, f"no {'outputs' if inputs else 'inputs'} to compare"
    chosen = pooled[[*inputs, *outputs]].notna().all(axis=1).to_numpy() & _drawn(blocks, is_window, seed)
    if any(len(set(blocks[chosen & side])) < FEWEST_PEOPLE for side in (is_window, ~is_window)):
        return None, "too few pictures have all measures"
    x, y = (_regressed(pooled.loc[chosen, names]) for names in (inputs, outputs))
    return (outputs, beyond_inputs(x, y, is_window[chosen], blocks[chosen], seed)), ""


def _drawn(blocks: np.ndarray, is_window: np.ndarray, seed: int) -> np.ndarray:
    """Whether the regressions read each picture, at most :data:`MOST` in all: blocks drawn from each side.

    A side gets half of the pictures, or what the other leaves: a small window is read whole, whatever the reference.
    """
    if len(blocks) <= MOST:
        return np.ones(len(blocks), bool)
    table = pd.DataFrame({"block": blocks, "window": is_window}).sample(frac=1, random_state=seed)
    table = table[table.groupby("block").cumcount() < MOST_OF_BLOCK]
    kept: list[str] = []
    for _, side in table.groupby("window"):
        sizes = side["block"].value_counts().sort_index().sample(frac=1, random_state=seed)
        kept.extend(sizes.index[sizes.cumsum() <= max(MOST // 2, MOST - (len(table) - len(side)))])
    drawn = np.zeros(len(blocks), bool)
    drawn[table.index[table["block"].isin(kept)]] = True
    return drawn


def _regressed(values: pd.DataFrame) -> np.ndarray:
    """Take logarithms of measures that change by factors; a hundredth of the median is added to keep zeros finite."""
    columns = []
    for name, column in zip(values, values.to_numpy(float).T, strict=True):
        if MEASURES[str(name)].by_factor:
            column = np.log(column.clip(0) + max(1e-6, 0.01 * float(np.median(column))))
        columns.append(column)
    return np.column_stack(columns)


def _plain(pooled: pd.DataFrame, is_window: np.ndarray, tested: Tested, alpha: float, parts: int) -> list[Finding]:
    found = []
    for place, (name, column) in enumerate(zip(map(str, pooled), pooled.to_numpy().T, strict=True)):
        before, after = (_known(column[side]) for side in (~is_window, is_window))
        spread = float(before.std(ddof=1))
        change = float(after.mean() - before.mean())
        part = Part.INPUTS if name in INPUT_NAMES else Part.OUTPUTS
        p = float(np.minimum(1.0, parts * tested.p_family[place]))
        found.append(
            Finding(
                part, name, _state(p, alpha), float(before.mean()), float(after.mean()),
                change / spread if spread > 0 else math.nan, float(tested.p[place]), p,
                _range_ratio(before, after) if tested.in_spread[place] else math.nan,
            )
        )  # fmt: skip
    return found


def _inside(blocks: np.ndarray, is_window: np.ndarray) -> np.ndarray:
    """G booleans: whether each block, in the order of their labels, is the window's."""
    first = np.unique(blocks, return_index=True)[1]
    inside: np.ndarray = is_window[first]
    return inside


def _of_sets(
    sets: Mapping[Measure, SetDistance], inside: np.ndarray, tested: Tested, alpha: float, parts: int
) -> list[Finding]:
    """Findings on the descriptors as sets, whose statistics are the last ones; by chance KID is 0 on average."""
    found, first = [], len(tested.p) - len(sets)
    for place, (measure, distance) in enumerate(sets.items(), first):
        part = Part.INPUTS if measure.name in INPUT_NAMES else Part.OUTPUTS
        p = float(np.minimum(1.0, parts * tested.p_family[place]))
        kid, effect = distance.kid(inside[None, distance.known]), distance.apart(inside[distance.known])
        found.append(
            Finding(part, measure.name, _state(p, alpha), 0.0, float(kid[0]), effect, float(tested.p[place]), p)
        )
    return found


def _known(values: np.ndarray) -> np.ndarray:
    """Those that are not NaN."""
    found: np.ndarray = values[~np.isnan(values)]
    return found


def _range_ratio(before: np.ndarray, after: np.ndarray) -> float:
    """The second interquartile range over the first; NaN if the first is 0."""
    first, second = (float(np.subtract(*np.quantile(each, [0.75, 0.25]))) for each in (before, after))
    return second / first if first > 0 else math.nan


def _beyond(
    pooled: pd.DataFrame,
    is_window: np.ndarray,
    outputs: Sequence[str],
    conditional: Conditional,
    comparable: bool,
    alpha: float,
    parts: int,
) -> list[Finding]:
    found = []
    for place, name in enumerate([*outputs, TOGETHER]):
        p = float(np.minimum(1.0, parts * conditional.tested.p_family[place]))
        state = _state(p, alpha) if comparable else State.OPEN
        before = after = effect = math.nan
        if name != TOGETHER:
            values = _known(pooled[name].to_numpy()[~is_window])
            before, shift, spread = float(values.mean()), float(conditional.shift[place]), float(values.std(ddof=1))
            after = before * math.exp(shift) if MEASURES[name].by_factor else before + shift
            effect = (after - before) / spread if spread > 0 else math.nan
        found.append(Finding(Part.BEYOND, name, state, before, after, effect, float(conditional.tested.p[place]), p))
    return found


def _state(p: float, alpha: float) -> State:
    return State.MOVED if p <= alpha else State.HOLDS
