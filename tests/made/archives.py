"""Tiny archives in the layouts in which face datasets are published. Their pictures are coloured noise."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from made import encode_picture, write_files, write_zip

CELEBA_POINTS = (69, 111, 107, 112, 88, 136, 72, 152, 105, 151)
"""Eyes, nose and mouth corners, about where CelebA's aligned pictures have them."""
CELEBA_HEADING = (
    "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
)
CELEBA_ATTRIBUTES = ("5_o_Clock_Shadow", "Male", "Young")
"""Three of its 40."""
PARTITION = {1: 0, 2: 0, 3: 1, 4: 2, 5: 2, 6: 2, 7: 2}
IDENTITY = {1: 12, 2: 30, 3: 30, 4: 2880, 5: 2880, 6: 7, 7: 7}


def draw_photo(seed: int, width: int, height: int) -> Image.Image:
    """A smooth picture of any shape with a little grain, different for every seed."""
    random = np.random.RandomState(seed)
    smooth = Image.fromarray(random.randint(0, 256, (9, 7, 3)).astype(np.uint8)).resize((width, height), 3)
    grain = random.randint(-12, 13, (height, width, 3))
    return Image.fromarray((np.asarray(smooth).astype(int) + grain).clip(0, 255).astype(np.uint8))


def png(seed: int, width: int, height: int) -> bytes:
    """A photo's file, without loss."""
    return encode_picture(draw_photo(seed, width, height))


def celeba(
    folder: Path,
    form: str = "txt",
    packed: bool = True,
    newline: str = "\n",
    mark: str = "",
    attributes: bool = False,
) -> Path:
    """CelebA: seven aligned pictures. ``txt`` as published, ``csv`` as on Kaggle."""
    names = {k: f"{k:06d}.jpg" for k in PARTITION}
    pictures = {f"img_align_celeba/{name}": png(k, 178, 218) for k, name in names.items()}
    points = [[names[k], *(v + k for v in CELEBA_POINTS)] for k in names]
    partition = [[names[k], v] for k, v in PARTITION.items()]
    if form == "csv":
        texts = {
            "list_eval_partition.csv": [["image_id", "partition"], *partition],
            "list_landmarks_align_celeba.csv": [["image_id", *CELEBA_HEADING.split()], *points],
        }
    else:
        texts = {
            "list_eval_partition.txt": partition,
            "list_landmarks_align_celeba.txt": [[len(points)], CELEBA_HEADING.split(), *points],
        }
    texts["identity_CelebA.txt"] = [[names[k], v] for k, v in IDENTITY.items()]
    if attributes:
        values = [[names[k], *(1 if (k >> place) % 2 else -1 for place in range(3))] for k in names]
        if form == "csv":
            texts["list_attr_celeba.csv"] = [["image_id", *CELEBA_ATTRIBUTES], *values]
        else:
            texts["list_attr_celeba.txt"] = [[len(values)], CELEBA_ATTRIBUTES, *values]
    comma = {name: "," if name.endswith("csv") else " " for name in texts}
    write_files(
        folder,
        {
            name: (mark + "".join(comma[name].join(map(str, row)) + newline for row in rows)).encode()
            for name, rows in texts.items()
        },
    )
    if packed:
        write_zip(folder / "img_align_celeba.zip", pictures)
    else:
        write_files(folder, pictures)
    return folder


def face68(scale: float = 1.0) -> np.ndarray:
    """68 landmarks of a face at 1024 px, slightly turned."""
    points = np.random.RandomState(0).uniform(300, 700, (68, 2))
    points[36:42], points[42:48] = [390, 480], [640, 470]
    points[48], points[54] = [420, 720], [620, 730]
    return points * scale


def ffhq(folder: Path, thumbnails: bool = False, metadata: bool = True) -> Path:
    """FFHQ: three pictures for training, two for validation."""
    kind, side = ("thumbnails128x128", 128) if thumbnails else ("images1024x1024", 1024)
    numbers = [0, 1, 2, 60000, 69999]
    write_files(folder, {f"{kind}/{k // 1000 * 1000:05d}/{k:05d}.png": png(k, side, side) for k in numbers})
    about = {
        str(k): {
            "category": "training" if k < 60000 else "validation",
            "metadata": {"author": f"Author {k}", "license": "Attribution License", "photo_title": "A, b"},
            "image": {"face_landmarks": face68().tolist()},
        }
        for k in numbers
    }
    if metadata:
        (folder / "ffhq-dataset-v2.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


LFW = {"Ann_Lee": 3, "Bo": 1, "Cy_de_Wit": 2}
LFW_PAIRS = "2\t1\nAnn_Lee\t1\t2\nAnn_Lee\t3\tBo\t1\nCy_de_Wit\t1\t2\nBo\t1\tCy_de_Wit\t2\n"


def lfw(folder: Path, form: str = "tgz") -> Path:
    """LFW as a tgz or as a folder, with its pairs."""
    names = [f"lfw/{name}/{name}_{k:04d}.jpg" for name, count in LFW.items() for k in range(1, count + 1)]
    files = {name: png(k, 250, 250) for k, name in enumerate(names)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pairs.txt").write_text(LFW_PAIRS, encoding="utf-8")
    if form == "tgz":
        write_tar(folder / "lfw.tgz", files)
    else:
        write_files(folder, files)
    return folder


def write_tar(path: Path, files: Mapping[str, bytes], others: Sequence[tarfile.TarInfo] = ()) -> Path:
    """Write files, and entries without contents such as links, into a compressed tar."""
    with tarfile.open(path, "w:gz") as archive:
        for info in others:
            archive.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


WIDER_BOXES = """0--Parade/0_Parade_a_1.jpg
5
100 60 20 30 2 0 0 0 0 0
10 20 40 30 0 0 0 0 2 0
200 100 80 90 0 0 0 0 0 0
30 100 20 20 0 0 0 1 0 0
3 2 24 28 1 1 1 0 1 0
5--Car/5_Car_b_2.jpg
0
0 0 0 0 0 0 0 0 0 0
5--Car/5_Car_c_3.jpg
1
90 90 21 19 0 0 0 0 0 1
"""
"""A face that fits, one hidden, one large, one invalid, one at the edge; a photograph without any; one in profile."""


def widerface(folder: Path, packed: bool = False, boxes: str = WIDER_BOXES) -> Path:
    """WIDER FACE's validation split: three photographs."""
    names = ["0--Parade/0_Parade_a_1.jpg", "5--Car/5_Car_b_2.jpg", "5--Car/5_Car_c_3.jpg"]
    files = {f"WIDER_val/images/{name}": png(k, 320, 240) for k, name in enumerate(names)}
    texts = {"wider_face_split/wider_face_val_bbx_gt.txt": boxes.encode()}
    folder.mkdir(parents=True, exist_ok=True)
    if packed:
        write_zip(folder / "WIDER_val.zip", files)
        write_zip(folder / "wider_face_split.zip", texts)
    else:
        write_files(folder, files | texts)
    return folder
