"""The git checkout that the harness runs from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = Path(__file__).parents[1]


def git(package: Path = PACKAGE) -> dict[str, Any] | None:
    """Commit of the checkout that tracks the harness's own files, and whether it has uncommitted changes.

    ``None`` for an installed package, even if its environment lies inside another repository.
    """
    try:
        _git(package, "ls-files", "--error-unmatch", "--", "__init__.py")
        commit = _git(package, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(package, "status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    # GIT_DIR, which is set in hooks, would override the folder
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True, env=environment)
    return done.stdout.strip()
