"""Plug-in methods that hang, crash, eat the memory or misbehave otherwise, and what is to be told of them."""

from __future__ import annotations

MODULE = '''
import os
import signal
import sys
import threading
import time

import torch
from torch import nn
from torch.nn.functional import interpolate

from fsrbench.errors import Unavailable
from fsrbench.methods.names import Method


class Good(Method):
    """Bilinear enlargement."""

    training = "none at all"

    def load(self, task, device):
        torch.manual_seed(0)
        self.network = nn.Conv2d(3, 3, 3, padding=1).eval().requires_grad_(False)

    def upscale(self, lr):
        return interpolate((lr + 0.01 * self.network(lr)).clamp(0, 1), scale_factor=4, mode="bilinear")


class Mixed(Good):
    """Fails on each of four images in another way."""

    calls = 0

    def upscale(self, lr):
        if len(lr) > 1:
            raise RuntimeError("one by one")
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("out of luck\\nand of memory")
        if self.calls == 2:
            return super().upscale(lr) * float("nan")
        if self.calls == 3:
            return None
        sys.exit("enough")


class Hangs(Good):
    def upscale(self, lr):
        while True:
            time.sleep(1)


class HangsInLoad(Good):
    def load(self, task, device):
        while True:
            pass


class Exits(Good):
    def upscale(self, lr):
        os._exit(3)


class Crashes(Good):
    def upscale(self, lr):
        os.kill(os.getpid(), signal.SIGSEGV)


class Leaks(Good):
    def upscale(self, lr):
        self.kept = []
        while True:
            self.kept.append(torch.ones(2**22))
            time.sleep(0.001)


class Noisy(Good):
    """Prints, and leaves threads and processes."""

    def upscale(self, lr):
        print("look at me")
        os.system("echo and at me")
        threading.Thread(target=time.sleep, args=(600,)).start()
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        return super().upscale(lr)


class Named(Good):
    """Wants to know which images it gets."""

    def upscale(self, lr):
        raise RuntimeError("which are they?")

    def upscale_named(self, lr, ids):
        if len(ids) != len(lr) or not set(ids) <= set("0123"):
            raise RuntimeError(f"these are none: {ids}")
        return super().upscale(lr)


class WritesIntoTheConnection(Good):
    def upscale(self, lr):
        for number in range(3, 1024):
            try:
                os.write(number, b"\\0\\0\\0\\5hello" * 10)
            except OSError:
                pass
        return super().upscale(lr)
'''
SURE = {
    "Hangs": "timed out after 5 s and was stopped",
    "Exits": "its process ended with exit code 3",
    "Crashes": "its process was killed by SIGSEGV",
    "Leaks": "took more than 1 GiB of memory and was stopped",
    "WritesIntoTheConnection": "its process sent an invalid message",
}
"""Why they fail on every image."""
ONE_BY_ONE = {
    "0": "RuntimeError: out of luck",
    "1": "returned NaN or infinite values",
    "2": "returned NoneType, expected a tensor of shape (1, 3, 64, 64)",
    "3": "tried to end the program (SystemExit: enough)",
}
"""How ``Mixed`` fails on each image."""
FINE = ("Good", "Noisy", "Named")


def method(name: str) -> str:
    return f"python:made_isolated:{name}"
