"""A finished training becomes a weight file of the package, and its hash is declared beside it."""

from __future__ import annotations

from pathlib import Path

import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from fsrbench.provenance.file_hashes import file_hash
from reference_model.fan import FAN
from tools.ship import declare, export


def test_export_halves_weights_but_not_statistics(tmp_path: Path) -> None:
    full = {name: tensor.contiguous() for name, tensor in FAN(8).state_dict().items()}
    save_file(full, tmp_path / "weights.safetensors")
    export(tmp_path, tmp_path / "x.safetensors", "12 images, L1")
    halved = load_file(tmp_path / "x.safetensors")
    assert halved.keys() == full.keys()
    assert halved["head.weight"].dtype == torch.float16
    assert torch.allclose(halved["head.weight"].float(), full["head.weight"], atol=1e-3)
    statistics = [name for name in full if "running_" in name]
    assert statistics
    assert all(torch.equal(halved[name], full[name]) for name in statistics)
    with safe_open(tmp_path / "x.safetensors", "pt") as file:
        assert file.metadata() == {"training": "12 images, L1"}


def test_a_share_of_the_weights_can_be_another_trainings(tmp_path: Path) -> None:
    networks = [FAN(8).state_dict(), FAN(8).state_dict()]
    for place, state in enumerate(networks):
        (tmp_path / str(place)).mkdir()
        save_file(
            {name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / f"{place}/weights.safetensors"
        )
    export(tmp_path / "0", tmp_path / "x.safetensors", "", tmp_path / "1", 0.25)
    between = 0.75 * networks[0]["head.weight"] + 0.25 * networks[1]["head.weight"]
    assert torch.allclose(load_file(tmp_path / "x.safetensors")["head.weight"].float(), between, atol=1e-3)


def test_the_hash_is_declared_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "weights.yaml").write_text("# Made by hand.\nlicence: MIT\nfiles:\n  b.safetensors: '00'\n")
    file = tmp_path / "a.safetensors"
    file.write_bytes(b"numbers")
    declare(file)
    text = (tmp_path / "weights.yaml").read_text()
    assert text.startswith("# Made by hand.\nlicence: MIT\n")
    assert yaml.safe_load(text) == {"licence": "MIT", "files": {file.name: file_hash(file), "b.safetensors": "00"}}


def test_the_first_file_of_a_package_makes_the_declaration(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(b"numbers")
    declare(file)
    declared = yaml.safe_load((tmp_path / "weights.yaml").read_text())
    assert declared == {"licence": "Apache-2.0, for research", "files": {file.name: file_hash(file)}}
