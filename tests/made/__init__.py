"""Made-up pictures, folders and zips of them, and runs on those. No picture here shows a person."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import typer
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from fsrbench.cli.app import app


def draw_picture(seed: int = 0, side: int = 64, mode: str = "RGB") -> Image.Image:
    """A smooth picture, different for every seed: coloured noise of 8 x 8 px, enlarged."""
    noise = np.random.RandomState(seed).randint(0, 256, (8, 8, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC).convert(mode)


def encode_picture(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **({"compress_level": 1} if format == "PNG" else {}) | options)
    return buffer.getvalue()


def picture_files(names: Iterable[str], side: int = 64) -> dict[str, bytes]:
    """A PNG for each name, each another picture."""
    return {name: encode_picture(draw_picture(seed, side)) for seed, name in enumerate(names)}


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files under a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes], top: str = "") -> Path:
    """Write files into a zip, under a top folder if one is named."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(top + name), data)  # a ZipInfo's name is taken as it is
    return path


@dataclass
class Finished:
    """What a call of ``fsrbench run`` left."""

    code: int
    stdout: str
    stderr: str
    path: Path

    @property
    def scores(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "scores.parquet")

    @property
    def summary(self) -> pd.DataFrame:
        return pd.read_csv(self.path / "summary.csv", keep_default_na=False)

    @property
    def manifest(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        return loaded

    @property
    def left_out(self) -> dict[str, str]:
        """Why images of the data were not used."""
        reasons: dict[str, str] = self.manifest["dataset"]["left_out"]
        return reasons

    def status(self, method: str, metric: str = "psnr") -> str:
        return str(self._row(method, metric)["status"])

    def note(self, method: str, metric: str = "psnr") -> str:
        return str(self._row(method, metric)["note"])

    def values(self, method: str, metric: str = "psnr") -> dict[str, float]:
        """Scores by image."""
        rows = self.scores.query("method == @method and metric == @metric")
        return dict(zip(rows["image"], rows["value"], strict=True))

    def _row(self, method: str, metric: str) -> Any:
        rows = self.summary.query("method == @method and metric == @metric")
        assert len(rows) == 1
        return rows.iloc[0]


def call(*arguments: object) -> Result:
    """Call the command line in this process; whatever is no clean exit is raised here."""
    with mock.patch("typer.testing._get_command", commands_of):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output, result.output
    return result


@cache
def commands_of(app: typer.Typer) -> Any:
    """The commands of the application, built once: that takes longer than most of what is called."""
    return typer.main.get_command(app)


def run(
    data: object, out: Path, *options: object, methods: str = "bicubic", plots: bool = False, grid: bool = False
) -> Finished:
    """``fsrbench run`` on the CPU with PSNR and SSIM; ``options`` win.

    Plots and the grid are slow, so drawn only where asked for: the grid alone, or both with ``plots``.
    """
    flags = ["--methods", methods, "--data", data, "--out", out, "--device", "cpu", "--metrics", "psnr,ssim"]
    with ExitStack() as left_out:
        if not plots:
            left_out.enter_context(mock.patch("fsrbench.reports.plots.draw.write_plots"))
        if not plots and not grid:
            left_out.enter_context(mock.patch("fsrbench.gallery.keep.write_grid"))
        result = call("run", *flags, *options)
    return Finished(result.exit_code, result.stdout, result.stderr, out)
