"""Methods in processes of their own: one that hangs, crashes or exhausts the memory is stopped, the others go on.

This keeps a run alive; it is no sandbox: a method may do whatever the user may.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import torch
from torch import Tensor

from fsrbench.errors import FsrbenchError, Invalid, Unavailable, UserError, one_line
from fsrbench.methods.base import Method
from fsrbench.methods.isolation.child import Setting, receive, send, serve
from fsrbench.methods.isolation.fork_server import Surroundings, starting_context
from fsrbench.methods.timing import Readings
from fsrbench.tasks import Task

TIMEOUT: Final = 600.0
"""Default limit in seconds for loading, and for each batch."""
START: Final = 300.0
"""Seconds that a new process may take to start, torch's import included."""
SIZING: Final = 10
"""Calls of the method, at most, to measure FLOPs and memory, warm-up included."""
POLL: Final = 0.05
"""Seconds between checks of the memory."""


class MethodDied(FsrbenchError):
    """A method's process hung, crashed or took too much memory and cannot be used any more."""


@dataclass(frozen=True)
class Limits:
    """Limits beyond which a method's process is stopped."""

    timeout: float = TIMEOUT
    """Seconds for loading, and for each batch."""
    memory_gib: float | None = None
    """Main memory of its process and its children, including some 0.3 GiB of torch itself."""


class IsolatedMethod(Method):
    """Proxy of a method in another process; its module is never imported here."""

    def __init__(self, name: str, limits: Limits, offline: bool, weights: Mapping[str, Path]) -> None:
        self.name, self.limits = name, limits
        self._offline, self._weights = offline, dict(weights)
        self._facts: dict[str, Any] = {}
        self.changed: set[str] = set()
        """Names of the global settings that it changed in its process; they were restored."""
        self._died: str | None = None
        self._stop: Finalize | None = None

    def start(self, task: Task, device: torch.device) -> None:
        """Start the process without waiting for it; :meth:`load` does."""
        context: Any = starting_context()
        self._connection, child_end = context.Pipe()
        setting = Setting(
            name=self.name,
            task=task.name,
            device=str(device),
            threads=torch.get_num_threads(),
            seed=torch.initial_seed(),
            offline=self._offline,
            weights=self._weights,
            parent=os.getpid(),
            surroundings=Surroundings.of_this_process(),
        )
        self._process = context.Process(target=serve, args=(child_end, setting))
        self._process.start()
        child_end.close()  # so that the end of the process ends the connection
        # Runs before multiprocessing joins its processes at exit, which would wait for a hanging one
        self._stop = Finalize(self, _kill, (self._process, self._connection), exitpriority=100)

    def load(self, task: Task, device: torch.device) -> None:
        """Load the method in its process.

        Raises:
            UserError, Unavailable, FsrbenchError: as the method's own load; including MethodDied.
        """
        if self._stop is None:
            self.start(task, device)
        self._answer(START)
        self._facts, _ = self._ask({"do": "load"})
        self.training = self._facts["training"]
        self.weight_names = tuple(self._facts["weight_names"])
        self.changed.update(self._facts["changed"])

    def upscale(self, lr: Tensor) -> Tensor:
        """As the method's own, which may return and raise anything.

        Raises:
            MethodDied: on this and every later call.
        """
        return self._upscale({"do": "upscale"}, lr)

    def upscale_named(self, lr: Tensor, ids: Sequence[str]) -> Tensor:
        """As the method's own, as :meth:`upscale`."""
        return self._upscale({"do": "upscale", "ids": list(ids)}, lr)

    def _upscale(self, head: Mapping[str, Any], lr: Tensor) -> Tensor:
        head, sr = self._ask({**head, "seed": torch.initial_seed()}, lr)
        self.changed.update(head["changed"])
        if sr is None:
            return type(head["type"], (), {})()  # type: ignore[no-any-return]
        return sr if sr.device.type == "meta" else sr.to(lr.device)

    def sizes(self, lr: Tensor, wanted: Sequence[str]) -> Readings | FsrbenchError:
        """Parameters, FLOPs and peak memory, measured in the method's process; no times."""
        try:
            head, _ = self._ask({"do": "sizes", "wanted": list(wanted)}, lr, calls=SIZING)
        except FsrbenchError as error:
            return error
        except Exception as error:
            return FsrbenchError(f"cannot be timed: {one_line(error)}")
        problems = {metric: FsrbenchError(error["message"]) for metric, error in head["problems"].items()}
        return Readings(np.array([]), {}, head["parameters"], head["flops"], head["peak_bytes"], problems)

    @property
    def description(self) -> str:
        """First line of the class's docstring."""
        return str(self._facts.get("description", ""))

    def fingerprint(self) -> str:
        """The method's own, as it is now, so that results are shared with runs without isolation.

        After the method has died, the last known one, which is incomplete.
        """
        with suppress(MethodDied):
            self._facts, _ = self._ask({"do": "describe"})
        return str(self._facts["fingerprint"])

    def is_known(self) -> bool:
        """Whether the last fingerprint covers everything."""
        return self._died is None and bool(self._facts["known"])

    def depends_only_on_files(self) -> bool:
        """The method's own."""
        return bool(self._facts["depends_only_on_files"])

    def weight_files(self) -> list[Path]:
        """The method's own."""
        return [Path(file) for file in self._facts["weights"]]

    def files(self) -> list[Path]:
        """The method's own."""
        return [Path(file) for file in self._facts["files"]]

    def close(self) -> None:
        """End the process and its children."""
        if self._stop is not None:
            self._stop()

    def _ask(
        self, head: Mapping[str, Any], tensor: Tensor | None = None, calls: int = 1
    ) -> tuple[dict[str, Any], Tensor | None]:
        if self._died is not None:
            raise MethodDied(self._died)
        with suppress(OSError):  # it has ended; receiving the answer says how
            send(self._connection, head, tensor)
        answer, made = self._answer(calls * self.limits.timeout)
        if "error" in answer:
            raise _as_error(answer)
        return answer, made

    def _answer(self, seconds: float) -> tuple[dict[str, Any], Tensor | None]:
        end = time.monotonic() + seconds
        while not self._connection.poll(POLL if self.limits.memory_gib else max(0.0, end - time.monotonic())):
            self._check_memory()
            if time.monotonic() >= end:
                raise self._stop_because(f"timed out after {seconds:g} s and was stopped")
        self._check_memory()
        try:
            return receive(self._connection)
        except (EOFError, ConnectionError):
            self._process.join(5)
            raise self._stop_because(_ending(self._process.exitcode)) from None
        except Exception:  # the method wrote into the connection
            raise self._stop_because("its process sent an invalid message and was stopped") from None

    def _check_memory(self) -> None:
        most = self.limits.memory_gib
        if most is not None and all(_memory(self._process.pid, of) > most * 2**30 for of in (_resident, _share)):
            raise self._stop_because(f"took more than {most:g} GiB of memory and was stopped")

    def _stop_because(self, reason: str) -> MethodDied:
        """Stop the process and return the error to raise."""
        self._died = reason
        self.close()
        return MethodDied(reason)


