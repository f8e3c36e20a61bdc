"""Checkpoints of architectures that this project never names run from their file alone, resized if necessary."""

from __future__ import annotations

import argparse
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from made import picture_files, run, write_files
from made.networks import save_enlarging_onnx
from safetensors.torch import save_file
from torch import Tensor, nn

from fsrbench.errors import Unavailable
from fsrbench.methods import checkpoints
from fsrbench.methods.checkpoints import CheckpointMethod
from fsrbench.methods.names import load_method
from fsrbench.methods.restorer import Restorer
from fsrbench.registry import Registry
from fsrbench.tasks import TASKS

pytest.importorskip("spandrel", reason="the extra [checkpoint] is not installed")
CPU = torch.device("cpu")


def plksr(scale: int = 4, seed: int = 0) -> nn.Module:
    from spandrel.architectures.PLKSR import PLKSR

    torch.manual_seed(seed)
    return PLKSR(dim=16, n_blocks=2, upscaling_factor=scale, use_ea=False)


def dncnn() -> nn.Module:
    from spandrel.architectures.DnCNN import DnCNN

    torch.manual_seed(0)
    return DnCNN(in_nc=1, out_nc=1, nc=8, nb=17, act_mode="R")


def saved(path: Path, network: nn.Module) -> Path:
    torch.save({"params_ema": network.state_dict()}, path)
    return path


def load(path: Path, task: str = "x4") -> CheckpointMethod:
    method = load_method(f"checkpoint:{path}", TASKS[task], CPU)
    assert isinstance(method, CheckpointMethod)
    return method


def lr() -> Tensor:
    return torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(2))


def test_unmentioned_architecture_runs_by_name_alone(tmp_path: Path) -> None:
    network = plksr()
    files = [saved(tmp_path / "made.pth", network), tmp_path / "made.safetensors"]
    save_file(network.state_dict(), files[1])
    names = [f"checkpoint:{file}" for file in files]
    flags = ["--limit", 3, "--metrics", "psnr,params,flops"]
    done = run("sample", tmp_path / "out", *flags, methods=",".join(["bicubic", *names]))
    assert done.code == 0, done.stderr
    assert len(done.values(names[0])) == 3
    assert done.values(names[0]) == done.values(names[1])
    assert set(done.summary.query("method == @names[0]")["status"]) == {"ok"}
    entry = done.manifest["methods"][names[0]]
    assert entry["description"].startswith("PLKSR 16dim 2nb")
    assert entry["training"] == "unknown: made.pth"
    assert len(entry["weights_sha256"]) == 64
    assert "unknown: made.pth" in (done.path / "table.md").read_text()


def wrapped(how: str, good: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, Any]:
    """What training code saves, around the tensors that are to be taken and others of the same network."""

    def named(before: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
        return {before + name: tensor for name, tensor in state.items()}

    def ema(*states: dict[str, Tensor]) -> dict[str, Tensor]:
        """The state of ema_pytorch's ``EMA``, which keeps the network in training first."""
        return {
            k: v
            for state in ({"initted": torch.tensor(True), "step": torch.tensor(70)}, *states)
            for k, v in state.items()
        }

    best = {"/x/epoch=12-step=48000.ckpt": torch.tensor(30.1)}
    lightning = {
        "epoch": 12,
        "global_step": 48000,
        "pytorch-lightning_version": "2.4.0",
        "callbacks": {"ModelCheckpoint{'monitor': 'val_psnr', 'every_n_epochs': 100000}": {"best_k_models": best}},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 13}}}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-4}]}],
        "hyper_parameters": {"lr": np.float64(1e-4), "args": argparse.Namespace(blocks=2)},
    }
    critic = named("net_d.", {"conv.weight": torch.zeros(4, 3, 3, 3)})
    return {
        "lightning": lightning | {"state_dict": named("model.", good)},
        "lightning compiled": lightning | {"state_dict": named("model._orig_mod.", good)},
        "lightning GAN": lightning | {"state_dict": named("net_g.", good) | critic},
        "lightning generator": lightning | {"state_dict": critic | named("generator.module.", good)},
        "lightning EMA": lightning | {"state_dict": named("net.", other) | named("ema_model.", good)},
        "compiled": named("_orig_mod.", good),
        "data parallel": named("module.", good),
        "both": named("module._orig_mod.", good),
        "compiled inside": named("_orig_mod.module.", good),
        "averaged model": named("module.", good) | {"n_averaged": torch.tensor(5)},
        "ema": {"ema": good, "model": other},
        "model first": {"model": other, "optimizer": {}, "ema": good},
        "params_ema": {"params": other, "params_ema": named("module.", good)},
        "g_ema": {"g": other, "g_ema": good, "d": {"conv.weight": torch.zeros(3)}},
        "state_dict_ema": {"state_dict": other, "state_dict_ema": good, "arch": "made"},
        "avg": {"net": other, "avg_net": good},
        "ema_pytorch": ema(named("online_model.", other), named("ema_model.", good)),
        "ema_pytorch in a trainer": {
            "step": 7,
            "model": other,
            "ema": ema(named("online_model.", other), named("ema_model.", good)),
        },
        "ema_pytorch in dictionaries": {"ema": {"online_model": other, "ema_model": good}},
        "ema_pytorch alone": ema(named("ema_model.", good)),
        "list": {"model": good, "ema": {"decay": 0.999, "shadow_params": list(other.values())}},
        "nested": {"weights": {"generator": {"net": good}}},
        "flat": named("params_ema.", good) | named("params.", other),
        "numpy": {name: tensor.numpy() for name, tensor in good.items()},
    }[how]  # type: ignore[return-value]


