"""The settings of a training: recorded beside its state, and compared when it is resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fsrbench.errors import UserError
from fsrbench.files.atomic import whole

RECORD: Final = "training.json"
MAY_CHANGE: Final = frozenset({"steps", "batch", "amp", "device", "torch", "version", "processes", "save_every"})
"""Settings that may change when a training is resumed; changes are reported and recorded."""
_FACTS: Final = ("held_out", "data_sha256", "lr_data_sha256", "config_sha256", "processes")
_ALWAYS_RECORDED: Final = ("model", "task", "data", "lr_data", "seed", "config", *_FACTS)
"""Settings of every training: one that a record lacks is unknown. Others that it lacks were not given."""


@dataclass
class Record:
    """A training's settings, and their changes each time it was resumed."""

    settings: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Record:
        """A record with values as they come back from JSON."""
        return cls(json.loads(json.dumps(dict(settings), default=str)))

    @classmethod
    def read(cls, out: Path) -> Record | None:
        """The record in a training's folder; ``None`` if there is none."""
        try:
            values = json.loads((out / RECORD).read_text(encoding="utf-8"))
            history = values.pop("history", [])
            return cls(values, list(history))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, AttributeError, TypeError):
            raise UserError(f"{out / RECORD} cannot be read; is it damaged?") from None

    def write(self, out: Path) -> None:
        """Write ``training.json``."""
        values = self.settings | ({"history": self.history} if self.history else {})
        with whole(out / RECORD) as part:
            part.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")

    def resume_with(self, new: Record, out: Path, step: int, images: int) -> list[str]:
        """Take over the settings of a resumed training.

        Args:
            new: its settings now.
            out: its folder, for messages.
            step: updates done so far.
            images: images seen so far.

        Returns:
            A line for each change.

        Raises:
            UserError: a setting changed that must not.
        """
        changed = differences(self.settings, new.settings)
        refused = [
            _line(name, *pair) for name, pair in changed.items() if not _may_change(name, self.settings, new.settings)
        ]
        if refused:
            raise UserError(f"{out} was made by another training: {'; '.join(refused)}; give the same or another --out")
        self.settings |= new.settings
        if changed:
            pairs = {name: list(pair) for name, pair in changed.items()}
            self.history.append({"step": step, "images": images, "changed": pairs})
        return [f"{_line(name, *pair)} (from update {step + 1} on)" for name, pair in changed.items()]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Old and new values of settings that differ, by name; nested ones as ``config.rate``.

    Example:
        >>> differences({"seed": 0, "config": {"rate": 1.0}}, {"seed": 0, "config": {"rate": 2.0}})
        {'config.rate': (1.0, 2.0)}
    """
    if not before:
        return {}
    a, b = dict(_flat(before)), dict(_flat(now))
    unknown = {name for name in _ALWAYS_RECORDED if name not in before}
    names = [name for name in dict.fromkeys([*a, *b]) if name.partition(".")[0] not in unknown]
    pairs = {name: (a.get(name), b.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _may_change(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a setting may differ, such as the path of data whose content is known to be the same."""
    top, dot, rest = name.partition(".")
    content = f"{top}_sha256{dot}{rest}"
    hashes = [dict(_flat(settings)).get(content) for settings in (before, now)]
    return name in MAY_CHANGE or (hashes[0] is not None and hashes[0] == hashes[1])


def _line(name: str, before: Any, now: Any) -> str:
    if "_sha256" in name and before and now:
        return f"{name.replace('_sha256', '')} has other content than before"
    was, is_now = ("not given" if value is None else str(value)[:100] for value in (before, now))
    return f"{name} was {was}, now {is_now}"
