from __future__ import annotations

import itertools

import numpy as np
import pytest
from made.boards import MACHINE, result, summary, write_bundle

from fsrbench.board.front import HEIGHT, LEFT, LETTER, WIDTH, Drawing, drawings
from fsrbench.board.submissions import read_submissions
from fsrbench.board.tracks import build_tracks

TIMES = (1.0, 10.0, 12.0, 100.0, 5000.0)
PSNR = (20.0, 24.0, 23.0, 24.5, 22.0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Drawing]:
    folder = tmp_path_factory.mktemp("front")
    face = np.random.default_rng(0).normal(size=20)
    files = []
    for i, (time, psnr) in enumerate(zip(TIMES, PSNR, strict=True)):
        more = [summary("latency_ms", time, ci_low=0.9 * time, ci_high=1.1 * time)]
        scores = {"psnr": psnr + face - face.mean(), "lpips": 0.01 * psnr + face * 0.01}
        machine = MACHINE | ({"device": "NVIDIA H200"} if i == 4 else {})
        files.append(write_bundle(folder / f"{i}.zip", f"m{i}", [result(scores, more, machine=machine)]))
    [track] = build_tracks(read_submissions(files)[0])
    return [drawing for machine in track.speeds for drawing in drawings(track, machine)]


def test_a_machine_with_one_method_has_no_drawing(drawn: list[Drawing]) -> None:
    assert {drawing.machine for drawing in drawn} == {"Xeon, 2 cores, 2 threads, Linux"}
    assert [drawing.quality.key for drawing in drawn] == ["psnr", "lpips"]


def test_the_front_has_the_methods_that_no_other_beats_in_both(drawn: list[Drawing]) -> None:
    for drawing in drawn:
        sign = -1 if drawing.quality.info.direction == "lower" else 1
        unbeaten = [
            point.name
            for point in sorted(drawing.points, key=lambda point: point.x)
            if not any(
                other.x <= point.x and sign * other.y >= sign * point.y and (other.x, other.y) != (point.x, point.y)
                for other in drawing.points
            )
        ]
        assert [point.name for point in drawing.front] == unbeaten
    assert [point.name for point in drawn[0].front] == ["m0", "m1", "m3"]
    assert [point.name for point in drawn[1].front] == ["m0"]


def test_better_is_up_and_left(drawn: list[Drawing]) -> None:
    for drawing, up in zip(drawn, ("m3", "m0"), strict=True):
        places = {point.name: (drawing.x(point.x), drawing.y(point.y)) for point in drawing.points}
        assert min(places, key=lambda name: places[name][1]) == up
        assert min(places, key=lambda name: places[name][0]) == "m0"
        assert all(LEFT < x < WIDTH and 0 < y < HEIGHT for x, y in places.values())


def test_ticks_are_where_their_numbers_are(drawn: list[Drawing]) -> None:
    for drawing in drawn:
        assert 2 <= len(drawing.x_ticks) <= 9
        assert 4 <= len(drawing.y_ticks) <= 9
        assert all(drawing.x(float(text)) == pytest.approx(x) for x, text in drawing.x_ticks)
        assert all(drawing.y(float(text)) == pytest.approx(y) for y, text in drawing.y_ticks)


def test_names_cover_no_point_and_no_other_name(drawn: list[Drawing]) -> None:
    boxes = []
    for label in drawn[0].labels:
        width = LETTER * len(label.text)
        start = label.x - {"start": 0.0, "end": width, "middle": width / 2}[label.anchor]
        boxes.append((start, label.y - 10, start + width, label.y))
    assert len(boxes) == 4
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for point in drawn[0].points:
        x, y = drawn[0].x(point.x), drawn[0].y(point.y)
        assert not any(a[0] < x < a[2] and a[1] < y < a[3] for a in boxes)
