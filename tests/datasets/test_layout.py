"""Samples from file names: the same whether the files lie in a folder or in a zip."""

from collections.abc import Callable
from pathlib import Path

import pytest
from made import write_files, write_zip

from fsrbench.datasets import Dataset, open_dataset
from fsrbench.errors import UserError

Pack = Callable[..., Dataset]


def in_folder(tmp_path: Path, *names: str) -> Dataset:
    return open_dataset(str(write_files(tmp_path / "faces", {n: n.encode() for n in names})))


def in_zip(tmp_path: Path, *names: str) -> Dataset:
    return open_dataset(str(write_zip(tmp_path / "faces.zip", {n: n.encode() for n in names})))


def in_zip_with_top_folder(tmp_path: Path, *names: str) -> Dataset:
    return open_dataset(str(write_zip(tmp_path / "packed.zip", {n: n.encode() for n in names}, top="faces/")))


@pytest.fixture(params=[in_folder, in_zip, in_zip_with_top_folder])
def pack(request: pytest.FixtureRequest) -> Pack:
    made: Pack = request.param
    return made


def ids(dataset: Dataset) -> list[str]:
    return [s.id for s in dataset]


def read_hr(dataset: Dataset) -> list[str | None]:
    return [s.hr.read().decode().removeprefix("faces/") if s.hr else None for s in dataset]


def read_lr(dataset: Dataset) -> list[str | None]:
    return [s.lr.read().decode().removeprefix("faces/") if s.lr else None for s in dataset]


def test_pictures_directly_are_hr_in_sorted_order(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "b.png", "a.jpg", "c.tiff")
    assert ids(data) == ["a", "b", "c"]
    assert read_hr(data) == ["a.jpg", "b.png", "c.tiff"]
    assert data.has_hr
    assert all(s.lr is None and s.identity is None for s in data)


def test_hr_and_lr_pair_by_relative_path_without_suffix(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "HR/x/1.png", "HR/y/1.png", "HR/y/2.png", "LR/y/2.jpg", "LR/y/1.png", "LR/x/1.bmp")
    assert ids(data) == ["x/1", "y/1", "y/2"]
    assert read_hr(data) == ["HR/x/1.png", "HR/y/1.png", "HR/y/2.png"]
    assert read_lr(data) == ["LR/x/1.bmp", "LR/y/1.png", "LR/y/2.jpg"]
    assert not data.warnings


@pytest.mark.parametrize(("hr", "lr"), [("hr", "lr"), ("Hr", "LR"), ("HR", "Lr")])
def test_case_of_hr_and_lr_does_not_matter(pack: Pack, tmp_path: Path, hr: str, lr: str) -> None:
    data = pack(tmp_path, f"{hr}/a.png", f"{lr}/a.png")
    assert read_hr(data) == [f"{hr}/a.png"]
    assert read_lr(data) == [f"{lr}/a.png"]


def test_hr_alone(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "HR/a.png", "HR/b.png")
    assert ids(data) == ["a", "b"]
    assert data.has_hr


def test_lr_alone(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "LR/a.png", "LR/b.png")
    assert ids(data) == ["a", "b"]
    assert not data.has_hr
    assert read_hr(data) == [None, None]


def test_sub_folders_are_identities(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "ann/1.png", "ann/2.png", "bob/1.png", "bob/2.png")
    assert [(s.id, s.identity) for s in data][1:3] == [("ann/2", "ann"), ("bob/1", "bob")]
    assert data.has_pairs


@pytest.mark.parametrize(
    "names", [("a/1.png", "b/1.png"), ("a/1.png", "a/2.png", "b/1.png"), ("1.png", "2.png", "3.png", "4.png")]
)
def test_pairs_need_two_pictures_of_two_identities(pack: Pack, tmp_path: Path, names: tuple[str, ...]) -> None:
    assert not pack(tmp_path, *names).has_pairs


def test_top_folder_of_a_folder_is_an_identity(tmp_path: Path) -> None:
    assert ids(in_folder(tmp_path, "ann/1.png", "ann/2.png")) == ["ann/1", "ann/2"]


