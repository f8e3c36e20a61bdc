"""Crops against independent computations: skimage's warp, plain slices, and the definition of a least-squares fit."""

import numpy as np
import pytest
from made.archives import draw_photo
from PIL import Image
from skimage.transform import EuclideanTransform, SimilarityTransform, estimate_transform, warp

from fsrbench.datasets.importers.crops import around_box, find_crop, in_crop, quad_of, side_of
from fsrbench.datasets.importers.cut import cut, outside
from fsrbench.errors import UserError
from fsrbench.pictures.decode import BadImage

POINTS = np.array([[150.0, 160], [260, 180], [200, 230], [150, 270], [235, 285]])
PHOTO = draw_photo(1, 420, 400)


def ffhq_quad(points: np.ndarray) -> np.ndarray:
    """FFHQ's recipe in complex numbers, written for this test from its description."""
    eye_left, eye_right, _, mouth_left, mouth_right = points @ [1, 1j] + 0.5 * (1 + 1j)
    eyes, mouth = (eye_left + eye_right) / 2, (mouth_left + mouth_right) / 2
    direction = (eye_right - eye_left) + (mouth - eyes) / 1j
    half = max(2 * abs(eye_right - eye_left), 1.8 * abs(mouth - eyes)) * direction / abs(direction)
    middle = eyes + 0.1 * (mouth - eyes)
    corners = middle + half * np.array([-1 - 1j, -1 + 1j, 1 + 1j, 1 - 1j])
    return np.stack([corners.real, corners.imag], axis=1)


def warped(photo: Image.Image, quad: np.ndarray, size: int, fine: int) -> np.ndarray:
    """The square by skimage's bilinear warp at ``fine`` px, reduced by Pillow."""
    corners = np.array([[0, 0], [0, fine], [fine, fine], [fine, 0]]) - 0.5
    transform = estimate_transform("similarity", corners, quad - 0.5)
    large = warp(np.asarray(photo) / 255.0, transform, order=1, mode="reflect", output_shape=(fine, fine))
    picture = Image.fromarray((large * 255 + 1e-6).astype(np.uint8))  # Pillow, too, cuts off what is behind the point
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS)).astype(int)


def test_ffhq_square_is_the_recipes() -> None:
    np.testing.assert_allclose(quad_of(find_crop("ffhq"), PHOTO.size, POINTS), ffhq_quad(POINTS), atol=1e-9)


def test_ffhq_of_68_points_takes_eyes_and_mouth_corners() -> None:
    points = np.random.RandomState(0).uniform(0, 400, (68, 2))
    points[36:42] = POINTS[0] + np.array([[-9, 0], [-4, -3], [4, -3], [9, 0], [4, 3], [-4, 3]])
    points[42:48] = POINTS[1] + np.array([[-9, 0], [-4, -3], [4, -3], [9, 0], [4, 3], [-4, 3]])
    points[48], points[54] = POINTS[3], POINTS[4]
    np.testing.assert_allclose(quad_of(find_crop("ffhq"), PHOTO.size, points), ffhq_quad(POINTS), atol=1e-9)


@pytest.mark.parametrize("size", [64, 128])
def test_turned_square_is_what_a_warp_gives(size: int) -> None:
    points = POINTS * 0.6 + 60  # so that nothing lies outside
    quad = ffhq_quad(points)
    found = np.asarray(cut(PHOTO, quad, size)).astype(int)
    expected = warped(PHOTO, quad, size, size * max(4, int(np.ceil(side_of(quad) / size))))
    assert outside(PHOTO.size, quad) == 0
    assert np.abs(found - expected).max() <= 1


def test_turned_square_that_reaches_outside_is_mirrored() -> None:
    points = POINTS + np.array([60, 0])
    quad = ffhq_quad(points)
    assert 0.05 < outside(PHOTO.size, quad) < 1 / 3
    padded = Image.fromarray(np.pad(np.asarray(PHOTO), ((300, 300), (300, 300), (0, 0)), mode="reflect"))
    found = np.asarray(cut(PHOTO, quad, 64)).astype(int)
    expected = warped(padded, quad + 300, 64, 64 * max(4, int(np.ceil(side_of(quad) / 64))))
    assert np.abs(found - expected).max() <= 1


