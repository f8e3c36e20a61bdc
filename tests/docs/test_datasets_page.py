"""Every command of the page about datasets works as it is written, on made archives."""

import io
import re
import shlex
from pathlib import Path
from unittest import mock

import pytest
from made import call, encode_picture, write_files, write_zip
from made_archives import celeba, draw_photo, ffhq, lfw, widerface
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.datasets.importers import KINDS
from fsrbench.datasets.importers.crops import CROPS

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"
TEXT = PAGE.read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """What stands in the page's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that the page takes for downloaded."""
    celeba(tmp_path / "downloads" / "celeba")
    ffhq(tmp_path / "downloads" / "ffhq", thumbnails=True)
    lfw(tmp_path / "downloads" / "lfw")
    widerface(tmp_path / "downloads" / "widerface")
    face = open_dataset("sample").samples[0].hr
    assert face is not None
    page = draw_photo(0, 300, 260)
    with Image.open(io.BytesIO(face.read())) as picture:
        page.paste(picture.convert("RGB"), (90, 70))
    write_files(tmp_path / "photos", {"ann/1.png": encode_picture(page)})
    write_zip(tmp_path / "crops.zip", {"a/1.png": encode_picture(draw_photo(1, 120, 120))})
    (tmp_path / "crops.csv").write_text(f"image,{','.join('x' * 10)}\na/1.png,43,56,77,56,60,75,46,89,74,89\n")
    monkeypatch.setenv("FSRBENCH_DATA", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands_work_as_written(downloads: Path) -> None:
    asked = commands()
    assert len(asked) > 10
    for program, *arguments in asked:
        assert program == "fsrbench"
        quick = ["--metrics", "psnr", "--device", "cpu"] if arguments[0] == "run" else []
        with mock.patch("fsrbench.reports.plots.write_plots"):
            result = call(*arguments, *quick)
        assert result.exit_code == 0, (arguments, result.output)
    assert {path.name for path in (downloads / "home").iterdir()} >= {"celeba-test", "ffhq-val", "lfw", "wider-small"}


def test_tables_have_every_kind_and_crop() -> None:
    for kind in KINDS.values():
        assert f"| `{kind.name}` |" in TEXT
        assert kind.home in TEXT
    for crop in CROPS:
        assert f"| `{crop.name}` |" in TEXT
