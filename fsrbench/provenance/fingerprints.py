"""Fingerprints of code: results stored by an earlier version of it are not reused."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import sys
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from fsrbench.provenance.file_hashes import sha256_of

PACKAGE: Final = Path(__file__).parents[1]
LIBRARIES: Final = frozenset({
    "torch", "torchvision", "numpy", "scipy", "PIL", "pandas", "pyiqa", "facenet_pytorch", "dlib", "torch_fidelity",
    "face_recognition_models", *sys.stdlib_module_names,
})  # fmt: skip
"""Modules whose version is in every key, see :mod:`fsrbench.provenance.versions`."""
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


@functools.cache
def harness() -> str:
    """Hash of all code of the harness: any of it may affect any number."""
    return of_package(PACKAGE)


def of_package(folder: Path) -> str:
    """Hash of all Python files of a package and of their relative paths."""
    files = sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*.py"))
    return hashlib.sha256("".join(f"{place} {sha256_of(file)}\n" for place, file in files).encode()).hexdigest()


@dataclass(frozen=True)
class Code:
    """The source code of some classes, functions and modules."""

    files: frozenset[Path]
    """Their files and those of their imports, except installed packages."""
    versions: frozenset[str]
    """Installed packages that they import."""
    known: bool
    """Whether each has a file that has not changed since its import; code typed into a shell has none."""

    @property
    def digest(self) -> str:
        """Hash of the files' content (not their paths) and of the versions; different every time if not ``known``."""
        parts = [*sorted(sha256_of(file) for file in self.files), *sorted(self.versions)]
        parts += [] if self.known else [uuid.uuid4().hex]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def code_of(parts: Iterable[Any]) -> Code:
    """The code of some classes, functions and modules, except that of the harness and the libraries.

    Import statements are followed, including those inside functions. Imports by ``importlib.import_module(name)`` are
    not seen.
    """
    own = [part for part in parts if not is_library(_module_of(part))]
    known = True
    roots = {_module_of(part): source(part) for part in own}
    tops = {name.partition(".")[0] for name in roots}
    found: dict[str, Path] = {}
    versions: set[str] = set()
    looked_for: set[str] = set()
    waiting = [(name, file) for name, file in roots.items() if file]
    while waiting:
        name, file = waiting.pop()
        if name in found:
            continue
        found[name] = file
        known = known and _is_as_imported(name, file)
        top = name.partition(".")[0]
        if top == "fsrbench":
            continue  # its imports are in the hash of all of the harness's code
        if top not in tops and _INSTALLED.intersection(file.parts):
            versions.add(_version(top))
            continue
        new = _imports(name, file) - looked_for
        looked_for |= new
        places = ((imported, _locate(imported)) for imported in new if not is_counted_elsewhere(imported))
        waiting += [(imported, place) for imported, place in places if place]
    return Code(frozenset(found.values()), frozenset(versions), known and None not in roots.values())


def _is_as_imported(module: str, file: Path) -> bool:
    """Whether a file is unchanged since its module was first checked: Python keeps running what it imported."""
    if (imported := sys.modules.get(module)) is None:
        return True
    digest = sha256_of(file)
    known, first = _first_seen.setdefault(module, (imported, digest))
    if known is not imported:  # reloaded since
        _first_seen[module] = imported, digest
        return True
    return first == digest


_first_seen: dict[str, tuple[ModuleType, str]] = {}
"""Modules of this process, and the hashes of their files at the first check."""


def source(code: Any) -> Path | None:
    """The source file of a class, function or module; ``None`` if it was defined in a shell or notebook."""
    try:
        found = inspect.getsourcefile(code) or inspect.getfile(code)  # the latter for compiled code
    except (TypeError, OSError):
        return None
    return Path(found) if found and Path(found).exists() else None


def is_library(module: str | None) -> bool:
    """Whether a module belongs to one of :data:`LIBRARIES`."""
    return str(module).partition(".")[0] in LIBRARIES


def is_counted_elsewhere(module: str) -> bool:
    """Whether a module is the harness's or a library's, whose code or version is in every key anyway."""
    return is_library(module) or module.partition(".")[0] == "fsrbench"


def is_installed(module: str) -> bool:
    """Whether a module belongs to an installed package and not to the user's own code."""
    file = _locate(module)
    return file is None or bool(_INSTALLED.intersection(file.parts))


def _module_of(code: Any) -> str:
    return str(code.__name__ if inspect.ismodule(code) else getattr(code, "__module__", None))


def _version(package: str) -> str:
    with suppress(metadata.PackageNotFoundError):
        return f"{package} {metadata.version(package)}"
    return f"{package} {getattr(sys.modules.get(package), '__version__', None)}"


def _locate(module: str) -> Path | None:
    """The file of a module, without importing it."""
    if module in sys.modules:
        file = getattr(sys.modules[module], "__file__", None)
    else:
        spec = _find_spec(module)
        file = spec.origin if spec and spec.has_location else None
    return Path(file) if file and Path(file).is_file() else None


def _find_spec(module: str) -> ModuleSpec | None:
    parent = module.rpartition(".")[0]
    if not parent:
        return PathFinder.find_spec(module)
    if parent in sys.modules:
        folders = getattr(sys.modules[parent], "__path__", None)
    else:
        above = _find_spec(parent)
        folders = above.submodule_search_locations if above else None
    return PathFinder.find_spec(module, folders) if folders else None


def _imports(module: str, file: Path) -> frozenset[str]:
    if file.suffix != ".py":
        return frozenset()
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    return _imports_of(file.read_bytes(), package)


@functools.lru_cache(maxsize=4096)
def _imports_of(text: bytes, package: str) -> frozenset[str]:
    """Names in import statements that may be modules, and their parent packages."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # for another version of Python; the file itself is hashed anyway
        return frozenset()
    names = {name for statement in _statements(tree) for name in _imported(statement, package)}
    return frozenset(
        ".".join(parts[:end]) for parts in (n.split(".") for n in names) for end in range(1, len(parts) + 1)
    )


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements, however deep; expressions, nine tenths of a tree, contain none."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, field, None)
            if isinstance(inner, list):  # not a list in lambdas and conditional expressions
                waiting += inner


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        with suppress(ImportError):  # relative, beyond the top
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package or None)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
