"""The site's files: what they say, what they link to, and that hostile bundles stay text."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from made import call
from made.boards import result, summary, track, write_bundle, write_verdict
from PIL import Image

SCRIPT = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
VOID = {"meta", "link", "img", "input", "br"}
DRAWN = {"line", "circle", "polyline"}


class Page(HTMLParser):
    """A page's tags: closed in order, and what they load, link and run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.handlers += [name] if name.startswith("on") or name == "style" else []
            self.ids += [value or ""] if name == "id" else []
            if name in ("href", "src"):
                (self.links if tag == "a" else self.loaded).append(value or "")
        if tag not in VOID | DRAWN:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in DRAWN:
            assert self.open.pop() == tag


def picture(colour: int, side: int = 64) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (side, side), (colour, 90, 120)).save(data, "PNG")
    return data.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two ordinary methods, and one whose every word is an attack."""
    folder = tmp_path_factory.mktemp("board")
    rng = np.random.default_rng(0)
    face = rng.normal(size=20)
    for i in range(2):
        scores = {"psnr": 24 + i + face + 0.1 * rng.normal(size=20), "niqe": 9 - i + face}
        more = [summary("latency_ms", 10.0 + 9 * i, ci_low=9.9 + 9 * i, ci_high=10.1 + 9 * i)]
        pictures = {f"id/{k:03}": picture(10 * k, 400) for k in range(9)} if i else {}
        old = result({"psnr": scores["psnr"] - 1}, finished="2026-01-01T00:00:00+00:00")
        write_bundle(folder / f"m{i}-old.zip", f"m{i}", [old])
        file = write_bundle(folder / f"m{i}.zip", f"m{i}", [result(scores, more, pictures=pictures)])
        write_verdict(file, ["recomputed by running", "recomputed from pictures"][i])
    bad = result({"psnr": 23 + face.copy()}, [summary(SCRIPT, None, status="failed", note=SCRIPT, n=0, title=SCRIPT)])
    bad["summaries"][0] |= {"note": SCRIPT, "value": 1e300}
    bad |= {"findings": [SCRIPT], "source": SCRIPT, "finished": SCRIPT, "versions": {SCRIPT: SCRIPT}}
    bad["scores"]["psnr"][:3] = np.nan
    bad["summaries"][0]["n"] = 17
    bad["images"][0]["lr"] = "e" * 64
    bad["weights"] |= {"licence": SCRIPT, "training": SCRIPT, "files": SCRIPT}
    bad["pictures"] = {"id/000": b"<svg onload=alert(1)>", "id/001": picture(1)[:60]}
    about = {"name": "=cmd()|" + SCRIPT, "title": SCRIPT, "description": SCRIPT, "card": SCRIPT * 9}
    paper = {"title": SCRIPT, "url": "http://example.org/'onclick=alert(1)//", "year": 2026}
    author = {"author": "=1+1" + SCRIPT}
    write_bundle(folder / "bad.zip", "x", [bad], method=about, submitter=author, paper=paper)
    other = result({"psnr": face}, track=track(SCRIPT, SCRIPT))
    refuted = write_bundle(folder / "refuted <b>.zip", "refuted", [other])
    write_bundle(folder / "alone.zip", "../../alone", [other], method=about | {"name": "../../alone"})
    write_verdict(refuted, "self-reported", verified=False, mismatches=[SCRIPT])
    done = call("board", str(folder), "--out", str(folder / "site"), "--score", "mine=psnr/50 - niqe", "--name", "B<b>")
    assert done.exit_code == 0, done.output
    assert "4 methods, 2 tracks" in done.stdout
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_every_link_leads_to_a_file_of_the_site_and_nothing_is_loaded_from_elsewhere(
    site: Path, pages: dict[Path, Page]
) -> None:
    assert len(pages) == 1 + 2 + 4
    reached = set()
    for path, page in pages.items():
        assert len(set(page.ids)) == len(page.ids)
        for link in [*page.links, *page.loaded]:
            if link == "data:," or urlsplit(link).scheme in {"http", "https"}:
                assert link == "data:," or link in page.links
                continue
            target, _, anchor = unquote(link).partition("#")
            file = (path.parent / target).resolve() if target else path
            assert file.is_relative_to(site)
            assert file.is_file(), link
            reached.add(file)
            if anchor:
                assert anchor in pages[file].ids, link
    assert {path for path in pages if path.name != "index.html"} <= reached


def test_hostile_text_stays_text(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert page.handlers == []
        assert page.tags.count("script") == 1
        assert all(src.endswith("assets/board.js") or "pictures/" in src or src == "data:," or src.endswith(".css")
                   for src in page.loaded), page.loaded  # fmt: skip
        assert "default-src &#39;none&#39;" in path.read_text(encoding="utf-8")
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert "<svg onload" not in text
    names = [str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[a-z0-9./-]+", name) for name in names if name != ".lock"), names


def test_script_addresses_are_not_links() -> None:
    from fsrbench.board.text import web_link

    for address in ("javascript:alert(1)", "data:text/html,x", "//example.org", "file:///etc/passwd", "", "http://[x"):
        assert not web_link(address)
    assert web_link("https://example.org/paper")


def test_spreadsheets_run_no_cell(site: Path) -> None:
    for path in site.rglob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))):
            for cell in row:
                if cell[:1] in {"=", "+", "-", "@"}:
                    float(cell)
    titles = [row["method_title"] for row in csv.DictReader((site / "entries.csv").open(encoding="utf-8"))]
    assert SCRIPT in titles


def test_json_and_csv_say_what_the_bundles_say(site: Path) -> None:
    board = json.loads((site / "board.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader((site / "results.csv").open(encoding="utf-8")))
    track_ = board["tracks"][0]
    psnr = next(column for column in track_["columns"] if column["key"] == "psnr")
    assert {path.stem for path in (site / "tracks").glob("*.html")} == {each["id"] for each in board["tracks"]}
    assert {path.stem for path in (site / "methods").glob("*.html")} == set(board["methods"])
    for method, found in psnr["results"].items():
        [row] = [r for r in rows if (r["track"], r["method"], r["metric"]) == (track_["id"], method, "psnr")]
        assert float(row["value"]) == found["value"]
        assert [int(row["rank_best"]), int(row["rank_worst"])] == found["places"]
        assert [float(row["ci_low"]), float(row["ci_high"])] == found["interval"]
    good = next(method for method, about in board["methods"].items() if about["name"] == "m1")
    assert track_["entries"][good]["level"] == "recomputed from pictures"
    assert [old["level"] for old in track_["entries"][good]["older"]] == ["self-reported"]
    assert board["left_out"][0]["reason"].endswith(SCRIPT)
    composite = next(column for column in track_["columns"] if column["key"] == "score:mine")
    assert composite["parts"] == ["psnr", "niqe"]


def test_the_page_of_a_method_shows_its_worst_and_best_pictures(site: Path, pages: dict[Path, Page]) -> None:
    [page] = [page for path, page in pages.items() if path.name.startswith("m1-")]
    shown = [src for src in page.loaded if "pictures/" in src]
    assert len(shown) == 8
    assert len(set(shown)) == 8
    for src in shown:
        with Image.open(site / "methods" / src) as image:
            assert image.size == (256, 256)
    assert len(list((site / "pictures").iterdir())) == 8  # the hostile ones are no pictures


def test_ties_levels_and_reasons_are_in_words(site: Path) -> None:
    board = json.loads((site / "board.json").read_text(encoding="utf-8"))
    text = (site / "tracks" / f"{board['tracks'][0]['id']}.html").read_text(encoding="utf-8")
    for words in ("recomputed by running", "recomputed from pictures", "self-reported", "Ordered by the rank range in"):
        assert words in text
    for words in ("Ranks: paired permutation tests", "no interval, not ranked", "Times are compared only on one"):
        assert words in text
    assert "1e+300" in text
    assert "17 of 20 images" in text
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "refuted &lt;b&gt;.zip" in index
    assert "B&lt;b&gt;" in index


def test_the_same_bundles_make_the_same_pages_and_old_ones_go(tmp_path: Path) -> None:
    scores = {"psnr": np.arange(20.0)}
    first = write_bundle(tmp_path / "a.zip", "a", [result(scores)])
    second = write_bundle(tmp_path / "b.zip", "b", [result(scores)])
    out = tmp_path / "out"
    assert call("board", str(first), str(second), "--out", str(out)).exit_code == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != ".lock"}
    assert call("board", str(second), str(first), "--out", str(out)).exit_code == 0
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != ".lock"}
    assert call("board", str(first), "--out", str(out)).exit_code == 0
    assert [path.name.split("-")[0] for path in (out / "methods").iterdir()] == ["a"]
