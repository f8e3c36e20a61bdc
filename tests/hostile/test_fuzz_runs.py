"""Damaged folders of runs: loaded and shown in full, or one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.hostile.bad_runs import MANIFEST, made_run
from made.hostile.fuzz import fuzz, mutated, only, values

from fsrbench.errors import UserError
from fsrbench.reports.tables import published_table
from fsrbench.reports.tables import render as tables
from fsrbench.runs.comparison import compare_run
from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder
from fsrbench.runs.sweep import sweep

pytestmark = pytest.mark.heavy

TABLES = ["summary.csv", "details.csv", "curves.csv", "blocks.csv", "images.csv", "properties.csv"]
FILES = [*TABLES, "manifest.json", "scores.parquet"]
ROWS = {"lr": {"key": "k", "missing": {}}, "ours": {"key": "k", "missing": {"a": "why"}}}
INDEX = json.dumps({"images": ["a", "b/c"], "rows": ROWS})


@pytest.fixture(scope="module", autouse=True)
def _published_once() -> Iterator[None]:
    """The published rows, which are no run's, are read once: they take longer than a run."""
    with mock.patch.object(published_table, "load_published", cache(published_table.load_published)):
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("runs") / "run")


def show(run: Path) -> None:
    """Load a run and do with it what the commands do, as far as that is quick."""
    with only(UserError):
        loaded = RunData.load(run)
        assert tables.render(loaded, "md", intervals=True, published=True)
        assert tables.render(loaded, "csv", intervals=True)
        for method in loaded.methods[:1]:
            compare_run(loaded, method)
        sweep([loaded, loaded])
        assert len(loaded.properties.columns)


@pytest.mark.parametrize("name", FILES)
def test_damaged_file(run: Path, name: str) -> None:
    whole = (run / name).read_bytes()

    @fuzz(50)
    @given(mutated(whole))
    def check(data: bytes) -> None:
        (run / name).write_bytes(data)
        show(run)

    try:
        check()
    finally:
        (run / name).write_bytes(whole)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a nested value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, part in inside for place in places(part, (*here, key)))][0 if here else 1 :]


@fuzz(120)
@given(place=st.sampled_from(places(MANIFEST)), value=values())
def test_anything_in_the_manifest(run: Path, place: tuple[Any, ...], value: object) -> None:
    changed = copy.deepcopy(MANIFEST)
    part: Any = changed
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    try:
        (run / "manifest.json").write_text(json.dumps(changed), encoding="utf-8")
        show(run)
    finally:
        (run / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")


@fuzz(300)
@given(data=mutated(INDEX.encode()))
def test_damaged_index_of_pictures(tmp_path: Path, data: bytes) -> None:
    folder = PictureFolder(tmp_path / "images")
    folder.path.mkdir(exist_ok=True)
    (folder.path / "index.json").write_bytes(data)
    check_index(folder)


@fuzz(200)
@given(images=values(), rows=values())
def test_anything_in_the_index_of_pictures(tmp_path: Path, images: object, rows: object) -> None:
    folder = PictureFolder(tmp_path / "images")
    folder.path.mkdir(exist_ok=True)
    (folder.path / "index.json").write_text(json.dumps({"images": images, "rows": {"ours": rows}}), encoding="utf-8")
    check_index(folder)


def check_index(folder: PictureFolder) -> None:
    """What is read can be asked for, and a new one takes its place; what lies beside the folder stays."""
    beside = folder.path.parent / "beside.png"
    beside.write_bytes(b"precious")
    index = folder.read_index()
    for name, row in index.rows.items():
        folder.holds(index, name, row.key)
    folder.finish(Index(("a",), {"ours": KeptRow("other")}))
    assert folder.read_index().images == ("a",)
    assert beside.read_bytes() == b"precious"
