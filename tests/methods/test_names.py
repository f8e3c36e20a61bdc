"""Methods are found by name or path, and say what they are."""

from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch
from made import call
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from fsrbench import evaluate
from fsrbench.errors import FsrbenchError, Unavailable, UserError
from fsrbench.methods.base import METHODS, Method, describe
from fsrbench.methods.names import find_method, load_method
from fsrbench.tasks import TASKS, Task, find_task

CPU = torch.device("cpu")


class Blocks(Method):
    """Every pixel a block.

    And more about it.
    """

    def upscale(self, lr: Tensor) -> Tensor:
        return nn.functional.interpolate(lr, scale_factor=4)


class Undescribed(Blocks):
    tasks = ("x8",)

    def upscale(self, lr: Tensor) -> Tensor:
        return nn.functional.interpolate(lr, scale_factor=8)


class AnySide(Blocks):
    """Any LR side."""

    tasks, any_side = ("x4", "32x4", "x8"), True


class Abstract(Method):
    """Forgot to write upscale."""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that can be imported as ``mine``."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "mine.py"
    __import__("sys").modules.pop("mine", None)


@pytest.mark.parametrize("name", ["nearest", "bilinear", "bicubic", "lanczos", "ours", "scgan", "progressive"])
def test_registered_methods_are_found(name: str) -> None:
    assert issubclass(find_method(name), Method)
    assert describe(find_method(name))


def test_every_registered_method_has_a_name_of_its_own() -> None:
    assert len({find_method(name) for name in METHODS.names()}) == len(METHODS.names())


def test_nothing_but_the_listed_packages_registers_methods() -> None:
    assert set(METHODS.names()) >= {p.name for p in metadata.entry_points(group="fsrbench.methods")}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bicubik", "unknown method 'bicubik'; did you mean bicubic"),
        ("BICUBIC", "did you mean bicubic"),
        ("qqq", "known: .*bicubic.*ours"),
        ("pyhton:a.b:C", "unknown kind of method 'pyhton'.*did you mean python:...?"),
        ("my_method:enlarge", "from a module of yours: python:my_method:enlarge"),
        ("python:", "unknown method|python:pkg"),
        ("python:torch", "'torch' is not package.module:Name"),
        ("python:torch:nothing_here", "torch has no nothing_here"),
        ("python:not_there:C", "no module not_there"),
        (
            "python:torch.nn:Linear",
            "is not an fsrbench.Method, function or network; name an object of the class",
        ),
        ("python:math:sqrt", "is not an fsrbench.Method"),
        ("python:math:pi", "is not an fsrbench.Method"),
    ],
)
def test_wrong_name_is_one_line(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        find_method(name)
    assert "\n" not in str(caught.value)


def test_method_by_path(module: Path) -> None:
    module.write_text("from fsrbench.methods import Method\nclass Mine(Method):\n    'Mine.'\n    upscale = None\n")
    assert find_method("python:mine:Mine").__name__ == "Mine"


def test_method_in_a_module_that_raises(module: Path) -> None:
    module.write_text("raise RuntimeError('no GPU here')")
    with pytest.raises(FsrbenchError, match="RuntimeError: no GPU here") as caught:
        find_method("python:mine:Mine")
    assert not isinstance(caught.value, UserError)


def test_load_method_loads_for_the_task(module: Path) -> None:
    module.write_text(
        "from fsrbench.methods import Method\n"
        "class Mine(Method):\n"
        "    def load(self, task, device): self.got = task.hr_size, device\n"
        "    def upscale(self, lr): return lr\n"
    )
    method = load_method("python:mine:Mine", TASKS["x8"], CPU)
    assert method.got == (128, CPU)  # type: ignore[attr-defined]


def test_task_that_a_method_cannot_do_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsrbench.methods.names.find_method", lambda name: Undescribed)
    with pytest.raises(Unavailable, match="thing does x8, not x4"):
        load_method("thing", TASKS["x4"], CPU)
    assert isinstance(load_method("thing", TASKS["x8"], CPU), Undescribed)


def test_class_without_upscale_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="upscale"):
        Abstract()  # type: ignore[abstract]


def test_description_is_the_first_line_and_never_another_class_s() -> None:
    assert Blocks().description == "Every pixel a block."
    assert Undescribed().description == ""


def test_fingerprint_tells_classes_apart_and_is_stable() -> None:
    assert Blocks().fingerprint() == Blocks().fingerprint()
    assert Blocks().fingerprint() != Undescribed().fingerprint()


