"""The reference file: what it holds, how it is laid out, what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.gate import IMAGES, Values, made_run, psnr
from made.places import ROOT
from pydantic import BaseModel

from fsrbench.errors import CannotWrite, UserError
from fsrbench.gate import as_json, reference
from fsrbench.gate.reference import Reference, read, write
from fsrbench.gate.update import make

COMMITTED = ROOT / "results" / "reference.json"
VALUES: Values = {
    "psnr": {"scgan": psnr(1), "ours": psnr()},
    "detection": {"ours": np.ones(len(IMAGES)), "hr": np.ones(len(IMAGES))},
    "fid_face": {"ours": np.linspace(0, 1, 24)},
    "params": {"ours": 0.685427},
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write(make(made_run(VALUES)), tmp_path / "reference.json")
    return tmp_path / "reference.json"


def changed(path: Path, **fields: Any) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return path


def test_what_is_written_is_read_again(written: Path) -> None:
    assert read(written) == make(made_run(VALUES))


def test_it_holds_what_the_gate_needs(written: Path) -> None:
    content = json.loads(written.read_text())
    assert content["schema_version"] == 1
    assert content["methods"]["ours"]["metrics"]["psnr"] == {
        "value": pytest.approx(psnr().mean()),
        "unit": "dB",
        "direction": "higher",
        "abs_tolerance": 0.005,
        "rel_tolerance": 0.0,
        "n": 60,
    }
    assert content["images"][4] == ["p01/1", "p01"]
    assert content["scores"]["psnr"]["ours"] == pytest.approx(psnr(), rel=1e-5)
    assert list(content["rows"]) == ["fid_face"]
    assert "params" not in content["scores"]


def test_scores_come_back_by_image_and_by_block(written: Path) -> None:
    held = read(written)
    series, blocks = held.series("ours", "psnr"), held.series("ours", "fid_face")
    assert series is not None
    assert blocks is not None
    assert list(series.index) == IMAGES
    assert set(blocks.index) == {f"block {i}" for i in range(24)}
    assert blocks["block 23"] == 1
    assert held.series("ours", "params") is None


def test_one_line_per_number_and_per_row_of_scores(written: Path) -> None:
    lines = [line.strip() for line in written.read_text().splitlines()]
    assert sum(line.startswith('"psnr": {"value": ') for line in lines) == 2
    assert sum(line.startswith('"ours": [') for line in lines) == 3
    assert '["p01/1", "p01"],' in lines


def test_a_changed_score_changes_one_line_of_scores(tmp_path: Path, written: Path) -> None:
    after = psnr()
    after[5] += 1e-3
    write(make(made_run({**VALUES, "psnr": {"scgan": psnr(1), "ours": after}})), tmp_path / "after.json")
    pairs = zip(written.read_text().splitlines(), (tmp_path / "after.json").read_text().splitlines(), strict=True)
    assert [a.split('"')[1] for a, b in pairs if a != b] == ["psnr", "ours"]


def test_order_of_methods_in_the_run_does_not_matter(tmp_path: Path, written: Path) -> None:
    turned = {metric: dict(reversed(by_method.items())) for metric, by_method in reversed(VALUES.items())}
    write(make(made_run(turned)), tmp_path / "turned.json")
    assert (tmp_path / "turned.json").read_text() == written.read_text()


def test_numbers_have_no_more_digits_than_mean_something() -> None:
    held = make(made_run({"fid_face": {"ours": 1 / 3}, "psnr": {"ours": psnr() / 3}}))
    assert held.methods["ours"].metrics["fid_face"].value == 0.3333333333
    assert all(len(f"{score}") <= 8 for score in held.scores["psnr"]["ours"] if score)


def test_score_that_is_not_a_number_is_null(tmp_path: Path) -> None:
    values = psnr()
    values[:2] = math.inf, math.nan
    write(make(made_run({"psnr": {"ours": values}})), tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["scores"]["psnr"]["ours"][:2] == [None, None]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not valid JSON"),
        ("[]", "schema_version is None"),
        ("{}", "schema_version is None, this fsrbench reads 1"),
        ('{"schema_version": 2}', "schema_version is 2, this fsrbench reads 1"),
        ('{"schema_version": 1}', "setup: is missing"),
    ],
)
def test_file_that_is_not_a_reference_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "reference.json"
    path.write_text(content)
    with pytest.raises(UserError, match=reason) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--update makes it"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("scores", "psnr", "ours"), [1.0], "scores.psnr.ours has 1 values for 60 rows"),
        (("methods", "ours", "metrics", "psnr", "abs_tolerance"), -0.1, "abs_tolerance: must be at least 0"),
        (("methods", "ours", "metrics", "psnr", "value"), "much", "value: must be a valid number"),
        (("methods", "ours", "metrics", "psnr", "tolerance"), 0.1, "tolerance: is not a known key"),
        (("methods", "ours", "metrics", "psnr", "direction"), "none", "direction: must be"),
        (("setup", "metrics", "psnr"), None, "setup.metrics.psnr"),
    ],
)
def test_broken_field_is_named(written: Path, place: tuple[str, ...], value: object, reason: str) -> None:
    content = part = json.loads(written.read_text())
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    written.write_text(json.dumps(content))
    with pytest.raises(UserError, match=reason):
        read(written)


def test_held_metric_needs_its_protocol(written: Path) -> None:
    content = json.loads(written.read_text())
    del content["setup"]["metrics"]["params"]
    with pytest.raises(UserError, match=r"methods.ours.metrics.params has no protocol"):
        read(changed(written, setup=content["setup"]))


def test_tolerances_may_be_left_out(written: Path) -> None:
    content = json.loads(written.read_text())
    for metrics in (method["metrics"] for method in content["methods"].values()):
        for held in metrics.values():
            del held["abs_tolerance"], held["rel_tolerance"]
    held = read(changed(written, methods=content["methods"]))
    assert held.methods["ours"].metrics["psnr"].abs_tolerance is None


def test_write_that_breaks_off_leaves_the_old_file(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = written.read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CannotWrite, match="No space left"):
        write(make(made_run({"psnr": {"ours": psnr(9)}})), written)
    assert written.read_text() == before
    assert [path.name for path in written.parent.iterdir()] == ["reference.json"]


def test_committed_reference_is_small_and_laid_out_as_written() -> None:
    text = COMMITTED.read_text(encoding="utf-8")
    assert len(text) < 300_000
    assert reference.layout(read(COMMITTED).model_dump(mode="json")) + "\n" == text


def test_committed_reference_holds_the_gate_s_methods() -> None:
    held = read(COMMITTED)
    assert {"bicubic", "scgan", "ours"} <= held.methods.keys()
    assert {"psnr", "ssim", "detection", "verification"} <= held.methods["ours"].metrics.keys()
    assert held.setup.dataset.name == "sample"


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and those that its fields hold."""
    found = {model}
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= models(part)
    return found


def _parts(annotation: Any) -> list[Any]:
    inner = getattr(annotation, "__args__", ())
    return [annotation, *(part for i in inner for part in _parts(i))]


@pytest.mark.parametrize("schema", [Reference, as_json.JsonVerdict])
def test_every_field_is_documented(schema: type[BaseModel]) -> None:
    text = (ROOT / "docs" / "gate-in-ci.md").read_text(encoding="utf-8")
    missing = []
    for model in models(schema):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            if f"| `{name}` | {field.description} |" not in text:
                missing.append(f"| `{name}` | {field.description} |")
    assert not missing, "\n".join(missing)
