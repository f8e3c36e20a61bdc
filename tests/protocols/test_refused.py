"""Refused runs under records: what is missing is named with its source, wrong data and files in one line."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fsrbench import evaluate
from fsrbench.engine.prepare import prepare
from fsrbench.errors import Unavailable, UserError
from fsrbench.machine.console import silent
from fsrbench.machine.offline import no_connections
from fsrbench.metrics.pyiqa_metric import PyiqaMetric
from fsrbench.protocols.record import find, names
from fsrbench.protocols.settings import with_protocol
from fsrbench.spec import parse_spec

pytestmark = pytest.mark.heavy


@pytest.mark.parametrize("name", [name for name in names() if not find(name).own])
def test_what_is_unavailable_says_which_file_and_from_where(name, faces, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FSRBENCH_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(PyiqaMetric, "_try", lambda *_: None)  # on a picture of 512 px, for which SSIM takes 2 s
    given = {"methods": ("nearest",), "data": str(faces.folder / "paired"), "protocol": name, "offline": True}
    with no_connections():
        run = prepare(parse_spec(**with_protocol(given | {"out": tmp_path / "run"})), silent())
    refused = {metric: str(error) for metric, error in run.refused_metrics.items() if isinstance(error, Unavailable)}
    run.close()
    left = {metric.name for metric in run.usable_metrics}
    assert refused.keys() | left | _invalid(run) == set(find(name).metric_names)
    assert all("--reference" in why or "--weights" in why or "weights fetch" in why for why in refused.values()), (
        refused
    )
    combined = {f"{name}:score"} & left
    assert left - combined <= {f"{name}:{metric}" for metric in ("psnr", "ssim", "ssimc")}


def _invalid(run: Any) -> set[str]:
    return {name for name, error in run.refused_metrics.items() if not isinstance(error, Unavailable)}


def test_a_statistics_file_of_another_network_is_refused(faces, tmp_path) -> None:
    np.savez(tmp_path / "ffhq.npz", mu=np.zeros(64), sigma=np.eye(64))
    with pytest.raises(UserError, match=r"ffhq.npz: is of another network: its mean is \(64,\)"):
        evaluate(
            ["bicubic"], faces.folder / "blind", protocol="ntire-face-2026", reference=str(tmp_path / "ffhq.npz"),
            progress=False, out=tmp_path / "run",
        )  # fmt: skip


def test_data_of_another_hash_are_refused_before_anything_is_computed(faces, tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"id: mine\nversion: 1\ntitle: o\nsource: {{}}\ntasks: [512x1]\nlr: {{description: ours, sha256: {'a' * 64}}}\n"
        "metrics:\n  psnr: {title: PSNR (mine), measure: psnr, choices: {colour: RGB, crop: 0, matched: false}}\n"
    )
    call = {"protocol": str(file), "progress": False, "out": tmp_path / "run"}
    sr, data = [f"images:{faces.folder / 'SR'}"], faces.folder / "paired"
    with pytest.raises(UserError, match=r"--data: .* is not the data of protocol mine \(sha256 \w{12}, not a{12}\)"):
        evaluate(sr, data, **call)
    file.write_text(file.read_text().replace(f", sha256: {'a' * 64}", ""))
    run = evaluate(sr, data, **call)
    known = json.loads((run.path / "manifest.json").read_text())["dataset"]["sha256"]
    file.write_text(file.read_text().replace("description: ours", f"description: ours, sha256: {known}"))
    again = evaluate(sr, data, **call)
    assert again.per_image("mine:psnr").equals(run.per_image("mine:psnr"))
