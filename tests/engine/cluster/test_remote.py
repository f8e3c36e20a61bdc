"""What reaches a worker: the metrics as this run made them."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch

from fsrbench.engine.cluster.remote import make_setting, remote_context
from fsrbench.engine.context import Context
from fsrbench.engine.store import Store
from fsrbench.metrics import resolve
from fsrbench.metrics.facts import Facts
from fsrbench.protocols.build import resolve as resolve_records
from fsrbench.spec import RunSpec


def test_workers_make_the_metrics_of_the_run(tmp_path: Path) -> None:
    spec = RunSpec(methods={"bicubic": "bicubic"}, task="x8", degradation="noise:10", seed=3, out=tmp_path)
    facts = Facts(spec.the_task, 5, has_hr=True, has_pairs=False, seed=3, degradation="noise:10")
    names = ("psnr", "niqe", "grid_artefacts", "consistency", "detection")
    metrics = [metric.configured(facts) for metric in resolve(names)]
    context = Context(spec, metrics, torch.device("cpu"), Store(tmp_path / "store"))
    setting = pickle.loads(pickle.dumps(make_setting(context, tmp_path, own=True)))
    there = remote_context(setting, torch.device("cpu"))
    try:
        assert [(m.name, m.protocol) for m in there.measures.metrics[:4]] == [(m.name, m.protocol) for m in metrics[:4]]
        grid, consistency = there.measures.metrics[2:4]
        assert (grid.period, consistency.degradation, consistency.seed) == (8, "noise:10", 3)
        assert [key.keys.scores("sr", grid) for key in (context, there)] == [context.keys.scores("sr", metrics[2])] * 2
    finally:
        context.close()
        there.close()


def test_workers_make_the_metrics_of_records_whichever_parts_can_be_measured(tmp_path: Path) -> None:
    spec = RunSpec(methods={"bicubic": "bicubic"}, task="512x1", out=tmp_path)
    facts = Facts(spec.the_task, 5, has_hr=True, has_pairs=False)
    names = ("vqfr:psnr", "vqfr:niqe", "ntire-face-2026:niqe", "ntire-face-2026:score")
    found = {metric.name: metric for metric in resolve_records(names)}
    metrics = [found[name].configured(facts) for name in names]  # as where the score's other parts lack their weights
    context = Context(spec, metrics, torch.device("cpu"), Store(tmp_path / "store"))
    setting = pickle.loads(pickle.dumps(make_setting(context, tmp_path, own=True)))
    there = remote_context(setting, torch.device("cpu"))
    try:
        assert [(m.name, m.title, m.protocol) for m in there.measures.metrics] == [
            (m.name, m.title, m.protocol) for m in metrics
        ]
        sr, hr = torch.rand(2, 1, 3, 16, 16, generator=torch.manual_seed(0))
        assert torch.equal(there.measures.metrics[0].score(sr, hr), metrics[0].score(sr, hr))
    finally:
        context.close()
        there.close()
