"""Colour drift: CIELAB against scikit-image, and signs, sizes and angles of made shifts."""

from __future__ import annotations

import numpy as np
import pytest
from made import draw_picture, picture_files, run, write_files
from skimage.color import deltaE_cie76, rgb2lab

from fsrbench.metrics.colour import ColourDrift, LightnessDrift, chroma, typology_angle
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.extractors.base import EXTRACTORS
from fsrbench.metrics.extractors.colour import Colour, cielab
from fsrbench.pictures.decode import to_tensor


def test_cielab_is_scikit_images():
    codes = np.arange(256, dtype=np.uint8)
    greys = np.stack([codes] * 3, axis=-1)
    colours = np.random.RandomState(0).randint(0, 256, (5000, 3)).astype(np.uint8)
    for pictures in (greys, colours):
        assert cielab(pictures) == pytest.approx(rgb2lab(pictures), abs=2e-4)  # its constants have four digits


@pytest.mark.parametrize("side", [64, 96, 256, 512])
def test_features_are_the_means_of_any_size(side):
    picture = np.array(draw_picture(3, side))
    found = EXTRACTORS.get("colour")().extract(to_tensor(picture[None]), {})["lab"]
    assert found == pytest.approx(rgb2lab(picture).reshape(1, -1, 3).mean(axis=1), abs=2e-4)


def evaluated(sr: np.ndarray, hr: np.ndarray):
    extract = EXTRACTORS.get("colour")().extract
    ids = [str(i) for i in range(len(sr))]
    return ColourDrift().evaluate(
        Faces(ids, [None] * len(ids), extract(to_tensor(sr), {}), extract(to_tensor(hr), {})), seed=0
    )


def test_values_are_the_difference_of_the_mean_colours():
    hr = np.random.RandomState(0).normal([190, 150, 130], 30, (4, 96, 96, 3)).clip(0, 255).astype(np.uint8)
    sr = (hr * [0.9, 0.8, 0.7]).astype(np.uint8)
    means = [rgb2lab(pictures).mean(axis=(1, 2)) for pictures in (sr, hr)]
    found = evaluated(sr, hr)
    assert found.values == pytest.approx(deltaE_cie76(*means), abs=1e-3)
    lightness = (means[0] - means[1])[:, 0]
    assert found.details["delta_lightness"] == pytest.approx(lightness.mean(), abs=1e-3)
    angles = [np.degrees(np.arctan2(m[:, 0] - 50, m[:, 2])) for m in means]
    assert found.details["delta_ita_degrees"] == pytest.approx(np.mean(angles[0] - angles[1]), abs=1e-2)
    assert found.details["delta_chroma"] == pytest.approx(
        np.mean(np.hypot(*means[0].T[1:]) - np.hypot(*means[1].T[1:])), abs=1e-3
    )


@pytest.mark.parametrize(
    ("change", "detail", "sign"),
    [
        (lambda p: p * 0.8, "delta_lightness", -1),
        (lambda p: p + 20, "delta_lightness", 1),
        (lambda p: 0.5 * p + 0.5 * p.mean(axis=-1, keepdims=True), "delta_chroma", -1),
        (lambda p: p - [0, 0, 60], "delta_chroma", 1),
        (lambda p: p * 0.8, "delta_ita_degrees", -1),
    ],
    ids=["darker", "lighter", "paler", "yellower", "darker by angle"],
)
def test_details_have_the_sign_of_the_change(change, detail, sign):
    hr = np.random.RandomState(0).normal([190, 150, 130], 15, (2, 64, 64, 3)).clip(0, 255).astype(np.uint8)
    found = evaluated(change(hr.astype(float)).clip(0, 255).astype(np.uint8), hr)
    assert np.sign(found.details[detail]) == sign
    assert (found.values > 2).all()


def test_what_keeps_the_mean_has_no_drift():
    hr = np.stack([np.asarray(draw_picture(seed)) for seed in range(2)])
    assert evaluated(hr[:, ::-1, ::-1], hr).values == pytest.approx([0, 0], abs=1e-9)


def test_angles_turn_the_short_way_and_grey_has_no_chroma():
    lab = np.array([[[60.0, 0, -0.1]], [[40.0, 0, -0.1]]])
    faces = Faces(["a"], [None], {"lab": lab[0]}, {"lab": lab[1]})
    assert abs(ColourDrift().evaluate(faces, seed=0).details["delta_ita_degrees"]) <= 180
    assert chroma(np.array([50.0, 3, 4])) == 5
    assert typology_angle(np.array([60.0, 0, 10])) == pytest.approx(45)


def test_a_run_has_it_with_details(tmp_path):
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    found = run(data, tmp_path / "out", "--metrics", "colour_drift")
    assert (found.code, found.status("bicubic", "colour_drift")) == (0, "ok")
    assert all(0 <= value < 5 for value in found.values("bicubic", "colour_drift").values())
    assert "ITA, degrees, SR less HR" in (found.path / "table.md").read_text(encoding="utf-8")


def test_lightness_drift_has_a_sign_for_each_image_and_is_scikit_images():
    hr = np.random.RandomState(1).normal([150, 110, 90], 20, (3, 64, 64, 3)).clip(0, 255).astype(np.uint8)
    sr = (hr.astype(float) + np.array([0, 25, -25])[:, None, None, None]).clip(0, 255).astype(np.uint8)
    lab = {name: Colour().extract(to_tensor(pictures), {})["lab"] for name, pictures in (("sr", sr), ("hr", hr))}
    faces = Faces(list("abc"), [None] * 3, {"lab": lab["sr"]}, {"lab": lab["hr"]})
    found = LightnessDrift().evaluate(faces, seed=0).values
    expected = [(rgb2lab(s)[..., 0].mean() - rgb2lab(h)[..., 0].mean()) for s, h in zip(sr, hr, strict=True)]
    assert found == pytest.approx(expected, abs=1e-3)
    assert np.sign(found.round(9)).tolist() == [0, 1, -1]