TAKEN = {
    "lightning EMA": "state_dict.ema_model taken, not state_dict.net",
    "ema": "ema taken, not model",
    "model first": "ema taken, not model",
    "params_ema": "params_ema taken, not params",
    "g_ema": "g_ema taken, not g",
    "state_dict_ema": "state_dict_ema taken, not state_dict",
    "flat": "params_ema taken, not params",
    "avg": "avg_net taken, not net",
    "ema_pytorch": "ema_model taken, not online_model",
    "ema_pytorch in a trainer": "ema.ema_model taken, not model, ema.online_model",
    "ema_pytorch in dictionaries": "ema.ema_model taken, not ema.online_model",
    "list": "ema.shadow_params holds averaged weights without names, not taken",
}
WAYS = ["lightning", "lightning compiled", "lightning GAN", "lightning generator", "compiled", "data parallel", "both"]
WAYS += ["ema_pytorch alone", "compiled inside", "averaged model", "nested", "numpy", *TAKEN]


@pytest.mark.parametrize("how", WAYS)
def test_however_training_code_saved_it(tmp_path: Path, how: str) -> None:
    network = plksr()
    torch.save(wrapped(how, network.state_dict(), plksr(seed=1).state_dict()), tmp_path / "made.pth")
    method = load(tmp_path / "made.pth")
    with torch.inference_mode():
        assert torch.allclose(method.upscale(lr()), network.eval()(lr()).clamp(0, 1), atol=1e-5)
    parts = [part for part in method.description.split("; ") if "taken" in part]
    assert parts == ([TAKEN[how]] if how in TAKEN else [])


