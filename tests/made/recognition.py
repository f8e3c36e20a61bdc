"""Tiny copies of the official layouts of TinyFace, QMUL-SurvFace and SCface. Their pictures are coloured noise."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.io import savemat

from made.archives import png

Files = dict[str, bytes]
SIZES = ((21, 27), (16, 16), (34, 18))
"""Width and height of pictures in turn: native sizes, most of them not square."""
TINY_GALLERY = {"3_1.jpg": 3, "3_2.jpg": 3, "12_1.jpg": 12, "40_9.jpg": 40}
TINY_PROBE = {"3_7.jpg": 3, "12_2.jpg": 12, "12_3.jpg": 12}
TINY_STRANGERS = ("a_1.jpg", "b_1.jpg", "c.jpg")
# The lists' numbers of SurvFace are not those in the files' names
SURV_GALLERY = {"17_cam1_1.jpg": 1, "17_cam2_1.jpg": 1, "29_cam1_5.jpg": 2}
SURV_MATED = {"17_cam3_1.jpg": 1, "29_cam1_6.jpg": 2}
SURV_UNMATED = ("1_cam1_1.jpg", "1_cam2_1.jpg", "2_cam7_3.jpg")
SURV_PAIRS = (("17_cam1_1.jpg", "17_cam2_1.jpg"), ("29_cam1_5.jpg", "29_cam1_6.jpg"))
SURV_OTHERS = (("17_cam1_1.jpg", "29_cam1_5.jpg"), ("17_cam2_1.jpg", "29_cam1_6.jpg"))


def mat(**variables: object) -> bytes:
    """A MATLAB file of these variables."""
    file = io.BytesIO()
    savemat(file, variables)
    return file.getvalue()


def cells(names: Sequence[str], nested: bool = False) -> np.ndarray:
    """A column of cells with a name each, as MATLAB writes cell arrays of text; nested once more if asked for."""
    column = np.empty((len(names), 1), dtype=object)
    for row, name in enumerate(names):
        text = np.array([name])
        if nested:
            inner = np.empty((1, 1), dtype=object)
            inner[0, 0] = text
            text = inner
        column[row, 0] = text
    return column


def pairs_of(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """A table of cells, two names in a row."""
    first, second = zip(*pairs, strict=True)
    return np.concatenate([cells(first), cells(second)], axis=1)


def _pictures(folder: str, names: Sequence[str], seed: int) -> Files:
    return {f"{folder}/{name}": png(seed + k, *SIZES[k % len(SIZES)]) for k, name in enumerate(names)}


def _column(people: Mapping[str, int]) -> np.ndarray:
    return np.array([[person] for person in people.values()], dtype=np.uint16)


def tinyface_files(nested: bool = False) -> Files:
    """TinyFace's ``Testing_Set``."""
    top = "tinyface/Testing_Set"
    return {
        **_pictures(f"{top}/Gallery_Match", list(TINY_GALLERY), 0),
        **_pictures(f"{top}/Probe", list(TINY_PROBE), 20),
        **_pictures(f"{top}/Gallery_Distractor", TINY_STRANGERS, 40),
        f"{top}/gallery_match_img_ID_pairs.mat": mat(
            gallery_set=cells(list(TINY_GALLERY), nested), gallery_ids=_column(TINY_GALLERY)
        ),
        f"{top}/probe_img_ID_pairs.mat": mat(probe_set=cells(list(TINY_PROBE), nested), probe_ids=_column(TINY_PROBE)),
    }


def survface_files() -> Files:
    """QMUL-SurvFace's identification and verification tests."""
    top = "QMUL-SurvFace/Face_Identification_Test_Set"
    verification = "QMUL-SurvFace/Face_Verification_Test_Set"
    return {
        **_pictures(f"{top}/gallery", list(SURV_GALLERY), 0),
        **_pictures(f"{top}/mated_probe", list(SURV_MATED), 20),
        **_pictures(f"{top}/unmated_probe", SURV_UNMATED, 40),
        f"{top}/gallery_img_ID_pairs.mat": mat(
            gallery_set=cells(list(SURV_GALLERY)), gallery_ids=_column(SURV_GALLERY)
        ),
        f"{top}/mated_probe_img_ID_pairs.mat": mat(
            mated_probe_set=cells(list(SURV_MATED)), mated_probe_ids=_column(SURV_MATED)
        ),
        **_pictures(f"{verification}/verification_images", [*SURV_GALLERY, "29_cam1_6.jpg", "99_cam1_1.jpg"], 60),
        f"{verification}/positive_pairs_names.mat": mat(positive_pairs_names=pairs_of(SURV_PAIRS)),
        f"{verification}/negative_pairs_names.mat": mat(negative_pairs_names=pairs_of(SURV_OTHERS)),
    }


def scface_files(people: int = 3) -> Files:
    """SCface: mugshots, five cameras at three distances, and two infrared ones."""
    made: Files = {}
    for person in range(1, people + 1):
        made[f"SCface_database/mugshot_frontal_cropped_all/{person:03}_frontal.JPG"] = png(person, 90, 120)
        for distance, size in ((1, (15, 20)), (2, (22, 29)), (3, (34, 45))):
            for camera in (*range(1, 6), *((6, 7) if distance == 1 else ())):
                folder = f"SCface_database/surveillance_cameras_distance_{distance}/cam_{camera}"
                made[f"{folder}/{person:03}_cam{camera}_{distance}.jpg"] = png(100 * person + camera, *size)
    return made
