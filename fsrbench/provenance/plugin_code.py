"""Fingerprint of a plug-in's metric or extractor: its code and its state."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path

from fsrbench.provenance import fingerprints
from fsrbench.provenance.object_state import ObjectState


class PluginCode:
    """Code and state of a metric or an extractor; empty for the harness's own, whose code is in every key.

    Args:
        plugin: the metric or extractor.
        weight_files: names of the weight files that it declares, whose hashes are in the key anyway.
        contents: whether to hash its state, which :attr:`digest` needs and :attr:`files` does not.
    """

    def __init__(self, plugin: object, weight_files: Sequence[str] = (), contents: bool = True) -> None:
        self._state = ObjectState(contents)
        self._is_own = fingerprints.is_counted_elsewhere(type(plugin).__module__)
        if not self._is_own:
            # The kind of device is in every key; which of several GPUs it is does not matter
            self._state.add({name: value for name, value in vars(plugin).items() if name not in ("settings", "device")})
        bases = () if self._is_own else type(plugin).__mro__[:-1]
        self._code = fingerprints.code_of({*bases, *self._state.code})
        self._names_weights = bool(weight_files)

    @property
    def digest(self) -> str:
        """Hash of both; different every time if either cannot be read completely."""
        if self._is_own:
            return ""
        known = self._code.known and (self._names_weights or not self._state.unknown)
        parts = [self._code.digest, self._state.digest, "" if known else uuid.uuid4().hex]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def files(self) -> frozenset[Path] | None:
        """The files of the code; ``None`` if numbers depend on more than these."""
        holds_more = not self._names_weights and (self._state.has_tensors or self._state.unknown)
        return None if holds_more or not self._code.known else self._code.files
