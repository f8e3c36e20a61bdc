from __future__ import annotations

import pytest

from fsrbench.files.text_table import column_widths, text_row


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    rows = [("Method", "PSNR (dB)", ""), ("a longer name", "23.4", "better")]
    assert column_widths(rows) == [13, 9, 6]
    assert text_row(rows[0], [13, 9, 6], "lrl") == "Method         PSNR (dB)"
    assert text_row(rows[1], [13, 9, 6], "lrl") == "a longer name       23.4  better"


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        column_widths([("a", "b"), ("c",)])
    with pytest.raises(ValueError, match="zip"):
        text_row(("a", "b"), [1, 1], "l")