def test_fingerprint_changes_with_the_weights(tmp_path: Path) -> None:
    method = Blocks()
    without = method.fingerprint()
    method.weights = tmp_path / "w"
    method.weights.write_bytes(b"1")
    first = method.fingerprint()
    method.weights.write_bytes(b"2")
    assert len({without, first, method.fingerprint()}) == 3


def test_fingerprint_changes_with_the_code_of_the_class_or_its_base(module: Path) -> None:
    code = "from fsrbench.methods import Method\nclass Base(Method):\n    def upscale(self, lr): return lr\n"
    module.write_text(code)

    class Derived(find_method("python:mine:Base")):  # type: ignore[misc]
        pass

    before = Derived().fingerprint()
    module.write_text(code.replace("return lr", "return lr * 2"))
    assert Derived().fingerprint() != before


BLOCK = "from torch import nn\nclass Block(nn.Conv2d):\n    def forward(self, x): return super().forward(x)\n"


def test_fingerprint_changes_with_the_code_of_a_layer_or_its_base(module: Path) -> None:
    module.write_text(BLOCK)

    class Derived(__import__("mine").Block):  # type: ignore[misc]
        pass

    method, without = Blocks(), Blocks()
    method.network = nn.Sequential(nn.ReLU(), nn.Sequential(Derived(3, 3, 1)))
    before = method.fingerprint()
    assert before == method.fingerprint()
    assert module in method.files()
    assert not any("torch" in file.parts for file in method.files())  # of which the version tells
    module.write_text(BLOCK.replace("forward(x)", "forward(x) + 1"))
    assert method.fingerprint() != before
    assert without.fingerprint() == Blocks().fingerprint()


@pytest.mark.parametrize(
    ("held", "known"),
    [
        ({}, False),
        ({"settings": ""}, True),
        ({"network": nn.Conv2d(3, 3, 1)}, True),
        ({"kernels": {"x4": [torch.ones(3)]}}, True),
        ({"gain": 0.5}, False),  # read from somewhere, beside what else?
        ({"handle": object()}, False),
        ({"handle": memoryview(b""), "network": nn.Conv2d(3, 3, 1)}, False),
        ({"handle": memoryview(b""), "settings": ""}, False),
        ({"handle": memoryview(b""), "settings": "", "weights": Path(__file__)}, True),
    ],
)
def test_pictures_are_reused_only_if_everything_is_visible_or_declared(held: dict[str, Any], known: bool) -> None:
    method = Blocks()
    vars(method).update(held)
    assert method.is_known() == known


def test_another_packages_settings_are_not_those_of_a_class_that_derives_from_it() -> None:
    class Derived(find_method("bicubic")):  # type: ignore[misc]
        def upscale(self, lr: torch.Tensor) -> torch.Tensor:
            return super().upscale(lr)

    assert find_method("bicubic")().is_known()
    assert not Derived().is_known()
    Derived.settings = ""
    assert Derived().is_known()


@pytest.mark.parametrize(
    ("held", "only_files"),
    [({"settings": ""}, False), ({"network": nn.Conv2d(3, 3, 1)}, False), ({}, True), ({"size": 3}, True)],
)
def test_a_run_is_shown_without_the_method_only_if_it_depends_on_files_alone(
    held: dict[str, Any], only_files: bool
) -> None:
    class Declared(Blocks):
        settings = "" if "settings" not in held else None

    method = Declared()
    vars(method).update(held)
    assert method.depends_only_on_files() == only_files


def test_two_networks_of_two_files_both_count(tmp_path: Path) -> None:
    method = Blocks()
    files = [saved(tmp_path / f"{name}.safetensors", nn.Conv2d(3, 3, 1)) for name in "ab"]
    for file in files:
        method.load_network(nn.Conv2d(3, 3, 1), file, CPU)
    assert method.weight_files() == files
    before = method.fingerprint()
    saved(files[0], nn.Conv2d(3, 3, 1))
    assert method.fingerprint() != before


def test_layer_made_in_a_shell_is_never_taken_for_another() -> None:
    made: dict[str, type[nn.Module]] = {}
    exec("class Typed(Module):\n    pass", {"Module": nn.Module, "__name__": "__shell__"}, made)
    method = Blocks()
    method.network = nn.Sequential(made["Typed"]())
    assert method.fingerprint() != method.fingerprint()


def test_class_made_in_a_shell_has_a_fingerprint() -> None:
    made: dict[str, type[Method]] = {}
    exec(
        "class Typed(Method):\n    def upscale(self, lr): return lr", {"Method": Method, "__name__": "__shell__"}, made
    )
    assert made["Typed"]().fingerprint()


def saved(path: Path, network: nn.Module, half: bool = False, training: str | None = None) -> Path:
    state = {k: v.half() if half else v for k, v in network.state_dict().items()}
    save_file(state, path, {"training": training} if training else None)
    return path


