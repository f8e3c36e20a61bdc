"""Names of the user's own for methods, in every way that they are written."""

from __future__ import annotations

import pytest

from fsrbench.errors import UserError
from fsrbench.files.lists import names_in
from fsrbench.files.named_methods import MOST, NotAMethod, as_texts, named_methods, split_label


@pytest.mark.parametrize(
    ("text", "name", "method"),
    [
        ("bicubic", "bicubic", "bicubic"),
        ("cubic=bicubic", "cubic", "bicubic"),
        ("codeformer=images:SR/codeformer", "codeformer", "images:SR/codeformer"),
        ("images:lr=1e-4/x", "images:lr=1e-4/x", "images:lr=1e-4/x"),
        ("a=images:lr=1e-4,b", "a", "images:lr=1e-4,b"),
        ("CodeFormer w=0.5=images:SR", "CodeFormer w=0.5", "images:SR"),
        ("net = python:my.module:Net", "net", "python:my.module:Net"),
        ("w=checkpoint:C:\\nets\\a.pth", "w", "checkpoint:C:\\nets\\a.pth"),
    ],
)
def test_a_text_is_a_name_and_a_method(text: str, name: str, method: str) -> None:
    assert split_label(text) == (name, method)
    assert split_label(as_texts({name: method})[0]) == (name, method)


def test_every_way_of_writing_them_gives_the_same() -> None:
    named = {"codeformer": "images:SR/c", "bicubic": "bicubic", "w 0.5": "onnx:w.onnx"}
    assert named_methods(named) == named
    assert named_methods(["codeformer=images:SR/c", "bicubic", "w 0.5=onnx:w.onnx"]) == named
    assert named_methods([{"codeformer": "images:SR/c"}, "bicubic", {"w 0.5": "onnx:w.onnx"}]) == named
    assert named_methods(as_texts(named)) == named
    assert named_methods(["a", "", "a", "b=x", "b=x"]) == {"a": "a", "b": "x"}


def test_a_comma_in_a_path_behind_a_name_separates_nothing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("made")
    (folder / "sr,v2").mkdir()
    monkeypatch.chdir(folder)
    assert names_in("a=images:sr,v2,bicubic") == ["a=images:sr,v2", "bicubic"]
    assert names_in("c=bicubic,a=images:sr,v2") == ["c=bicubic", "a=images:sr,v2"]
    assert names_in('"a=images:no,such",bicubic') == ["a=images:no,such", "bicubic"]


@pytest.mark.parametrize(
    ("given", "reason", "place"),
    [
        (["=images:a"], "'' is not a valid name for images:a", (0,)),
        (["bicubic", "a="], "'a' names no method", (1,)),
        ({"a": 3}, "'a' names no method", ("a",)),
        ({3: "bicubic"}, "'3' names no method", (3,)),
        ({"a:b": "bicubic"}, "'a:b' is not a valid name for bicubic", ("a:b",)),
        ({"a,b": "bicubic"}, "'a,b' is not a valid name for bicubic", ("a,b",)),
        ({" a": "bicubic"}, "' a' is not a valid name", (" a",)),
        ({"a\nb": "bicubic"}, "is not a valid name", ("a\nb",)),
        ({"a" * (MOST + 1): "bicubic"}, "too long a name for bicubic", ("a" * (MOST + 1),)),
        ([3], "must be a valid string, METHOD or NAME=METHOD, or NAME: METHOD", (0,)),
        (3, "must be a list of methods", ()),
    ],
)
def test_what_names_no_method_is_refused_with_its_place(given: object, reason: str, place: tuple[object, ...]) -> None:
    with pytest.raises(NotAMethod) as caught:
        named_methods(given)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.place == place


def test_one_name_is_one_method() -> None:
    with pytest.raises(UserError, match="two methods are called a: images:x and images:y; give each a name"):
        named_methods(["a=images:x", "a=images:y"])
