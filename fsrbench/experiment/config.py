"""Read an experiment from a YAML file: its runs and tables, checked as far as that needs no torch."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fsrbench.experiment.settings import (
    RESERVED,
    Setting,
    Settings,
    make_spec,
    mapping,
    problem,
    read_settings,
    settings_of,
)
from fsrbench.experiment.tables import TableSpec, default_tables, read_table
from fsrbench.files.text import Yaml, read_marked_yaml
from fsrbench.spec import LISTS, RunSpec

NAME: Final = re.compile(r"\w[\w.+-]{0,99}")
"""What a run or a table may be called; the name becomes a file's."""

NOT_SWEPT: Final = (*LISTS, "weights", "out")
"""Settings for which a list is not a sweep."""


@dataclass(frozen=True)
class NamedRun:
    """One run of an experiment."""

    name: str
    """``ffhq``, in a sweep ``noise/noise-5``, empty if the file is one run."""
    group: str
    """Its key under ``runs``."""
    spec: RunSpec
    settings: Settings
    """What the specification was made from."""


@dataclass(frozen=True)
class Experiment:
    """The runs and tables of a file."""

    file: Yaml
    flags: Mapping[str, Any]
    out: Path
    runs: tuple[NamedRun, ...]
    tables: Mapping[str, TableSpec]

    @property
    def is_single_run(self) -> bool:
        """Whether the file is one run without a name, in ``out`` itself."""
        return not self.runs[0].name


def read_experiment(path: Path, flags: Mapping[str, Any]) -> Experiment:
    """Read an experiment from a YAML file.

    Args:
        path: the file.
        flags: settings by name; they override the file for all runs.

    Raises:
        UserError: something in it is not allowed; the message names the line.
    """
    file = read_marked_yaml(path)
    top = read_settings(file, others=("runs", "tables"))
    from_flags = settings_of(flags)
    if "runs" not in file.value:
        runs = list(_runs(file, "", (), top | from_flags))
    else:
        if not mapping(file, "runs"):
            raise file.error("runs: name at least one", "runs")
        _check_names(file, "runs", RESERVED)
        runs = [
            run
            for name in file.value["runs"]
            for run in _runs(file, name, ("runs", name), top | read_settings(file, "runs", name) | from_flags)
        ]
    if not runs[0].name:
        if "tables" in file.value:
            raise file.error("tables: they need runs:, and this file is a single run", "tables")
        return Experiment(file, flags, runs[0].spec.out, tuple(runs), {})
    out = runs[0].spec.out if "out" in top | from_flags else Path("runs") / path.stem
    runs = [NamedRun(r.name, r.group, replace(r.spec, out=out / r.name), r.settings) for r in runs]
    return Experiment(file, flags, out, tuple(runs), _tables(file, runs))


def _runs(file: Yaml, name: str, keys: tuple[object, ...], settings: Settings) -> Iterator[NamedRun]:
    """The run of these settings, or the sweep over the one setting that is a list."""
    lists = [key for key, setting in settings.items() if key not in NOT_SWEPT and isinstance(setting.value, list)]
    if not lists:
        yield NamedRun(name, name, make_spec(file, settings, *keys), settings)
        return
    swept, *more = lists
    if more:
        reason = f"a list, but {swept} is one already: a sweep has one run per value of one setting"
        raise problem(file, settings[more[0]], more[0], reason)
    setting = settings[swept]
    if not setting.value:
        raise problem(file, setting, swept, "name at least one value")
    seen: set[str] = set()
    for place, value in enumerate(setting.value):
        each = {**settings, swept: Setting(value, (*(setting.where or ()), place))}
        folder = _file_name(value)
        spec = make_spec(file, each, *keys)
        if not NAME.fullmatch(folder) or folder.casefold() in seen | set(RESERVED):
            reason = f"{str(value)[:80]!r} does not give a unique folder name; write a run for it"
            raise problem(file, each[swept], swept, reason)
        seen.add(folder.casefold())
        yield NamedRun(f"{name}/{folder}" if name else folder, name, spec, each)


def _file_name(value: object) -> str:
    """``noise:5`` as ``noise-5``."""
    return re.sub(r"[^\w.+-]+", "-", str(value)).strip("-.")[:100]


def _check_names(file: Yaml, key: str, reserved: Collection[str] = ()) -> None:
    seen: set[str] = set()
    for name in mapping(file, key):
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise file.error(f"{str(name)[:80]!r}: a name may have letters, digits and _ . + -", key, name)
        if name.casefold() in reserved:
            raise file.error(f"{name!r} is a folder or file of the experiment itself; choose another name", key, name)
        if name.casefold() in seen:
            raise file.error(f"{name!r} appears twice: some file systems ignore case", key, name)
        seen.add(name.casefold())


def _tables(file: Yaml, runs: list[NamedRun]) -> Mapping[str, TableSpec]:
    groups: dict[str, dict[str, RunSpec]] = {}
    for run in runs:
        groups.setdefault(run.group, {})[run.name] = run.spec
    if "tables" not in file.value:
        return default_tables(groups)
    _check_names(file, "tables")
    return {name: read_table(file, groups, "tables", name) for name in file.value["tables"]}
