"""``fsrbench upscale``: from a photo to the enlarged photo and a grid of its faces."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fsrbench.datasets.storage import MAX_BYTES
from fsrbench.engine.pictures import Batch, outcomes
from fsrbench.errors import FsrbenchError, UserError
from fsrbench.files.atomic import whole
from fsrbench.machine.console import Reporter
from fsrbench.machine.devices import find_device
from fsrbench.methods.base import Method
from fsrbench.methods.names import load_method
from fsrbench.metrics.detection import CONFIDENCE
from fsrbench.photo.detection import Face, enlargement, find_faces
from fsrbench.photo.framing import cut
from fsrbench.photo.paste import paste
from fsrbench.pictures.decode import FLATTENED, FORMATS, SUFFIXES, BadImage, decode, to_tensor, to_uint8
from fsrbench.pictures.enlarge import enlarge
from fsrbench.pictures.grid import GridColumn, draw_grid
from fsrbench.process.state import preserved
from fsrbench.protocols.settings import task_and_protocol
from fsrbench.provenance.versions import __version__
from fsrbench.runs.pictures import COMPRESSION, safe_name
from fsrbench.tasks import Task, find_task

INVENTED: Final = (
    "A super-resolved face is a guess: its details are invented by a model, they are not evidence, and nothing here is "
    "made to identify people."
)
"""Printed, drawn below the grid, written into both files' metadata, and in README."""
MAX_LR_SIZES: Final = 1.5
"""Faces larger than this many LR sizes are left alone. Measured: at 16 px `ours` is 1.9 dB better than bicubic; at
24 px, where it sees two thirds of the photo's detail, equal; above, the photo itself shows more."""
MAX_PIXELS: Final = 256_000_000
"""Of the enlarged photo, for which Pillow takes four bytes per pixel."""
ROWS: Final = 12
RESTORED: Final = 4
"""Largest factor by which a photo is enlarged for restoration, so that restored faces keep their details."""
GROUPS: Final = 4
"""The grid has at most :data:`ROWS` rows and this many groups of columns."""


@dataclass(frozen=True)
class Request:
    """What to super-resolve, and how."""

    photo: Path
    method: str = "ours"
    task: str | None = None
    """By default the protocol's, or else x4."""
    protocol: str | None = None
    """Sets the task, refuses others, and is written into both files' metadata."""
    out: Path = Path("runs/upscale")
    """A PNG file, or a folder."""
    smallest: float = 12
    """Side in pixels of the smallest faces to look for."""
    all_sizes: bool = False
    """Also super-resolve large faces, after reducing them to LR size."""
    device: str = "auto"


@preserved()
def upscale(request: Request, reporter: Reporter) -> list[Path]:
    """Super-resolve the faces in a photo and write the enlarged photo and a grid of the faces.

    Returns:
        The two files.

    Raises:
        UserError: the photo cannot be read, the method, task or device is unknown, or no face is small enough.
        Unavailable: weights or a package of the method or the detector are missing.
        FsrbenchError: the method fails.
    """
    request, under = _with_task(request)
    picture_file, grid_file = _files(request)
    task = find_task(str(request.task))
    if request.method.partition(":")[0] == "images":
        raise UserError("upscale needs a method that computes; images: only reads pictures")
    device = find_device(request.device)
    method = load_method(request.method, task, device)
    photo = _open(request.photo, reporter)
    faces = _choose(find_faces(photo, request.smallest, reporter), request, task, reporter)
    lr = np.stack([cut(photo, face.frame, task.lr_size) for face in faces])
    sr = _super_resolve(method, request.method, lr, task, device)
    factor = _factor(photo, faces, task, reporter)
    picture = photo.resize((photo.width * factor, photo.height * factor), Image.Resampling.BICUBIC)
    # Large faces last: they are nearer and may hide parts of small ones
    for face, pixels in sorted(zip(faces, sr, strict=True), key=lambda pair: pair[0].frame.side):
        paste(picture, face.frame.scaled(factor), pixels)
    picture_file.parent.mkdir(parents=True, exist_ok=True)
    with whole(picture_file) as part:
        picture.save(part, "PNG", compress_level=COMPRESSION, pnginfo=_metadata(request, under))
    _draw(faces, lr, sr, request, grid_file, _metadata(request, under))
    reporter.say(f"{request.method} super-resolved {_count(len(faces))}")
    reporter.warn(INVENTED)
    return [picture_file, grid_file]


def _with_task(request: Request) -> tuple[Request, str]:
    """The request with its task, and what the files say about its protocol."""
    if request.protocol is None:
        return replace(request, task=request.task or "x4"), ""
    task, protocol = task_and_protocol(request.protocol, request.task)
    return replace(request, task=task), f", protocol {protocol}"


def _files(request: Request) -> tuple[Path, Path]:
    """Paths of the enlarged photo and of the grid."""
    suffix = request.out.suffix.lower()
    if suffix in SUFFIXES - {".png"}:
        raise UserError(f"{request.out}: pictures are written as PNG; name a .png file or a folder")
    name = f"{request.photo.stem}_{safe_name(request.method)}_{request.task}.png"
    picture = request.out if suffix == ".png" else request.out / name
    files = picture, picture.with_name(f"{picture.stem}_faces.png")
    if any(file.resolve() == request.photo.resolve() for file in files):
        raise UserError(f"{request.photo} would be overwritten; name another --out")
    return files


