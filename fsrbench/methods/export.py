"""``fsrbench export``: write a method to an ONNX file and check the file against the method."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from fsrbench.errors import FsrbenchError, Invalid, Unavailable, UserError, one_line, one_of
from fsrbench.files.atomic import whole
from fsrbench.methods.base import Method
from fsrbench.methods.names import load_method
from fsrbench.methods.onnx_files import PREFIX, OnnxMethod
from fsrbench.methods.timing import Effort, Readings, measure
from fsrbench.process.state import preserved
from fsrbench.provenance.file_hashes import file_hash
from fsrbench.provenance.versions import __version__
from fsrbench.tasks import Task, find_task

FORMATS: Final = ("onnx",)
CPU: Final = torch.device("cpu")
MOST_DIFFERENCE: Final = 1e-4
"""Largest difference allowed between the method and its file, in [0, 1]: 1/20 of half an 8-bit grey level."""
BATCHES: Final = (1, 3, 16)
"""Batch sizes that the file is tested with."""
EFFORT: Final = Effort(queries=50, seconds=0, most_seconds=20)


@dataclass(frozen=True)
class Exported:
    """An exported file whose SR is the method's."""

    path: Path
    difference: float
    """The largest between the file's and the method's SR, in [0, 1]."""
    pictures: int
    """How many were compared."""
    latency_ms: tuple[float, float]
    """Median at batch 1, of the method and of the file."""
    one_by_one: bool = False
    """Whether the file runs the network on one face at a time, because the network's code fixes the batch size."""

    def __str__(self) -> str:
        """The command's output."""
        before, after = self.latency_ms
        return (
            f"{self.path}\n"
            f"largest difference {self.difference:.1e} on {self.pictures} pictures (at most {MOST_DIFFERENCE:.0e})\n"
            f"latency at batch 1: {before:.2f} ms in torch, {after:.2f} ms in onnxruntime"
            + ("\nfaces go through it one at a time: the network's code fixes the size of the batch" * self.one_by_one)
        )


class _Upscale(nn.Module):
    """A whole method as a network, so that conversions, resizing and clipping are in the file too."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method, self.network = method, method.network

    def forward(self, lr: Tensor) -> Tensor:
        return self.method.upscale(lr).clamp(0, 1)


@preserved()
def export(name: str, task_name: str, format: str, out: Path | None) -> Exported:
    """Write a method to a file that maps LR, float N,3,h,w in [0, 1], RGB, to SR N,3,h*scale,w*scale, for any N.

    Args:
        name: of the method, as for ``fsrbench run``.
        task_name: ``x4`` or ``x8``; LR has the task's size.
        format: ``onnx``.
        out: the file; by default ``METHOD_TASK.onnx`` in the current folder.

    Raises:
        UserError: no such method, task or format, or ``out`` is a folder or in a folder that does not exist.
        Unavailable: the method or a package is missing.
        FsrbenchError: it cannot be traced, or the file's SR is not the method's; then no file is written.
    """
    task = find_task(task_name)
    one_of("format", format, FORMATS)
    _check_packages()
    method = load_method(name, task, CPU)
    path = out or Path(f"{name.rpartition(':')[2].rpartition('/')[2]}_{task.name}.onnx")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} is not a folder")
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a file")
    with whole(path) as part:
        file, difference, pictures, one_by_one = _write_checked(method, _metadata(method, name, task), task, part)
        readings = measure({"torch": method, "onnx": file}, _random(16, task), CPU, ["latency_ms"], EFFORT)
    in_torch, in_onnx = (float(np.median(r.latency_ms)) for r in readings.values() if isinstance(r, Readings))
    return Exported(path, difference, pictures, (in_torch, in_onnx), one_by_one)


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise Unavailable(f"{error.name} is missing; `pip install 'fsrbench[onnx]'`") from None


def _metadata(method: Method, name: str, task: Task) -> dict[str, str]:
    """The file's metadata, for :class:`fsrbench.methods.onnx_files.OnnxMethod`."""
    parameters = method.count_parameters()
    metadata = {
        "version": __version__,
        "method": name,
        "task": task.name,
        "range": "0,1",
        "order": "RGB",
        "training": method.training,
        "parameters": "" if parameters is None else str(parameters),
        "weights_sha256": file_hash(method.weights) if method.weights else "",
    }
    return {PREFIX + key: value for key, value in metadata.items() if value}


def _write_checked(
    method: Method, metadata: dict[str, str], task: Task, path: Path
) -> tuple[OnnxMethod, float, int, bool]:
    """Write a file for any batch size; if the network's code fixes it, one that runs the faces one at a time.

    Window attention fixes it: SwinIR computes the batch size in Python, which tracing freezes to the example's.

    Returns:
        The file as a method, the largest difference, the number of pictures compared, and whether it runs faces one
        at a time.

    Raises:
        FsrbenchError: neither file can be written, or their SR is not the method's.
    """
    reasons = []
    for one_by_one in (False, True):
        try:
            _write(method, metadata, task, path, one_by_one)
            _check_batch(path)
            file = OnnxMethod(path)
            file.load(task, CPU)
            return file, *_compare(method, file, task), one_by_one
        except Invalid:
            raise
        except FsrbenchError as error:
            reasons.append(str(error))
    raise FsrbenchError(reasons[-1])


