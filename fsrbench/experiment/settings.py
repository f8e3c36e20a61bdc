"""The settings of a run, each with its origin: in the file for all runs or for this one, or a flag."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fsrbench.errors import UserError, unknown_name
from fsrbench.files.text import Yaml
from fsrbench.protocols.settings import with_protocol
from fsrbench.spec import RunSpec, WrongSetting, from_flags, from_text, parse_spec, setting_types

RECORD: Final = "experiment.json"
TABLES: Final = "tables"
PLOTS: Final = "plots"
RESERVED: Final = (RECORD, TABLES, PLOTS)
"""Files and folders of the experiment itself; no run may have such a name."""


@dataclass(frozen=True)
class Setting:
    """The value of a setting and its origin."""

    value: Any
    where: tuple[object, ...] | None = None
    """Keys and list indices that lead to it in the file; ``None``: it is a flag."""


Settings = Mapping[str, Setting]


def settings_of(flags: Mapping[str, Any]) -> dict[str, Setting]:
    """Settings from the values of flags; errors as :func:`fsrbench.spec.from_flags`."""
    return {name: Setting(value) for name, value in from_flags(flags).items()}


def read_settings(file: Yaml, *keys: object, others: Collection[str] = ()) -> dict[str, Setting]:
    """The settings below ``keys`` of a file, by the names of their fields.

    Args:
        file: the file.
        *keys: where; the file itself without any.
        others: further keys that are allowed there.

    Raises:
        UserError: an unknown key, or a setting twice.
    """
    found: dict[str, Setting] = {}
    for key, value in mapping(file, *keys).items():
        if key in others:
            continue
        name = str(key).replace("-", "_")
        check_known(file, "key", name, (*setting_types(), *others), *keys, key)
        if name in found:
            raise file.error(f"{key} appears twice", *keys, key)
        if name == "out" and keys:
            raise file.error("each run's folder is its name below out, which is set at the top", *keys, key)
        found[name] = Setting(from_text(name, value), (*keys, key))
    return found


def mapping(file: Yaml, *keys: object) -> Mapping[Any, Any]:
    """The ``name: value`` pairs below ``keys``.

    Raises:
        UserError: there is something else.
    """
    value = file.value
    for key in keys:
        value = value[key]
    if not isinstance(value, dict):
        raise file.error(f"{keys[-1] if keys else 'a configuration'}: expected 'name: value'", *keys)
    return value


def check_known(file: Yaml, kind: str, name: str, known: Collection[str], *keys: object) -> None:
    """Refuse an unknown name.

    Raises:
        UserError: with the line and the nearest known names.
    """
    if name not in known:
        raise file.error(unknown_name(kind, name[:80], known), *keys)


def make_spec(file: Yaml, settings: Settings, *keys: object) -> RunSpec:
    """The specification of a run.

    Args:
        file: the file that the settings are from.
        settings: all that were given.
        *keys: place of the run in the file.

    Raises:
        UserError: a value that is not allowed, or no methods.
    """
    if "methods" not in settings:
        raise file.error("no methods; name them in the file or with --methods", *keys)
    try:
        return parse_spec(**with_protocol({name: setting.value for name, setting in settings.items()}))
    except WrongSetting as error:
        raise problem(file, settings[error.name], error.name, error.reason, *error.below) from None


def problem(file: Yaml, setting: Setting, name: str, reason: str, *below: object) -> UserError:
    """The error about a setting, with its line or its flag."""
    if setting.where is None:
        return WrongSetting(name, reason)
    return file.error(f"{name}: {reason}", *setting.where, *below)
