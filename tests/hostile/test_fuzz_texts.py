"""Settings, pairs and landmarks with any text in them: what they say, or one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from made.hostile.bad_texts import LAUGHS, POINTS
from made.hostile.fuzz import fuzz, mutated, only, values

from fsrbench.datasets.landmarks import read_landmarks
from fsrbench.datasets.pairs import read_pairs
from fsrbench.errors import UserError
from fsrbench.experiment.config import read_experiment
from fsrbench.files.text import read_yaml
from fsrbench.reports.tables.published import PUBLISHED, load_published
from fsrbench.spec import setting_types
from fsrbench.training.recipe import parse_config

pytestmark = pytest.mark.heavy

SETTINGS = b"""init: a.safetensors
rate: 0.001
detach: true # comment
when: 2024-01-02 03:04:05
more: {a: [1, .inf], 'b': ~}
"""
CONFIG = b"""methods: [bicubic, ours]
seed: 3
runs:
  one: {data: faces, metrics: psnr}
  two: {degradation: [noise:5, noise:10], limit: 4}
tables: {t: {runs: [two], sweep: true, layout: {metrics: [psnr], methods: {ours: Ours}}}}
"""
PAIRS = b"2\t2\nann\t1\t2\nbob\t1\t2\nann\t1\tbob\t1\nann\t2\tbob\t2\n" + b"cy 1 2\ndee 1 2\ncy 1 dee 1\ncy 2 dee 2\n"
LANDMARKS = b"image,x0,y0\na" + POINTS + b'"b/c.png"' + POINTS


@dataclass(frozen=True)
class Config:
    """Like a recipe's."""

    init: str = ""
    rate: float = 0.1
    count: int = 3
    detach: bool = False


def check_yaml(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    for strings in (False, True):
        with only(UserError):
            found = read_yaml(path, strings)
            if isinstance(found, dict):
                parse_config(Config, found)


def names() -> SearchStrategy[str]:
    """Of settings, runs and anything."""
    return st.one_of(st.sampled_from([*setting_types(), "tables", "a", "A", "..", "a/b"]), st.text(max_size=4))


def settings_of_runs() -> SearchStrategy[dict[str, object]]:
    """Anything said of any setting."""
    return st.dictionaries(names(), values(), max_size=3)


def check_configuration(path: Path) -> None:
    """What is taken lies below ``out``, in a folder a run."""
    with only(UserError):
        experiment = read_experiment(path, {})
        folders = [run.spec.out for run in experiment.runs]
        assert len(set(folders)) == len(folders)
        assert all(experiment.is_single_run or folder.is_relative_to(experiment.out) for folder in folders)
        assert not any(".." in folder.relative_to(experiment.out).parts for folder in folders)


@fuzz(300)
@given(data=st.one_of(mutated(SETTINGS), mutated(LAUGHS)))
def test_damaged_yaml(tmp_path: Path, data: bytes) -> None:
    check_yaml(tmp_path / "x.yaml", data)


@fuzz(300)
@given(text=st.text(st.sampled_from("ab:&*!<>|-?#[]{}, \n\t'\"%@~.0123456789exo_"), max_size=40))
def test_yaml_of_its_signs(tmp_path: Path, text: str) -> None:
    check_yaml(tmp_path / "x.yaml", text.encode())


@fuzz(200)
@given(value=st.dictionaries(st.sampled_from(["init", "rate", "count", "detach", "other"]), values()))
def test_any_settings(value: dict[str, object]) -> None:
    with only(UserError):
        config = parse_config(Config, value)
        assert np.isfinite(config.rate)
        assert [type(v) for v in (config.init, config.count, config.detach)] == [str, int, bool]


@fuzz(300)
@given(data=mutated(CONFIG))
def test_damaged_configuration(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    check_configuration(path)


@fuzz(300)
@given(top=settings_of_runs(), runs=st.one_of(values(), st.dictionaries(names(), settings_of_runs(), max_size=3)))
def test_any_configuration(tmp_path: Path, top: dict[str, object], runs: object) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({"methods": ["bicubic"], **top, "runs": runs}), encoding="utf-8")
    check_configuration(path)


@fuzz(100)
@given(data=mutated(PUBLISHED.read_bytes()[:6000]))
def test_damaged_published_rows(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    with only(UserError):
        load_published(path)


@fuzz(100)
@given(value=values())
def test_any_published_rows(tmp_path: Path, value: object) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump([{"paper": value, "rows": value, "task": "x4"}, value]), encoding="utf-8")
    with only(UserError):
        load_published(path)


@fuzz(300)
@given(data=mutated(PAIRS))
def test_damaged_pairs(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "pairs.txt"
    path.write_bytes(data)
    with only(UserError):
        pairs = read_pairs(path)
        assert len(pairs) >= 4


class OneFile:
    """A folder with nothing but a landmarks file."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def names(self) -> list[str]:
        return ["landmarks.csv"]

    def read(self, name: str) -> bytes:
        return self.data


@fuzz(300)
@given(st.one_of(mutated(LANDMARKS), mutated(LANDMARKS[:40])))
def test_damaged_landmarks(data: bytes) -> None:
    warnings: list[str] = []
    with only(UserError):
        found = read_landmarks(OneFile(data), "landmarks.csv", ["a", "b/c"], warnings)
        assert set(found) <= {"a", "b/c"}
        assert all(points.shape == (68, 2) and np.isfinite(points).all() for points in found.values())
    assert all(len(warning.splitlines()) == 1 for warning in warnings)
