"""The file of published rows: what is shipped holds, and a mistake gives one line that names its row."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from made.places import ROOT

from fsrbench.errors import UserError
from fsrbench.metrics import METRICS
from fsrbench.reports.tables.published import PUBLISHED, Reported, load_published, parse_reported

ONLY_PAPERS = {"mos": "", "fid": ""}
"""Units of metrics that papers report and this project does not compute (or only a later part of it)."""

GOOD = """
- paper: {cite: Kim 2019, authors: D. Kim, title: Faces, venue: BMVC, year: 2019}
  task: x8
  sizes: 16 to 128
  lr: bilinear
  source: Table 2
  status: verified
  rows:
    - {method: PFSR, dataset: CelebA, values: {psnr: 22.60 dB, ssim: 0.680}}
    - {method: bicubic, dataset: CelebA, values: {psnr: 21.00 dB}}
"""


def load(tmp_path: Path, text: str):
    path = tmp_path / "rows.yaml"
    path.write_text(text, encoding="utf-8")
    return load_published(path)


class TestShipped:
    def test_every_entry_says_who_where_and_how(self):
        entries = load_published()
        assert {entry.task for entry in entries} >= {"x4", "x8"}
        for entry in entries:
            paper = entry.paper
            assert paper.doi or paper.arxiv or paper.url, paper.cite
            assert len(entry.source) > 20, f"{paper.cite}: where exactly?"

    def test_units_are_those_of_the_metrics(self):
        for entry in load_published():
            for row in entry.rows:
                for name, reported in row.values.items():
                    unit = METRICS.get(name).unit if name in METRICS else ONLY_PAPERS[name]
                    expected = "%" if unit == "fraction" else unit
                    assert reported.unit == expected, f"{entry.paper.cite}, {row.method}, {name}"

    def test_numbers_are_as_printed(self):
        """Each number with its unit, as in the text of the file: nothing lost a trailing zero on the way."""
        text = PUBLISHED.read_text(encoding="utf-8")
        written = [pair for values in re.findall(r"values: \{(.*?)\}", text) for pair in values.split(", ")]
        loaded = [
            f"{name}: {reported.text} {reported.unit}".rstrip()
            for entry in load_published()
            for row in entry.rows
            for name, reported in row.values.items()
        ]
        assert loaded == written
        assert "detection: 97.40 %" in loaded

    @pytest.mark.parametrize(
        ("cite", "method", "dataset", "metric", "text", "status"),
        [
            ("Fathy et al. 2026", "Fathy et al.", "FFHQ", "verification", "91.72", "unverified"),
            ("Fathy et al. 2026", "SCGAN", "WIDER FACE", "niqe", "1.8787", "unverified"),
            ("Kim et al. 2019", "Progressive", "CelebA, aligned", "ms_ssim", "0.902", "unverified"),
            ("Chen et al. 2018", "FSRNet", "CelebA", "psnr", "26.31", "unverified"),
            ("Chen et al. 2020", "SPARNet", "Helen", "psnr_y", "26.97", "verified"),
            ("Chen et al. 2020", "DICNet", "Helen", "ssim", "0.7955", "verified"),
        ],
    )
    def test_some_rows_by_hand(self, cite, method, dataset, metric, text, status):
        (found,) = (
            (row.values[metric].text, entry.status)
            for entry in load_published()
            for row in entry.rows
            if (entry.paper.cite, row.method, row.dataset) == (cite, method, dataset)
        )
        assert found == (text, status)

    def test_an_installed_package_has_the_file(self):
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        shipped = settings["tool"]["setuptools"]["package-data"]["fsrbench"]
        assert PUBLISHED.relative_to(ROOT / "fsrbench").as_posix() in shipped

    def test_results_lead_to_the_same_file(self):
        assert (ROOT / "results" / "published.yaml").resolve() == PUBLISHED.resolve()


class TestMistakes:
    def test_the_good_one_loads(self, tmp_path):
        (entry,) = load(tmp_path, GOOD)
        assert entry.rows[0].values == {"psnr": Reported("22.60", "dB"), "ssim": Reported("0.680")}
        assert entry.description == (
            "Kim 2019 (verified): Faces, BMVC, 2019. Sizes in px: 16 to 128. LR: bilinear. Protocol: not stated. "
            "Read in: Table 2"
        )

    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            ("status: verified", "status: probably", "Kim 2019, status: must be verified or unverified"),
            ("  source: Table 2\n", "", "Kim 2019, source: is missing"),
            ("source: Table 2", "source:", "Kim 2019, source: "),
            ("task: x8", "task: x2", "Kim 2019, task: "),
            ("lr: bilinear", "lr: bilinear\n  licence: none", "Kim 2019, licence: is not a known key"),
            ("venue: BMVC, ", "", "Kim 2019, paper, venue: is missing"),
            ("cite: Kim 2019, ", "", "entry 1, paper, cite: is missing"),
            ("{psnr: 21.00 dB}", "{psnr: about 21}", "Kim 2019, row bicubic, values, psnr: 'about 21' is not a number"),
            ("{psnr: 21.00 dB}", "{psnr: .}", "row bicubic, values, psnr: '.' is not a number"),
            ("{psnr: 21.00 dB}", "{psnr: {value: 21}}", "row bicubic, values, psnr: {'value': '21'} is not a number"),
            ("{psnr: 21.00 dB}", "{}", "Kim 2019, row bicubic, values: "),
            (
                "dataset: CelebA, values: {psnr: 21",
                "data: CelebA, values: {psnr: 21",
                "row bicubic, dataset: is missing",
            ),
            ("method: bicubic, ", "", "Kim 2019, row 2, method: is missing"),
            ("method: bicubic", "method: PFSR", "Kim 2019, row PFSR: 2 rows for task x8, dataset CelebA"),
            (GOOD, "just words", "the file: must be a valid tuple"),
            (GOOD, "- words", "entry 1: must be"),
            (GOOD, "a: [", "cannot be read: "),
        ],
    )
    def test_one_line_names_the_row(self, tmp_path, old, new, reason):
        assert GOOD.count(old) == 1
        with pytest.raises(UserError) as caught:
            load(tmp_path, GOOD.replace(old, new))
        assert reason in str(caught.value)
        assert str(caught.value).startswith(f"{tmp_path / 'rows.yaml'}: ")
        assert "\n" not in str(caught.value)

    def test_no_file(self, tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            load_published(tmp_path / "none.yaml")


@pytest.mark.parametrize("text", ["26.97 dB", "0.8026", "-1.5", "3"])
def test_a_number_keeps_its_digits(text):
    reported = parse_reported(text)
    assert f"{reported.text} {reported.unit}".strip() == text


@pytest.mark.parametrize("text", ["", "dB", "26,97 dB", "1e3", "22 23", "26.97  dB", "26.97 d B", 26.97, None])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="is not a number"):
        parse_reported(text)


def test_the_table_command_needs_no_torch():
    code = (
        "import sys, fsrbench.reports.tables.render, fsrbench.reports.tables.published; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_the_file_is_plain_yaml():
    assert len(yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))) == len(load_published())