def _open(path: Path, reporter: Reporter) -> Image.Image:
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path}: more than {MAX_BYTES // 2**20} MiB")
    data = path.read_bytes()
    try:
        photo = decode(data)
    except BadImage as error:
        raise UserError(f"{path}: {error}") from None
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        if (frames := getattr(image, "n_frames", 1)) > 1:
            reporter.warn(f"{path} holds {frames} pictures; the first is taken")
        if FLATTENED in photo.info:
            reporter.warn(f"{path} is transparent in places; its transparency is laid on white")
    return photo


def _choose(faces: list[Face], request: Request, task: Task, reporter: Reporter) -> list[Face]:
    """The faces to super-resolve; reports those left alone."""
    if not faces:
        factor = enlargement(request.smallest)
        raise UserError(
            f"{request.photo}: no faces found; MTCNN looked at it {factor:.3g} times as large, for faces of "
            f"{request.smallest:g} px and more at confidence {CONFIDENCE}; --min-face looks for smaller ones"
        )
    largest = math.inf if request.all_sizes else MAX_LR_SIZES * task.lr_size
    small = [face for face in faces if face.frame.side <= largest]
    if left := len(faces) - len(small):
        why = (
            f"{_count(left)} larger than {largest:g} px left alone: the photo shows more of them than the "
            f"{task.lr_size} px that a method sees; --all super-resolves them too"
        )
        if not small:
            raise UserError(f"{request.photo}: {why}")
        reporter.say(why)
    helped = MAX_LR_SIZES * task.lr_size
    if large := [face.frame.side for face in small if face.frame.side > helped]:
        reporter.warn(
            f"{_count(len(large))} larger than {helped:g} px (up to {max(large):.0f} px): reduced to {task.lr_size} px "
            f"first, so the photo itself shows more of them; without --all they are left as they are"
        )
    return small


def _super_resolve(method: Method, name: str, lr: np.ndarray, task: Task, device: torch.device) -> np.ndarray:
    """uint8 N,h,w,3 -> uint8 N,H,W,3."""
    made = []
    size = Batch.for_device(device, task.hr_size).size
    for start in range(0, len(lr), size):
        batch = to_tensor(lr[start : start + size]).to(device)
        with torch.inference_mode():
            found = outcomes(method, batch, [str(start + i) for i in range(len(batch))], task.hr_size)
        for outcome in found:
            if isinstance(outcome, str):
                raise FsrbenchError(f"{name}: {outcome}")
            made.append(to_uint8(outcome[None]))
    return np.concatenate(made)


def _factor(photo: Image.Image, faces: list[Face], task: Task, reporter: Reporter) -> int:
    """Factor by which the photo is enlarged: the task's scale, unless that takes too much memory.

    For restoration, the factor by which its largest face grows, so that no restored detail is lost.
    """
    wanted = task.scale
    if task.is_restoration:
        largest = max(face.frame.side for face in faces)
        wanted = min(RESTORED, max(1, round(task.hr_size / largest)))
    most = math.isqrt(MAX_PIXELS // (photo.width * photo.height))
    if most < wanted:
        reporter.warn(
            f"the photo is enlarged {most} times instead of {wanted}, because it has "
            f"{photo.width} x {photo.height} px; a crop can be enlarged more"
        )
    return min(most, wanted)


def _draw(faces: list[Face], lr: np.ndarray, sr: np.ndarray, request: Request, out: Path, metadata: PngInfo) -> None:
    """Draw LR, bicubic and SR side by side, most confident faces first, in groups of columns if there are many."""
    shown = min(len(faces), ROWS * GROUPS)
    rows = math.ceil(shown / math.ceil(shown / ROWS))
    columns: list[GridColumn] = []
    for start in range(0, shown, rows):
        group = range(start, min(start + rows, shown))
        empty = rows - len(group)
        sizes = [f"{faces[i].frame.side:.0f} px in the photo" for i in group]
        columns.append(GridColumn("LR", [*lr[group], *_blank(lr, empty)], sizes + [""] * empty, pixelated=True))
        if lr.shape[1] < sr.shape[1]:
            large = [enlarge(lr[i], sr.shape[1]) for i in group]
            columns.append(GridColumn("bicubic", [*large, *_blank(sr, empty)]))
        columns.append(GridColumn(request.method, [*sr[group], *_blank(sr, empty)]))
    draw_grid(columns, [""] * rows, out, INVENTED, metadata=metadata)


def _blank(like: np.ndarray, count: int) -> list[np.ndarray]:
    return [np.full_like(like[0], 255)] * count


def _metadata(request: Request, under: str) -> PngInfo:
    """Metadata of the files, under keywords of the PNG specification."""
    text = PngInfo()
    text.add_text("Warning", INVENTED)
    text.add_text("Description", f"Faces super-resolved by {request.method}, task {request.task}{under}")
    text.add_text("Software", f"fsrbench {__version__}")
    return text


def _count(number: int) -> str:
    return f"{number} face{'s' * (number != 1)}"