@pytest.mark.parametrize("half", [False, True])
def test_network_is_loaded_in_float32_ready_for_inference(tmp_path: Path, half: bool) -> None:
    trained = nn.Conv2d(3, 3, 3)
    method = Blocks()
    method.load_network(nn.Conv2d(3, 3, 3), saved(tmp_path / "w.safetensors", trained, half, "20 steps"), CPU)
    assert isinstance(method.network, nn.Conv2d)
    assert method.network.weight.dtype == torch.float32
    assert torch.allclose(method.network.weight, trained.weight, atol=1e-3)
    assert not method.network.training
    assert not method.network.weight.requires_grad
    assert method.weights == tmp_path / "w.safetensors"
    assert method.training == "20 steps"


class Interpolated(Blocks):
    """Nothing in it was learned, and it says so."""

    training = "none"


class Hidden(Blocks):
    """A network where nobody looks for it."""

    model = nn.Conv2d(3, 3, 3)


def test_parameters_that_nobody_can_count_are_not_0() -> None:
    assert Interpolated().count_parameters() == 0
    assert Hidden().count_parameters() is None
    assert Hidden().training == "unknown"
    found = Hidden()
    found.network = found.model
    assert found.count_parameters() == 84


def test_missing_weights_are_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"gone\.safetensors does not exist"):
        Blocks().load_network(nn.Conv2d(3, 3, 3), tmp_path / "gone.safetensors", CPU)


@pytest.mark.parametrize("content", [b"", b"no safetensors", b"\xff" * 100])
def test_damaged_weights_are_unavailable_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(Unavailable, match=r"w\.safetensors does not fit the network") as caught:
        Blocks().load_network(nn.Conv2d(3, 3, 3), tmp_path / "w.safetensors", CPU)
    assert "\n" not in str(caught.value)


def test_a_network_can_be_made_from_its_file(tmp_path: Path) -> None:
    trained = nn.Conv2d(3, 7, 3)
    method = Blocks()

    def fitting(tensors: Mapping[str, Tensor]) -> nn.Module:
        return nn.Conv2d(3, len(tensors["bias"]), 3)

    method.load_network(fitting, saved(tmp_path / "w.safetensors", trained), CPU)
    assert method.network is not None
    assert torch.equal(method.network.weight, trained.weight)
    averaged = {"model": nn.Conv2d(3, 5, 3).state_dict(), "params_ema": trained.state_dict()}
    torch.save(averaged, tmp_path / "w.pth")
    method.load_network(fitting, tmp_path / "w.pth", CPU)
    assert torch.equal(method.network.weight, trained.weight)


def test_a_discriminators_average_is_passed_over(tmp_path: Path) -> None:
    trained, discriminator = nn.Conv2d(3, 7, 3), nn.Sequential(nn.Conv2d(3, 7, 3), nn.Linear(2, 1))

    def fitting(tensors: Mapping[str, Tensor]) -> nn.Module:
        return nn.Conv2d(3, len(tensors["bias"]), 3)

    weights = {"d_ema": discriminator.state_dict(), "g": nn.Conv2d(3, 7, 3).state_dict(), "g_ema": trained.state_dict()}
    torch.save(weights, tmp_path / "w.pth")
    for network in (fitting, nn.Conv2d(3, 7, 3)):
        method = Blocks()
        method.load_network(network, tmp_path / "w.pth", CPU)
        assert method.network is not None
        assert torch.equal(method.network.weight, trained.weight)
        assert method.training.endswith("g_ema taken, not g")
    torch.save({"d_ema": discriminator.state_dict()}, tmp_path / "alone.pth")
    with pytest.raises(Unavailable, match=r"alone\.pth does not fit the network: 'bias'"):
        Blocks().load_network(fitting, tmp_path / "alone.pth", CPU)


def test_weights_that_torch_saved_are_loaded(tmp_path: Path) -> None:
    network = nn.Conv2d(3, 3, 3)
    torch.save(network.state_dict(), tmp_path / "w.pth")
    method = Blocks()
    method.load_network(nn.Conv2d(3, 3, 3), tmp_path / "w.pth", CPU)
    assert method.network is not None
    assert torch.equal(method.network.weight, network.weight)
    torch.save(network, tmp_path / "code.pth")
    with pytest.raises(Unavailable, match=r"holds code .* save its state_dict\(\) alone"):
        method.load_network(nn.Conv2d(3, 3, 3), tmp_path / "code.pth", CPU)


