"""Bundles taken apart, changed and put together again, with hashes that fit unless a forger forgot them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from fsrbench.bundle.pixels import pixels_sha256
from fsrbench.stats.intervals import mean_interval


class Forged:
    """A bundle to change: its document, manifest and scores as objects, its other files as bytes."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.document: dict[str, Any] = json.loads(self.files.pop("bundle.json"))
        self.manifest: dict[str, Any] = json.loads(self.files["manifests/0.json"])
        self.scores = pd.read_csv(io.BytesIO(self.files["scores/0.csv"]))

    @property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = self.document["results"][0]
        return result

    def row(self, metric: str) -> dict[str, Any]:
        """The summary of a metric."""
        return next(row for row in self.result["summaries"] if row["metric"] == metric)

    def change(self, metric: str, how: Callable[[pd.Series], pd.Series], consistent: bool = True) -> None:
        """Change a metric's scores, and its number with them unless the forger forgot it."""
        of = self.scores["metric"] == metric
        self.scores.loc[of, "value"] = how(self.scores.loc[of, "value"])
        if consistent:
            self.summarise(metric)

    def summarise(self, metric: str) -> None:
        """Make number, interval and n of the scores, as a run does."""
        people = {image["id"]: image["identity"] for image in self.result["images"]}
        rows = self.scores[(self.scores["metric"] == metric) & (self.scores["status"] == "ok")]
        values = rows["value"].to_numpy()
        low, high = mean_interval(values, self.result["seed"], [people[image] for image in rows["image"]])
        self.row(metric).update(value=float(values.mean()), ci_low=low, ci_high=high, n=len(values))

    def paint(self, pictures: Mapping[str, np.ndarray], known: bool = True) -> None:
        """Replace pictures, and the hashes of their pixels where the forger thinks of them."""
        for image in self.result["images"]:
            if image["id"] in pictures:
                buffer = io.BytesIO()
                Image.fromarray(pictures[image["id"]]).save(buffer, "PNG")
                self.files[f"pictures/0/{image['id']}.png"] = buffer.getvalue()
                if known:
                    image["sr"] = pixels_sha256(pictures[image["id"]])

    def pictures(self) -> dict[str, np.ndarray]:
        """The pictures that it holds."""
        files = {name: data for name, data in self.files.items() if name.startswith("pictures/0/")}
        return {
            name.removeprefix("pictures/0/").removesuffix(".png"): np.asarray(Image.open(io.BytesIO(data)))
            for name, data in files.items()
        }

    def write(self, path: Path, rehash: bool = True) -> Path:
        """Put it together; without ``rehash`` under the hashes of what was there before."""
        manifest = json.dumps(self.manifest, indent=1, ensure_ascii=False).encode()
        if json.loads(self.files["manifests/0.json"]) != self.manifest:
            self.files["manifests/0.json"] = manifest
        self.files["scores/0.csv"] = self.scores.to_csv(index=False, lineterminator="\n").encode()
        if rehash:
            self.document["files"] = {
                name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for name, data in self.files.items()
            }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bundle.json", json.dumps(self.document))
            for name, data in self.files.items():
                archive.writestr(name, data)
        return path
