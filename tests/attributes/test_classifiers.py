"""Classifiers that users plug in, and what is said of those that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made.classifiers import COLOURS, write_onnx

from fsrbench.attributes.classifiers import OnnxClassifier, find_classifier
from fsrbench.errors import FsrbenchError

PICTURES = np.zeros((3, 20, 30, 3), np.uint8)
PICTURES[np.arange(3), :, :, np.arange(3)] = 200


@pytest.mark.parametrize("name", ["strongest", "Strongest"])
def test_functions_and_classes_of_python(name: str) -> None:
    assert find_classifier(f"python:made.classifiers:{name}")(PICTURES) == list(COLOURS)


def test_a_network_reads_range_order_and_the_place_of_its_scores(tmp_path: Path) -> None:
    file = write_onnx(tmp_path / "a.onnx", first="2")
    assert find_classifier(f"onnx:{file}")(PICTURES) == list(COLOURS)
    turned = write_onnx(tmp_path / "b.onnx", first="2", order="BGR", range="0,255")
    assert find_classifier(f"onnx:{turned}")(PICTURES) == ["blue", "green", "red"]
    first = write_onnx(tmp_path / "c.onnx", classes="a,b")
    assert find_classifier(f"onnx:{first}")(PICTURES) == ["a"] * 3


def test_pictures_are_prepared_as_declared(tmp_path: Path) -> None:
    file = write_onnx(tmp_path / "a.onnx", mean="0.485,0.456,0.406", std="0.229,0.224,0.225")
    given = OnnxClassifier(file).prepare(PICTURES[0])
    assert (given.shape, given.dtype) == ((1, 3, 8, 8), np.float32)
    expected = (np.array([200 / 255, 0, 0]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert given[0, :, 4, 4] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("strongest", "write python:pkg.module:Name or onnx:FILE"),
        ("python:", "write python:pkg.module:Name or onnx:FILE"),
        ("python:made.classifiers:nothing", "made.classifiers has no nothing"),
        ("python:made.classifiers:number", "is neither a function nor a class whose objects can be called"),
        ("python:made.classifiers:too_few", "returned 1 labels for 3 pictures"),
        ("python:made.classifiers:broken", "ValueError: no such picture"),
        ("onnx:/nowhere.onnx", "/nowhere.onnx does not exist"),
    ],
)
def test_invalid_classifiers_are_refused(name: str, reason: str) -> None:
    with pytest.raises(FsrbenchError, match=reason) as caught:
        find_classifier(name)(PICTURES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("classes", "metadata", "reason"),
    [
        ("", {}, "fsrbench.classes must name at least two classes"),
        ("a,b", {"range": "0,2"}, "fsrbench.range is '0,2'"),
        ("a,b", {"mean": "x"}, "fsrbench.mean is 'x', not one number or three"),
        ("a,b", {"mean": "inf"}, "fsrbench.mean is 'inf', not one number or three"),
        ("a,b", {"std": "1,0,1"}, "fsrbench.std is '1,0,1', not above 0"),
        ("a,b,c,d", {"first": "2"}, "returns 3 scores for 4 classes"),
    ],
)
def test_networks_with_incomplete_metadata_are_refused(
    tmp_path: Path, classes: str, metadata: dict[str, str], reason: str
) -> None:
    file = write_onnx(tmp_path / "a.onnx", classes, **metadata)
    with pytest.raises(FsrbenchError, match=reason):
        find_classifier(f"onnx:{file}")(PICTURES)


def test_scores_that_are_no_numbers_are_no_class(tmp_path: Path) -> None:
    file = write_onnx(tmp_path / "a.onnx", "a,b", other=(float("nan"), 0.0))
    with pytest.raises(FsrbenchError, match="scores that are NaN"):
        find_classifier(f"onnx:{file}")(PICTURES)


def test_a_network_of_two_inputs_is_refused(tmp_path: Path) -> None:
    import onnx

    file = write_onnx(tmp_path / "a.onnx")
    model = onnx.load(file)
    model.graph.input.append(onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1]))
    onnx.save(model, file)
    with pytest.raises(FsrbenchError, match=r"a\.onnx takes .* and y .*, not one picture"):
        find_classifier(f"onnx:{file}")
