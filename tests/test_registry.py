"""Names are found, near misses get a suggestion, and nothing that a plug-in's import does brings the harness down."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fsrbench.errors import FsrbenchError, Unavailable, UserError
from fsrbench.registry import NameConflict, Registry, load_object

NAMES = Registry("fruit", {"apple": "json:loads", "banana": "json:dumps", "cherry": "json:nothing"})


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_object_is_imported_on_demand() -> None:
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


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs a package with one entry point; ``first`` puts it before all others on the path."""

    def install(package: str, group: str, name: str, target: str, first: bool = False) -> None:
        info = tmp_path / package / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
        folder = str(tmp_path / package)
        monkeypatch.setattr(sys, "path", [folder, *sys.path] if first else [*sys.path, folder])

    return install


GROUPS = {
    "fsrbench.methods": ("bicubic", "baselines.interpolation:Bicubic"),
    "fsrbench.metrics": ("psnr", "fsrbench.metrics.quality:Psnr"),
    "fsrbench.extractors": ("fan", "reference_model.landmarks:FanLandmarks"),
    "fsrbench.recipes": ("ours", "reference_model.training:recipe"),
    "fsrbench.checkpoints": ("scgan", "baselines.scgan.checkpoint:read_checkpoint"),
    "fsrbench.datasets": ("sample", "fsrbench.datasets.sample:sample"),
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("group", GROUPS)
def test_two_values_of_one_name_are_refused_whatever_the_order(
    installed: Callable[..., None], group: str, first: bool
) -> None:
    name, target = GROUPS[group]
    installed("evil", group, name, "json:loads", first)
    builtin = {name: target} if target.startswith("fsrbench.") else {}
    with pytest.raises(NameConflict) as caught:
        Registry("thing", builtin, group).get(name)
    claims = f"fsrbench ({target}) and evil (json:loads)"
    assert str(caught.value) == f"{claims} both register the thing {name}; uninstall one of the packages"


def test_two_plugins_that_take_one_name_leave_the_others_alone(installed: Callable[..., None]) -> None:
    installed("one", "fruits", "plum", "json:loads")
    installed("two", "fruits", "plum", "json:dumps", first=True)
    installed("three", "fruits", "pear", "json:loads", first=True)
    registry = Registry("fruit", {"apple": "json:dumps"}, "fruits")
    assert sorted(registry.names()) == ["apple", "pear", "plum"]
    assert registry.get("pear").__name__ == "loads"
    with pytest.raises(NameConflict, match=r"one \(json:loads\) and two \(json:dumps\) both register the fruit plum"):
        registry.get("plum")


def test_one_value_registered_twice_is_no_conflict(installed: Callable[..., None]) -> None:
    installed("one", "fruits", "plum", "json:loads")
    installed("two", "fruits", "plum", "json:loads")
    assert Registry("fruit", group="fruits").get("plum").__name__ == "loads"


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