def test_weights_of_another_network_are_unavailable(tmp_path: Path) -> None:
    file = saved(tmp_path / "w.safetensors", nn.Conv2d(3, 5, 3))
    method = Blocks()
    with pytest.raises(Unavailable, match="does not fit") as caught:
        method.load_network(nn.Conv2d(3, 3, 3), file, CPU)
    assert "\n" not in str(caught.value)
    assert method.network is None


@pytest.mark.parametrize("how", ["state_dict", "ema", "ema_pytorch", "compiled"])
def test_weights_of_a_class_in_whatever_training_code_saved(tmp_path: Path, how: str) -> None:
    network, other = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
    good = network.state_dict()
    wrapper = {"online_model": other.state_dict(), "ema_model": good}
    saved = {
        "state_dict": {"epoch": 3, "state_dict": good},
        "ema": {"model": other.state_dict(), "ema": good},
        "ema_pytorch": {f"{part}.{name}": tensor for part, state in wrapper.items() for name, tensor in state.items()},
        "compiled": {f"_orig_mod.{name}": tensor for name, tensor in good.items()},
    }[how]
    torch.save(saved, tmp_path / "made.pth")

    class Mine(Method):
        def upscale(self, lr: Tensor) -> Tensor:
            return lr

    method = Mine()
    method.load_network(nn.Conv2d(3, 3, 1), tmp_path / "made.pth", torch.device("cpu"))
    assert method.network is not None
    assert torch.equal(method.network.state_dict()["weight"], good["weight"])
    taken = {"ema": "; ema taken, not model", "ema_pytorch": "; ema_model taken, not online_model"}
    assert method.training == "unknown" + taken.get(how, "")


@pytest.mark.parametrize("name", ["checkpoint:gone.pth", "onnx:gone.onnx", "images:gone", "images:gone.zip"])
@pytest.mark.parametrize("command", ["run", "isolated", "export", "upscale", "evaluate"])
def test_a_named_file_that_does_not_exist_ends_the_command(name: str, command: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if command == "evaluate":
        with pytest.raises(UserError, match="gone"):
            evaluate(["bicubic", name], metrics=["psnr"], limit=2, out=out, progress=False)
    else:
        Image.new("RGB", (64, 64)).save(tmp_path / "photo.png")
        flags = {
            "run": ["run", "--methods", f"bicubic,{name}", "--limit", 2, "--out", out],
            "isolated": ["run", "--methods", f"bicubic,{name}", "--limit", 2, "--out", out, "--isolate"],
            "export": ["export", name, "--out", out],
            "upscale": ["upscale", tmp_path / "photo.png", "--method", name, "--out", out],
        }
        result = call(*flags[command])
        assert result.exit_code == 2
        assert "gone" in result.stderr or "images: only reads pictures" in result.stderr
    assert not out.exists()


def test_a_named_weight_file_that_does_not_exist_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"weights niqe: .*gone\.npz is not a file"):
        evaluate(["bicubic"], metrics=["psnr"], limit=2, weights={"niqe": tmp_path / "gone.npz"}, progress=False)


@pytest.mark.parametrize(
    ("task", "trained"),
    [("x4", "x4"), ("20x4", "x4"), ("128x4", "32x4"), ("32x4", "32x4"), ("64x8", "x8"), ("16x2", None)],
)
def test_a_method_of_any_side_does_its_scales_and_says_what_it_was_trained_at(task: str, trained: str | None) -> None:
    wanted = find_task(task)
    assert AnySide.does(wanted) == (trained is not None)
    assert AnySide.trained_task(wanted) == (find_task(trained) if trained else None)
    with METHODS.temporarily({"thing": AnySide}):
        if trained is None:
            with pytest.raises(Unavailable, match="does x4, 32x4, x8, not 16x2"):
                load_method("thing", wanted, CPU)
            return
        found = find_task(trained)
        note = f"trained at {found.lr_size}x{found.scale}, used at {wanted.lr_size}x{wanted.scale}"
        assert load_method("thing", wanted, CPU).warnings == (() if found == wanted else (note,))


def test_the_reference_model_at_another_size_is_its_network() -> None:
    task = find_task("17x4")
    lr = torch.rand(2, 3, 17, 17, generator=torch.Generator().manual_seed(0))
    method = load_method("ours", task, CPU)
    assert method.weights is not None
    network = load_method(f"checkpoint:{method.weights}", task, CPU)
    torch.testing.assert_close(method.upscale(lr), network.upscale(lr), atol=1e-6, rtol=0)
    assert method.warnings == ("trained at 16x4, used at 17x4",)


def test_a_method_of_any_side_needs_scales() -> None:
    assert not Undescribed.does(find_task("128x8"))
    assert AnySide.trained_task(Task(128, 3)) is None
