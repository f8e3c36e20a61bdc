"""A dataset: a function without arguments that returns samples in sorted order."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from fsrbench import Dataset, Picture, Sample

COUNT, SIDE = 6, 128


class Drawn:
    """Pictures generated on reading; for files use :class:`fsrbench.datasets.FolderFiles`."""

    def read(self, name: str) -> bytes:
        """The PNG of a picture."""
        seed = int(name)
        x, y = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
        planes = [np.sin((seed + 1) * (x + c * y)) * 0.5 + 0.5 for c in range(3)]
        buffer = io.BytesIO()
        Image.fromarray((np.stack(planes, axis=-1) * 255).astype(np.uint8)).save(buffer, "PNG")
        return buffer.getvalue()


def gradients() -> Dataset:
    """Smooth colour gradients, 128 px; this line is shown by `fsrbench list datasets`."""
    files = Drawn()
    samples = (Sample(id=f"gradient{i}", hr=Picture(files, str(i))) for i in range(COUNT))
    return Dataset("gradients", tuple(samples))
