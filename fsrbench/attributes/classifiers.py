"""Attribute classifiers that a user plugs in: ``python:pkg.module:Name`` or ``onnx:FILE``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from fsrbench.errors import Unavailable, UserError, one_line
from fsrbench.methods.onnx_files import (
    DTYPES,
    ORDERS,
    PREFIX,
    RANGES,
    described,
    only_input,
    open_session,
    unavailable_where_it_fails,
)
from fsrbench.process.containment import contained
from fsrbench.registry import load_object

Classifier = Callable[[np.ndarray], list[str]]
"""Maps pictures uint8 N,H,W,3 (RGB) to the class of each."""
KINDS: Final = ("python", "onnx")


def find_classifier(name: str) -> Classifier:
    """The classifier behind a name.

    A Python one is a function, or a class without arguments whose objects can be called, with pictures uint8 N,H,W,3
    in RGB; it returns N labels. An ONNX one takes N,3,h,w and returns N,K scores; its metadata has ``fsrbench.classes``
    (comma-separated, in the order of the scores), and may have ``fsrbench.range``, ``fsrbench.order``,
    ``fsrbench.output`` as methods do, ``fsrbench.side`` if its input's side is free, ``fsrbench.mean`` and
    ``fsrbench.std`` (of R, G, B in that range) and ``fsrbench.first``: index of its first score among several heads'.

    Raises:
        UserError: no such kind, module or file.
        Unavailable: onnxruntime is missing, or the file is not a classifier.
    """
    kind, _, target = name.partition(":")
    if kind not in KINDS or not target:
        raise UserError(f"--classifier {name}: write python:pkg.module:Name or onnx:FILE")
    if kind == "python":
        made = load_object(target, f"classifier {name}")
        return _Python(name, made)
    if not Path(target).expanduser().is_file():
        raise UserError(f"--classifier {name}: {target} does not exist")
    return OnnxClassifier(Path(target).expanduser())


class _Python:
    """Calls a user's function and checks what it returns."""

    def __init__(self, name: str, made: Any) -> None:
        self.name = name
        try:
            with contained():
                self.classify: Any = made() if inspect.isclass(made) else made
        except Exception as error:  # a plug-in's code may raise anything
            raise UserError(f"--classifier {name}: {one_line(error)}") from None
        if not callable(self.classify):
            raise UserError(f"--classifier {name}: is neither a function nor a class whose objects can be called")

    def __call__(self, pictures: np.ndarray) -> list[str]:
        try:
            with contained():
                found = [str(label) for label in self.classify(pictures)]
        except Exception as error:
            raise UserError(f"--classifier {self.name}: {one_line(error)}") from None
        if len(found) != len(pictures):
            raise UserError(f"--classifier {self.name}: returned {len(found)} labels for {len(pictures)} pictures")
        return found


class OnnxClassifier:
    """A network in an ONNX file, run picture by picture."""

    def __init__(self, path: Path) -> None:
        import torch

        self.path = path
        self._session = open_session(path, torch.device("cpu"))
        known: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._declared = {key.removeprefix(PREFIX): text for key, text in known.items() if key.startswith(PREFIX)}
        self.classes = [name.strip() for name in self._declared.get("classes", "").split(",") if name.strip()]
        if len(self.classes) < 2:
            raise Unavailable(f"{path.name}: its metadata {PREFIX}classes must name at least two classes: a,b,c")
        self._low, self._high = RANGES[self._choice("range", tuple(RANGES))]
        self._order = self._choice("order", ORDERS)
        self._mean, self._std = self._three("mean", 0.0), self._three("std", 1.0)
        self._first = int(self._three("first", 0.0)[0])
        self._input = only_input(self._session, path.name)
        if len(self._input.shape or ()) != 4:
            raise Unavailable(f"{path.name} takes {described(self._input)}, not N,3,h,w")
        side = self._input.shape[-1] if isinstance(self._input.shape[-1], int) else self._three("side", 224.0)[0]
        self._side = int(side)

    def _choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self._declared.get(key, allowed[0])
        if value not in allowed:
            raise Unavailable(f"{self.path.name}: metadata {PREFIX}{key} is {value!r}, none of {allowed}")
        return value

    def _three(self, key: str, usual: float) -> np.ndarray:
        """One number or three, for R, G and B."""
        text = self._declared.get(key, str(usual))
        try:
            numbers = np.broadcast_to([float(part) for part in text.split(",")], 3).astype(np.float32)
            if not np.isfinite(numbers).all():
                raise ValueError
        except ValueError:
            raise Unavailable(
                f"{self.path.name}: metadata {PREFIX}{key} is {text!r}, not one number or three"
            ) from None
        if key in ("side", "std") and numbers.min() <= 0:
            raise Unavailable(f"{self.path.name}: metadata {PREFIX}{key} is {text!r}, not above 0")
        return numbers

    def prepare(self, picture: np.ndarray) -> np.ndarray:
        """The network's input 1,3,h,w for a picture uint8 H,W,3, resized by Pillow's BILINEAR."""
        small = Image.fromarray(picture).resize((self._side, self._side), Image.Resampling.BILINEAR)
        values = np.asarray(small, np.float32) / 255 * (self._high - self._low) + self._low
        values = (values - self._mean) / self._std
        values = values if self._order == "RGB" else values[..., ::-1]
        dtype = DTYPES.get(self._input.type, np.float32)
        return np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=dtype)

    def __call__(self, pictures: np.ndarray) -> list[str]:
        """The class with the highest score for each picture."""
        outputs = [output.name for output in self._session.get_outputs()]
        wanted = self._declared.get("output", outputs[0])
        found = []
        with unavailable_where_it_fails(self.path.name):
            for picture in pictures:
                scores = np.ravel(self._session.run([wanted], {self._input.name: self.prepare(picture)})[0])
                scores = scores[self._first : self._first + len(self.classes)]
                if len(scores) != len(self.classes):
                    raise Unavailable(f"{self.path.name} returns {len(scores)} scores for {len(self.classes)} classes")
                if np.isnan(scores).any():  # argmax would take the first of them
                    raise Unavailable(f"{self.path.name} returns scores that are NaN")
                found.append(self.classes[int(scores.argmax())])
        return found
