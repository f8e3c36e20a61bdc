"""A folder with everything that pages take for granted: data, others' files, downloads. All of it is made."""

from __future__ import annotations

import io
import os
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from fsrbench.datasets.sample import sample
from made import encode_picture, write_files, write_zip
from made.archives import celeba, draw_photo, face68, ffhq, lfw, widerface
from made.checked import degraded
from made.doc_blocks import ROOT
from made.networks import save_enlarging_onnx, save_pooling_onnx
from made.photo import crowd, frame_at
from made.recognition import tinyface_files

MODULE = """
from fsrbench.methods.names import Method


class Mine(Method):
    def upscale(self, lr):
        return lr.repeat_interleave(lr_scale(lr), 2).repeat_interleave(lr_scale(lr), 3)


def lr_scale(lr):
    return 8
"""


class MyNetwork(nn.Module):
    """What pages call so: N,3,h,w to N,3,h*scale,w*scale."""

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.my_first_layer = nn.Conv2d(3, 3, 1)
        self.enlarge = nn.Upsample(scale_factor=scale)

    def forward(self, lr: Tensor) -> Tensor:
        return self.enlarge(self.my_first_layer(lr))


def set_stage(folder: Path) -> Path:
    """Make everything."""
    _faces(folder)
    _camera(folder / "camera")
    _networks(folder)
    _photographs(folder)
    _pairs(folder)
    for archive in (celeba, lfw, widerface):
        archive(folder / "downloads" / archive.__name__)
    ffhq(folder / "downloads" / "ffhq", thumbnails=True)
    write_files(folder / "downloads" / "tinyface", tinyface_files())
    (folder / "results").mkdir()
    shutil.copytree(ROOT / "configs", folder / "configs")
    write_files(folder / "my", {"__init__.py": b"", "module.py": MODULE.encode()})
    return folder


def names() -> dict[str, object]:
    """What Python blocks may use without making it."""
    return {"MyNetwork": MyNetwork, "my_network": MyNetwork().eval()}


def face(number: int, side: int = 128) -> Image.Image:
    """A face of the sample."""
    picture = sample().samples[number].hr
    assert picture is not None
    with Image.open(io.BytesIO(picture.read())) as image:
        return image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)


def _faces(folder: Path) -> None:
    of_sample = {f"{s.id}.png": s.hr.read() for s in sample().samples[:48] if s.hr}
    write_zip(folder / "faces.zip", of_sample)
    write_zip(folder / "test.zip", of_sample)
    given = {name: encode_picture(face(number, 64)) for number, name in enumerate([*of_sample][:8])}
    write_files(folder / "their_pictures", given)
    write_files(folder / "celeba", {f"{i:06}.png": encode_picture(face(80 + i)) for i in range(8)})
    write_files(folder / "ffhq", {f"{i}.png": encode_picture(face(90 + i)) for i in range(8)})
    for name in ("faces512", "blind/HR", "blind/LR", "SR/codeformer", "SR/gfpgan"):
        write_files(folder / name, {"0.png": encode_picture(face(0, 512))})
    small = {f"LR/{i}.png": encode_picture(face(i, 20)) for i in range(16)}
    write_files(folder / "real_lr", small)
    write_zip(folder / "real_lr.zip", small)


def _camera(folder: Path) -> None:
    """LR pictures of other people, as a run makes them, written a while ago."""
    made = degraded("x4", "bicubic", 64)
    pictures = {f"{i:03}.png": encode_picture(Image.fromarray(lr)) for i, lr in enumerate(made.lr[48:])}
    write_files(folder, pictures)
    for path in folder.iterdir():
        os.utime(path, (time.time() - 5000,) * 2)


def _networks(folder: Path) -> None:
    from spandrel.architectures.PLKSR import PLKSR

    network = PLKSR(dim=16, n_blocks=2, upscaling_factor=4, use_ea=False)
    for name in ("theirs.pth", "model.pth"):
        torch.save({"params_ema": network.state_dict()}, folder / name)
    save_file(MyNetwork().state_dict(), folder / "mine.safetensors")
    save_enlarging_onnx(folder / "model.onnx")
    save_pooling_onnx(folder / "w600k.onnx")


def _photographs(folder: Path) -> None:
    crowd((150, 140), [frame_at(40, 40, 20), frame_at(110, 90, 22)]).save(folder / "crowd.jpg", quality=97)
    page = draw_photo(0, 300, 260)
    page.paste(face(0), (90, 70))
    write_files(folder / "photos", {"ann/1.png": encode_picture(page)})
    write_zip(folder / "crops.zip", {"a/1.png": encode_picture(draw_photo(1, 120, 120))})
    (folder / "crops.csv").write_text(f"image,{','.join('x' * 10)}\na/1.png,43,56,77,56,60,75,46,89,74,89\n")
    points = io.BytesIO()
    marked = [f"{number}.png" for number in range(8)]
    np.savez(points, names=np.array(marked), points=np.stack([face68(128 / 1024) for _ in marked]))
    faces = {name: encode_picture(face(number)) for number, name in enumerate(marked)}
    write_zip(folder / "landmarks68.zip", faces | {"landmarks68.npz": points.getvalue()})


def _pairs(folder: Path) -> None:
    """Two people, two pictures each, in LFW's names; two folds of a genuine and an impostor pair."""
    people = [(name, i) for name in "ab" for i in (1, 2)]
    faces = {f"{name}/{name}_{i:04}.png": encode_picture(face(3 * "ab".index(name) + i)) for name, i in people}
    write_zip(folder / "lfw.zip", faces)
    (folder / "pairs.txt").write_text("2\t1\na\t1\t2\na\t1\tb\t1\nb\t1\t2\na\t2\tb\t2\n")
