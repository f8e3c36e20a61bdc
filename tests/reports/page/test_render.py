"""The page as text: it says everything, loads nothing, and no name can break it."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest
from made import call
from made.pages import VALUES, add_pictures, add_plot, blocks, words

from fsrbench.errors import UserError
from fsrbench.reports.page.render import render, write_report
from fsrbench.reports.page.results import read_results

EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'
IDS = ["ann/1", EVIL, "日本 é'\"&<b>", "a b/{{ 7*7 }}"]
VOID = {"meta", "link", "img", "input", "br"}


class Outline(HTMLParser):
    """Tags, attributes and whether every tag is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        # HTML lets these be closed by what follows
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def run(make_run):
    return make_run(VALUES)  # enough images to tell the methods apart


class TestContent:
    def test_table(self, run):
        text = words(render(run))
        assert "Face super-resolution x4, 16 to 64 px" in text
        assert "PSNR (dB) ↑" in text
        assert "26.08" in text
        assert "[25.90, 26.40]" in text
        assert "bicubic (KID) invalid: few images" in text
        assert "All results: 12 ok, 1 invalid." in text

    def test_marks_are_those_of_the_tables(self, run):
        page, results = render(run), read_results(run)
        marked = [result.cell for row in results.rows for result in row.cells if result.cell.mark]
        assert marked
        for cell in marked:
            assert f'<span class="number {cell.mark}">{cell.text}</span>' in page
        assert '<span class="number">9.30</span>' in page  # the ceiling wins nothing

    def test_result_that_is_not_ok_says_so_in_its_cell(self, run):
        assert re.search(
            r'<td data-value=""><span class="number">–</span>.*?"status invalid">invalid<', render(run), re.S
        )

    def test_a_ceiling_without_a_value_has_no_row(self, make_run):
        missing = {"value": float("nan"), "status": "unavailable", "note": "no file"}
        run = make_run({"psnr": {"a": 25.0}, "niqe": {"a": missing, "hr": missing}})
        assert "NIQE" in words(render(run))
        assert [row.name for row in read_results(run).rows] == ["a"]

    def test_warning_comes_before_everything_else(self, run):
        text = words(render(run))
        assert 0 < text.index("A super-resolved face is a guess") < text.index("Best in bold")
        assert "are no evidence" in text

    def test_where_the_numbers_come_from(self, make_run):
        run = make_run(
            VALUES,
            finished="2026-03-01T10:20:30+00:00",
            seconds={"scoring": 100.0, "timing": 31.4},
            git={"commit": "abc123", "dirty": True},
            machine={"cpu": "Z80", "device": "cpu", "memory_gb": 0.1},
            versions={"fsrbench": "9.9", "torch": None},
            metric_weights={"niqe": {"file": "niqe.npz", "sha256": "5a5a", "as_declared": True}},
            methods={"ours": {"description": "a net", "training": "long", "weights": "o.st", "weights_sha256": "beef"}},
            dataset={
                "name": "sample",
                "n": 3,
                "sha256": "f00d",
                "left_out": {"bad/1": "empty file"},
                "warnings": ["odd"],
            },
            spec={"methods": ["ours"], "limit": None, "offline": True},
        )
        text = words(render(run))
        for said in (
            "Finished 2026-03-01 10:20 UTC", "Wall time 2 min 11 s", "commit abc123", "with uncommitted changes",
            "cpu Z80", "torch not installed", "niqe.npz (as declared) 5a5a", "Training: long", "Weights: o.st beef",
            "sha256 f00d", "bad/1 empty file", "Data: odd", "--limit none", "--offline yes", "how psnr is computed",
        ):  # fmt: skip
            assert said in text, said

    def test_details_are_a_table(self, run):
        frame = pd.DataFrame([("ours", "latency_ms", "p90", 3.5)], columns=["method", "metric", "detail", "value"])
        frame.to_csv(run.path / "details.csv", index=False)
        assert "Latency (ms) p90 3.5" in words(render(type(run).load(run.path)))

    def test_run_without_pictures_says_how_to_get_them(self, run):
        text = words(render(run))
        assert "This run kept no pictures." in text
        assert "--save-images" in text

    def test_plots_have_caption_and_words(self, run):
        add_plot(run, "metrics")
        add_plot(run, "my_own <plot>", '<defs><path id="a"/></defs><use href="#a"/>')
        images = Outline(render(run)).all("img")
        assert [image["src"][:26] for image in images] == ["data:image/svg+xml;base64,"] * 2
        assert "each method's value" in images[0]["alt"]
        assert "Plot: my own <plot>." in images[1]["alt"]
        assert images[0]["width"] == "400"

    def test_failed_result_is_shown_as_such(self, make_run):
        page = render(make_run({"psnr": {"a": 20.0, "b": {"value": 21.0, "status": "failed", "note": "late"}}}))
        assert '<span class="status failed">failed</span>' in page
        assert 'class="remark bad"' in page

    def test_run_without_a_single_value_has_a_page(self, make_run):
        page = render(make_run({"psnr": {"a": {"status": "unavailable", "note": "no weights"}}}))
        assert "No metric has a value in this run." in page
        assert "no weights" in words(page)

    def test_bare_manifest_is_enough(self, run):
        (run.path / "manifest.json").write_text("{}")
        assert "26.08" in render(type(run).load(run.path))