def test_folder_around_hr_and_lr_is_looked_into(tmp_path: Path) -> None:
    data = in_folder(tmp_path, "celeba/HR/a.png", "celeba/LR/a.png", "readme.txt")
    assert ids(data) == ["a"]
    assert read_lr(data) == ["celeba/LR/a.png"]


def test_unpaired_pictures_are_left_out_and_named(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "HR/a.png", "HR/b.png", "LR/b.png", "LR/c.png", "LR/d.png")
    assert ids(data) == ["b"]
    assert data.warnings == ("1 HR without a partner left out: a", "2 LR without a partner left out: c, d")


def test_no_common_name_is_an_error(pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="share no name"):
        pack(tmp_path, "HR/a.png", "LR/b.png")


def test_pictures_beside_hr_and_lr_are_no_samples(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "HR/a.png", "LR/a.png", "preview.png", "SR/a.png")
    assert ids(data) == ["a"]
    assert read_hr(data) == ["HR/a.png"]
    assert len(data.warnings) == 1
    assert "1 pictures outside HR/ and LR/ left out: " in data.warnings[0]
    assert data.warnings[0].endswith("preview.png")  # SR/ is known to hold a method's results


def test_picture_beside_lr_alone_is_not_taken_for_hr(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "LR/a.png", "LR/b.png", "preview.png")
    assert ids(data) == ["a", "b"]
    assert not data.has_hr


def test_other_files_are_ignored(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "a.png", "readme.txt", "a.json", ".hidden.png", ".cache/b.png", "__MACOSX/._a.png", "noext")
    assert ids(data) == ["a"]
    assert not data.warnings


def test_suffix_case_does_not_matter(pack: Pack, tmp_path: Path) -> None:
    assert ids(pack(tmp_path, "a.PNG", "b.JpG")) == ["a", "b"]


def test_only_the_last_suffix_is_taken_off(pack: Pack, tmp_path: Path) -> None:
    assert ids(pack(tmp_path, "a.b.png", "a.c.png", "000001.jpg.png")) == ["000001.jpg", "a.b", "a.c"]


@pytest.mark.parametrize("lossy", ["jpg", "JPEG", "webp", "jfif"])
@pytest.mark.parametrize("lossless", ["png", "tiff", "bmp"])
def test_lossless_picture_is_used_beside_a_lossy_one(pack: Pack, tmp_path: Path, lossy: str, lossless: str) -> None:
    data = pack(tmp_path, f"a.{lossless}", f"a.{lossy}", "b.png")
    assert ids(data) == ["a", "b"]
    assert read_hr(data) == [f"a.{lossless}", "b.png"]
    assert len(data.warnings) == 1
    assert f"a.{lossy} (" in data.warnings[0]
    assert f"a.{lossless} is used" in data.warnings[0]


def test_the_same_rule_in_hr_and_lr(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "HR/a.jpg", "HR/a.png", "LR/a.jpeg", "LR/a.tif")
    assert (read_hr(data), read_lr(data)) == (["HR/a.png"], ["LR/a.tif"])
    assert len(data.warnings) == 2


@pytest.mark.parametrize(
    "names", [("a.png", "a.bmp"), ("a.jpg", "a.webp"), ("HR/a.png", "HR/a.PNG"), ("a.jpg", "a.JPG")]
)
def test_two_pictures_of_one_name_are_refused_where_neither_is_better(pack: Pack, tmp_path: Path, names) -> None:
    with pytest.raises(UserError, match="two pictures with the same name") as caught:
        pack(tmp_path, *names)
    assert all(name in str(caught.value) for name in names)


@pytest.mark.parametrize(
    "name",
    ["two words", "-rf", "--help", "jörg", "顔　一", "Foto\u202f10.00", "👩\u200d🔬", "a'b\"c", "100%", "[x]", "$HOME"],
)
def test_any_printable_name_is_good(pack: Pack, tmp_path: Path, name: str) -> None:
    data = pack(tmp_path, f"{name}.png", "other.png")
    assert name in ids(data)
    assert not data.warnings