def test_programs_and_archives_are_named_as_such(tmp_path: Path) -> None:
    class Double(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    example = (torch.zeros(1, 3, 16, 16),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(Double(), example), tmp_path / "traced.pt")
        torch.jit.save(torch.jit.script(Double()), tmp_path / "scripted.pt")
    torch.export.save(torch.export.export(Double(), example), tmp_path / "exported.pt2")
    saved(tmp_path / "made.pth", plksr())
    with zipfile.ZipFile(tmp_path / "made.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "made.pth", "weights/made.pth")
    for name, reason in (
        ("traced.pt", "is a TorchScript program and is not run"),
        ("scripted.pt", "is a TorchScript program and is not run"),
        ("exported.pt2", "is a program that torch.export saved and is not run"),
        ("made.zip", "is a zip that holds weights/made.pth; unpack it"),
    ):
        with pytest.raises(Unavailable, match=reason):
            load(tmp_path / name)


class Counter:
    """Runs code when it is unpickled by somebody who allows that."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('unpickled')",)


def test_no_code_in_a_lightning_file_is_run(tmp_path: Path) -> None:
    state = wrapped("lightning", plksr().state_dict(), {})
    torch.save(state | {"hyper_parameters": {"callback": Counter()}}, tmp_path / "made.ckpt")
    with pytest.raises(Unavailable, match=r"holds code \(exec\) and is not loaded"):
        load(tmp_path / "made.ckpt")


@pytest.mark.heavy
def test_isolated_scores_are_the_same(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    names = [f"checkpoint:{saved(tmp_path / 'm.pth', plksr())}", f"onnx:{save_enlarging_onnx(tmp_path / 'm.onnx')}"]
    flags = ("--metrics", "psnr,params")
    apart = run(data, tmp_path / "apart", *flags, "--isolate", methods=",".join(names))
    free = run(data, tmp_path / "free", *flags, methods=",".join(names))
    pd.testing.assert_frame_equal(apart.scores, free.scores, check_exact=True)
    assert apart.summary.to_csv() == free.summary.to_csv()
    assert apart.manifest["methods"] == free.manifest["methods"]


@pytest.mark.parametrize(("task", "side"), [("x4", 64), ("x8", 128)])
def test_other_scales_are_resized_and_say_so(tmp_path: Path, task: str, side: int) -> None:
    method = load(saved(tmp_path / "x2.pth", plksr(2)), task)
    assert method.upscale(lr()).shape == (3, 3, side, side)
    assert f"x2; resized LR 16 to {side // 2} px before the network" in method.description


def test_output_is_that_of_the_network_itself(tmp_path: Path) -> None:
    network = plksr().eval()
    with torch.inference_mode():
        expected = network(lr()).clamp(0, 1)
    torch.testing.assert_close(load(saved(tmp_path / "made.pth", network)).upscale(lr()), expected, atol=1e-5, rtol=0)


def test_grey_network_restores_each_colour_alone(tmp_path: Path) -> None:
    method = load(saved(tmp_path / "grey.pth", dncnn()))
    whole = method.upscale(lr())
    assert "grey: R, G and B one by one" in method.description
    grey = method.upscale(lr()[:, 1:2].expand(-1, 3, -1, -1))
    torch.testing.assert_close(grey[:, :1], whole[:, 1:2])


@pytest.mark.parametrize("spoils", ["batch", "format"])
def test_network_that_takes_no_batch_or_no_channels_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoils: str
) -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            x = self.layer(x)
            if spoils == "batch":
                return x.clamp(0, 1) * len(x)
            return x.view(-1).view(x.shape).clamp(0, 1)

    network = Odd()
    odd = Restorer("odd", network, network, scale=1)
    monkeypatch.setattr(checkpoints, "_recognise", lambda loaded, name: (plksr, odd))
    method = load(saved(tmp_path / "odd.pth", nn.Linear(1, 1)))
    both = method.upscale(lr())
    torch.testing.assert_close(both, torch.cat([method.upscale(image[None]) for image in lr()]))


def test_fingerprint_is_of_the_files_content(tmp_path: Path) -> None:
    one, same = (load(saved(tmp_path / f"{name}.pth", plksr())) for name in ("a", "b"))
    other = load(saved(tmp_path / "c.pth", plksr(seed=1)))
    assert one.fingerprint() != other.fingerprint()
    assert one.fingerprint() == load(one.path).fingerprint()
    assert set(one.files()) >= {one.path, Path(checkpoints.__file__)}
    assert same.files() != one.files()


def test_without_spandrel_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path / "made.pth", plksr())
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(Unavailable, match=r"made\.pth: spandrel.* is missing; `pip install 'fsrbench\[checkpoint\]'`"):
        load(file)


def install_reader(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, code: str) -> None:
    """The only checkpoint reader of a plug-in: ``read`` of a module."""
    monkeypatch.syspath_prepend(folder)
    (folder / f"{module}.py").write_text(code)
    monkeypatch.setattr(checkpoints, "READERS", Registry("checkpoint reader", {"made": f"{module}:read"}))


def test_reader_of_a_plug_in_comes_first_and_its_failure_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def read(loaded):\n    raise KeyError('what\\nis this')\n"
    install_reader(tmp_path, monkeypatch, "made_reader", code)
    with pytest.raises(Unavailable, match=r"made\.pth does not fit its network: KeyError"):
        load(saved(tmp_path / "made.pth", plksr()))


def test_plug_in_that_cannot_be_imported_does_not_affect_files_that_another_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_reader(tmp_path, monkeypatch, "made_broken", "import package_that_is_not_there\n")
    file = saved(tmp_path / "made.pth", plksr())
    assert load(file).description.startswith("PLKSR")
    reason = "checkpoint reader made needs a package that is not installed: .*package_that_is_not_there"
    with pytest.raises(Unavailable, match=f"an unknown architecture; .*; {reason}"):
        load(saved(tmp_path / "unknown.pth", nn.Linear(1, 1)))
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(Unavailable, match=f"spandrel.* is missing; .*{reason}"):
        load(file)


def test_changed_file_is_scored_anew(tmp_path: Path) -> None:
    data, file = write_files(tmp_path / "data", picture_files(["a.png"])), tmp_path / "made.pth"
    name = f"checkpoint:{file}"
    found = []
    for seed in (0, 1):
        saved(file, plksr(seed=seed))
        found.append(run(data, tmp_path / "out", "--metrics", "psnr", methods=name).values(name)["a"])
    assert found[0] != found[1]