def _write(method: Method, metadata: dict[str, str], task: Task, path: Path, one_by_one: bool) -> None:
    """Trace and write.

    Raises:
        FsrbenchError: the method does something outside torch.
    """
    names = ("one_lr", "one_sr") if one_by_one else ("lr", "sr")
    try:
        with _quiet(), torch.no_grad():
            program: Any = torch.onnx.export(
                _Upscale(method).eval(),
                (_random(1 if one_by_one else 2, task),),
                dynamo=True,
                dynamic_shapes=None if one_by_one else ({0: torch.export.Dim("n")},),
                input_names=[names[0]],
                output_names=[names[1]],
                verbose=False,
            )
            program.model.metadata_props.update(metadata)
            program.save(str(path), external_data=False)
        if one_by_one:
            _scan(path)
    except Invalid:
        raise
    except Exception as error:  # torch's exporter wraps whatever the method raises
        raise FsrbenchError(f"cannot be exported, it does something outside torch: {_cause(error)}") from error


def _scan(path: Path) -> None:
    """Turn a file for a batch of one into one for any batch, which loops over the faces (ONNX's Scan)."""
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load(path)
    body = model.graph
    sides = [[d.dim_value for d in value.type.tensor_type.shape.dim[1:]] for value in (body.input[0], body.output[0])]

    def value(name: str, shape: list[Any]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    axis = helper.make_tensor("one_axis", TensorProto.INT64, [1], [0])
    first = helper.make_node("Unsqueeze", ["one_face", "one_axis"], ["one_lr"])
    last = helper.make_node("Squeeze", ["one_sr", "one_axis"], ["one_restored"])
    inner = helper.make_graph(
        [first, *body.node, last],
        "one_face",
        [value("one_face", sides[0])],
        [value("one_restored", sides[1])],
        [axis, *body.initializer],
    )
    loop = helper.make_node("Scan", ["lr"], ["sr"], body=inner, num_scan_inputs=1)
    outer = helper.make_graph([loop], body.name, [value("lr", ["n", *sides[0]])], [value("sr", ["n", *sides[1]])])
    model.graph.CopyFrom(outer)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _check_batch(path: Path) -> None:
    """Reject a file in which tracing fixed the batch size to that of its example.

    Raises:
        FsrbenchError: it takes no other batch size.
    """
    import onnx

    batch = onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim[0]
    if batch.dim_value:
        raise FsrbenchError(f"the file takes {batch.dim_value} pictures at a time and no other number")


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) if isinstance(error, FsrbenchError) else one_line(error)[:300]


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, which prints its progress, warns and logs."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _random(count: int, task: Task) -> Tensor:
    return torch.rand(count, 3, task.lr_size, task.lr_size, generator=torch.Generator().manual_seed(0))


def _compare(method: Method, file: Method, task: Task) -> tuple[float, int]:
    """The largest difference on random pictures and the sample's faces, and the number of pictures.

    Raises:
        FsrbenchError: the difference is too large.
    """
    batches = [*(_random(count, task) for count in BATCHES), _faces(task)]
    with torch.inference_mode():
        found = [(method.upscale(lr.clone()).clamp(0, 1) - file.upscale(lr)).abs().max() for lr in batches]
    largest = float(torch.stack(found).max())  # NaN if any is
    if not largest <= MOST_DIFFERENCE:
        raise FsrbenchError(
            f"the file's SR differs by {largest:.1e} from the method's, more than {MOST_DIFFERENCE:.0e}: "
            f"{_why_different(method, batches[-2])}"
        )
    return largest, sum(map(len, batches))


def _why_different(method: Method, lr: Tensor) -> str:
    """The likely reason why the file's SR differs from the method's."""

    def differ(a: Tensor, b: Tensor) -> bool:
        return not torch.allclose(a, b, rtol=0, atol=MOST_DIFFERENCE, equal_nan=True)

    with torch.inference_mode():
        sr = method.upscale(lr.clone()).clamp(0, 1)
        if bool(sr.isnan().any()):
            return "the method gives NaN"
        if differ(sr, method.upscale(lr.clone()).clamp(0, 1)):
            return "the method is random: its SR differs from call to call"
        if differ(sr, torch.cat([method.upscale(one.clone()).clamp(0, 1) for one in lr.split(1)])):
            return "the method's SR of a face depends on the other faces of its batch (a network in training mode?)"
    return "something that the method computes in Python is frozen in the file, or an operator computes differently"


def _faces(task: Task) -> Tensor:
    """LR of the built-in sample, made as ``fsrbench run`` makes it."""
    from fsrbench.datasets import open_dataset
    from fsrbench.datasets.inputs import prepare
    from fsrbench.degradations.recipes import find_degradation
    from fsrbench.pictures.decode import to_tensor

    return to_tensor(prepare(open_dataset("sample"), task, find_degradation("bicubic"), seed=0).lr)
