"""The settings of a run: what the file says for all runs, what it says for this one, and what flags say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from fsrbench.errors import UserError
from fsrbench.files.lists import names_in
from fsrbench.files.text import Yaml
from fsrbench.registry import Registry
from fsrbench.spec import RunSpec
from fsrbench.weights import parse_override

FIELDS: Final = tuple(RunSpec.model_fields)
LISTS: Final = ("methods", "metrics")
"""Settings that are lists; a list of another one is a sweep."""
PATHS: Final = ("out", "pairs")


@dataclass(frozen=True)
class Setting:
    """One setting and where it was said."""

    value: Any
    where: tuple[object, ...] | None = None
    """Keys and places of lists that lead to it in the file; ``None``: it is a flag."""


Settings = Mapping[str, Setting]


def settings_of(flags: Mapping[str, Any]) -> dict[str, Setting]:
    """Settings from flags as the command line takes them.

    Raises:
        UserError: a weight file that is not known or not there.
    """
    found = {name: Setting(_expanded(name, value)) for name, value in flags.items()}
    if "weights" in found:
        found["weights"] = Setting(dict(parse_override(text) for text in flags["weights"]))
    return found


def read_settings(file: Yaml, *keys: object, others: Collection[str] = ()) -> dict[str, Setting]:
    """The settings that stand below ``keys`` of a file, by the names of their fields.

    Args:
        file: the file.
        *keys: where; the file itself without any.
        others: keys that are no settings and may stand there too.

    Raises:
        UserError: a key that is no setting, or a setting twice.
    """
    found: dict[str, Setting] = {}
    for key, value in mapping(file, *keys).items():
        if key in others:
            continue
        name = str(key).replace("-", "_")
        check_known(file, "key", name, (*FIELDS, *others), *keys, key)
        if name in found:
            raise file.error(f"{key} is there twice", *keys, key)
        if name == "out" and keys:
            raise file.error("a run lies in a folder of its name below out, which stands at the top", *keys, key)
        found[name] = Setting(_expanded(name, value), (*keys, key))
    return found


def mapping(file: Yaml, *keys: object) -> Mapping[Any, Any]:
    """The ``name: value`` pairs below ``keys``.

    Raises:
        UserError: something else stands there.
    """
    value = file.value
    for key in keys:
        value = value[key]
    if not isinstance(value, dict):
        raise file.error(f"{keys[-1] if keys else 'a configuration'}: expected 'name: value'", *keys)
    return value


def check_known(file: Yaml, kind: str, name: str, known: Collection[str], *keys: object) -> None:
    """Refuse a name that is not known.

    Raises:
        UserError: with the line and the nearest that there is.
    """
    if name not in known:
        raise file.error(Registry(kind, dict.fromkeys(known, "")).unknown(name[:80]), *keys)


def make_spec(file: Yaml, settings: Settings, *keys: object) -> RunSpec:
    """The specification of a run.

    Args:
        file: the file that the settings are from.
        settings: all that were given.
        *keys: where the run stands in the file.

    Raises:
        UserError: a value that is not allowed, or no methods.
    """
    if "methods" not in settings:
        raise file.error("no methods; name them in the file or with --methods", *keys)
    for name, setting in settings.items():
        if isinstance(setting.value, bool) and RunSpec.model_fields[name].annotation is not bool:
            raise problem(file, setting, name, f"{str(setting.value).lower()} is no value for it")
    try:
        return RunSpec(**{name: setting.value for name, setting in settings.items()})
    except ValidationError as error:
        first = error.errors()[0]
        field, below = str(first["loc"][0]), first["loc"][1:]
        reason = first["msg"].removeprefix("Value error, ")
        raise problem(file, settings[field], field, reason, *below) from None


def problem(file: Yaml, setting: Setting, name: str, reason: str, *below: object) -> UserError:
    """What is wrong with a setting, led by its line or its flag."""
    if setting.where is None:
        return UserError(f"--{name.replace('_', '-')}: {reason}")
    return file.error(f"{name}: {reason}", *setting.where, *below)


def _expanded(name: str, value: Any) -> Any:
    """As a shell and the command line give it: ``~`` is the home, names may be one text with commas."""
    if name in LISTS and isinstance(value, str):
        return names_in(value)
    if name in PATHS and isinstance(value, str):
        return _path(value)
    if name == "weights" and isinstance(value, dict):
        return {key: _path(path) if isinstance(path, str) else path for key, path in value.items()}
    return value


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # a ~user who is not there
        return Path(text)


RECORD: Final = "experiment.json"


TABLES: Final = "tables"


PLOTS: Final = "plots"


TAKEN: Final = (RECORD, TABLES, PLOTS)
"""No run may be called so."""
