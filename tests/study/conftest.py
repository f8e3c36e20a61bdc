"""A small study of three made-up methods on eight made pictures, and one with simulated raters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from made.pages import VALUES, add_pictures
from made.raters import write_raters
from made.runs import MakeRun

from fsrbench.runs.data import RunData
from fsrbench.study.key import Key, read_key
from fsrbench.study.make import Settings, make_study

STRENGTHS = (-1.5, 1.5, 0.0)
"""Of bicubic, ours and scgan."""


@dataclass(frozen=True)
class Study:
    """A study's run, page and key."""

    run: RunData
    page: Path
    key_file: Path
    key: Key


@pytest.fixture(scope="session")
def study(make_run_at: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    run = add_pictures(make_run_at(folder / "run", VALUES, n=8))
    made = make_study(run, folder / "out", Settings(pairs=6))
    return Study(run, made.page, made.key, read_key(made.key))


@pytest.fixture(scope="session")
def answers(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of 20 raters and of one who clicks at random."""
    folder = tmp_path_factory.mktemp("answers")
    write_raters(folder, study.key, 20, STRENGTHS)
    write_raters(folder, study.key, 1, STRENGTHS, clicks=True)
    return folder
