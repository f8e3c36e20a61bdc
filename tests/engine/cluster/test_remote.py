"""What reaches a worker: the metrics as this run made them."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch

from fsrbench.engine.cluster.remote import make_setting, remote_context
from fsrbench.engine.context import Context
from fsrbench.engine.store import Store
from fsrbench.metrics import resolve
from fsrbench.metrics.base import Facts
from fsrbench.spec import RunSpec


def test_workers_make_the_metrics_of_the_run(tmp_path: Path) -> None:
    spec = RunSpec(methods=("bicubic",), task="x8", degradation="noise:10", seed=3, out=tmp_path)
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
