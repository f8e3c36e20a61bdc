"""The fields of a result that follow from its run's manifest, for the code that writes them and that checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fsrbench.bundle.schema import Track
from fsrbench.errors import UserError, requirement
from fsrbench.runs.manifest import findings, one_line, protocol_of, section


def facts_of(manifest: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The fields of a :class:`~fsrbench.bundle.schema.Result` that follow from the manifest alone, as JSON values."""
    entry, spec = section(section(manifest, "methods"), method), section(manifest, "spec")
    machine = section(manifest, "machine")
    return {
        "track": _track(manifest),
        "seed": spec.get("seed"),
        "source": str(entry.get("source") or "").partition(":")[0],
        "findings": findings(entry),
        "machine": {
            "system": one_line(machine.get("system")),
            "cpu": one_line(machine.get("cpu")),
            "cores": machine.get("cores"),
            "torch_threads": machine.get("torch_threads"),
            "device": one_line(machine.get("device")),
        },
        "versions": {name: str(version) for name, version in section(manifest, "versions").items()},
        "finished": one_line(manifest.get("finished")),
    }


def weights_of(manifest: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The fields of :class:`~fsrbench.bundle.schema.Weights` that follow from the manifest."""
    entry = section(section(manifest, "methods"), method)
    training = entry.get("training")
    return {
        "sha256": entry.get("weights_sha256"),
        "files": one_line(entry.get("weights")),
        "training": one_line(training) or "not recorded",
    }


def metric_facts(manifest: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The fields of a :class:`~fsrbench.bundle.schema.Summary` that follow from the manifest."""
    entry = section(section(manifest, "metrics"), metric)
    return {
        "title": entry.get("title", metric),
        "unit": one_line(entry.get("unit")),
        "direction": entry.get("direction"),
        "digits": entry.get("digits"),
        "exact": entry.get("exact", False),
        "hr_is_ceiling": entry.get("hr_is_ceiling", True),
        "protocol": protocol_of(manifest, metric),
    }


def track_of(manifest: Mapping[str, Any]) -> Track:
    """The track that a run belongs to.

    Raises:
        UserError: the manifest lacks a part of it.
    """
    try:
        return Track.model_validate(_track(manifest))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"its manifest lacks what a track is made of: {place}: {requirement(first)}") from None


def _track(manifest: Mapping[str, Any]) -> dict[str, Any]:
    dataset, degradation = section(manifest, "dataset"), section(manifest, "degradation")
    protocol = section(manifest, "protocol")
    strength = degradation.get("strength")
    return {
        "dataset": {name: dataset.get(name) for name in ("name", "sha256", "n")},
        "task": manifest.get("task"),
        "degradation": {
            "name": degradation.get("name"),
            "protocol": one_line(degradation.get("protocol")),
            "seed": degradation.get("seed"),
            "strength": None if strength is None else float(strength),
            "unit": one_line(degradation.get("unit")),
        },
        "protocol": {name: protocol.get(name) for name in ("id", "version", "title")} if protocol else None,
    }
