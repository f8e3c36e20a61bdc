"""HR, LR and SR side by side in one folder, distinguished by file names alone, are refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from made import call, picture_files, write_files, write_zip
from made.archives import write_tar

from fsrbench.datasets import open_dataset, open_outputs
from fsrbench.errors import UserError

VARIANTS = """
1_x4 1x4 1_LR 1-lr 1.lr 1LR 1_small 1_out 1_fake 1_SR 1_x4_out 1_4x 1@2x 1_LRbicx4 1_lowres 1_low_res 1_bicubic
1_input 1_x4_SwinIR 1x4m LR_1 x4_1 input-1 1_GT 1_restored 1_LQ_16 1_fake_B
""".split()  # noqa: SIM905


def write(tmp_path: Path, kind: str, names: Iterable[str]) -> Path:
    files = {name: name.encode() for name in names}
    return write_files(tmp_path / "in", files) if kind == "folder" else write_zip(tmp_path / "in.zip", files)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_face_beside_its_variant_is_refused_by_name(tmp_path: Path, variant: str) -> None:
    source = write(tmp_path, "folder", ["1.png", f"{variant}.png"])
    for opened, advice in (
        (lambda: open_dataset(str(source)), "put them into HR/ and LR/ under one name"),
        (lambda: open_outputs(source), "put the SR pictures alone into SR/, under the names of their HR or LR"),
    ):
        with pytest.raises(UserError, match="look like HR and LR of one face, or a method's picture") as caught:
            opened()
        assert all(name in str(caught.value) for name in ("1.png", f"{variant}.png"))
        assert str(caught.value).endswith(advice)


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize(
    "names",
    [
        ("ann/1.png", "ann/1_x4.jpg", "bob/2.png"),
        ("HR/1.png", "HR/1_x4.png"),
        ("HR/1.png", "HR/1_LR.png", "LR/1.png"),
        ("1_x2.png", "1_x4.png"),
        ("babyx4.png", "baby.png"),
        ("1_real_A.png", "1_fake_B.png"),
    ],
)
def test_inside_of_folders_and_without_the_plain_name(tmp_path: Path, kind: str, names: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="look like HR and LR of one face"):
        open_dataset(str(write(tmp_path, kind, names)))


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_an_import_refuses_them_too(tmp_path: Path, kind: str) -> None:
    files = picture_files(["1.png", "1_x4.png"])
    writer = {"folder": write_files, "zip": write_zip, "tar": write_tar}[kind]
    source = writer(tmp_path / (f"in.{kind}" if kind != "folder" else "in"), files)
    result = call("data", "import", "folder", source, tmp_path / "out")
    assert result.exit_code == 2
    assert "1.png and 1_x4.png look like HR and LR of one face" in result.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    "names",
    [
        ("0001x4.png", "0002x4.png"),
        ("1_x4.png", "2_x4.png"),
        ("alex1_0001.png", "alex2_0001.png", "alex2_0002.png"),
        ("alex2_smile.png", "alex2_frown.png", "alex3.png"),
        ("ann_original_1.png", "ann_original_2.png"),
        ("1.png", "1_16.png", "1_2.png"),
        ("1.png", "1_crop.png"),
        ("ann.png", "annLee.png", "ann_2.png"),
        ("result_1.png", "result_2.png"),
        ("1.png", "2.png", "3.png", "4.png", "5.png", "1_small.png"),
    ],
)
def test_unsuspicious_names_are_accepted(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert len(open_dataset(str(write(tmp_path, "folder", names)))) == len(names)
