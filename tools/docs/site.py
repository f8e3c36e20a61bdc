"""mkdocs hook: the repository's pages outside ``docs/`` are pages of the site, too, so that each text exists once.

The site is laid out as the repository, with ``docs/`` at its root; links keep pointing to the same files. The folder of
this project's bundles becomes the board that is made of them.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from fsrbench.board.command import board_command

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("results/**/*.md", "*/MODEL_CARD.md", "baselines/*/MODEL_CARD.md"),
)
BUNDLES = ROOT / "results" / "board"
LINK = re.compile(r'(?<=\]\()(?![a-z]+:|#)([^)\s#]+)|(?<=src=")(?![a-z]+:)([^"]+)')
ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):(?=<code)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages, and the files that pages link to."""
    pages = [path for pattern in PAGES for path in ROOT.glob(pattern)]
    linked = {target for page in [*pages, *DOCS.glob("**/*.md")] for target in _links(page)}
    for path in sorted({*pages, *linked}):
        if path.is_file() and not path.is_relative_to(DOCS):
            place = path.relative_to(ROOT).as_posix()
            files.append(File(place, str(ROOT), config["site_dir"], config["use_directory_urls"]))
    for file in _board(config):
        files.append(file)
    return files


def _board(config: Any) -> Iterator[File]:
    """The files of this project's own leaderboard."""
    with tempfile.TemporaryDirectory() as folder:
        board_command([BUNDLES], Path(folder), name="fsrbench's own leaderboard")
        for path in sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.name != ".lock"):
            place = (_place(BUNDLES) / path.relative_to(folder)).as_posix()
            yield File.generated(config, place, content=path.read_bytes())


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn the repository's links into links of the site."""
    source = Path(page.file.abs_src_path)
    here = _place(source).parent

    def moved(match: re.Match[str]) -> str:
        target = _target(source, match[0])
        target = target / "index.html" if target == BUNDLES else target
        return os.path.relpath(_place(target), here) if target.is_relative_to(ROOT) else match[0]

    return LINK.sub(moved, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Remove Sphinx's roles from docstrings; the code's style is enough here."""
    return ROLE.sub("", html)


def _links(page: Path) -> Iterator[Path]:
    for match in LINK.finditer(page.read_text(encoding="utf-8")):
        yield _target(page, match[0])


def _target(page: Path, link: str) -> Path:
    return Path(os.path.normpath(page.parent / link))


def _place(path: Path) -> Path:
    """Path of a repository file in the site."""
    return path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT)
