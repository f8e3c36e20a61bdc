"""SRC of the command line: a name, a folder, a zip, or one line that says why it is none of them."""

from pathlib import Path

import pytest
from made import picture_files, write_files, write_zip

from fsrbench import datasets
from fsrbench.datasets import Dataset, open_dataset
from fsrbench.errors import UserError
from fsrbench.registry import Registry


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("smaple", "unknown dataset 'smaple'; did you mean sample?; and no folder or zip of that name"),
        ("SAMPLE", "did you mean sample"),
        ("no/such/folder", "no/such/folder does not exist"),
        ("missing.zip", "missing.zip does not exist"),
        ("", "unknown dataset ''"),
        ("~nobody-of-this-name/faces", "cannot open ~nobody-of-this-name/faces"),
        ("x" * 5000, "cannot open|unknown dataset"),
        ("nul\0byte", "unknown dataset|cannot open"),
    ],
)
def test_missing_source_gives_one_line(
    source: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, picture_files(["a.png"]))
    monkeypatch.chdir(tmp_path)  # an empty name must not mean the folder one is in
    with pytest.raises(UserError) as caught:
        open_dataset(source)
    assert any(part in str(caught.value) for part in reason.split("|"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("names", [[], ["readme.txt", "b.heic"], [".a.png"], ["__MACOSX/a.png"]])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_source_without_pictures_says_what_is_expected(tmp_path: Path, names: list[str], kind: str) -> None:
    content = dict.fromkeys(names, b"x")
    source = write_files(tmp_path / "f", content) if kind == "folder" else write_zip(tmp_path / "z.zip", content)
    with pytest.raises(UserError, match=r"no pictures in .*; expected .*\.jpg.*\.png"):
        open_dataset(str(source))


def test_zip_needs_no_suffix(tmp_path: Path) -> None:
    assert len(open_dataset(str(write_zip(tmp_path / "faces", {"a.png": b"1"})))) == 1


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path / "faces", {"a.png": b"1"})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [s.id for s in open_dataset("~/faces")] == ["a"]


def test_name_wins_over_a_folder_and_a_path_over_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path / "sample", {"mine.png": b"1"})
    monkeypatch.chdir(tmp_path)
    assert [s.id for s in open_dataset("./sample")] == ["mine"]
    assert open_dataset("sample").name == "sample"


def gives_a_list() -> object:
    return []


def raises() -> object:
    raise RuntimeError("the disk\nis gone")


def good() -> Dataset:
    return Dataset("good", ())


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = {f.__name__: f"plugin:{f.__name__}" for f in (gives_a_list, raises, good)}
    module = type(datasets)("plugin")
    module.__dict__.update({f.__name__: f for f in (gives_a_list, raises, good)})
    monkeypatch.setitem(__import__("sys").modules, "plugin", module)
    monkeypatch.setattr(datasets, "DATASETS", Registry("dataset", targets))


@pytest.mark.usefixtures("plugins")
def test_dataset_of_another_package_is_opened() -> None:
    assert open_dataset("good").name == "good"


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gives_a_list", "returns list, not a fsrbench.datasets.Dataset"),
        ("raises", "cannot be opened: RuntimeError: the disk$"),
    ],
)
def test_bad_dataset_of_another_package_gives_one_line(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        open_dataset(name)
