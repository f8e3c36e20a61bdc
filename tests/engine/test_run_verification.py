"""Verification from the command line: sides, listed pairs, the descriptor and its file, all declared."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from made import Finished, draw_picture, encode_picture, picture_files, run, write_files
from made.extractors import use_colours

pytestmark = pytest.mark.heavy  # whole runs

NAMES = [f"person_{i:02}" for i in range(24)]
METRICS = "verification,verification_labelled,verification_pairs"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), people(NAMES))


def people(names: list[str]) -> dict[str, bytes]:
    """Two pictures of each person, one a little darker than the other."""
    files = {}
    for seed, name in enumerate(names):
        for number in (1, 2):
            picture = draw_picture(seed).point(lambda value, n=number: value - 4 * n)  # type: ignore[misc]
            files[f"{name}/{name}_{number:04}.png"] = encode_picture(picture)
    return files


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Two folds; each person with himself and with the next of his fold."""
    lines = ["2 12"]
    for fold in (NAMES[:12], NAMES[12:]):
        lines += [f"{name} 1 2" for name in fold]
        lines += [f"{name} 1 {other} 1" for name, other in zip(fold, fold[1:] + fold[:1], strict=True)]
    (tmp_path / "pairs.txt").write_text("\n".join(lines))
    return tmp_path / "pairs.txt"


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    use_colours(monkeypatch, "dlib", "arcface")


def value(finished: Finished, method: str, metric: str) -> float:
    row = pd.read_csv(finished.path / "summary.csv").set_index(["method", "metric"]).loc[(method, metric)]
    return float(row["value"])


def test_all_kinds_of_pairs_in_one_run(data: Path, tmp_path: Path, pairs: Path) -> None:
    finished = run(data, tmp_path / "out", "--metrics", METRICS, "--pairs", pairs)
    assert finished.code == 0
    assert {finished.status("bicubic", m) for m in METRICS.split(",")} == {"ok"}
    assert value(finished, "hr", "verification") == 1  # HR against itself and against others
    n = finished.summary.set_index(["method", "metric"]).loc[("bicubic", "verification_pairs"), "n"]
    assert int(n) == 48
    details = pd.read_csv(finished.path / "details.csv").query("method == 'bicubic' and metric == 'verification_pairs'")
    assert {"auc", "eer", "standard_error"} <= set(details["detail"])
    curves = pd.read_csv(finished.path / "curves.csv").query("method == 'bicubic' and metric == 'verification_pairs'")
    assert set(curves["curve"]) == {"roc"}


def test_sr_on_both_sides_is_declared_and_invalid_for_self_pairs(data: Path, tmp_path: Path, pairs: Path) -> None:
    finished = run(data, tmp_path / "out", "--metrics", METRICS, "--pairs", pairs, "--sides", "both")
    assert finished.code == 0
    assert finished.status("bicubic", "verification") == "invalid"
    assert "compared with itself" in finished.note("bicubic", "verification")
    for metric in ("verification_labelled", "verification_pairs"):
        assert finished.status("bicubic", metric) == "ok"
        assert "SR_i/SR_j" in finished.manifest["protocols"][metric]


@pytest.mark.parametrize(("alignment", "whose"), [("hr", "of the HR"), ("sr", "of the picture itself")])
def test_alignment_is_declared(data: Path, tmp_path: Path, alignment: str, whose: str) -> None:
    finished = run(data, tmp_path / "out", "--metrics", "verification", "--alignment", alignment)
    assert whose in finished.manifest["protocols"]["verification"]


def test_the_descriptor_and_its_file_are_declared(data: Path, tmp_path: Path) -> None:
    (tmp_path / "my network.onnx").write_bytes(b"looked at by nobody here")
    options = ("--metrics", "verification", "--descriptor", "arcface")
    named = run(data, tmp_path / "out", *options, "--weights", f"arcface={tmp_path / 'my network.onnx'}")
    assert "ONNX file my network.onnx" in named.manifest["protocols"]["verification"]
    assert named.manifest["spec"]["weights"] == {"arcface": str(tmp_path / "my network.onnx")}


def test_without_a_list_of_pairs_the_row_says_what_is_missing(data: Path, tmp_path: Path) -> None:
    finished = run(data, tmp_path / "out", "--metrics", "verification_pairs")
    assert finished.code == 0
    assert finished.status("bicubic", "verification_pairs") == "invalid"
    assert finished.note("bicubic", "verification_pairs") == "needs a list of pairs: --pairs FILE"


@pytest.mark.parametrize(
    ("limit", "status", "note"),
    [
        (46, "ok", "3 of 48 listed pairs left out: not both images are there"),
        (20, "invalid", "fold 2 of the pairs file has no genuine pair or no impostor among these images"),
    ],
)
def test_a_limit_leaves_pairs_out_and_says_so(
    data: Path, tmp_path: Path, pairs: Path, limit: int, status: str, note: str
) -> None:
    options = ("--metrics", "verification_pairs", "--pairs", pairs, "--limit", limit)
    finished = run(data, tmp_path / "out", *options)
    assert finished.code == 0
    assert (finished.status("bicubic", "verification_pairs"), finished.note("bicubic", "verification_pairs")) == (
        status,
        note,
    )


def test_a_bad_list_is_unusable_input(data: Path, tmp_path: Path, pairs: Path) -> None:
    pairs.write_text(pairs.read_text().replace("person_03 1 2", "person_03 1"))
    finished = run(data, tmp_path / "out", "--metrics", "verification_pairs", "--pairs", pairs)
    assert finished.code == 2
    assert "pairs.txt, line 5: expected" in finished.stderr
    assert not (tmp_path / "out").exists()


# --- judges that cannot be believed


@pytest.mark.parametrize("options", [(), ("--sides", "both"), ("--alignment", "sr")], ids=["", "both sides", "own"])
def test_a_judge_near_chance_on_hr_is_invalid_and_says_so(
    tmp_path: Path, pairs: Path, options: tuple[str, ...]
) -> None:
    data = write_files(tmp_path / "data", picture_files(f"{n}/{n}_{i:04}.png" for n in NAMES for i in (1, 2)))
    finished = run(data, tmp_path / "out", "--metrics", METRICS, "--pairs", pairs, *options)
    assert finished.code == 0
    for metric in METRICS.split(","):
        for row in ("bicubic", "hr"):
            assert finished.status(row, metric) == "invalid"
            own = options[:1] == ("--sides",) and metric == "verification"  # refused before
            assert own or "on the HR images themselves the judge is right in " in finished.note(row, metric)


def test_without_a_second_picture_of_anybody_a_judge_is_believed(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(f"{name}/a.png" for name in NAMES))
    finished = run(data, tmp_path / "out", "--metrics", "verification")
    assert finished.status("bicubic", "verification") == "ok"
