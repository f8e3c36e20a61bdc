"""--weights: the named file is the one that is used and recorded, and another than the declared one is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from made import Finished, picture_files, run, write_files
from made.networks import save_pooling_onnx
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from fsrbench import weights
from fsrbench.errors import UserError
from fsrbench.methods.names import load_method
from fsrbench.metrics import METRICS
from fsrbench.metrics.extractors.base import EXTRACTORS
from fsrbench.spec import parse_spec
from fsrbench.tasks import TASKS

pytestmark = pytest.mark.heavy  # whole runs

CPU = torch.device("cpu")
OWN = {
    "ours_x4": ("ours", "x4"),
    "ours_x8": ("ours", "x8"),
    "ours_psnr_x4": ("ours-psnr", "x4"),
    "ours_paper_x4": ("ours-paper", "x4"),
    "ours_short_x4": ("ours-short", "x4"),
    "ours_short_x8": ("ours-short", "x8"),
    "scgan_x4": ("scgan", "x4"),
    "progressive_x8": ("progressive", "x8"),
}


def changed(name: str, path: Path, training: str | None = "ten steps") -> Path:
    """The shipped file with every number halved."""
    state = {key: value / 2 for key, value in load_file(weights.find(name)).items()}
    save_file(state, path, {"training": training} if training else None)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))


def command(data: Path, *options: object, methods: str = "ours", metrics: str = "psnr") -> Finished:
    return run(data, data.parent / "out", "--metrics", metrics, *options, methods=methods)


def test_every_shipped_network_is_in_the_list_above() -> None:
    assert {name for name, weight in weights.known_files().items() if weight.folder == "weights"} == {
        "fan",
        "niqe_face",
        *OWN,
    }


@pytest.mark.parametrize("name", OWN)
def test_a_named_file_takes_the_place_of_a_shipped_one(tmp_path: Path, name: str) -> None:
    method, task = OWN[name]
    file = changed(name, tmp_path / "mine.safetensors")
    before = load_method(method, TASKS[task], CPU)
    with weights.override({name: file}):
        after = load_method(method, TASKS[task], CPU)
        assert after.weight_files() == [file]
    assert after.training == "ten steps"
    first, second = (next(iter(m.network.parameters())) for m in (before, after) if m.network is not None)
    assert torch.allclose(second, first / 2, atol=1e-3)
    assert after.fingerprint() != before.fingerprint()


@pytest.mark.parametrize("isolate", [False, pytest.param(True, marks=pytest.mark.heavy)])
def test_a_named_file_is_recorded_and_noted_below_the_table(data: Path, tmp_path: Path, isolate: bool) -> None:
    file = changed("ours_x4", tmp_path / "mine.safetensors", training=None)
    plain = command(data).values("ours")
    named = command(data, "--weights", f"ours_x4={file}", *(["--isolate"] if isolate else []))
    entry, digest = named.manifest["methods"]["ours"], hashlib.sha256(file.read_bytes()).hexdigest()
    assert (entry["weights"], entry["weights_sha256"]) == (file.name, digest)
    assert entry["training"] == "unknown: mine.safetensors"
    assert named.values("ours") != plain
    line = f"weights ours_x4: mine.safetensors (sha256 {digest[:12]}) is not the declared file"
    assert line in (named.path / "table.md").read_text()
    assert line in " ".join(named.stderr.split())
    back = command(data)
    assert back.values("ours") == plain
    assert "not the declared file" not in (back.path / "table.md").read_text()


def test_a_folder_of_weights_holds_for_shipped_networks_too(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path / "own"))
    plain = command(data).values("ours")
    (tmp_path / "own").mkdir()
    changed("ours_x4", tmp_path / "own" / "ours_x4.safetensors")
    assert command(data).values("ours") != plain


@pytest.mark.parametrize("methods", ["bicubic", "scgan"])
def test_a_named_file_that_nothing_reads_is_reported(data: Path, tmp_path: Path, methods: str) -> None:
    file = changed("ours_x8", tmp_path / "mine.safetensors")
    done = command(data, "--weights", f"ours_x8={file}", methods=methods)
    assert "--weights ours_x8: nothing in this run is known to read it" in " ".join(done.stderr.split())


def test_another_file_of_niqes_parameters_is_noted_with_the_protocol(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyiqa")
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((36, 36))
    np.savez(tmp_path / "any.npz", mu_pris_param=rng.random((1, 36)), cov_pris_param=mixed @ mixed.T)
    digest = hashlib.sha256((tmp_path / "any.npz").read_bytes()).hexdigest()
    done = command(data, "--weights", f"niqe={tmp_path / 'any.npz'}", methods="bicubic", metrics="psnr,niqe")
    line = f"weights niqe: any.npz (sha256 {digest[:12]}) is not the declared file (sha256 2a7c182a68c9)"
    for table in ("table.md", "table.tex"):
        assert line in " ".join((done.path / table).read_text().split()), table
    assert done.manifest["protocol_notes"].keys() == {"niqe"}


def test_an_extractors_file_is_noted_for_every_metric_that_reads_it(data: Path, tmp_path: Path) -> None:
    file = changed("fan", tmp_path / "fan.safetensors")
    done = command(data, "--weights", f"fan={file}", methods="bicubic", metrics="psnr,landmark_nme")
    assert done.manifest["protocol_notes"].keys() == {"landmark_nme"}
    assert "weights fan: fan.safetensors" in (done.path / "table.md").read_text()


def test_how_a_judges_file_was_trained_is_noted_with_the_protocol(data: Path, tmp_path: Path) -> None:
    file = changed("fan", tmp_path / "mine.safetensors", training="on five faces")
    named = command(data, "--weights", f"fan={file}", methods="bicubic", metrics="psnr,landmark_nme")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    line = f"weights fan: mine.safetensors (sha256 {digest[:12]}) is not the declared file (sha256 e4b5f858bede); "
    assert named.manifest["protocol_notes"] == {"landmark_nme": line + "training: on five faces"}
    assert line + "training: on five faces" in (named.path / "table.md").read_text()
    assert named.manifest["metric_weights"]["fan"]["training"] == "on five faces"
    shipped = command(data, methods="bicubic", metrics="psnr,landmark_nme").manifest
    assert shipped["metric_weights"]["fan"]["training"].startswith("heatmap regression on 512,000 draws")
    assert not shipped["protocol_notes"]


def test_every_judge_of_a_named_file_says_which_it_is(tmp_path: Path) -> None:
    """Those of all extractors and metrics, whether a hash is declared or not."""
    read = {name for extractor in EXTRACTORS.names() for name in EXTRACTORS.get(extractor).weight_files}
    read |= {name for metric in METRICS.names() for name in METRICS.get(metric)().weight_files}
    assert read >= {"fan", "arcface", "facenet", "retinaface", "inception", "niqe", "niqe_face", "dlib-landmarks"}
    file = tmp_path / "any.bin"
    file.write_bytes(b"numbers")
    with weights.override(dict.fromkeys(read, file)):
        for name in read:
            digest = hashlib.sha256(b"numbers").hexdigest()
            assert str(weights.judge_note(name)).startswith(f"weights {name}: any.bin (sha256 {digest[:12]})")


def test_a_file_without_a_declared_hash_is_not_noted(tmp_path: Path) -> None:
    with weights.override({"arcface": save_pooling_onnx(tmp_path / "any.onnx")}):
        assert weights.undeclared("arcface") is None


@pytest.mark.parametrize(
    ("files", "reason"),
    [({"our_x4": "w"}, "did you mean ours_x4"), ({"ours_x4": "nowhere.pth"}, "nowhere.pth is not a file")],
)
def test_a_program_that_names_what_is_not_there_is_refused(files: dict[str, str], reason: str) -> None:
    with pytest.raises(UserError, match=f"--weights: .*{reason}"):
        parse_spec(methods=("ours",), weights=files)


def test_the_shipped_files_say_how_they_were_trained() -> None:
    with safe_open(weights.find("ours_x4"), framework="pt") as file:
        assert load_method("ours", TASKS["x4"], CPU).training == file.metadata()["training"]
