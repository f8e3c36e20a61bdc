"""LR that is not of the task's size: used as the protocol says, and the table says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import draw_picture, encode_picture, run, write_files
from PIL import Image

SIDES = {"a": 24, "b": 51, "c": 16}


@pytest.mark.parametrize("hr", [False, True])
def test_table_says_what_lr_was_resized_from(tmp_path: Path, hr: bool) -> None:
    files = {f"LR/{name}.png": encode_picture(draw_picture(1, side)) for name, side in SIDES.items()}
    files |= {f"HR/{name}.png": encode_picture(draw_picture(1, 64)) for name in SIDES} if hr else {}
    data, out = write_files(tmp_path / "data", files), tmp_path / "out"
    said = "LR resized from 24..51 px to 16 px by BICUBIC (2 of 3 images)"
    for _ in ("fresh", "again"):
        found = run(data, out)
        assert found.manifest["degradation"]["resized"] == said
        assert f"LR given; {said}" in (out / "table.md").read_text()
    lr = np.asarray(Image.open(out / "images" / "lr" / "b.png"))
    assert np.array_equal(lr, np.asarray(draw_picture(1, 51).resize((16, 16), Image.Resampling.BICUBIC)))


def test_nothing_is_said_where_nothing_was_resized(tmp_path: Path) -> None:
    files = {f"{side}/a.png": encode_picture(draw_picture(1, size)) for side, size in (("HR", 128), ("LR", 16))}
    found = run(write_files(tmp_path / "data", files), tmp_path / "out")
    assert "resized" not in found.manifest["degradation"]
    assert "resized" not in (found.path / "table.md").read_text()
    assert found.manifest["dataset"]["resized"] == "HR resized from 128 px to 64 px by LANCZOS"
