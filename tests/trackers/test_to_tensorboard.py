"""Event files, read back by TensorBoard's own reader, hold what the run found."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.packages import skip_file_without
from PIL import Image

import fsrbench
from fsrbench import RunData
from fsrbench.errors import FsrbenchError
from fsrbench.trackers import to_tensorboard

skip_file_without("tensorboard")
pytestmark = pytest.mark.heavy


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "events"))
    return tmp_path / "events"


def events(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"images": 0, "tensors": 0})
    return found.Reload()


def test_events_hold_metrics_pictures_and_tables(run: RunData, root: Path) -> None:
    [done] = fsrbench.log(run, to="tensorboard")
    [folder] = root.iterdir()
    assert done.place == f"tensorboard --logdir {root}"
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"all_methods", "bicubic", "nearest", "hr"}
    for method in ("bicubic", "nearest"):
        read = events(folder / method)
        result = run.result(method, "ssim")
        assert result is not None
        for tag, value in (("ssim", result.value), ("ssim.ci_low", result.ci_low), ("ssim.ci_high", result.ci_high)):
            assert read.Scalars(tag)[0].value == np.float32(value)
        assert len(read.Tags()["images"]) == 6
        assert {"parameters/text_summary", "scores/text_summary"} <= set(read.Tags()["tensors"])
    overview = events(folder / "all_methods")
    shown = Image.open(io.BytesIO(overview.Images("grid")[0].encoded_image_string))
    np.testing.assert_array_equal(shown, Image.open(run.path / "grid.png").convert("RGB"))
    text = overview.Tensors("table/text_summary")[0].tensor_proto.string_val[0].decode()
    assert text == (run.path / "table.md").read_text()
    assert (folder / "report.html").is_file()


def test_a_second_time_nothing_changes(run: RunData, root: Path) -> None:
    fsrbench.log(run, to="tensorboard")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    [again] = fsrbench.log(run, to="tensorboard")
    assert again.runs == 0
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_an_interrupted_upload_leaves_nothing(run: RunData, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(to_tensorboard, "_write_texts", lambda *_: (_ for _ in ()).throw(OSError("disk")))
        with pytest.raises(FsrbenchError, match=r"^tensorboard: OSError: disk$"):
            fsrbench.log(run, to="tensorboard")
    assert list(root.iterdir()) == []
    assert fsrbench.log(run, to="tensorboard")[0].runs == 4
