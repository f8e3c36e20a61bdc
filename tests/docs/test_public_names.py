"""Pages and the plug-in template use public names alone, those of ``fsrbench`` and of its rooms, never a file."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from inspect import isclass
from pathlib import Path

import pytest
from made.places import ROOT

SUFFIXES = {".md", ".py", ".toml", ".ipynb"}
TEXTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*") if path.suffix in SUFFIXES),
]
DOTTED = re.compile(r"\bfsrbench(?:\.\w+)+")
SHOWN_METRIC = re.compile(r"^::: fsrbench\.metrics\.\w+\.[A-Z]\w+$", re.MULTILINE)
IMPORTED = re.compile(r"\bfrom (fsrbench(?:\.\w+)*) import \(?([\w, ]+)")


def named(text: str) -> Iterator[str]:
    """Every dotted name of fsrbench in a text, imported or not; except metrics whose docstrings the site shows."""
    text = SHOWN_METRIC.sub("", text)
    for module, names in IMPORTED.findall(text):
        yield from (f"{module}.{name.split()[0]}" for name in names.split(",") if name.strip())
    yield from DOTTED.findall(IMPORTED.sub("", text))


def is_public(name: str) -> bool:
    """Whether a dotted name is a public name, an attribute of one, or a room; ``fsrbench.x`` may be an entry point."""
    package, *parts = name.split(".")
    while parts:
        public = getattr(importlib.import_module(package), "__all__", ())
        if parts[0] in public:
            return True
        inner = f"{package}.{parts[0]}"
        if not (found := find_spec(inner)):
            return package == "fsrbench" and len(parts) == 1
        if found.submodule_search_locations is None:  # a file
            return inner == "fsrbench.errors" and (len(parts) == 1 or isclass(_error(parts[1])))
        package, parts = inner, parts[1:]
    return True


def _error(name: str) -> object:
    return getattr(importlib.import_module("fsrbench.errors"), name, None)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_public_names_are_used(path: Path) -> None:
    assert [name for name in named(path.read_text(encoding="utf-8")) if not is_public(name)] == []


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("import fsrbench.runs.data", ["fsrbench.runs.data"]),
        ("from fsrbench.methods.base import Method", ["fsrbench.methods.base.Method"]),
        ("from fsrbench.tasks import TASKS", ["fsrbench.tasks.TASKS"]),
        ("from fsrbench.datasets import open_dataset, storage", ["fsrbench.datasets.storage"]),
        ("from fsrbench import (Method, api)", ["fsrbench.api"]),
        ("`fsrbench.spec`", ["fsrbench.spec"]),
        ("fsrbench.errors.Nothing", ["fsrbench.errors.Nothing"]),
        ("::: fsrbench.metrics.quality.Psnr", []),
        ("::: fsrbench.metrics.quality.mse", ["fsrbench.metrics.quality.mse"]),
        ("fsrbench.metrics.quality.Psnr", ["fsrbench.metrics.quality.Psnr"]),
        ("from fsrbench.metrics.extractors import Extractor", []),
        ("fsrbench.RunData.load(run.path), fsrbench.errors.UserError, `fsrbench.checkpoints`, fsrbench.datasets", []),
    ],
)
def test_deep_paths_are_found(text: str, deep: list[str]) -> None:
    assert [name for name in named(text) if not is_public(name)] == deep
