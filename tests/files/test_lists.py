"""Lists of names in one flag: commas separate, but not in quotes and not in paths that exist."""

from pathlib import Path

import pytest

from fsrbench.files.lists import names_in


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("sr", "sr,v2", "a, b", "x,y,z"):
        (tmp_path / folder).mkdir()
    (tmp_path / "w,1.onnx").write_bytes(b"")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bicubic,ours", ["bicubic", "ours"]),
        (" bicubic , ,ours,", ["bicubic", "ours"]),
        ("", []),
        ("images:sr,bicubic", ["images:sr", "bicubic"]),
        ("images:sr,v2", ["images:sr,v2"]),
        ("bicubic, images:sr,v2 ,ours", ["bicubic", "images:sr,v2", "ours"]),
        ("images:x,y,z,images:sr", ["images:x,y,z", "images:sr"]),
        ("images:a, b,onnx:w,1.onnx", ["images:a, b", "onnx:w,1.onnx"]),
        ("images:no,such", ["images:no", "such"]),
        ('"images:no,such",bicubic', ["images:no,such", "bicubic"]),
        ('bicubic, "images:no,such"', ["bicubic", "images:no,such"]),
        ('a="images:no,such",bicubic', ["a=images:no,such", "bicubic"]),
        ('bicubic, w=0.5="images:no,such" ', ["bicubic", "w=0.5=images:no,such"]),
        ("python:my.module:Class,bicubic", ["python:my.module:Class", "bicubic"]),
        ("psnr,ssim", ["psnr", "ssim"]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert names_in(text) == names


def test_whole_paths_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert names_in(f"images:{tmp_path}/sr,v2,images:~/x,y,z") == [f"images:{tmp_path}/sr,v2", "images:~/x,y,z"]