def _as_error(answer: Mapping[str, Any]) -> Exception:
    """An error with the name and message of the one that the method raised."""
    known = {"unusable": UserError, "unavailable": Unavailable, "failed": FsrbenchError}
    kind: type[Exception] = known.get(answer["error"]) or type(str(answer["name"]), (Exception,), {})
    return kind(answer["message"])


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"


def _memory(pid: int | None, of: Callable[[psutil.Process], int]) -> int:
    """Bytes of main memory of a process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(map(of, (process, *process.children(recursive=True))))
    except psutil.Error:
        return 0  # it has just ended


def _resident(process: psutil.Process) -> int:
    """Resident bytes: quick to read, but shared memory, which is most of a forked process's, counts in each."""
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _share(process: psutil.Process) -> int:
    """Proportional bytes (shared memory split among its users), where the system reports them."""
    with suppress(psutil.Error):
        info = process.memory_full_info()
        return int(getattr(info, "pss", info.rss))
    return _resident(process)


def _kill(process: Any, connection: Connection) -> None:
    connection.close()
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a group as soon as it has called setsid
    process.kill()
    process.join()


def sizes(methods: Mapping[str, Method], lr: Tensor, wanted: Sequence[str]) -> dict[str, Readings | FsrbenchError]:
    """Parameters, FLOPs and peak memory of each isolated method; no times."""
    return {
        name: method.sizes(lr, wanted) if isinstance(method, IsolatedMethod) else Invalid("no code to count or to time")
        for name, method in methods.items()
    }
