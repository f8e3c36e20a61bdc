"""The timing run: the order of calls, who is left out and why, and counts that can be worked out by hand."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from baselines.scgan.network import RestorationNetwork as SCGANNetwork
from fsrbench.errors import FsrbenchError, Invalid
from fsrbench.methods import timing
from fsrbench.methods.base import Method
from fsrbench.methods.timing import EFFORTS, Effort, Readings, _LiveTensors, measure
from reference_model.generator import RestorationNetwork as OurNetwork

CPU = torch.device("cpu")
ALL = ("latency_ms", "throughput", "params", "flops", "peak_memory")
MEGABYTE = 250_000
"""float32 values in a megabyte (10^6 bytes)."""
FOUR = Effort(queries=4, seconds=0, most_seconds=60)


class Recorder(Method):
    """Records its name at each call."""

    def __init__(self, name: str, calls: list[tuple[str, int]], breaks_at: int | None = None) -> None:
        self.name, self.calls, self.breaks_at, self.count = name, calls, breaks_at, 0

    def upscale(self, lr: Tensor) -> Tensor:
        self.count += 1
        if self.count == self.breaks_at:
            raise RuntimeError("out of paper\nand ink")
        self.calls.append((self.name, len(lr)))
        lr += 1  # in place, as some methods' code does
        return lr


class Networked(Method):
    """A network as it is."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    def upscale(self, lr: Tensor) -> Tensor:
        output = self.network(lr)
        assert isinstance(output, Tensor)
        return output


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(timing, "WARM_UP", 2)
    monkeypatch.setattr(timing, "BATCHES", (1, 3))
    monkeypatch.setattr(timing, "THROUGHPUT_BATCH", 3)


def face(count: int = 1, side: int = 16) -> Tensor:
    return torch.full((count, 3, side, side), 0.5)


def read(network: nn.Module, *wanted: str, side: int = 16) -> Readings:
    readings = measure({"it": Networked(network)}, face(side=side), CPU, wanted, FOUR)["it"]
    assert isinstance(readings, Readings)
    return readings


# --- the order of calls


def test_methods_take_turns_after_their_warm_up():
    calls: list[tuple[str, int]] = []
    readings = measure({name: Recorder(name, calls) for name in "ab"}, face(2), CPU, ["latency_ms"], FOUR)
    assert "".join(name for name, _ in calls) == "aabb" + "ab" * 4
    assert all(size == 1 for _, size in calls)
    assert [len(r.latency_ms) for r in readings.values() if isinstance(r, Readings)] == [4, 4]


def test_throughput_has_full_batches_of_too_few_images():
    calls: list[tuple[str, int]] = []
    measure({"a": Recorder("a", calls)}, face(2), CPU, ["throughput"], FOUR)
    assert [size for _, size in calls] == [1, 1] + [1] * 7 + [3] * 7


@pytest.mark.parametrize("wanted", ["params", "flops", "peak_memory"])
def test_what_nobody_asked_for_is_not_measured(wanted):
    calls: list[tuple[str, int]] = []
    readings = measure({"a": Recorder("a", calls)}, face(), CPU, [wanted], FOUR)["a"]
    assert isinstance(readings, Readings)
    assert len(calls) == timing.WARM_UP
    assert len(readings.latency_ms) == 0
    assert readings.images_per_s == {}


def test_a_method_that_writes_into_its_input_spoils_no_other():
    lr, seen = face(2), []

    class Looker(Method):
        def upscale(self, lr: Tensor) -> Tensor:
            seen.append(lr.clone())
            return lr

    measure({"a": Recorder("a", []), "b": Looker()}, lr, CPU, ALL, FOUR)
    assert all((x == 0.5).all() for x in seen)
    assert torch.equal(lr, face(2))


class Slow(Method):
    """Takes 20 ms."""

    def upscale(self, lr: Tensor) -> Tensor:
        time.sleep(0.02)
        return lr


@pytest.mark.parametrize(
    ("effort", "least", "most"),
    [
        (Effort(queries=1000, seconds=0, most_seconds=0.05), 1, 4),
        (Effort(queries=1, seconds=0.1, most_seconds=60), 2, 6),
        (Effort(queries=3, seconds=0, most_seconds=60), 3, 3),
    ],
    ids=["stops in time", "goes on for the seconds", "goes on for the queries"],
)
def test_latency_takes_queries_and_seconds(effort, least, most):
    readings = measure({"slow": Slow()}, face(), CPU, ["latency_ms"], effort)["slow"]
    assert isinstance(readings, Readings)
    assert least <= len(readings.latency_ms) <= most
    assert (readings.latency_ms >= 20).all()