class TestSafety:
    @pytest.fixture
    def evil(self, make_run):
        values = {"psnr": {EVIL: 20.0, "ours": 21.0}, "kid": {EVIL: {"status": "failed", "note": EVIL}, "ours": 1.0}}
        dataset = {"name": EVIL, "n": 4, "left_out": {EVIL: EVIL}, "notes": {EVIL: EVIL}, "warnings": [EVIL]}
        said = {"protocols": {"psnr": EVIL}, "machine": {EVIL: EVIL}, "git": {"commit": EVIL}, "spec": {EVIL: EVIL}}
        run = make_run(values, n=4, dataset=dataset, task=EVIL, degradation={"name": EVIL}, finished=EVIL, **said)
        return add_pictures(run, IDS)

    def test_names_and_notes_stay_text(self, evil):
        page = render(evil)
        outline = Outline(page)
        assert not outline.open
        scripts = outline.all("script")
        assert [s.get("type") for s in scripts] == ["application/json"] * 5 + ["module"] * 2
        assert not [name for _, attributes in outline.tags for name in attributes if name.startswith("on")]
        assert "<script>alert" not in page
        assert 'onerror="alert' not in page
        assert words(page).count(EVIL) > 10

    def test_json_gives_the_names_back(self, evil):
        found = blocks(render(evil))
        assert found["facts"]["images"] == IDS
        assert found["facts"]["rows"][1] == {"title": EVIL, "method": True}
        assert {f"picture-{place}" for place in range(4)} < set(found)

    def test_templates_in_names_are_not_run(self, evil):
        assert "49" not in blocks(render(evil))["facts"]["images"][3]

    def test_nothing_is_loaded_from_anywhere(self, evil):
        add_plot(evil, "metrics")
        for tag, attributes in Outline(render(evil)).tags:
            for name in ("src", "href"):
                url = attributes.get(name) or "#"
                assert url.startswith(("#", "data:")), (tag, url[:50])
            assert "style" not in attributes

    def test_policy_allows_this_style_and_this_script_alone(self, evil):
        page = render(evil)
        policy = next(
            m["content"] for m in Outline(page).all("meta") if m.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy.startswith("default-src 'none'; img-src data:;")
        for tag, kind in (("style", ""), ("script", ' type="module"')):
            found = re.findall(f"<{tag}{kind}>(.*?)</{tag}>", page, re.DOTALL)
            digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found]
            allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
            assert f"{tag}-src {allowed}" in policy
        assert "unsafe" not in policy


class TestFile:
    def test_default_place_and_another(self, run, tmp_path):
        assert write_report(run) == run.path / "report.html"
        assert write_report(run, tmp_path / "new" / "page.html").read_text().startswith("<!doctype html>")

    def test_same_run_same_page(self, run):
        run = add_pictures(run)
        assert render(run) == render(run)

    def test_place_that_cannot_be_written(self, run, tmp_path):
        (tmp_path / "file").write_text("x")
        for out in (tmp_path, tmp_path / "file" / "page.html"):
            with pytest.raises(UserError, match="cannot write"):
                write_report(run, out)

    def test_half_a_character_does_not_stop_it(self, make_run):
        run = make_run(VALUES, git={"commit": "\ud800"})
        assert "commit ?" in words(write_report(run).read_text(encoding="utf-8"))

    def test_command(self, run, tmp_path):
        done = call("report", run.path, "--out", tmp_path / "page.html", "--images", 3)
        assert (done.exit_code, done.stdout.replace("\n", "")) == (0, str(tmp_path / "page.html"))

    @pytest.mark.parametrize("arguments", [["nowhere"], ["nowhere", "--images", "0"]])
    def test_command_refuses_with_code_2(self, tmp_path, arguments):
        assert call("report", tmp_path / arguments[0], *arguments[1:]).exit_code == 2

    def test_torch_and_matplotlib_stay_out(self, run):
        run = add_pictures(run)
        code = (
            "import sys; from fsrbench.cli.app import app\n"
            f"try: app(['report', {str(run.path)!r}])\nexcept SystemExit as done: assert not done.code\n"
            "print({'torch', 'torchvision', 'matplotlib', 'scipy'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout.splitlines() == [str(run.path / "report.html"), "set()"]
