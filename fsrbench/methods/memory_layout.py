"""The memory layout of a network's weights."""

from __future__ import annotations

import torch
from torch import nn


def set_layout(network: nn.Module, layout: torch.memory_format) -> nn.Module:
    """Set the memory layout of a network's four-dimensional weights, the only ones that have channels-last.

    ``Module.to(memory_format=...)`` raises on five dimensions, as in StyleGAN2's modulated convolutions (GFPGAN) and
    3-D convolutions.

    Args:
        network: changed in place.
        layout: ``torch.channels_last`` or ``torch.contiguous_format``.

    Returns:
        The network.

    Example:
        >>> network = set_layout(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv3d(8, 8, 3)), torch.channels_last)
        >>> network[0].weight.is_contiguous(memory_format=torch.channels_last), network[1].weight.is_contiguous()
        (True, True)
    """
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.ndim == 4:
            tensor.data = tensor.data.to(memory_format=layout)
    return network