def test_five_point_is_the_least_squares_similarity() -> None:
    quad = quad_of(find_crop("five-point"), PHOTO.size, POINTS)
    template = np.array([[46, 60], [82, 60], [64, 80], [49, 95], [79, 95]], dtype=float)
    fit = SimilarityTransform.from_estimate(template, POINTS)
    corners = np.array([[0, 0], [0, 128], [128, 128], [128, 0]]) - 0.5
    np.testing.assert_allclose(quad, fit(corners) + 0.5, atol=1e-6)


def test_five_points_that_fit_the_template_are_cut_as_they_are() -> None:
    template = np.array([[46, 60], [82, 60], [64, 80], [49, 95], [79, 95]], dtype=float)
    turn = EuclideanTransform(rotation=0.2, translation=(90, 40))
    quad = quad_of(find_crop("five-point"), PHOTO.size, turn(template))
    assert side_of(quad) == pytest.approx(128)
    np.testing.assert_allclose(in_crop(turn(template), quad, 128), template, atol=1e-6)


def test_upright_is_nine_tenths_of_ffhq_and_not_turned() -> None:
    quad, full = quad_of(find_crop("upright"), PHOTO.size, POINTS), ffhq_quad(POINTS)
    np.testing.assert_allclose(quad.mean(axis=0), full.mean(axis=0))
    assert side_of(quad) == pytest.approx(0.9 * side_of(full))
    assert quad[0, 0] == quad[1, 0]
    assert quad[0, 1] == quad[3, 1]


def test_centre_cut_at_its_own_size_keeps_the_pixels() -> None:
    found = np.asarray(cut(PHOTO, quad_of(find_crop("centre101"), PHOTO.size, None), 101))
    np.testing.assert_array_equal(found, np.asarray(PHOTO)[149:250, 159:260])


def test_centre_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(BadImage, match="420 x 400 px, too small for a central crop of 401"):
        quad_of(find_crop("centre401"), PHOTO.size, None)


def test_box_is_cut_in_whole_pixels_and_mirrored_at_the_edge() -> None:
    quad = around_box((3, 2, 24, 28))
    side = round(1.3 * 28)
    left, top = round(15 - side / 2), round(16 - 0.08 * 28 - side / 2)
    padded = np.pad(np.asarray(PHOTO), ((50, 50), (50, 50), (0, 0)), mode="reflect")
    expected = padded[50 + top : 50 + top + side, 50 + left : 50 + left + side]
    np.testing.assert_array_equal(np.asarray(cut(PHOTO, quad, None)), expected)


def test_fractional_square_is_reduced_from_its_own_place() -> None:
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (256, 1, 3)))
    quad = np.array([[40.5, 30.25], [40.5, 158.25], [168.5, 158.25], [168.5, 30.25]])
    found = np.asarray(cut(ramp, quad, 32))[16, 4:-4, 0]
    np.testing.assert_allclose(found, 40.5 + 4 * (np.arange(32) + 0.5)[4:-4] - 0.5, atol=0.51)


def test_crop_that_is_mostly_outside_is_refused() -> None:
    with pytest.raises(BadImage, match="more than a third"):
        cut(PHOTO, ffhq_quad(POINTS + np.array([250, 0])), 64)


@pytest.mark.parametrize("name", ["ffhq", "upright", "five-point"])
@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), 1e12), np.full((5, 2), np.nan)])
def test_landmarks_that_make_no_face_are_refused(name: str, points: np.ndarray) -> None:
    with pytest.raises(BadImage, match="do not make a face"):
        quad_of(find_crop(name), PHOTO.size, points)


def test_unknown_crop_names_the_known() -> None:
    with pytest.raises(UserError, match="unknown crop 'center178'; known: none, centre178"):
        find_crop("center178")
