"""Hashes of files, and of the files that an ONNX graph keeps its tensors in."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from made.networks import save_enlarging_onnx

from fsrbench import weights
from fsrbench.provenance.file_hashes import file_hash, file_parts, hash_of_all


def saved(folder: Path, *locations: str, in_branch: bool = False) -> Path:
    """A graph whose tensors lie in files of these names; in a branch of the graph, if asked for."""
    onnx = pytest.importorskip("onnx")
    folder.mkdir(exist_ok=True)
    model = onnx.load(save_enlarging_onnx(folder / "net.onnx"))
    for number, location in enumerate(locations):
        tensor = onnx.numpy_helper.from_array(np.full(4, number, np.float32), f"t{number}")
        onnx.external_data_helper.set_external_data(tensor, location)
        (folder / location).parent.mkdir(parents=True, exist_ok=True)
        (folder / location).write_bytes(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        if in_branch:
            inner = onnx.helper.make_graph([onnx.helper.make_node("Constant", [], ["c"], value=tensor)], "b", [], [])
            model.graph.node.append(onnx.helper.make_node("If", ["cond"], ["z"], then_branch=inner, else_branch=inner))
        else:
            model.graph.initializer.append(tensor)
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    return folder / "net.onnx"


NAMES = ["net.onnx.data", "net.onnx_data", "weights.bin", "a/b/c d", "x" * 200, "Gewichte-\u00e4.bin"]


@pytest.mark.parametrize("in_branch", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_graphs_other_files_are_found_whatever_they_are_called(tmp_path: Path, name: str, in_branch: bool) -> None:
    path = saved(tmp_path / "net", name, in_branch=in_branch)
    assert file_parts(path) == [path, path.parent / name]
    before = file_hash(path)
    (path.parent / name).write_bytes(b"\1" * 16)
    assert file_hash(path) != before


def test_all_files_count_each_in_its_place(tmp_path: Path) -> None:
    path = saved(tmp_path / "net", "one", "two")
    digests = [hashlib.sha256((path.parent / name).read_bytes()).hexdigest() for name in ("net.onnx", "one", "two")]
    assert file_hash(path) == hashlib.sha256("\n".join(digests).encode()).hexdigest()
    one, two = ((path.parent / name).read_bytes() for name in ("one", "two"))
    (path.parent / "one").write_bytes(two)
    (path.parent / "two").write_bytes(one)
    assert file_hash(path) == hashlib.sha256("\n".join([digests[0], digests[2], digests[1]]).encode()).hexdigest()


def test_a_link_to_a_graph_finds_what_lies_beside_the_graph(tmp_path: Path) -> None:
    path = saved(tmp_path / "net", "one")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "net.onnx").symlink_to(path)
    assert file_parts(tmp_path / "links" / "net.onnx") == [tmp_path / "links" / "net.onnx", path.parent / "one"]


@pytest.mark.parametrize("content", [b"", b"weights", b"\n\x08location\x12", b"\n\x08location\x12\x03a\0b"])
def test_the_hash_of_a_file_alone_is_its_sha256(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    assert file_hash(tmp_path / "w") == hash_of_all([tmp_path / "w"]) == hashlib.sha256(content).hexdigest()


def test_a_judges_other_file_counts(tmp_path: Path) -> None:
    path = saved(tmp_path / "net", "rec.onnx_data")
    with weights.override({"arcface": path}):
        before = weights.sha256("arcface")
        assert weights.files("arcface") == [path, path.parent / "rec.onnx_data"]
        (path.parent / "rec.onnx_data").write_bytes(b"\1" * 16)
        assert weights.sha256("arcface") != before
