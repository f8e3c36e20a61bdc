"""The manifest's facts as the page shows them: the head, and how everything was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fsrbench.errors import UserError, counted
from fsrbench.reports.tables.notes import LR_GIVEN, source_text
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import counts, findings, images_of_people, one_line, protocol_line, section
from fsrbench.tasks import find_task

MOST_LISTED: Final = 500
"""Longer lists of images are cut, with the number left out; the manifest has them all."""
_MACHINE: Final = {"torch_threads": "torch threads", "memory_gb": "memory (GB)"}
_DECLARED: Final = {"True": "as declared", "False": "not the declared file"}
_CHECKOUT: Final = {"True": "with uncommitted changes", "False": "unchanged"}
_WORDS: Final = {"None": "none", "True": "yes", "False": "no"}
Pair = tuple[str, str]


@dataclass(frozen=True)
class Protocol:
    """How a metric is computed."""

    heading: str
    name: str
    counts: str
    text: str


@dataclass(frozen=True)
class MethodFacts:
    """What a method is and where its weights come from."""

    name: str
    source: str
    """``images:SR/codeformer``, if the name does not say it."""
    description: str
    training: str
    weights: str
    sha256: str
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class WeightFile:
    """A file that metrics read."""

    name: str
    file: str
    sha256: str
    declared: str
    """Whether it is the file that fsrbench declares."""


def title(run: RunData) -> str:
    """``Face super-resolution x4, 16 to 64 px``, or ``Face restoration 512x1, 512 px``."""
    name = str(run.manifest.get("task") or "")
    try:
        task = find_task(name)
    except UserError:  # a task of another version, or none
        return f"Face super-resolution {name}".rstrip()
    what = "restoration" if task.is_restoration else "super-resolution"
    return f"Face {what} {name}, {task.sizes}"


def head(run: RunData) -> list[Pair]:
    """What was run on what, and when."""
    data, degradation = section(run.manifest, "dataset"), section(run.manifest, "degradation")
    images = images_of_people(data["n"], data.get("identities") or 0) if "n" in data else ""
    resized = one_line(degradation.get("resized"))
    lr = LR_GIVEN if degradation.get("name") == "none" else _named(degradation or run.manifest.get("degradation"))
    words = [
        one_line(data.get("name")),
        images if " " in images or not images else f"{images} images",
        "" if data.get("has_hr", True) else "no HR images",
    ]
    pairs = [
        ("Data", ", ".join(filter(None, words))),
        ("Degradation", ", ".join(filter(None, (lr, resized)))),
        ("Methods", ", ".join(run.methods)),
        ("Finished", _date(run.manifest.get("finished"))),
        ("Wall time", _duration(sum(_seconds(run).values()))),
        ("Device", one_line(section(run.manifest, "machine").get("device"))),
    ]
    return [(name, text) for name, text in pairs if text]


def warnings(run: RunData) -> list[str]:
    """Warnings about the data."""
    return [one_line(line) for line in section(run.manifest, "dataset").get("warnings") or ()]


def protocols(run: RunData) -> list[Protocol]:
    """Every metric of the run, with and without values."""
    return [Protocol(run.metric(name).label, name, counts(run, name), protocol_line(run, name)) for name in run.metrics]


def methods(run: RunData) -> list[MethodFacts]:
    """Every requested method."""
    named = dict.fromkeys([*section(run.manifest, "methods"), *run.methods])
    found = []
    for name in named:
        entry = run.entry("methods", name)
        status = one_line(entry.get("status"))
        failed, clipped = section(entry, "failed_images"), entry.get("clipped_images") or 0
        remarks = [
            f"{status}: {one_line(entry.get('note'))}" if entry.get("note") else "",
            one_line(entry.get("behaviour")),
            *findings(entry),
            f"failed on {counted(len(failed), 'image')}, {_first(failed)}" if failed else "",
            one_line(entry.get("weights_note")),
            f"values outside [0, 1] clipped in {counted(clipped, 'image')}" if clipped else "",
        ]
        about, training = one_line(entry.get("description")), one_line(entry.get("training"))
        weights, sha256 = one_line(entry.get("weights")), one_line(entry.get("weights_sha256"))
        source = source_text(run, name)
        found.append(MethodFacts(name, source, about, training, weights, sha256, tuple(filter(None, remarks))))
    return found


def weight_files(run: RunData) -> list[WeightFile]:
    """The files that the metrics read."""
    files = section(run.manifest, "metric_weights")
    return [
        WeightFile(
            name,
            one_line(section(files, name).get("file")),
            one_line(section(files, name).get("sha256")),
            _DECLARED.get(str(section(files, name).get("as_declared")), "none declared"),
        )
        for name in files
    ]


def origin(run: RunData) -> list[tuple[str, list[Pair]]]:
    """Titled lists: data, code, machine, time and versions."""
    manifest = run.manifest
    lists = [
        ("Data", _data(run)),
        ("Code", _code(run)),
        ("Machine", _pairs({_MACHINE.get(k, k.replace("_", " ")): v for k, v in section(manifest, "machine").items()})),
        ("Time by phase", [(name, text) for name, value in _seconds(run).items() if (text := _duration(value))]),
        ("Versions", [(k, one_line(v) or "not installed") for k, v in section(manifest, "versions").items()]),
    ]
    return [(name, pairs) for name, pairs in lists if pairs]


def specification(run: RunData) -> list[Pair]:
    """Every flag of the run."""
    spec = section(run.manifest, "spec")
    return [(f"--{name.replace('_', '-')}", _value(value)) for name, value in spec.items()]


def left_out_images(run: RunData) -> tuple[list[Pair], int]:
    """The unusable images with the reason, and how many more than listed."""
    found = section(run.manifest, "dataset").get("left_out")
    pairs = [(str(name), one_line(why)) for name, why in (found if isinstance(found, Mapping) else {}).items()]
    return pairs[:MOST_LISTED], max(0, len(pairs) - MOST_LISTED)


def _data(run: RunData) -> list[Pair]:
    data, reference = section(run.manifest, "dataset"), section(run.manifest, "reference")
    cut = data.get("notes")
    pairs = {
        "name": data.get("name"),
        "sha256": data.get("sha256"),
        "degradation": section(run.manifest, "degradation").get("protocol"),
        "seed": section(run.manifest, "degradation").get("seed"),
        "changed images": f"{len(cut)}, {_first(cut)}" if isinstance(cut, Mapping) and cut else None,
        "reference set": f"{reference.get('name')}, {reference.get('n') or 'an unknown number of'} images"
        if reference
        else None,
        "reference sha256": reference.get("sha256"),
    }
    return _pairs(pairs)


def _code(run: RunData) -> list[Pair]:
    git = section(run.manifest, "git")
    changed = _CHECKOUT.get(str(git.get("dirty")))
    version = section(run.manifest, "versions").get("fsrbench")
    return _pairs({"fsrbench": version, "commit": git.get("commit"), "checkout": changed})


def _pairs(values: Mapping[str, object]) -> list[Pair]:
    return [(name, text) for name, value in values.items() if (text := one_line(value))]


def _first(reasons: Mapping[str, Any]) -> str:
    """``e.g. ann/1: empty file``."""
    name, why = next(iter(reasons.items()))
    return f"e.g. {name}: {one_line(why)}"


def _seconds(run: RunData) -> dict[str, float]:
    found = section(run.manifest, "seconds")
    return {str(name): float(value) for name, value in found.items() if isinstance(value, int | float)}


def _duration(seconds: float) -> str:
    """``2 min 11 s``; empty for none."""
    if seconds <= 0:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _date(value: object) -> str:
    """The day and time in UTC of an ISO date; anything else as it is."""
    text = one_line(value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment.tzinfo else text


def _named(value: object) -> str:
    return one_line(value.get("name")) if isinstance(value, Mapping) else one_line(value)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={item}" for name, item in value.items()) or "none"
    return _WORDS.get(str(value)) or one_line(value)
