"""Write docs/protocols.md from what the code declares: ``python -m tools.docs.protocols``; a test keeps it current."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "protocols.md"
HEAD = """<!-- Made by `python -m tools.docs.protocols` from the code; edit nothing here. -->
# Protocols

All tasks, metrics, degradations, methods and weight files, and how each number is computed. `fsrbench list` prints the
same for your installation, including plug-ins; a run's own protocols are under its table and in `manifest.json`.
"""
Row = tuple[str, ...]


def page() -> str:
    """The whole page."""
    from tools.docs.records import section

    sections = (
        ("Tasks", "", ("task", "LR", "HR and SR"), _tasks()),
        ("Metrics", METRICS, ("metric", "unit, better", "needs", "protocol"), _metrics()),
        ("Presets", "", ("preset", "metrics"), _presets()),
        ("Degradations", DEGRADATIONS, ("degradation", "how LR is made"), _degradations()),
        ("Methods", METHODS, ("method", "task", "what it is", "training"), _methods()),
        ("Audit", AUDIT, ("metric", "varies", "protocol", "recipe"), _audit()),
        ("Weight files", WEIGHTS, ("weights", "file", "licence", "sha256"), _weights()),
        ("Published rows", PUBLISHED, ("paper", "task", "dataset", "method", "reported", "status"), _published()),
    )
    tables = [f"\n## {title}\n\n{text}{_table(head, rows)}" for title, text, head, rows in sections]
    tables.insert(3, section())  # after the presets
    text = re.sub(r"pyiqa [\d.]+'s", "pyiqa's", HEAD + "".join(tables) + _sources())  # whichever is installed
    return re.sub(r"the ONNX file [\w.-]+,", "the ONNX file arcface,", text)  # whatever it is called here


METRICS = """Any other name is looked up among pyiqa's metrics. In the column "needs", `hr` means HR images, `pairs`
several pictures of a person, and a name in italics that weight file. Fractions are shown as per cent in tables.

"""
DEGRADATIONS = """Random numbers depend only on the image's id and `--seed`, so LR is the same on every machine and for
any subset.

"""
METHODS = """"Training" is what the weight file declares. `images:`, `checkpoint:`, `onnx:` and `python:` name your own
or published methods: [Adding a method](methods.md).

"""
AUDIT = """What `fsrbench audit` compares; the first protocol of each metric is fsrbench's own.

"""
WEIGHTS = """`fsrbench list weights` says where they are on your machine; `fsrbench weights fetch NAME` downloads
those with a known address.

"""
PUBLISHED = """Numbers that papers reported, shown by `fsrbench table RUN --published` below a run's table and never
ranked, because their data and protocols differ. `verified`: read in a publication by the paper's own authors.

"""


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _tasks() -> Iterator[Row]:
    from fsrbench.tasks import TASKS

    for task in TASKS.values():
        yield f"`{task.name}`", f"{task.lr_size} px", f"{task.hr_size} px"
    yield "`LRxSCALE`, e.g. `128x4`", "LR", "LR times SCALE, at most 1024 px"
    yield "`SIDEx1`, e.g. `512x1`", "SIDE: restoration", "SIDE"
    yield "`auto`", "the size of LR", "the size of HR or `images:DIR`"


def _metrics() -> Iterator[Row]:
    from fsrbench.metrics import BUILTIN, METRICS
    from fsrbench.metrics.base import FeatureMetric
    from fsrbench.metrics.extractors.base import EXTRACTORS

    for name in BUILTIN:
        metric = METRICS.get(name)()
        files = [*metric.weight_files]
        if isinstance(metric, FeatureMetric):
            files += EXTRACTORS.get(metric.extractor)().weight_files
        needs = [*(f"`{need}`" for need in sorted(metric.needs)), *(f"*{file}*" for file in dict.fromkeys(files))]
        better = ", ".join(filter(None, (metric.unit, metric.direction)))
        title = "" if metric.title == name else f"<br>{metric.title}"
        yield f"`{name}`{title}", better, ", ".join(needs), metric.protocol


def _presets() -> Iterator[Row]:
    from fsrbench.metrics import PRESETS

    for name, metrics in PRESETS.items():
        yield f"`{name}`", " ".join(f"`{metric}`" for metric in metrics)


def _degradations() -> Iterator[Row]:
    from fsrbench.degradations.recipes import DEGRADATIONS
    from fsrbench.degradations.strengths import STRENGTHS

    for name, degradation in DEGRADATIONS.items():
        yield f"`{name}`", degradation.protocol
    for name, strengths in STRENGTHS.items():
        allowed = f"{strengths.least:g} to {strengths.most:g}, {strengths.unit}"
        yield f"`{name}:STRENGTH`", f"{strengths.protocol.format('STRENGTH')} ({allowed})"


def _methods() -> Iterator[Row]:
    import torch

    from fsrbench.methods.names import load_method
    from fsrbench.registry import load_object
    from fsrbench.tasks import TASKS

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, target in project["entry-points"]["fsrbench.methods"].items():
        for task in TASKS.values():
            if load_object(target, name).does(task):
                method = load_method(name, task, torch.device("cpu"))
                yield f"`{name}`", f"`{task.name}`", method.description, method.training


def _audit() -> Iterator[Row]:
    from fsrbench.audit.protocols import all_protocols

    for protocol in all_protocols():
        yield f"`{protocol.metric}`", protocol.group, protocol.name, protocol.recipe


def _weights() -> Iterator[Row]:
    from fsrbench.weights import known_files

    for name, weight in known_files().items():
        yield f"`{name}`", weight.file, weight.licence, f"`{weight.sha256[:12]}…`" if weight.sha256 else "not fixed"


def _published() -> Iterator[Row]:
    from fsrbench.reports.tables.published import load_published

    for entry in load_published():
        for row in entry.rows:
            values = ", ".join(f"{metric} {said.text} {said.unit}".strip() for metric, said in row.values.items())
            yield entry.paper.cite, f"`{entry.task}`", row.dataset, row.method, values, entry.status


def _sources() -> str:
    from fsrbench.reports.tables.published import load_published

    return "\n" + "".join(f"* {entry.description}\n" for entry in load_published())


def main() -> None:
    """Write the page."""
    from fsrbench.files.atomic import whole

    with whole(PAGE) as file:
        file.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
