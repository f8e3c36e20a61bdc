"""MTCNN, the face detector of facenet-pytorch, loaded offline."""

from __future__ import annotations

from typing import Any

from fsrbench.machine.packages import cannot_import, import_torchvision

MTCNN_SIDE = 20
"""Minimum side of a picture in pixels: MTCNN fails on smaller ones."""


def mtcnn(min_face: int = MTCNN_SIDE, device: Any = "cpu") -> Any:
    """MTCNN with the settings of the protocols.

    Args:
        min_face: side in pixels of the smallest face that it looks for.
        device: where it computes.

    Raises:
        Unavailable: facenet-pytorch is not installed.
    """
    package = facenet_pytorch_package()
    return package.MTCNN(keep_all=True, min_face_size=min_face, thresholds=[0.6, 0.7, 0.7], device=device)


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
