"""The picture grid: its size, how pictures are enlarged, and which rows it shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fsrbench.errors import UserError
from fsrbench.pictures.grid import PALE, GridColumn, cell_for, draw_grid, enlarge, faces_of, fit, has_gaps, wrap
from fsrbench.runs.choice import choose_rows


def noise(size, seed):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def find(page, part):
    """Top and left of ``part`` inside ``page``, None where it is not there."""
    spots = np.argwhere((page == part[0, 0]).all(axis=2))
    height, width = part.shape[:2]
    for top, left in spots:
        if np.array_equal(page[top : top + height, left : left + width], part):
            return int(top), int(left)
    return None


def grid(tmp_path, lr=16, hr=64, rows=2, **options):
    """A drawn grid of LR, one method and HR."""
    small, large = [noise(lr, i) for i in range(rows)], [noise(hr, 10 + i) for i in range(rows)]
    columns = [
        GridColumn("LR", small, pixelated=True),
        GridColumn("ours", large, [f"{20 + i}.0 dB" for i in range(rows)]),
        GridColumn("HR", large),
    ]
    draw_grid(columns, [f"id/{i}" for i in range(rows)], tmp_path / "new" / "grid.png", **options)
    return small, large, np.asarray(Image.open(tmp_path / "new" / "grid.png"))


def test_lr_pixels_are_squares_of_their_exact_colour(tmp_path):
    small, _, page = grid(tmp_path)
    assert find(page, small[0].repeat(12, axis=0).repeat(12, axis=1)) is not None


def test_sr_and_hr_are_enlarged_smoothly_and_stand_in_one_line_with_lr(tmp_path):
    small, large, page = grid(tmp_path)
    smooth = np.asarray(Image.fromarray(large[1]).resize((192, 192), Image.Resampling.LANCZOS))
    lr_top, lr_left = find(page, small[1].repeat(12, axis=0).repeat(12, axis=1))
    sr_top, sr_left = find(page, smooth)
    assert lr_top == sr_top
    assert lr_left + 192 < sr_left < lr_left + 192 + 20


@pytest.mark.parametrize(("hr", "cell"), [(64, 192), (128, 256), (256, 256), (512, 256)])
def test_page_size(tmp_path, hr, cell):
    _, _, page = grid(tmp_path, hr=hr, rows=3)
    height, width = page.shape[:2]
    assert 3 * cell < width < 3 * cell + 80
    assert 3 * cell < height < 3 * cell + 150


def test_large_pictures_are_reduced_smoothly_and_parts_are_cut_from_all_their_pixels(tmp_path):
    board = np.indices((512, 512)).sum(axis=0) % 2 * 255
    board = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    out = tmp_path / "grid.png"
    box = (0.25, 0.25, 0.75, 0.25 + 0.5 / 2.4)  # 256 px wide, as it is shown
    draw_grid([GridColumn("LR", [board], pixelated=True)], [""], out, parts=[[box]])
    page = np.asarray(Image.open(out).convert("L")).astype(int)
    left, top = 12, 35
    shown = page[top + 8 : top + 248, left + 8 : left + 248]
    assert abs(shown - 127.5).max() < 30  # no moire
    part = page[top + 256 + 5 : top + 256 + 95, left + 8 : left + 248]
    assert abs(part[:, 1:] - part[:, :-1]).min() > 200


def test_cell_sets_the_size(tmp_path):
    _, _, page = grid(tmp_path, cell=64)
    assert page.shape[1] < 3 * 64 + 80


def test_captions_titles_and_row_names_leave_ink(tmp_path):
    _, _, page = grid(tmp_path)
    blank = (page == 255).all(axis=2)
    below_first_row = slice(35 + 192 + 1, 35 + 192 + 18)
    left = page.shape[1] - 12 - 192 * 3 - 2 * 6
    assert not blank[:34, left : left + 192].all()  # title of LR
    assert blank[below_first_row, left : left + 192].all()  # LR has no caption
    assert not blank[below_first_row, left + 198 : left + 198 + 192].all()  # the method has
    assert not blank[40:220, :left].all()  # the row's name


def test_enlarge():
    image = np.array([[[0, 0, 0], [255, 255, 255]]] * 2, dtype=np.uint8)
    assert len(np.unique(np.asarray(enlarge(image, (8, 8), pixelated=True)))) == 2
    assert len(np.unique(np.asarray(enlarge(image, (8, 8), pixelated=False)))) > 2


def test_long_titles_fit():
    text, font = fit("python:a_very_long_package.with_a_module:AndAClassNameThatDoesNotEnd", 192, 17)
    assert font.getlength(text) <= 192
    assert text.startswith("python:")
    assert text.endswith("End")
    assert "…" in text
    assert fit("ours", 192, 17)[0] == "ours"


def test_wrong_numbers_of_pictures_are_refused(tmp_path):
    with pytest.raises(UserError, match="column ours does not have one image"):
        draw_grid([GridColumn("ours", [noise(8, 0)])], ["a", "b"], tmp_path / "grid.png")
    with pytest.raises(UserError, match="nothing to draw"):
        draw_grid([], [], tmp_path / "grid.png")


def scores(values, metric="psnr", method="ours"):
    rows = [(method, image, metric, value, "ok") for image, value in values.items()]
    return pd.DataFrame(rows, columns=["method", "image", "metric", "value", "status"])


LADDER = {f"i{n:02d}": float(n) for n in range(21)}


def test_rows_spread_from_best_over_median_to_worst():
    assert choose_rows(scores(LADDER), "psnr", "ours", 3) == ["i20", "i10", "i00"]
    assert choose_rows(scores(LADDER), "psnr", "ours", 3, higher_is_better=False) == ["i00", "i10", "i20"]
    assert choose_rows(scores(LADDER), "psnr", "ours", 5) == ["i20", "i15", "i10", "i05", "i00"]


def test_rows_do_not_depend_on_the_order_of_the_scores():
    frame = scores({**LADDER, "t1": 5.0, "t2": 5.0})
    expected = choose_rows(frame, "psnr", "ours", 7)
    for seed in range(5):
        assert choose_rows(frame.sample(frac=1, random_state=seed), "psnr", "ours", 7) == expected


def test_rows_are_distinct_and_no_more_than_there_are():
    assert choose_rows(scores({"a": 1.0, "b": 2.0}), "psnr", "ours", 6) == ["b", "a"]
    assert choose_rows(scores(LADDER), "psnr", "ours", 0) == []
    assert choose_rows(scores(LADDER), "psnr", "ours", 1) == ["i20"]


def test_only_sound_scores_of_the_method_and_metric_count():
    frame = pd.concat([scores(LADDER), scores({"other": 99.0}, method="scgan"), scores({"niqe": 99.0}, metric="niqe")])
    frame.loc[len(frame)] = ["ours", "broken", "psnr", 99.0, "failed"]
    frame.loc[len(frame)] = ["ours", "nan", "psnr", float("nan"), "ok"]
    assert choose_rows(frame, "psnr", "ours", 2) == ["i20", "i00"]


def test_without_such_scores_rows_spread_over_the_ids():
    assert choose_rows(scores(LADDER), "lpips", "ours", 3) == ["i00", "i10", "i20"]
    assert choose_rows(scores({}), "psnr", "ours", 3) == []


def test_given_ids_are_kept_and_unknown_ones_refused():
    assert choose_rows(scores(LADDER), "psnr", "ours", 3, ids=["i07", "i02"]) == ["i07", "i02"]
    with pytest.raises(UserError, match="no image nobody to show"):
        choose_rows(scores(LADDER), "psnr", "ours", 3, ids=["i07", "nobody"])


def test_a_long_caption_is_wrapped_and_not_cut() -> None:
    text = "A super-resolved face is a guess: " + "its details are invented " * 6
    lines = wrap(text, 300, 13)
    assert " ".join(lines) == text.strip()
    assert len(lines) > 3
    assert all(fit(line, 300, 13)[1].size == 13 for line in lines)
    assert wrap("one", 300, 13) == ["one"]


def test_a_missing_picture_is_an_empty_tile_that_says_so(tmp_path):
    picture = np.full((64, 64, 3), 200, np.uint8)
    columns = [GridColumn("LR", [picture, picture]), GridColumn("a", [None, picture], ["1 dB", "2 dB"])]
    assert [has_gaps(column) for column in columns] == [False, True]
    assert (faces_of(columns) == picture).all()
    parts = [[(0, 0, 1, 0.5)], [(0, 0, 1, 0.5)]]
    draw_grid(columns, ["x", "y"], tmp_path / "grid.png", parts=parts)
    page, side = np.asarray(Image.open(tmp_path / "grid.png")), cell_for(64)
    top, left = find(page, np.full((side // 3, side, 3), PALE, np.uint8))
    tile = page[top : top + side, left : left + side]
    assert (tile[[0, -1]] == PALE).all()
    assert 0 < (tile.min(axis=2) < 200).sum() < 0.1 * side**2  # letters