def test_full_effort_is_that_of_mlperfs_single_stream():
    assert (EFFORTS["full"].queries, EFFORTS["full"].seconds) == (1024, 60)
    assert EFFORTS["quick"].queries >= 100  # enough for a 90th percentile


def test_no_larger_batches_than_a_slow_method_can_do(monkeypatch):
    monkeypatch.setattr(timing, "BATCHES", (1, 3, 6))
    monkeypatch.setattr(timing, "BATCH_SECONDS", 0.01)
    results = measure({"slow": Slow(), "a": Recorder("a", [])}, face(), CPU, ["throughput"], FOUR)
    sizes = [list(r.images_per_s) for r in results.values() if isinstance(r, Readings)]
    assert sizes == [[1, 3], [1, 3, 6]]  # the batch that tables show is always there


def test_a_method_that_takes_seconds_is_timed_in_bounded_time(monkeypatch):
    monkeypatch.setattr(timing, "BATCHES", (1, 2, 3, 6))
    monkeypatch.setattr(timing, "BATCH_SECONDS", 0.03)
    monkeypatch.setattr(timing, "TABLE_SECONDS", 0.05)
    monkeypatch.setattr(timing, "WARM_UP_SECONDS", 0.01)
    calls: list[int] = []

    class SlowEach(Slow):
        """20 ms for each picture."""

        def upscale(self, lr: Tensor) -> Tensor:
            calls.append(len(lr))
            time.sleep(0.02 * len(lr))
            return lr

    slow = measure({"slow": SlowEach()}, face(), CPU, ["throughput"], FOUR)["slow"]
    assert isinstance(slow, Readings)
    assert calls == [1] * 8  # one to warm up, and no batch of 2 or 3
    assert re.fullmatch(r"a batch of 3 would take 0 s; latency_ms is measured", str(slow.problems["throughput"]))
    assert isinstance(slow.problems["throughput"], Invalid)


@pytest.mark.parametrize("call", range(1, 19))
def test_a_method_that_raises_is_reported_and_the_others_are_timed(call):
    # Calls 1-2 are the warm-up, 3-6 the latency, 7-18 the throughput.
    methods = {"a": Recorder("a", []), "broken": Recorder("b", [], breaks_at=call), "c": Recorder("c", [])}
    results = measure(methods, face(), CPU, ALL, FOUR)
    assert list(results) == ["a", "broken", "c"]
    broken = results["broken"]
    if isinstance(broken, Readings):
        ((metric, error),) = broken.problems.items()
        assert call > 2
        assert metric == ("latency_ms" if call <= 6 else "throughput")
        assert (len(broken.latency_ms), len(broken.images_per_s)) == ((0, 2) if call <= 6 else (4, 0))
    else:
        assert call <= 2
        error = broken
    assert type(error) is FsrbenchError
    assert str(error) == "cannot be timed: RuntimeError: out of paper"
    assert all(isinstance(results[name], Readings) and len(results[name].latency_ms) == 4 for name in "ac")


@pytest.mark.parametrize(
    "normalise",
    [
        torch.nn.utils.parametrizations.weight_norm,
        torch.nn.utils.parametrizations.spectral_norm,
        torch.nn.utils.spectral_norm,
    ],
)
def test_layers_with_parametrised_weights_are_counted_and_timed(normalise):
    readings = read(normalise(nn.Conv2d(3, 3, 3, padding=1, bias=False)), *ALL)
    assert not readings.problems
    assert readings.flops == 2 * 16 * 16 * 3 * 3 * 9
    assert len(readings.latency_ms) == 4


