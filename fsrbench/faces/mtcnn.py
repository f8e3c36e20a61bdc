"""MTCNN, the face detector of facenet-pytorch, loaded offline."""

from __future__ import annotations

from typing import Any

from fsrbench.machine.packages import cannot_import, import_torchvision

MTCNN_SIDE = 20
"""Least side in pixels of a picture: MTCNN fails on smaller ones."""


def mtcnn() -> Any:
    """MTCNN with the settings of the protocols, for faces of 20 px and more.

    Raises:
        Unavailable: facenet-pytorch is not installed.
    """
    return facenet_pytorch_package().MTCNN(keep_all=True, min_face_size=20, thresholds=[0.6, 0.7, 0.7], device="cpu")


def facenet_pytorch_package() -> Any:
    """Import facenet-pytorch.

    Raises:
        Unavailable: it is not installed.
    """
    try:
        import_torchvision()
        import facenet_pytorch
    except ImportError as error:
        raise cannot_import("facenet-pytorch", "facenet-pytorch", error) from None
    return facenet_pytorch
