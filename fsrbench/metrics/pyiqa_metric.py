"""Any metric of pyiqa, by the name it has there, with pyiqa's own settings."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
from collections.abc import Mapping
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from fsrbench.errors import Invalid, Unavailable, one_line
from fsrbench.machine.devices import one_thread
from fsrbench.machine.offline import is_offline
from fsrbench.machine.packages import advice, import_torchvision, opencv_if_it_loads
from fsrbench.metrics.base import ImageMetric
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pyiqa_listed import LISTED, Listed
from fsrbench.provenance.object_state import ObjectState
from fsrbench.weights.download import patient_sockets

SETS = frozenset({"fid", "sfid", "fid_dinov2", "inception_score"})
"""Metrics that pyiqa computes over whole folders, not image by image."""
NO_FACE = "No face detected"
"""pyiqa's error if a metric of faces finds no face in a picture."""
GPU_BATCH = 16
"""Pictures that a GPU scores at once."""
NETWORK = 100_000
"""A metric with at least this many parameters counts as a network."""


class PyiqaMetric(ImageMetric):
    """A metric of pyiqa on RGB at the task's size, by the name it has there and with its defaults.

    pyiqa manages its weights: it downloads them into its cache on first use, unless the run is offline.

    Example:
        >>> metric = pyiqa_metric("gmsd")()
        >>> metric.direction, sorted(metric.needs)
        ('lower', ['hr'])
    """

    digits = 4

    any_size: ClassVar[bool] = False
    """Whether pictures of every size can be scored."""

    def check(self, facts: Facts) -> None:
        """Raise if the weights are missing, or pyiqa cannot score a picture of the task's size."""
        super().check(facts)
        assert self._network is not None
        if not self.any_size:
            self._try(facts.task.hr_size)

    def _try(self, side: int) -> None:
        probe = torch.linspace(0, 1, 3 * side**2).view(1, 3, side, side)
        try:
            with one_thread() if self.threads_matter else contextlib.nullcontext():
                self.score(probe, probe.flip(3))
        except Exception as error:  # networks raise various types
            raise Invalid(f"pyiqa cannot score {side} px pictures: {one_line(error)}") from None

    def on(self, device: torch.device) -> Self:
        """With its network on the device, loaded again."""
        if device == self.device:
            return self
        moved = self.replace(device=device)
        vars(moved).pop("_network", None)
        return moved

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by name: its class is created on demand, and its network is loaded again."""
        attributes = {name: value for name, value in vars(self).items() if name not in ("_network", "chosen")}
        return _unpickled, (self.name, attributes)

    @cached_property
    def _network(self) -> Any:
        listed = LISTED.get(self.name)
        what = f"its weights ({', '.join(listed.files)})" if listed else "its weights"
        how_to_get = f"; `fsrbench weights fetch {self.name}` gets {what}"
        # Checked first, because building a network takes seconds
        if listed and (listed.by_hand or is_offline()) and not _is_cached(listed):
            file = Path(listed.stored_as).name
            raise Unavailable(f"{file} not found in pyiqa's cache{how_to_get}", missing=_caches())
        return self._load(how_to_get)

    def _load(self, how_to_get: str) -> Any:
        try:
            with opencv_if_it_loads(), patient_sockets(), contextlib.redirect_stdout(io.StringIO()):
                import_torchvision()
                import pyiqa

                return pyiqa.create_metric(self.name, device=self.device)
        except ImportError as error:
            reason = f"{one_line(error)}{advice(error)}"
            raise Unavailable(f"pyiqa's {self.name} needs a package that is not installed: {reason}") from None
        except Exception as error:  # downloads fail in many ways
            reason = f"pyiqa cannot make {self.name}: {one_line(error)}{how_to_get}"
            raise Unavailable(reason, missing=_caches()) from None

    def fingerprint(self) -> str:
        """The network's tensors, whichever file in pyiqa's cache they came from."""
        state = ObjectState()
        state.add(dict(self._network.state_dict()))
        return super().fingerprint() + state.digest

    def files(self) -> frozenset[Path]:
        """The folders that pyiqa keeps its downloads in."""
        hub = Path(torch.hub.get_dir())
        return frozenset(folder for folder in (hub / "pyiqa", hub / "checkpoints") if folder.exists())

    @property
    def threads_matter(self) -> bool:
        """Not for networks: they are much slower with one thread, and sum few numbers at their end."""
        return bool(sum(p.numel() for p in self._network.parameters()) < NETWORK)

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """pyiqa's score of each image, NaN if a metric of faces finds no face.

        On the CPU pictures are scored one by one, on a GPU several at once.
        """
        others = hr if hr is not None and "hr" in self.needs else None
        size = 1 if self.device.type == "cpu" else GPU_BATCH
        with torch.inference_mode():
            batches = (
                [pictures[i : i + size] for pictures in (sr, others) if pictures is not None]
                for i in range(0, len(sr), size)
            )
            return torch.cat([self._scores(*batch) for batch in batches]).to(sr.device)

    def _scores(self, *pictures: Tensor) -> Tensor:
        try:
            found: Tensor = self._network(*(part.to(self.device) for part in pictures))
            return found.reshape(len(pictures[0]))
        except AssertionError as error:
            if NO_FACE not in str(error):
                raise
        if len(pictures[0]) == 1:
            return torch.tensor([float("nan")], device=self.device)
        singly = zip(*(part.split(1) for part in pictures), strict=True)
        return torch.cat([self._scores(*one) for one in singly])

    def fetch(self) -> None:
        """Download the weights into pyiqa's cache.

        Raises:
            Unavailable: the download failed.
        """
        self._load(how_to_get="")


def _unpickled(name: str, attributes: Mapping[str, Any]) -> PyiqaMetric:
    metric = pyiqa_metric(name)
    assert metric is not None
    return metric().replace(**attributes)


def pyiqa_metric(name: str) -> type[PyiqaMetric] | None:
    """The metric of this name in pyiqa; ``None`` if pyiqa has no such metric for single images."""
    config, listed = _configs().get(name), LISTED.get(name)
    if config is None or name in SETS:
        return None
    more = {"title": listed.title, "bounds": listed.bounds, "any_size": listed.any_size} if listed else {"title": name}
    attributes = {
        "__doc__": listed.doc if listed else f"pyiqa's {name}.",
        "name": name,
        "direction": "lower" if config.get("lower_better") else "higher",
        "needs": frozenset({"hr"} if config["metric_mode"] == "FR" else ()),
        "protocol": f"pyiqa {version('pyiqa')}'s {name} with its defaults; RGB, 8 bit, at the task's size"
        + (f"; {listed.protocol}" if listed else ""),
        **more,
    }
    return type(f"Pyiqa_{name}", (PyiqaMetric,), attributes)


def _caches() -> tuple[Path, ...]:
    """Folders that pyiqa's weights are downloaded to."""
    hugging_face = os.environ.get("HF_HOME") or Path("~/.cache/huggingface").expanduser()
    return Path(torch.hub.get_dir()).parent, Path(torch.hub.get_dir()), Path(hugging_face)


def _is_cached(listed: Listed) -> bool:
    return any((cache / listed.stored_as).exists() for cache in _caches())


@cache
def _configs() -> dict[str, Any]:
    """pyiqa's table of metrics, read without importing pyiqa, which takes seconds."""
    package = importlib.util.find_spec("pyiqa")
    if package is None or package.origin is None:
        return {}
    file = Path(package.origin).with_name("default_model_configs.py")
    spec = importlib.util.spec_from_file_location("pyiqa_default_model_configs", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.DEFAULT_CONFIGS)


Lpips, LpipsVgg, Dists, Musiq, Maniqa, ManiqaPipal, Clipiqa, TopiqFace, Qalign = map(pyiqa_metric, LISTED)
