"""What a hash of code covers: the harness's own files, and of others what a class imports."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fsrbench.provenance import fingerprints


def test_any_file_of_the_package_counts(tmp_path: Path) -> None:
    package = shutil.copytree(
        fingerprints.PACKAGE, tmp_path / "fsrbench", ignore=shutil.ignore_patterns("*.zip", "__pycache__")
    )
    assert fingerprints.of_package(package) == fingerprints.harness()
    for place in ("metrics/quality.py", "engine/pictures.py", "metrics/base.py", "degradations/resampling.py"):
        before = fingerprints.of_package(package)
        (package / place).write_text((package / place).read_text() + "\n# changed\n")
        assert fingerprints.of_package(package) != before
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "base.pyc").write_bytes(b"compiled")
    (package / "notes.txt").write_text("of no account")
    before = fingerprints.of_package(package)
    (package / "metrics" / "added.py").write_text("")
    assert fingerprints.of_package(package) != before


FILES = {
    "plugin_of_a_test/__init__.py": "",
    "plugin_of_a_test/method.py": (
        "import json, torch\nfrom . import layers\nfrom .parts.blur import blur\nimport beside_of_a_test\n"
        "import yaml\nfrom fsrbench.methods import Method\nclass Mine:\n"
        "    def late(self):\n        from plugin_of_a_test.parts import late\n"
    ),
    "plugin_of_a_test/layers.py": "",
    "plugin_of_a_test/parts/__init__.py": "",
    "plugin_of_a_test/parts/blur.py": "from ..deep import *\ndef blur(): pass\n",
    "plugin_of_a_test/parts/late.py": "import this is no Python",
    "plugin_of_a_test/deep.py": "import plugin_of_a_test.method\n",
    "plugin_of_a_test/unused.py": "",
    "beside_of_a_test.py": "",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Packages that can be imported."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if "_of_a_test" in name]:
        del sys.modules[name]


def test_imports_are_followed_to_the_users_own_files(folder: Path) -> None:
    code = fingerprints.code_of([importlib.import_module("plugin_of_a_test.method").Mine])
    own = {file.relative_to(folder).as_posix() for file in code.files if folder in file.parents}
    assert own == FILES.keys() - {"plugin_of_a_test/unused.py"}
    assert any(version.startswith("yaml ") for version in code.versions)
    assert not any("torch" in file.parts for file in code.files)
    assert code.known


def test_a_changed_file_changes_the_hash_and_its_location_does_not(folder: Path, tmp_path: Path) -> None:
    made = importlib.import_module("plugin_of_a_test.method").Mine
    before = fingerprints.code_of([made]).digest
    assert fingerprints.code_of([made]).digest == before
    (folder / "plugin_of_a_test" / "unused.py").write_text("changed = True\n")
    assert fingerprints.code_of([made]).digest == before
    (folder / "plugin_of_a_test" / "parts" / "late.py").write_text("changed = True\n")
    assert fingerprints.code_of([made]).digest != before


def test_a_class_without_a_file_is_not_known() -> None:
    made: dict[str, type] = {}
    exec("class Typed: pass", {"__name__": "__shell__"}, made)
    code = fingerprints.code_of([made["Typed"]])
    assert not code.known
    assert code.digest != code.digest


ANYWHERE = """
import a1
if True:
    import a2
elif False:
    import a3
else:
    import a4
try:
    import a5
except ImportError:
    import a6
else:
    import a7
finally:
    import a8
for _ in ():
    import a9
else:
    import a10
while False:
    from a11 import part
with open("x") as file:
    import a12
match 1:
    case 1:
        import a13
async def function(f=lambda: 0, g=1 if True else 2):
    async with f:
        import a14
    class Inside:
        async def method(self):
            async for _ in ():
                import a15
try:
    import a16
except* ValueError:
    import a17
"""


def test_imports_are_found_in_every_statement() -> None:
    assert fingerprints._imports_of(ANYWHERE.encode(), "") == {f"a{i}" for i in range(1, 18)} | {"a11.part"}
