"""A named file or folder that does not exist is refused before any work, wherever it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call, run

import fsrbench
from fsrbench.errors import UserError
from fsrbench.methods.names import check_method, find_method

WRONG = {
    "images:gone": "no such folder or zip",
    "images:sample": "no such folder or zip",  # a dataset's name is none
    "images:file.bin": "neither a folder nor a zip",
    "checkpoint:gone.pth": "no such file",
    "checkpoint:folder": "a folder, not a file",
    "onnx:gone.onnx": "no such file",
    "onnx:folder": "a folder, not a file",
    f"onnx:{'x' * 5000}": "no such file",
    "checkpoint:~nobody-of-that-name/a.pth": "no such file",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.bin").write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("isolated", [False, True])
def test_path_that_does_not_exist_is_unusable_input(name: str, isolated: bool) -> None:
    with pytest.raises(UserError) as caught:
        check_method(name, isolated)
    assert str(caught.value) == f"{name}: {WRONG[name]}"


@pytest.mark.parametrize("name", ["images:folder", "checkpoint:file.bin", "onnx:file.bin"])
def test_path_of_the_right_kind_is_looked_into_later(name: str) -> None:
    assert find_method(name)


@pytest.mark.parametrize(
    "name", ["images:gone", "images:sample", "images:file.bin", "checkpoint:folder", "onnx:folder"]
)
def test_run_ends_with_one_line_before_any_work(name: str, tmp_path: Path) -> None:
    refused = run("sample", tmp_path / "out", "--limit", 2, methods=f"bicubic,{name}")
    assert refused.code == 2
    assert refused.stderr == f"fsrbench: {name}: {WRONG[name]}\n"
    assert not refused.path.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("upscale", "file.bin", "--method", "checkpoint:folder"),
        ("upscale", "gone.png", "--method", "bicubic"),
        ("upscale", "folder", "--method", "bicubic"),
        ("export", "checkpoint:folder", "--format", "onnx"),
        ("export", "bicubic", "--format", "onnx", "--out", "folder"),
        ("audit", "--method", "images:gone"),
        ("run", "--methods", "bicubic", "--weights", "fan=folder"),
        ("run", "--methods", "bicubic", "--weights", "fan=gone"),
        ("run", "--methods", "python:gone.py:Method"),
        ("run", "--methods", "python:gone.py"),
    ],
)
def test_other_commands_too(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("fsrbench: ")
    assert result.stderr.count("\n") == 1


def test_a_configuration_names_the_line(tmp_path: Path) -> None:
    Path("runs.yaml").write_text(
        "methods: [bicubic]\nruns:\n  a: {metrics: [psnr]}\n  b:\n    methods: ['images:gone']\n"
    )
    result = call("run", "--config", "runs.yaml", "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "line 5: methods: images:gone: no such folder or zip" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["images:gone", "checkpoint:folder"])
def test_evaluate_raises(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=WRONG[name]):
        fsrbench.evaluate([name], metrics=["psnr"], limit=2, progress=False, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
