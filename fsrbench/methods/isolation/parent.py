"""Methods in processes of their own: one that hangs, crashes or eats the memory is stopped, and the others go on.

This keeps a run alive, it is no sandbox: a method may do whatever the user may.
"""

from __future__ import annotations

import multiprocessing
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
from fsrbench.methods.timing import Readings
from fsrbench.tasks import Task

TIMEOUT: Final = 600.0
"""Seconds that loading, or one batch, may take where nothing else is asked for."""
START: Final = 300.0
"""Seconds that a new process may take before it gets to the method; torch is imported in them."""
SIZING: Final = 10
"""Calls that counting FLOPs and memory may make, warm-up included."""
LOOK: Final = 0.05
"""Seconds between looks at the memory."""


class MethodDied(FsrbenchError):
    """A method's process hung, crashed or took too much memory; nothing more can be asked of it."""


@dataclass(frozen=True)
class Limits:
    """When a method's process is stopped."""

    timeout: float = TIMEOUT
    """Seconds for loading, and for each batch."""
    memory_gib: float | None = None
    """Main memory of its process and all that it started, torch's own 0.3 GiB or so included."""


class IsolatedMethod(Method):
    """Stands for a method in another process; its module is never imported here."""

    def __init__(self, name: str, limits: Limits, offline: bool, weights: Mapping[str, Path]) -> None:
        self.name, self.limits = name, limits
        self._offline, self._named = offline, dict(weights)
        self._facts: dict[str, Any] = {}
        self.changed: set[str] = set()
        """What it changed in its process; it was put back."""
        self._died: str | None = None
        self._stop: Finalize | None = None

    def start(self, task: Task, device: torch.device) -> None:
        """Start the process, which takes its time; :meth:`load` waits for it."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        setting = Setting(
            name=self.name,
            task=task.name,
            device=str(device),
            threads=torch.get_num_threads(),
            seed=torch.initial_seed(),
            offline=self._offline,
            weights=self._named,
            parent=os.getpid(),
        )
        self._process = context.Process(target=serve, args=(theirs, setting))
        self._process.start()
        theirs.close()  # so that the end of the process ends the connection
        # Before multiprocessing waits for its processes at the end: a hanging one would be waited for
        self._stop = Finalize(self, _kill, (self._process, self._connection), exitpriority=100)

    def load(self, task: Task, device: torch.device) -> None:
        """Load the method in its process.

        Raises:
            UserError, Unavailable, FsrbenchError: as the method's own load; MethodDied among them.
        """
        if self._stop is None:
            self.start(task, device)
        self._answer(START)
        self._facts, _ = self._ask({"do": "load"})
        self.training = self._facts["training"]
        self.weight_names = tuple(self._facts["weight_names"])
        self.changed.update(self._facts["changed"])

    def upscale(self, lr: Tensor) -> Tensor:
        """As the method's own; what it returns and raises looks the same.

        Raises:
            MethodDied: and every time from then on.
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
        """Parameters, FLOPs and peak memory, measured where the method is; times are not taken."""
        try:
            head, _ = self._ask({"do": "sizes", "wanted": list(wanted)}, lr, calls=SIZING)
        except FsrbenchError as error:
            return error
        except Exception as error:
            return FsrbenchError(f"cannot be timed: {one_line(error)}")
        problems = {metric: FsrbenchError(told["message"]) for metric, told in head["problems"].items()}
        return Readings(np.array([]), {}, head["parameters"], head["flops"], head["peak_bytes"], problems)

    @property
    def description(self) -> str:
        """First line of the class's docstring."""
        return str(self._facts.get("description", ""))

    def fingerprint(self) -> str:
        """The method's own, as it is now, so that what it made is the same with and without isolation.

        Of one that has died it is what was told last, which does not tell all.
        """
        with suppress(MethodDied):
            self._facts, _ = self._ask({"do": "tell"})
        return str(self._facts["fingerprint"])

    def is_known(self) -> bool:
        """Whether the fingerprint that was asked for last tells all."""
        return self._died is None and bool(self._facts["known"])

    def is_told_by_files(self) -> bool:
        """The method's own."""
        return bool(self._facts["told_by_files"])

    def weight_files(self) -> list[Path]:
        """The method's own."""
        return [Path(file) for file in self._facts["weights"]]

    def files(self) -> list[Path]:
        """The method's own."""
        return [Path(file) for file in self._facts["files"]]

    def close(self) -> None:
        """End the process and all that it started."""
        if self._stop is not None:
            self._stop()

    def _ask(
        self, head: Mapping[str, Any], tensor: Tensor | None = None, calls: int = 1
    ) -> tuple[dict[str, Any], Tensor | None]:
        if self._died is not None:
            raise MethodDied(self._died)
        with suppress(OSError):  # it has ended: the answer says how
            send(self._connection, head, tensor)
        answer, made = self._answer(calls * self.limits.timeout)
        if "error" in answer:
            raise _remade(answer)
        return answer, made

    def _answer(self, seconds: float) -> tuple[dict[str, Any], Tensor | None]:
        end = time.monotonic() + seconds
        while not self._connection.poll(LOOK if self.limits.memory_gib else max(0.0, end - time.monotonic())):
            self._check_memory()
            if time.monotonic() >= end:
                raise self._bury(f"timed out after {seconds:g} s and was stopped")
        self._check_memory()
        try:
            return receive(self._connection)
        except (EOFError, ConnectionError):
            self._process.join(5)
            raise self._bury(_ending(self._process.exitcode)) from None
        except Exception:  # written into its connection
            raise self._bury("its process said what it should not and was stopped") from None

    def _check_memory(self) -> None:
        most = self.limits.memory_gib
        if most is not None and all(_memory(self._process.pid, of) > most * 2**30 for of in (_resident, _share)):
            raise self._bury(f"took more than {most:g} GiB of memory and was stopped")

    def _bury(self, reason: str) -> MethodDied:
        self._died = reason
        self.close()
        return MethodDied(reason)


def _remade(answer: Mapping[str, Any]) -> Exception:
    """An error that reads as the one that was raised there."""
    known = {"unusable": UserError, "unavailable": Unavailable, "failed": FsrbenchError}
    kind: type[Exception] = known.get(answer["error"]) or type(str(answer["name"]), (Exception,), {})
    return kind(answer["message"])


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"


def _memory(pid: int | None, of: Callable[[psutil.Process], int]) -> int:
    """Bytes of main memory of a process and all that it started."""
    try:
        process = psutil.Process(pid)
        return sum(map(of, (process, *process.children(recursive=True))))
    except psutil.Error:
        return 0  # it has just ended


def _resident(process: psutil.Process) -> int:
    """Bytes that are quickly read; what several processes share, nearly all of a forked one, is in each of theirs."""
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _share(process: psutil.Process) -> int:
    """Bytes with its part of what several processes share, where the system tells."""
    with suppress(psutil.Error):
        info = process.memory_full_info()
        return int(getattr(info, "pss", info.rss))
    return _resident(process)


def _kill(process: Any, connection: Connection) -> None:
    connection.close()
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a group, once it has come so far
    process.kill()
    process.join()


def sizes(methods: Mapping[str, Method], lr: Tensor, wanted: Sequence[str]) -> dict[str, Readings | FsrbenchError]:
    """Parameters, FLOPs and peak memory of each isolated method; times are not taken."""
    asked = {name: method for name, method in methods.items() if isinstance(method, IsolatedMethod)}
    others: dict[str, Readings | FsrbenchError] = {
        name: Invalid("no code to count or to time") for name in methods if name not in asked
    }
    return others | {name: method.sizes(lr, wanted) for name, method in asked.items()}