def test_both_unicode_forms_of_a_name_are_the_same_image(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "HR/Zoe\u0308.png", "LR/Zo\u00eb.png")
    assert ids(data) == ["Zo\u00eb"]
    assert read_hr(data) == ["HR/Zoe\u0308.png"]


@pytest.mark.parametrize("name", ["line\nbreak.png", "bell\x07.png", "tab\t.png", "para\u2029graph.png"])
def test_names_with_control_characters_are_left_out(pack: Pack, tmp_path: Path, name: str) -> None:
    data = pack(tmp_path, name, "good.png")
    assert ids(data) == ["good"]
    assert len(data.warnings) == 1
    assert data.warnings[0].isprintable()


def test_nothing_but_unusable_names_is_an_error(pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="1 pictures left out"):
        pack(tmp_path, "line\nbreak.png")


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        "/etc/evil.png",
        "a/../../evil.png",
        "..\\evil.png",
        "C:\\evil.png",
        "\\evil.png",
        "x" * 260 + ".png",
    ],
)
@pytest.mark.parametrize("top", ["", "faces/"])
def test_zip_members_that_lead_elsewhere_are_left_out(tmp_path: Path, name: str, top: str) -> None:
    path = write_zip(tmp_path / "evil.zip", {f"{top}a.png": b"1", f"{top}b.png": b"2", name: b"3"})
    data = open_dataset(str(path))
    assert ids(data) == ["a", "b"]
    assert len(data.warnings) == 1
    assert "evil" in data.warnings[0] or "xxx" in data.warnings[0]


def test_doubled_slash_does_not_make_an_absolute_id(tmp_path: Path) -> None:
    data = open_dataset(str(write_zip(tmp_path / "evil.zip", {"HR/a.png": b"1", "HR//etc/b.png": b"2"})))
    assert ids(data) == ["a", "etc/b"]


def test_backslashes_of_windows_zips_are_slashes(tmp_path: Path) -> None:
    data = open_dataset(str(write_zip(tmp_path / "windows.zip", {"HR\\ann\\1.png": b"1", "LR\\ann\\1.png": b"2"})))
    assert ids(data) == ["ann/1"]
    assert data.samples[0].identity == "ann"
    assert data.samples[0].lr is not None
    assert data.samples[0].lr.read() == b"2"


def test_leading_dot_in_member_names_does_not_matter(tmp_path: Path) -> None:
    data = open_dataset(str(write_zip(tmp_path / "dot.zip", {"./HR/a.png": b"1", "./LR/a.png": b"2"})))
    assert ids(data) == ["a"]
    assert data.samples[0].lr is not None


def test_limit_takes_the_first_in_sorted_order(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, "c.png", "a.png", "b.png")
    assert ids(data.head(2)) == ["a", "b"]
    assert ids(data.head(None)) == ids(data.head(99)) == ["a", "b", "c"]


def test_folder_and_zip_of_the_same_pictures_have_equal_digests(tmp_path: Path) -> None:
    names = ("HR/x/1.png", "HR/y/2.png", "LR/x/1.png", "LR/y/2.png")
    digests = [[s.digest() for s in pack(tmp_path, *names)] for pack in (in_folder, in_zip)]
    assert digests[0] == [s.digest() for s in in_folder(tmp_path, *names)]
    assert digests[0] == digests[1]


def test_digest_depends_on_id_content_and_side(tmp_path: Path) -> None:
    def digest(name: str, *files: str, content: bytes = b"x") -> str:
        return open_dataset(str(write_files(tmp_path / name, dict.fromkeys(files, content)))).samples[0].digest()

    all_different = {
        digest("1", "a.png"),
        digest("2", "b.png"),
        digest("3", "a.png", content=b"y"),
        digest("4", "LR/a.png"),
        digest("5", "HR/a.png", "LR/a.png"),
    }
    assert len(all_different) == 5
    assert digest("6", "HR/a.png") == digest("7", "a.jpg")
