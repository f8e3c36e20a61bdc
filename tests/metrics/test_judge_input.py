"""The input of a judge in an ONNX file: declared, usual, or found by trying on the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.networks import save_pooling_onnx

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.metrics.extractors.descriptors import ArcfaceDescriptor
from fsrbench.metrics.judge_input import JudgeInput, _area, declared_input, find_input
from fsrbench.metrics.verification import VerificationArcface

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")


def recognises(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    """A network that knows people by the brightness of fields, where a picture lies between two values alone."""

    def describe(chip: np.ndarray) -> np.ndarray:
        x = (chip - low) / (high - low)  # RGB in [0, 1] where it is fed rightly
        if not (x.min() > -0.1 and x.max() < 1.1 and x.max() - x.min() > 0.3):
            return np.random.default_rng(int(1e3 * abs(float(chip.sum())))).normal(size=8)
        fields = x.reshape(3, 7, 16, 7, 16).mean(axis=(2, 4)).ravel()
        return np.asarray(fields - fields.mean())

    return describe


@pytest.mark.parametrize(("low", "high", "range_"), [(0, 255, "0,255"), (0, 1, "0,1"), (-1, 1, "-1,1")])
def test_the_range_is_found_on_the_sample(low: float, high: float, range_: str) -> None:
    fed = find_input(recognises(low, high))
    assert fed.range == range_
    assert ("found by trying on the sample" in fed.source) == (range_ != "-1,1")


def test_a_network_that_recognises_nobody_gets_the_usual_input() -> None:
    rng = np.random.default_rng(0)
    assert find_input(lambda chip: rng.normal(size=16)).range == "-1,1"
    assert find_input(lambda chip: np.full(4, np.nan)).range == "-1,1"


def test_the_area_is_1_for_known_people_and_half_for_noise() -> None:
    rng = np.random.default_rng(0)
    assert _area(lambda chip: rng.normal(size=64), JudgeInput()) == pytest.approx(0.5, abs=0.2)
    assert _area(recognises(-1, 1), JudgeInput()) > 0.75


@pytest.mark.parametrize(("range_", "low", "high"), [("0,255", 0, 255), ("0,1", 0, 1), ("-1,1", -1, 1)])
@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_what_is_declared_is_fed(range_: str, low: float, high: float, order: str) -> None:
    fed = declared_input({"fsrbench.range": range_, "fsrbench.order": order}, "a.onnx")
    assert fed == JudgeInput(range_, order, "declared by the file")
    chips = np.random.default_rng(0).random((2, 3, 4, 4))
    expected = chips * (high - low) + low
    np.testing.assert_allclose(fed.convert(chips), expected[:, [2, 1, 0]] if order == "BGR" else expected, rtol=1e-6)


def test_no_declaration_is_none_and_nonsense_is_refused() -> None:
    assert declared_input({"fsrbench.order": "BGR"}, "a.onnx") is None
    for key, value in (("range", "0,2"), ("order", "GRB")):
        with pytest.raises(Unavailable, match=f"a.onnx: metadata fsrbench.{key} is '{value}'"):
            declared_input({f"fsrbench.{key}": value}, "a.onnx")


# --- files


def changed(path: Path, change: Callable[[Any], None]) -> Path:
    model = onnx.load(str(path))
    change(model)
    onnx.save(model, str(path))
    return path


def landmarks() -> dict[str, np.ndarray]:
    return {"landmarks": np.random.default_rng(0).uniform(20, 90, (1, 68, 2))}


def described(path: Path, picture: Any) -> np.ndarray:
    with weights.override({"arcface": path}):
        return ArcfaceDescriptor().extract(picture, landmarks())["descriptor"]


def test_a_declared_input_reaches_the_network_and_the_protocol(tmp_path: Path) -> None:
    import torch

    picture = torch.rand(1, 3, 64, 64, generator=torch.manual_seed(0))
    metadata = {"fsrbench.range": "0,255", "fsrbench.order": "BGR"}
    plain = save_pooling_onnx(tmp_path / "plain.onnx")
    file = changed(save_pooling_onnx(tmp_path / "declared.onnx"), lambda m: onnx.helper.set_model_props(m, metadata))
    # Averages are linear: each value v of the usual descriptor is a v + b here, the channels the other way round
    first = described(plain, picture)[0].reshape(3, 49)[::-1].ravel()
    second = described(file, picture)[0]
    scale = np.linalg.lstsq(np.stack([first, np.ones(147)], 1), second, rcond=None)
    np.testing.assert_allclose(np.stack([first, np.ones(147)], 1) @ scale[0], second, atol=1e-6)
    with weights.override({"arcface": file}):
        assert "BGR in [0, 255] (declared by the file)" in VerificationArcface().protocol


def test_outputs_that_are_not_flat_or_not_first_are_taken(tmp_path: Path) -> None:
    import torch

    picture = torch.rand(1, 3, 64, 64, generator=torch.manual_seed(0))
    plain = described(save_pooling_onnx(tmp_path / "plain.onnx"), picture)

    def unflat(model: Any) -> None:
        del model.graph.node[1]
        del model.graph.output[:]
        shape = onnx.helper.make_tensor_value_info("pooled", onnx.TensorProto.FLOAT, ["n", 3, 7, 7])
        model.graph.output.append(shape)

    np.testing.assert_array_equal(described(changed(save_pooling_onnx(tmp_path / "u.onnx"), unflat), picture), plain)

    def second(model: Any) -> None:
        norm = onnx.helper.make_node("ReduceL2", ["y"], ["norm"], axes=[1])
        model.graph.node.append(norm)
        shapes = [onnx.helper.make_tensor_value_info("norm", onnx.TensorProto.FLOAT, None), model.graph.output[0]]
        del model.graph.output[:]
        model.graph.output.extend(shapes)
        onnx.helper.set_model_props(model, {"fsrbench.output": "y"})

    np.testing.assert_array_equal(described(changed(save_pooling_onnx(tmp_path / "s.onnx"), second), picture), plain)
