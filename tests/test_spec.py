"""The settings of a run are written once; flags and ``evaluate`` have the same ones."""

import dataclasses
import inspect
from pathlib import Path
from typing import get_type_hints

import pytest
import typer

import fsrbench
from fsrbench.api import Options
from fsrbench.cli.app import app
from fsrbench.errors import UserError
from fsrbench.spec import RunSpec, WrongSetting, from_flags, parse_spec, setting_types

DEFAULTS = {setting.name: setting.default for setting in dataclasses.fields(RunSpec)}
PARAMETERS = {parameter.name: parameter for parameter in typer.main.get_command(app).commands["run"].params}  # type: ignore[attr-defined]


def test_every_setting_is_a_flag_with_its_default() -> None:
    assert [name for name in PARAMETERS if name not in ("config", "help", "log")] == list(setting_types())
    for name, default in DEFAULTS.items():
        parameter = PARAMETERS[name]
        assert parameter.help
        assert parameter.opts == [f"--{name.replace('_', '-')}"]
        shown = parameter.default
        if default is dataclasses.MISSING:
            assert shown is None
        else:
            assert from_flags({name: shown}) == {name: list(default) if isinstance(default, tuple) else default}
    assert PARAMETERS["resume"].secondary_opts == ["--fresh"]


def test_evaluate_has_the_same_settings_with_the_same_types_and_defaults() -> None:
    own = inspect.signature(fsrbench.evaluate).parameters
    named = [name for name in own if name not in ("progress", "options")]
    assert get_type_hints(Options) == {name: type_ for name, type_ in setting_types().items() if name not in named}
    assert {*named, *Options.__annotations__} == set(setting_types())
    assert own["data"].default == RunSpec.data
    assert own["metrics"].default is None  # the protocol's where there is one, else RunSpec's


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"limits": 3}, "unknown setting 'limits'; did you mean limit"),
        ({"limit": True}, "--limit: true is not a valid value"),
        ({"timeout": float("nan"), "isolate": True}, "--timeout: must be a finite number"),
        ({"timeout": 3}, "--timeout: needs --isolate: a method in this process cannot be stopped"),
        ({"workers": 2, "scheduler": "tcp://a:1"}, "--scheduler: joins a cluster and --workers starts one: give"),
        ({"scheduler": "a:1"}, "--scheduler: write tcp://HOST:PORT"),
    ],
)
def test_wrong_settings_are_named(values: dict[str, object], reason: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_spec(methods=["bicubic"], **values)
    assert str(caught.value).startswith(reason)


def test_the_wrong_part_of_a_list_is_known() -> None:
    with pytest.raises(WrongSetting) as caught:
        parse_spec(methods=["bicubic", 3])
    assert (caught.value.name, caught.value.below) == ("methods", (1,))


def test_json_holds_what_was_asked_for() -> None:
    spec = parse_spec(methods=["bicubic", "ours", "bicubic"], out=Path("a") / "b", pairs="p.txt")
    held = spec.as_json()
    assert list(held) == list(setting_types())
    assert (held["methods"], held["out"], held["pairs"]) == (["bicubic", "ours"], "a/b", "p.txt")
    assert parse_spec(**held) == spec
