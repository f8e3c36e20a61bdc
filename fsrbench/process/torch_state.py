"""torch's global settings: read and written exactly, and the values under which every score is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import backends

from fsrbench.process.setting import Setting

_OPS: Final = (
    ("generic", "all"),
    ("cuda", "all"),
    ("mkldnn", "all"),
    ("cuda", "matmul"),
    ("cuda", "conv"),
    ("cuda", "rnn"),
    ("mkldnn", "matmul"),
    ("mkldnn", "conv"),
    ("mkldnn", "rnn"),
)
"""torch's settings of float32 precision: of a backend, then of its operations, which override it."""
_LEAVES: Final = [op for op in _OPS if op[1] != "all"]
_MATMUL: Final = (("cuda", "matmul"), ("mkldnn", "matmul"))
_CONVOLUTION: Final = (("cuda", "conv"), ("cuda", "rnn"))
_TINY: Final = 5e-324
"""The smallest positive float64; zero where denormal numbers are flushed."""


def _get(op: tuple[str, str]) -> str:
    return str(torch._C._get_fp32_precision_getter(*op))


def _set(op: tuple[str, str], value: str) -> None:
    if _get(op) != value:
        torch._C._set_fp32_precision_setter(*op, value)


def _read_precision() -> dict[Any, Any]:
    """The precision of every operation, and the two older settings.

    torch keeps those separately, and refuses to return them once the newer ones disagree.
    """
    ops = {op: _get(op) for op in _OPS}
    found: dict[Any, Any] = {**ops}
    for name, read, ways, places in (
        ("matmul", torch.get_float32_matmul_precision, _MATMUL_WAYS, _MATMUL),
        ("cudnn", lambda: backends.cudnn.allow_tf32, _CUDNN_WAYS, _CONVOLUTION),
    ):
        found[name] = _hidden(read, ways, places)
        for op in places:
            _set(op, ops[op])
    return found


_MATMUL_WAYS: Final = (("ieee", "ieee"), ("tf32", "tf32"), ("tf32", "bf16"))
"""What ``set_float32_matmul_precision`` sets for highest, high and medium."""
_CUDNN_WAYS: Final = (("tf32", "tf32"), ("ieee", "ieee"))


def _hidden(read: Callable[[], Any], ways: Any, places: Any) -> Any:
    """An older setting; if torch refuses to return it, the newer ones are changed until they agree with it."""
    try:
        return read()
    except RuntimeError:
        pass
    for values in ways:
        for op, value in zip(places, values, strict=True):
            _set(op, value)
        try:
            return read()
        except RuntimeError:
            continue
    return None


def _write_precision(wanted: Mapping[Any, Any]) -> None:
    if wanted["matmul"] is not None:
        torch.set_float32_matmul_precision(wanted["matmul"])
    if wanted["cudnn"] is not None:
        backends.cudnn.allow_tf32 = wanted["cudnn"]
    for op in _OPS:
        if op in _LEAVES and _get(op) != wanted[op]:
            _set(op, "none")  # it may have inherited its backend's
        _set(op, wanted[op])


def _read_device() -> torch.device | None:
    device = torch.get_default_device()
    return None if device.type == "cpu" else device


def _flushes() -> bool:
    return _TINY * 1.0 == 0.0


def _read_autocast() -> tuple[Any, ...]:
    return tuple((torch.is_autocast_enabled(d), torch.get_autocast_dtype(d)) for d in ("cpu", "cuda"))


def _write_autocast(states: Any) -> None:
    for device, (enabled, dtype) in zip(("cpu", "cuda"), states, strict=True):
        torch.set_autocast_enabled(device, enabled)
        torch.set_autocast_dtype(device, dtype)


def _read_attention() -> tuple[bool, ...]:
    cuda = backends.cuda
    return (
        cuda.flash_sdp_enabled(),
        cuda.mem_efficient_sdp_enabled(),
        cuda.math_sdp_enabled(),
        cuda.cudnn_sdp_enabled(),
    )


def _write_attention(enabled: Any) -> None:
    cuda = backends.cuda
    setters = (cuda.enable_flash_sdp, cuda.enable_mem_efficient_sdp, cuda.enable_math_sdp, cuda.enable_cudnn_sdp)
    for setter, value in zip(setters, enabled, strict=True):
        setter(value)


def _attribute(owner: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)


SETTINGS: Final = (
    Setting("float32 precision (TF32)", _read_precision, _write_precision),
    Setting("cudnn.benchmark", *_attribute(backends.cudnn, "benchmark")),
    Setting("cudnn.deterministic", *_attribute(backends.cudnn, "deterministic")),
    Setting("cudnn.enabled", *_attribute(backends.cudnn, "enabled")),
    Setting("mkldnn.enabled", *_attribute(backends.mkldnn, "enabled")),
    Setting(
        "deterministic algorithms",
        lambda: (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
        lambda value: torch.use_deterministic_algorithms(value[0], warn_only=value[1]),
    ),
    Setting("torch's threads", torch.get_num_threads, torch.set_num_threads),
    Setting("default dtype", torch.get_default_dtype, torch.set_default_dtype),
    Setting("default device", _read_device, torch.set_default_device),
    Setting("gradients", torch.is_grad_enabled, torch._C._set_grad_enabled),
    Setting("anomaly detection", torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    Setting("autocast", _read_autocast, _write_autocast),
    Setting("attention kernels", _read_attention, _write_attention),
    Setting("half-precision sums", *_attribute(backends.cuda.matmul, "allow_fp16_reduced_precision_reduction")),
    Setting("bfloat16 sums", *_attribute(backends.cuda.matmul, "allow_bf16_reduced_precision_reduction")),
    Setting("denormal numbers", _flushes, torch.set_flush_denormal),
)

STANDARD: Final[Mapping[str, Any]] = {
    "float32 precision (TF32)": {
        **{op: "none" if op[1] == "all" else "ieee" for op in _OPS},
        "matmul": "highest",
        "cudnn": False,
    },
    "cudnn.benchmark": False,
    "cudnn.deterministic": True,
    "cudnn.enabled": True,
    "mkldnn.enabled": True,
    "deterministic algorithms": (False, False),
    "default dtype": torch.float32,
    "default device": None,
    "anomaly detection": False,
    "autocast": ((False, torch.bfloat16), (False, torch.float16)),
    "attention kernels": (True, True, True, True),
    "denormal numbers": False,
}
"""Full float32 and no algorithms chosen by timing, so that scores are the same on all machines and every time.

By default cuDNN multiplies with 10-bit mantissas (TF32) and takes the algorithm that was fastest at the first call.
"""


def standardise(seed: int) -> None:
    """Set what scores depend on to :data:`STANDARD`, whatever the caller or a method has set; seed torch."""
    for setting in SETTINGS:
        if setting.name in STANDARD and setting.read() != STANDARD[setting.name]:
            setting.write(STANDARD[setting.name])
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:  # the same, but torch.manual_seed would keep a traceback for each device that may yet be initialised
        torch.default_generator.manual_seed(seed)


def read_generators() -> tuple[Any, ...]:
    """States of torch's random number generators, including the GPUs' if they are in use."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return torch.get_rng_state(), cuda


def write_generators(states: tuple[Any, ...]) -> None:
    """Restore what :func:`read_generators` returned."""
    own, cuda = states
    torch.set_rng_state(own)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)
    elif torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(torch.initial_seed())  # as their first use would have seeded them