def test_a_count_that_fails_affects_no_other_number():
    class Uncountable(Networked):
        def count_parameters(self) -> int | None:
            raise RuntimeError("too many")

    readings = measure({"it": Uncountable(nn.Conv2d(3, 3, 1, bias=False))}, face(), CPU, ALL, FOUR)["it"]
    assert isinstance(readings, Readings)
    assert list(readings.problems) == ["params"]
    assert (len(readings.latency_ms), readings.flops) == (4, 2 * 16 * 16 * 9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_network_of_operations_unknown_to_the_counter_has_no_flops_rather_than_0():
    linear = nn.Sequential(nn.Flatten(2), nn.Linear(256, 4))
    packed = torch.ao.quantization.quantize_dynamic(linear, {nn.Linear})
    readings = read(packed, "flops", "params")
    assert readings.parameters == 256 * 4 + 4
    assert isinstance(readings.problems["flops"], Invalid)


def test_a_method_may_say_itself_that_its_time_means_nothing():
    class Album(Method):
        def upscale(self, lr: Tensor) -> Tensor:
            raise Invalid("pictures from a folder have no speed")

    error = measure({"album": Album()}, face(), CPU, ALL, FOUR)["album"]
    assert isinstance(error, Invalid)
    assert str(error) == "pictures from a folder have no speed"


# --- counts


def test_without_a_network_there_are_no_counts():
    readings = measure({"a": Recorder("a", [])}, face(), CPU, ALL, FOUR)["a"]
    assert isinstance(readings, Readings)
    assert (readings.parameters, readings.flops, readings.peak_bytes) == (None, None, None)


def test_counts_of_a_small_network():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 1, bias=False))
    readings = read(network, "flops", "params")
    assert readings.parameters == 8 * 3 * 9 + 8 + 3 * 8
    assert readings.flops == 2 * 16 * 16 * (8 * 3 * 9 + 3 * 8)


def test_flops_of_scgan_are_the_published_ones():
    flops = read(SCGANNetwork(), "flops").flops
    assert flops is not None
    assert flops / 1e9 == pytest.approx(10.75, abs=0.01)


@pytest.mark.parametrize("network", [SCGANNetwork(), OurNetwork()], ids=["scgan", "ours"])
def test_flops_are_two_for_each_multiplication_of_a_convolution(network):
    assert read(network, "flops").flops == 2 * sum(multiplications(network, face()))


def multiplications(network: nn.Module, x: Tensor) -> Iterator[int]:
    """Multiplications of each convolution, from the shapes that hooks see."""
    counts: list[int] = []

    def hook(layer: nn.Module, inputs: object, output: Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        kernel = layer.weight.shape[1] * layer.weight.shape[2] * layer.weight.shape[3]
        counts.append(output.numel() * kernel)

    hooks = [layer.register_forward_hook(hook) for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    with torch.inference_mode():
        network(x)
    for handle in hooks:
        handle.remove()
    yield from counts


# --- memory


class Chain(nn.Module):
    """Ten steps of a megabyte each."""

    def __init__(self, keep: bool) -> None:
        super().__init__()
        self.keep = keep
        self.weight = nn.Parameter(torch.ones(MEGABYTE))

    def forward(self, lr: Tensor) -> Tensor:
        kept, x = [], self.weight
        for _ in range(10):
            x = x + 1
            if self.keep:
                kept.append(x)
        return x


@pytest.mark.parametrize(("keep", "tensors"), [(False, 2), (True, 10)])
def test_peak_follows_what_is_freed(keep, tensors):
    assert read(Chain(keep), "peak_memory").peak_bytes == (tensors + 1) * 1_000_000  # and one of weights


def test_peak_of_a_convolution_chain():
    layers = [nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(6)]
    image = 4 * 32 * 32 * 4
    weights = 6 * 4 * 4 * 9 * 4

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(*layers)

        def forward(self, lr: Tensor) -> Tensor:
            y: Tensor = self.layers(torch.cat([lr, lr[:, :1]], dim=1))
            return y

    # The first step's input stays with its caller; of the others two are alive at a time.
    assert read(Net(), "peak_memory", side=32).peak_bytes == 3 * image + weights


def test_peak_is_the_same_on_every_run():
    network = OurNetwork()
    assert len({read(network, "peak_memory").peak_bytes for _ in range(3)}) == 1


def test_a_view_keeps_its_storage_and_is_not_counted_again():
    live = _LiveTensors()
    with live:
        whole = torch.zeros(MEGABYTE)
        view = whole.view(10, -1)[3:]
        del whole
        assert live._live == 1_000_000
        del view
        assert live._live == 0
        torch.zeros(2 * MEGABYTE)
    assert live.peak == 2_000_000


def test_what_was_there_before_is_not_counted():
    before = torch.zeros(MEGABYTE)
    live = _LiveTensors()
    with live:
        before.add_(1)
        before.view(-1, 2)
    assert live.peak == 0
