"""Names are found, near misses get a suggestion, and nothing that a plug-in's import does brings the harness down."""

import sys
from importlib import metadata
from pathlib import Path

import pytest

from fsrbench.errors import FsrbenchError, Unavailable, UserError
from fsrbench.registry import Registry, load_object

NAMES = Registry("fruit", {"apple": "json:loads", "banana": "json:dumps", "cherry": "json:nothing"})


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_object_is_imported_when_asked_for() -> None:
    import json

    assert NAMES.get("apple") is json.loads


def test_names_keep_their_order() -> None:
    assert NAMES.names() == ["apple", "banana", "cherry"]
    assert "banana" in NAMES
    assert "plum" not in NAMES


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("appel", "did you mean apple?"),
        ("Banana", "did you mean banana?"),
        ("CHERRY ", "did you mean cherry?"),
        ("zzz", "known: apple, banana, cherry"),
        ("", "known: apple, banana, cherry"),
    ],
)
def test_unknown_name_gets_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        NAMES.get(name)
    assert str(caught.value) == f"unknown fruit {name!r}; {hint}"


def test_nothing_is_imported_for_the_names_alone(modules: Path) -> None:
    (modules / "loud_plugin.py").write_text("raise RuntimeError")
    registry = Registry("fruit", {"loud": "loud_plugin:X"})
    assert registry.names() == ["loud"]
    assert "loud_plugin" not in sys.modules


def test_plugin_cannot_replace_a_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [metadata.EntryPoint("apple", "evil:apple", "g"), metadata.EntryPoint("plum", "json:loads", "g")]
    monkeypatch.setattr(metadata, "entry_points", lambda group: points if group == "g" else [])
    registry = Registry("fruit", {"apple": "json:dumps"}, group="g")
    assert sorted(registry.names()) == ["apple", "plum"]
    assert registry.get("apple").__name__ == "dumps"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module:X", "no module no_such_module"),
        ("json.no_such:X", "no module json.no_such"),
        ("no_such.package.deep:X", "no module no_such"),
        ("no_such.py:X", "in the current folder; name it without .py"),
        ("json:nothing", "json has no nothing"),
        ("json", "'json' is not package.module:Name"),
        ("json:", "is not package.module:Name"),
        (":loads", "is not package.module:Name"),
        ("", "is not package.module:Name"),
    ],
)
def test_wrong_target_is_the_users_error(target: str, reason: str) -> None:
    with pytest.raises(UserError, match=f"cannot load fruit kiwi: .*{reason}"):
        load_object(target, "fruit kiwi")


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("import package_not_there", Unavailable, "needs a package .*No module named 'package_not_there'"),
        ("from json import nothing", Unavailable, "needs a package .*cannot import name"),
        ("raise RuntimeError('first\\nsecond')", FsrbenchError, "RuntimeError: first$"),
        ("1 +", FsrbenchError, "SyntaxError"),
        ("raise SystemExit('bye')", FsrbenchError, "SystemExit: bye"),
        ("assert False", FsrbenchError, "AssertionError$"),
    ],
)
def test_import_that_raises_is_the_plugins_error(
    modules: Path, request: pytest.FixtureRequest, code: str, kind: type[FsrbenchError], reason: str
) -> None:
    name = f"plugin_{abs(hash(request.node.name))}"
    (modules / f"{name}.py").write_text(code)
    with pytest.raises(FsrbenchError, match=reason) as caught:
        load_object(f"{name}:X", "fruit kiwi")
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_keyboard_interrupt_during_an_import_is_not_swallowed(modules: Path) -> None:
    (modules / "slow_plugin.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_object("slow_plugin:X", "fruit kiwi")
