"""The audited run: what was run, and whether that has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fsrbench import weights
from fsrbench.datasets import open_dataset
from fsrbench.datasets.base import dataset_hash
from fsrbench.engine.prepare import Prepared
from fsrbench.errors import UserError
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import section
from fsrbench.spec import RunSpec, parse_spec

NEEDED: Final = ("methods", "data", "task", "degradation", "seed", "batch_size")
KEPT: Final = (*NEEDED, "descriptor", "weights")
"""Settings that an audit takes from a run's specification."""


class Origin:
    """A finished run.

    Args:
        path: its folder.

    Raises:
        UserError: not a finished run, or its manifest does not say what was run.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.manifest = path, RunData.load(path).manifest
        spec, dataset = self.manifest.get("spec"), self.manifest.get("dataset")
        if not isinstance(spec, dict) or not isinstance(dataset, dict) or any(name not in spec for name in NEEDED):
            raise UserError(f"{path}: its manifest does not say what was run")
        self._spec, self._dataset = spec, dataset
        self.images: int | None = spec.get("limit")
        """How many of the data's first images were run; ``None`` for all."""

    def spec(self, options: Mapping[str, Any]) -> RunSpec:
        """The run's specification for an audit, with the user's ``options``.

        Its folder is the run's own, whose cache holds the SR pictures and features.

        Raises:
            UserError: a value that is not allowed.
        """
        spec = parse_spec(
            **{**{name: self._spec[name] for name in KEPT if name in self._spec}, "out": self.path, **options}
        )
        for name, file in spec.weights.items():
            weights.parse_override(f"{name}={file}")  # it may be gone by now
        return spec

    def changes(self, now: Prepared) -> list[str]:
        """What has changed since the run, so that default numbers differ from the run's."""
        changed = []
        if dataset_hash(open_dataset(now.spec.data).head(self.images)) != self._dataset.get("sha256"):
            changed.append(f"the data is not what {self.path.name} was measured on")
        methods = section(self.manifest, "methods")
        for method in now.methods:
            if section(methods, method).get("fingerprint") != now.fingerprint(method):
                changed.append(f"{method} has changed since {self.path.name} was run")
        protocols = section(self.manifest, "protocols")
        for metric in now.usable_metrics:
            if protocols.get(metric.name, metric.protocol) != metric.protocol:
                changed.append(f"{metric.name} has another protocol here than in {self.path.name}")
        files = section(self.manifest, "metric_weights")
        for name in now.metric_weights():
            if name in files and section(files, name).get("sha256") != weights.sha256(name):
                changed.append(f"weights {name} have changed since {self.path.name} was run")
        return changed
