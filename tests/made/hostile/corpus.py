"""All bad inputs that this project knows, made on the spot: no file of anybody else lies here."""

from __future__ import annotations

from made.hostile.bad_models import MODELS
from made.hostile.bad_pictures import LEFT_OUT, ODD
from made.hostile.bad_runs import RUNS
from made.hostile.bad_sources import FOLDERS, PATHS, STRANGE_NAMES, ZIPS
from made.hostile.bad_texts import CONFIGURATIONS, GROUPS, LANDMARKS, PAIRS, REFERENCES, SETTINGS
from made.hostile.bad_weights import WEIGHTS
from made.hostile.cases import Case

CASES: list[Case] = [
    *ZIPS,
    *FOLDERS,
    *PATHS,
    *PAIRS,
    *SETTINGS,
    *CONFIGURATIONS,
    *LANDMARKS,
    *GROUPS,
    *REFERENCES,
    *RUNS,
    *WEIGHTS,
    *MODELS,
]
"""Inputs that get a call of the command line each."""


def count() -> int:
    """How many bad inputs there are."""
    return len(CASES) + len(LEFT_OUT) + len(ODD) + len(STRANGE_NAMES)


if __name__ == "__main__":
    print(f"{count()} bad inputs: {len(LEFT_OUT)} pictures left out, {len(ODD)} odd ones scored, {len(CASES)} calls")
