"""One text for each kind of unknown name, wherever it is asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fsrbench.errors import UserError, one_of, unknown_name
from fsrbench.tasks import TASKS, find_task


def test_near_names_are_suggested_and_else_all_are_listed() -> None:
    assert unknown_name("fruit", "Appel", ["apple", "plum"]) == "unknown fruit 'Appel'; did you mean apple?"
    assert unknown_name("fruit", "zzz", ["plum", "apple"]) == "unknown fruit 'zzz'; known: apple, plum"


def test_a_choice_of_few_lists_them_in_their_order() -> None:
    one_of("format", "md", ("md", "csv"))
    with pytest.raises(UserError, match=r"^unknown format 'text'; known: md, csv$"):
        one_of("format", "text", ("md", "csv"))


def _degrade(task: str, folder: Path) -> object:
    from fsrbench.datasets.degrade import make_request

    return make_request("sample", f"{folder}/", "bicubic", task, 0, 1)


def _show(task: str, folder: Path) -> object:
    from fsrbench.datasets import open_dataset
    from fsrbench.datasets.show import draw_sheet

    return draw_sheet(open_dataset("sample").head(1), None, task, folder / "sheet.png")


def _export(task: str, folder: Path) -> object:
    from fsrbench.methods.export import export

    return export("bicubic", task, "onnx", folder / "x.onnx")


@pytest.mark.parametrize("ask", [lambda task, _: find_task(task), _degrade, _show, _export])
def test_an_unknown_task_has_the_same_message_everywhere(ask: Callable[[str, Path], object], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^unknown task 'x3'; write x4, x8 or LRxSCALE, e.g. 128x4 or 512x1$"):
        ask("x3", tmp_path)
    assert find_task("x8") is TASKS["x8"]
