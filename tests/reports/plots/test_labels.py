"""Labels of points."""

from __future__ import annotations

from fsrbench.reports.plots.labels import place_labels
from fsrbench.reports.plots.style import freeze, panels


def test_labels_cover_neither_points_nor_each_other():
    figure, (axes,) = panels(1, 1, 3.5, 2.8)
    points = [(1.0, 1.0), (1.05, 1.02), (1.1, 0.98), (1.0, 1.1), (2.0, 2.0)]
    axes.set(xlim=(0, 3), ylim=(0, 3))
    freeze(figure)
    texts = place_labels(axes, ["bicubic", "scgan", "ours", "progressive", "far"], points, ["#0072B2"] * 5)
    boxes = [text.get_window_extent() for text in texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert not any(box.contains(*axes.transData.transform(place)) for place in points)
