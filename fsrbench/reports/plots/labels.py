"""Labels beside points that cover neither points nor each other.

adjustText needs pyplot and SciPy, and moves labels onto markers and lines where these few fixed places do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from matplotlib.transforms import Bbox

_DIRECTIONS = [(1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1)]
_DISTANCES = (6.0, 10.0, 16.0, 24.0)
"""Points from the marker's centre, tried from near to far."""
_POINT_RADIUS = 5.0
_GAP = 2.0
"""Points between two names."""
_LEADER_FROM = 9.0
"""A name farther away than this is joined to its point by a thin line."""
_DARKER = 0.7
"""Factor that darkens a colour, so that thin letters in it can be read on white."""


def place_labels(
    axes: Axes,
    names: Sequence[str],
    points: Sequence[tuple[float, float]],
    colours: Sequence[str],
    lines: Sequence[Bbox] = (),
) -> list[Text]:
    """Write each name next to its point.

    Args:
        axes: where the points are drawn; its limits and the figure's layout must be final.
        names: the labels.
        points: the points' places in data units.
        colours: the points' colours; the names take a darker shade.
        lines: boxes in pixels that the labels should keep clear of as well, e.g. error bars.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None, "the axes belong to a figure"
    scale = figure.dpi / 72
    places = axes.transData.transform(points)
    radius = _POINT_RADIUS * scale
    taken = [Bbox.from_extents(x - radius, y - radius, x + radius, y + radius) for x, y in places] + list(lines)
    texts = []
    for name, place, colour in zip(names, places, colours, strict=True):
        text = axes.annotate(name, (0, 0), xycoords="figure pixels", annotation_clip=False, fontsize=8, zorder=5)
        size = text.get_window_extent()
        boxes = _candidates(place, size.width, size.height, scale)
        box = min(boxes, key=lambda box: _cost(box, taken, axes))  # the first of equals is preferred
        text.remove()
        shade = tuple(_DARKER * part for part in to_rgb(colour))
        to_data = axes.transData.inverted().transform
        x, y = to_data((box.x0, box.y0))
        texts.append(axes.text(x, y, name, fontsize=8, zorder=5, va="bottom", color=shade))
        nearest = np.clip(place, (box.x0, box.y0), (box.x1, box.y1))
        if math.dist(place, nearest) > _LEADER_FROM * scale:
            axes.plot(*np.transpose(to_data([place, nearest])), color=shade, linewidth=0.6, zorder=3)
        taken.append(box.padded(_GAP * scale))
    return texts


def _candidates(place: np.ndarray, width: float, height: float, scale: float) -> list[Bbox]:
    """Boxes around a point, the preferred ones first."""
    boxes = []
    for distance in _DISTANCES:
        for right, up in _DIRECTIONS:
            gap = distance * scale / (math.hypot(right, up) if distance > _DISTANCES[0] else 1)
            x = place[0] + right * gap - (width / 2 if right == 0 else width if right < 0 else 0)
            y = place[1] + up * gap - (height / 2 if up == 0 else height if up < 0 else 0)
            boxes.append(Bbox.from_bounds(x, y, width, height))
    return boxes


def _cost(box: Bbox, taken: Sequence[Bbox], axes: Axes) -> float:
    """The area that covers something, and the area outside the axes."""
    covered = sum(_overlap(box, other) for other in taken)
    return covered + 2 * (box.width * box.height - _overlap(box, axes.get_window_extent()))


def _overlap(one: Bbox, other: Bbox) -> float:
    width = float(min(one.x1, other.x1) - max(one.x0, other.x0))
    height = float(min(one.y1, other.y1) - max(one.y0, other.y0))
    return max(0.0, width) * max(0.0, height)
