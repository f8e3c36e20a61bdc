"""The site builds without a warning, every link leads somewhere, and nothing is loaded from another machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from made.doc_blocks import ROOT

import fsrbench

pytestmark = pytest.mark.docs

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "results" / "README.md", *ROOT.glob("docs/**/*.md")]
LOADED = re.compile(
    r'<(?:script|img|iframe|source)[^>]*\bsrc="([^"]+)"|<link[^>]*\bhref="([^"]+)"[^>]*>|url\(([^)]+)\)'
)
LINKED = re.compile(r'<a[^>]*\bhref="([^"]+)"')
IN_MARKDOWN = re.compile(r"\]\((?!https?:)([^)\s]+)\)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("material", "mkdocstrings"):
        pytest.importorskip(package, reason=f"the extra [docs] is not installed: no {package}")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_found_by_the_navigation(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    linked = {link.partition("#")[0] for link in LINKED.findall(home[: home.index("<article")])}
    for page in [*ROOT.glob("docs/*.md"), ROOT / "docs" / "plugin-template" / "README.md"]:
        place = page.relative_to(ROOT / "docs").with_suffix(".html").as_posix().replace("README", "index")
        assert place in linked, place


def test_links_lead_somewhere(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]
    assert len(pages) > 25
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for link in LINKED.findall(text):
            path, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.relative_to(site)}: {link}"
            if anchor and target.suffix == ".html":
                assert f'id="{anchor}"' in target.read_text(encoding="utf-8"), f"{page.relative_to(site)}: {link}"


def test_nothing_is_loaded_from_another_machine(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    loaded = {found for file in files for match in LOADED.findall(file.read_text(encoding="utf-8")) for found in match}
    assert "assets/images/favicon.png" in loaded
    assert [found for found in loaded if re.match(r"['\"]?(https?:)?//", found)] == []


def test_api_is_rendered(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in {*fsrbench.__all__} - {"__version__"}:
        assert f'id="fsrbench.{name}"' in text, name
    assert 'id="fsrbench.RunData.result"' in text
    assert ":class:" not in text


def test_own_leaderboard_is_a_part_of_it(site: Path) -> None:
    board = site / "results" / "board"
    assert "Rank ranges" in (board / "index.html").read_text(encoding="utf-8")
    assert len([*board.glob("tracks/*.html")]) > 1
    assert 'href="results/board/index.html"' in (site / "board.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_the_documents_themselves(document: Path) -> None:
    for link in IN_MARKDOWN.findall(document.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
