"""The architectures that the package spandrel knows: ESRGAN, SwinIR, GFPGAN, RestoreFormer and some forty others."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any, Final

from torch import Tensor

from fsrbench.errors import Unavailable, one_line
from fsrbench.machine.packages import import_torchvision
from fsrbench.methods.restorer import Restorer

FACE_SIDE: Final = 512
"""Input size of face restorers that enlarge nothing: GFPGAN, RestoreFormer and CodeFormer were trained at it."""


def read_with_spandrel(loaded: Mapping[str, Any]) -> Restorer | None:
    """The network of a checkpoint; ``None`` if spandrel does not recognise it.

    Raises:
        Unavailable: spandrel is missing, the weights do not fit, or the network does not restore grey or RGB pictures.
    """
    try:
        import_torchvision()
        import spandrel
    except ImportError:
        raise Unavailable(
            "spandrel, which knows architectures, is missing; `pip install 'fsrbench[checkpoint]'`"
        ) from None
    _add_extra_architectures()
    try:
        found = spandrel.ModelLoader().load_from_state_dict(spandrel.canonicalize_state_dict(dict(loaded)))
    except spandrel.UnsupportedModelError:
        return None
    except Exception as error:  # spandrel trusts the keys, and then raises various types
        raise Unavailable(
            f"its weights do not fit the network that they seem to belong to: {one_line(error)}"
        ) from error
    if not isinstance(found, spandrel.ImageModelDescriptor):
        raise Unavailable(f"{found.architecture.name} is an inpainting network, not a restorer")
    channels = found.input_channels, found.output_channels
    if channels not in ((3, 3), (1, 1)):
        raise Unavailable(f"{found.architecture.name} with {channels[0]} channels in and {channels[1]} out, not 3 or 1")

    def restore(images: Tensor) -> Tensor:
        sr: Tensor = found(images)
        return sr

    faces = found.purpose == "FaceSR" and found.scale == 1
    return Restorer(
        name=" ".join([found.architecture.name, *found.tags]),
        network=found.model,
        restore=restore,
        scale=found.scale,
        channels=channels[0],
        side=FACE_SIDE if faces else None,
        minimum=found.size_requirements.minimum,
        version=f"spandrel {metadata.version('spandrel')}",
    )


def _add_extra_architectures() -> None:
    """Add those of spandrel_extra_arches (not for commercial use) if it is installed."""
    try:
        import spandrel_extra_arches
    except ImportError:
        return
    spandrel_extra_arches.install(ignore_duplicates=True)
