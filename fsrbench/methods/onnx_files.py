"""``onnx:FILE``: any network in an ONNX file, run by onnxruntime."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fsrbench.errors import Unavailable, one_line
from fsrbench.machine.packages import cannot_import
from fsrbench.methods import parameters
from fsrbench.methods.base import Method
from fsrbench.methods.fitting import Fit
from fsrbench.tasks import Task

PREFIX: Final = "fsrbench."
"""Prefix of this benchmark's keys in a file's metadata."""
RANGES: Final = {"0,1": (0.0, 1.0), "-1,1": (-1.0, 1.0), "0,255": (0.0, 255.0)}
ORDERS: Final = ("RGB", "BGR")
BATCHES: Final = (2, 1, 4, 8, 16, 32)
"""Batch sizes to try if the file declares none; the graph may work only with the one that it was exported with."""
SIDES: Final = (20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256)
"""Input sides to try if it does not run on the task's LR: many networks have a minimum size."""
DTYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class _DoesNotRun(Exception):
    """A file does not run on a batch, or does not return pictures."""


class OnnxMethod(Method):
    """A network in an ONNX file; N,3,h,w, RGB in [0, 1] unless its metadata says otherwise."""

    settings = ""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, task: Task, device: torch.device) -> None:
        """Open the file, read its inputs and outputs, and try it.

        Raises:
            Unavailable: onnxruntime is missing, or the file is not a network from pictures to pictures.
        """
        self._session = open_session(self.path, device)
        self._declared = self._metadata()
        if self._declared.get("task", task.name) != task.name:
            raise Unavailable(f"{self.path.name} was exported for task {self._declared['task']}, not {task.name}")
        self._batch, side = self._read_input()
        self._output = self._read_output()
        self._loop = ""
        self._fit = self._try(task, side)
        self.weights = self.path
        self.training = self._declared.get("training", f"unknown: {self.path.name}")

    def _metadata(self) -> dict[str, str]:
        found: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        declared = {key.removeprefix(PREFIX): value for key, value in found.items() if key.startswith(PREFIX)}
        for key, allowed in (("range", tuple(RANGES)), ("order", ORDERS)):
            if declared.setdefault(key, allowed[0]) not in allowed:
                raise Unavailable(
                    f"{self.path.name}: metadata {PREFIX}{key} is {declared[key]!r}, not one of {allowed}"
                )
        self._low, self._high = RANGES[declared["range"]]
        return declared

    def _read_input(self) -> tuple[int | None, int | None]:
        """The only batch size and the only side that it takes; ``None`` for any.

        Raises:
            Unavailable: its input is not a batch of RGB pictures.
        """
        taken = only_input(self._session, self.path.name)
        shape = list(taken.shape)
        square = len(shape) == 4 and (shape[2] == shape[3] or not _fixed(shape[2:]))
        coloured = _fixed(shape[1:2]) in ([3], [])
        if not square or not coloured or taken.type not in DTYPES:
            raise Unavailable(f"{self.path.name} takes {described(taken)}, not float N,3,h,w with h = w")
        self._input, self._dtype = taken.name, DTYPES[taken.type]
        sides = _fixed(shape[2:])
        return (shape[0] if _fixed(shape[:1]) else None), (sides[0] if sides else None)

    def _read_output(self) -> str:
        """The output that is the SR picture.

        Raises:
            Unavailable: there are several and its metadata names none, or one that does not exist.
        """
        names: list[str] = [output.name for output in self._session.get_outputs()]
        output = self._declared.get("output", names[0] if len(names) == 1 else None)
        gives = f"{self.path.name} gives {', '.join(names) or 'nothing'}"
        if output is None:
            raise Unavailable(f"{gives}; its metadata {PREFIX}output must name the SR picture")
        if output not in names:
            raise Unavailable(f"{gives}, but no {output!r}, which its metadata {PREFIX}output names")
        return output

    def _try(self, task: Task, side: int | None) -> Fit:
        """Run it to find its scale, the batches that it runs in and the padding that it needs.

        Raises:
            Unavailable: it does not run, or does not return square RGB pictures.
        """
        takes = side or task.lr_size
        self._padded, gives = self._smallest_side(takes, side)
        if side is None and gives * takes < task.hr_size * self._padded:  # a larger input beats an enlarged output
            takes = -(-self._padded * task.hr_size // gives)
            self._padded, gives = self._smallest_side(takes, side)
        return Fit(task.lr_size, takes, gives * takes // self._padded, task.hr_size)

    def _smallest_side(self, takes: int, side: int | None) -> tuple[int, int]:
        """The smallest side, from ``takes`` on, that it runs on, and the output's side for it."""
        reason: _DoesNotRun | None = None
        for tried in (takes, *(larger for larger in SIDES if larger > takes and side is None)):
            try:
                return tried, self._probe(tried)
            except _DoesNotRun as error:
                reason = reason or error
        assert reason is not None
        raise Unavailable(str(reason)) from reason

    def _probe(self, side: int) -> int:
        """The output's side for an input side; finds the batch size if the file declares none."""
        lr = torch.rand(max(BATCHES), 3, side, side, generator=torch.Generator().manual_seed(0))
        lr[1::2] *= 0.2  # pictures that differ reveal a dependence on the batch
        lr = lr * (self._high - self._low) + self._low
        if self._batch is not None:
            return int(self._checked(lr[:1].expand(self._batch, -1, -1, -1)).shape[-1])
        reason: _DoesNotRun | None = None
        for batch in BATCHES:
            try:
                sr = self._checked(lr[:batch])
            except _DoesNotRun as error:
                reason = reason or error
                continue
            if batch != BATCHES[0]:
                self._batch = batch
            elif not self._is_per_picture(lr[:batch], sr):
                self._batch = 1 if self._runs(lr[:1]) else batch
            if self._batch:
                self._loop = f"in batches of {self._batch}, the only ones with correct results"
            return int(sr.shape[-1])
        assert reason is not None
        raise reason

    def _is_per_picture(self, lr: Tensor, sr: Tensor) -> bool:
        """Whether pictures give the same SR in a batch as alone."""
        return self._runs(lr[:1]) and torch.allclose(
            torch.cat([self._checked(one) for one in lr.split(1)]), sr, atol=1e-3 * (self._high - self._low)
        )

    def _runs(self, lr: Tensor) -> bool:
        try:
            self._checked(lr)
        except _DoesNotRun:
            return False
        return True

    def _checked(self, lr: Tensor) -> Tensor:
        n, side = len(lr), lr.shape[-1]
        try:
            sr = self._run(lr)
        except Exception as error:  # onnxruntime raises types of its own
            raise _DoesNotRun(f"{self.path.name} does not run on {side} px: {one_line(error)[:300]}") from error
        if sr.ndim != 4 or sr.shape[:2] != (n, 3) or sr.shape[2] != sr.shape[3]:
            raise _DoesNotRun(f"{self.path.name} gives {tuple(sr.shape)} for {side} px, not N,3,H,W with H = W")
        return sr

    def _run(self, images: Tensor) -> Tensor:
        given = np.ascontiguousarray(images.cpu().numpy().astype(self._dtype))
        return torch.from_numpy(np.asarray(self._session.run([self._output], {self._input: given})[0], np.float32))

    def upscale(self, lr: Tensor) -> Tensor:
        """Convert and resize to the file's input, run it in batches that it takes, convert back."""
        images = self._fit.before(lr) * (self._high - self._low) + self._low
        if self._declared["order"] == "BGR":
            images = images.flip(1)
        more = self._padded - images.shape[-1]
        images = functional.pad(images, (0, more, 0, more), mode="replicate") if more else images
        sr = torch.cat([self._run_batch(part) for part in images.split(self._batch or len(images))])
        sr = sr[..., : self._fit.output, : self._fit.output]
        if self._declared["order"] == "BGR":
            sr = sr.flip(1)
        return self._fit.after((sr - self._low) / (self._high - self._low)).to(lr.device)

    def _run_batch(self, images: Tensor) -> Tensor:
        """Fill up to the file's batch size with copies of the last picture."""
        missing = (self._batch or 0) - len(images)
        full = torch.cat([images, images[-1:].expand(missing, -1, -1, -1)]) if missing > 0 else images
        return self._run(full)[: len(images)]

    def count_parameters(self) -> int | None:
        """As the exporter recorded it, else counted in the file.

        Raises:
            Invalid: onnx is not installed.
        """
        declared = self._declared.get("parameters", "")
        return int(declared) if declared.isdecimal() else parameters.in_onnx(self.path)

    @property
    def description(self) -> str:
        """What runs it, its declared conventions, and what is resized."""
        where = "CUDA" if "CUDAExecutionProvider" in self._session.get_providers() else "CPU"
        named = f"{self._declared['method']} as ONNX" if "method" in self._declared else "a network in an ONNX file"
        unusual = [
            self._declared[key] for key, usual in (("range", "0,1"), ("order", "RGB")) if self._declared[key] != usual
        ]
        chosen = f"output {self._output}" if len(self._session.get_outputs()) > 1 else ""
        padded = (
            f"LR padded to {self._padded} px, the smallest that it runs on" if self._padded > self._fit.input else ""
        )
        parts = [named, chosen, f"onnxruntime on the {where}", " ".join(unusual), str(self._fit), padded, self._loop]
        return "; ".join(part for part in parts if part)

    def _held(self) -> dict[str, Any]:
        """Nothing: the file determines everything."""
        return {}

    def fingerprint(self) -> str:
        """Hash of the files, this adapter's code and onnxruntime's version."""
        import onnxruntime

        return hashlib.sha256(f"{super().fingerprint()} {onnxruntime.__version__}".encode()).hexdigest()[:16]


def open_session(path: Path, device: torch.device) -> Any:
    """An onnxruntime session of a file, with torch's number of threads; on the GPU if onnxruntime supports it.

    Raises:
        Unavailable: onnxruntime is missing, or it cannot read the file.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise cannot_import("onnxruntime", "fsrbench[onnx]", error) from None
    if not path.is_file():
        raise Unavailable(f"{path.name} does not exist")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # whoever catches an error reports it in one line
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.type == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
    try:
        return onnxruntime.InferenceSession(str(path), options, providers)
    except Exception as error:  # onnxruntime raises types of its own
        raise Unavailable(f"{path.name} cannot be used: {one_line(error)[:300]}") from None


def only_input(session: Any, file: str) -> Any:
    """The input of a network that takes a picture and nothing else.

    Raises:
        Unavailable: it takes nothing, or several inputs.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise Unavailable(f"{file} takes {' and '.join(map(described, inputs)) or 'nothing'}, not one picture")
    return inputs[0]


def described(taken: Any) -> str:
    """Name, type and shape of an input."""
    return f"{taken.name} {taken.type} {list(taken.shape or ())}"


@contextmanager
def unavailable_where_it_fails(file: object) -> Iterator[None]:
    """Turn whatever a network in an ONNX file raises inside into :class:`Unavailable`.

    Raises:
        Unavailable: as raised inside, else with the file and the error.
    """
    try:
        yield
    except Unavailable:
        raise
    except Exception as error:  # onnxruntime raises types of its own
        raise Unavailable(f"{file} cannot be used: {one_line(error)}") from None


def _fixed(sizes: list[Any]) -> list[int]:
    """The sizes that are numbers; others are names or unknown, and may be anything."""
    return [size for size in sizes if isinstance(size, int) and size > 0]
