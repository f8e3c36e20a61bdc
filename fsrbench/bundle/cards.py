"""What an installed package says about a method: its model card and its weights' licence. Nothing is imported."""

from __future__ import annotations

from importlib import metadata

from fsrbench import weights
from fsrbench.errors import UserError
from fsrbench.files.text import read_text
from fsrbench.weights.known import package_folders

GROUP = "fsrbench.methods"
CARD = "MODEL_CARD.md"


def card_of(source: str) -> str:
    """The model card beside the code of a registered method, or in a folder above it; empty without one."""
    modules = [point.module for point in metadata.entry_points(group=GROUP, name=source)]
    for module in modules:
        parts = module.split(".")
        packages = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
        for path in (folder / CARD for package in packages for folder in package_folders(package)):
            if path.is_file():
                return read_text(path, 2**18)
    return ""


def licence_of(files: str, sha256: str | None) -> str:
    """The licence that weight files were declared with, if they are the declared ones.

    Args:
        files: their names, comma-separated, as a manifest has them.
        sha256: of a single file; several are recognised by name alone.
    """
    named = [name for name in files.split(", ") if name]
    try:
        known = [each for each in weights.known_files().values() if each.file in named]
    except UserError:  # a damaged declaration of another package
        return ""
    if len(known) < len(named) or (len(named) == 1 and sha256 not in {each.sha256 for each in known}):
        return ""
    return "; ".join(dict.fromkeys(each.licence for each in known))
