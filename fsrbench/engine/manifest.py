"""The manifest: everything needed to trust or repeat a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fsrbench import weights
from fsrbench.checks.finding import Finding
from fsrbench.datasets import Dataset
from fsrbench.datasets.base import combine_digests
from fsrbench.datasets.inputs import resized_note
from fsrbench.engine.frames import status_of
from fsrbench.engine.plan import make_shards
from fsrbench.engine.prepare import Prepared
from fsrbench.engine.run import Outcome
from fsrbench.errors import FsrbenchError
from fsrbench.machine.facts import machine
from fsrbench.methods.base import describe
from fsrbench.methods.names import find_method
from fsrbench.metrics.base import Metric
from fsrbench.protocols.build import described
from fsrbench.protocols.record import find
from fsrbench.provenance import fingerprints
from fsrbench.provenance.file_hashes import hash_of_all
from fsrbench.provenance.git import git
from fsrbench.provenance.versions import CODE, versions
from fsrbench.runs.columns import too_many_failed

SCHEMA_VERSION = 1


def make_manifest(run: Prepared, outcome: Outcome) -> dict[str, Any]:
    """The manifest of an executed run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "spec": run.spec.as_json(),
        "task": run.spec.task,
        **_data(run, outcome.findings.data),
        "methods": {name: _method(run, name, outcome) for name in run.spec.methods},
        "metrics": {m.name: _describe(m) for m in run.metrics},
        "protocol": find(run.spec.protocol).facts if run.spec.protocol else None,
        "protocols": {m.name: described(m, run.spec.protocol) for m in run.metrics},
        "records": {record.id: record.facts for record in run.records()},
        "protocol_notes": _protocol_notes(run),
        "metric_weights": {name: _weights(name) for name in run.metric_weights()},
        "reference": _reference(run),
        "versions": {name: version for name, version in versions().items() if name != CODE},
        "code_sha256": fingerprints.harness(),
        "machine": machine(run.context.device),
        "executor": outcome.executor,
        "git": git(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": outcome.seconds,
    }


def _degradation(run: Prepared, resized: str) -> dict[str, Any]:
    if any(s.lr is not None for s in run.dataset):
        given = {"name": "none", "protocol": "LR as given; another size goes to the task's by Pillow BICUBIC"}
        return given | ({"resized": resized} if resized else {})
    chosen = run.degradation
    facts = {"name": chosen.name, "protocol": chosen.protocol, "seed": run.spec.seed}
    return facts if chosen.strength is None else facts | {"strength": chosen.strength, "unit": chosen.unit}


def _data(run: Prepared, findings: Sequence[Finding]) -> dict[str, Any]:
    """The dataset as it was read, and how LR was made."""
    n = 0
    sizes: dict[str, dict[str, int]] = {"HR": {}, "LR": {}}
    left_out: dict[str, str] = {}
    notes: dict[str, str] = {}
    degraded: dict[str, Any] = {}
    for shard in run.shards:
        facts = run.context.inputs.facts(shard)
        n += len(facts.ids)
        left_out |= facts.problems
        notes |= facts.notes
        for side, resized in sizes.items():
            resized |= facts.sizes.get(side, {})
        degraded |= {image: drawn for image, drawn in facts.degraded.items() if drawn}
    task = run.spec.the_task
    dataset = {
        "name": _name(run.dataset.name),
        "n": n,
        "has_hr": run.dataset.has_hr,
        "identities": len({s.identity for s in run.dataset if s.identity is not None}),
        "sha256": _hash(run, run.dataset),
        "left_out": left_out,
        "notes": notes,
        "warnings": [*run.dataset.warnings, *(finding.text for finding in findings)],
        "findings": [asdict(finding) for finding in findings],
        "resized": resized_note("HR", sizes["HR"], n, task.hr_size, "LANCZOS"),
        "degraded": degraded,
        "lr_sizes": sizes["LR"],
    }
    lr = resized_note("LR", sizes["LR"], n, task.lr_size, "BICUBIC")
    return {"degradation": _degradation(run, lr), "dataset": dataset}


def _method(run: Prepared, name: str, outcome: Outcome) -> dict[str, Any]:
    source = run.spec.methods[name]
    results, findings = outcome.results.get(name), outcome.findings.methods.get(name, [])
    if error := run.refused_methods.get(name):
        described = "" if run.spec.isolate else _description(source)
        return {"source": source, "description": described, "status": status_of(error), "note": str(error)}
    method = run.context.methods.get(name)
    files = method.weight_files()
    failed = results and too_many_failed(len(results.problems), results.images)
    return {
        "source": source,
        "description": method.description,
        "status": "failed" if failed or (findings and run.spec.strict) else "ok",
        "training": method.training,
        "weights": ", ".join(file.name for file in files) or None,
        "weights_sha256": hash_of_all(files) if files else None,
        "weights_note": "; ".join(filter(None, map(weights.undeclared, method.weight_names))),
        "fingerprint": run.fingerprint(name),
        "changed_state": sorted(results.changed) if results else [],
        "behaviour": results.behaviour if results else "",
        "warnings": list(method.warnings),
        "findings": [asdict(finding) for finding in findings],
        "equal_to_hr": results.equal if results else 0,
        "clipped_images": results.clipped if results else 0,
        "failed_images": results.problems if results else {},
    }


def _weights(name: str) -> dict[str, Any]:
    path, found, declared = weights.find(name), weights.sha256(name), weights.known_files()[name].sha256
    as_declared = found == declared if declared else None
    return {"file": path.name, "sha256": found, "as_declared": as_declared, "training": weights.training_note(path)}


def _protocol_notes(run: Prepared) -> dict[str, str]:
    """By metric: which weight file it used, if not the declared one; its protocol string does not say so."""
    names = {metric.name: run.context.measures.weight_names_of(metric) for metric in run.usable_metrics}
    notes = {metric: "; ".join(filter(None, map(weights.judge_note, files))) for metric, files in names.items()}
    return {name: note for name, note in notes.items() if note}


def _reference(run: Prepared) -> dict[str, Any] | None:
    if run.statistics is not None:
        found = run.statistics
        return {
            "name": found.path.name,
            "n": found.images or 0,
            "sha256": found.sha256,
            "network_sha256": found.network,
            "warnings": [],
        }
    if run.reference is None:
        return None
    return {
        "name": _name(run.reference.name),
        "n": len(run.reference),
        "sha256": _hash(run, run.reference),
        "warnings": list(run.reference.warnings),
    }


def _hash(run: Prepared, dataset: Dataset) -> str:
    return combine_digests(
        digest for shard in make_shards(dataset, run.spec.the_task) for digest in run.context.keys.digests(shard)
    )


def _name(source: str) -> str:
    """The last part of a path as valid Unicode: on some systems names are arbitrary bytes."""
    return os.fsencode(Path(source).resolve().name).decode("utf-8", "replace")


def _description(name: str) -> str:
    try:
        return describe(find_method(name))
    except FsrbenchError:
        return ""  # it cannot even be imported


def _describe(metric: Metric) -> dict[str, Any]:
    return {name: getattr(metric, name) for name in ("title", "unit", "direction", "digits", "exact", "hr_is_ceiling")}
