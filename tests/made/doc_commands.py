"""How the commands of pages are called in tests: in this process, on little, without what tests cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import torch

from fsrbench.audit.protocols import all_protocols
from fsrbench.cli.app import app
from fsrbench.methods import timing
from fsrbench.metrics import speed
from fsrbench.tasks import Task
from made import call, commands_of
from made.doc_blocks import Step
from reference_model import Ours

NOT_HERE = {
    "pip": "installs",
    "python3": "makes a virtual environment",
    ".": "enters it",
    "pytest": "is what runs this",
    "ruff": "CI calls it",
    "mypy": "CI calls it",
    "mkdocs": "test_site.py builds the site",
    "pdflatex": "tests/reports/ typesets tables",
    "git": "there is no repository in the page's folder",
    "cp": "test_plugin_template.py copies, builds and installs the template; here its names are known as they are",
}
"""Programs that pages name and tests do not call, and why."""
PARSED_ONLY = {
    "--workers": "starts processes: tests/engine/ has them",
    "--scheduler": "joins a cluster: tests/engine/ has one",
    "--isolate": "starts processes: tests/engine/ has them",
    "fetch": "downloads",
    "ffhq.npz": "needs Inception's weights: tests/metrics/test_reference_statistics.py does it with others",
    "configs/paper.yaml": "needs FFHQ and WIDER FACE",
    "--every": "goes on until it is ended: tests/drift/ has rounds",
    "runs/yesterday": "is nowhere on the page; docs/drift.md compares runs of its own",
    "configs/sweep.yaml": "takes minutes; study.yaml on the same page has a sweep",
}
"""Words of fsrbench's commands that are parsed and not carried out, and why."""
LITTLE = {
    "run": ["--limit", "4", "--device", "cpu", "--timing", "quick"],
    "audit": ["--limit", "2"],
    "train": ["--max-steps", "1", "--batch-size", "2", "--device", "cpu", "--threads", "1", "--no-amp"],
    "upscale": ["--device", "cpu"],
}
"""What is added to a command; the last of two equal options wins."""
COMPARED = {"runs/accepted", "runs/today"}
"""Folders of runs whose people are compared: with four pictures nothing could be."""
METRICS = ["--metrics", "psnr,ssim,latency_ms,params"]
"""Of a run that names none, nor a protocol."""
DRAWN = {
    "run": ["reports.plots.draw.write_plots", "gallery.keep.write_grid"],
    "audit": ["audit.plot.write_plot"],
}
"""What takes longer to draw than all else; tests/reports/, tests/gallery/ and tests/audit/ look at it."""
_STAND_INS = {"musiq": "psnr_y"}
"""Metrics whose weights nobody has without a network."""


def carry_out(step: Step, folder: Path) -> None:
    """Do what a step says, in the current folder, or only parse it where :data:`PARSED_ONLY` says why."""
    program, *words = step.words
    if program in NOT_HERE:
        return
    assert program == "fsrbench", f"{program}: neither fsrbench nor in NOT_HERE"
    if PARSED_ONLY.keys() & set(words):
        parse(words)
        return
    with quick(words[0]):
        result = call(*little(words))
    assert result.exit_code == 0, f"{' '.join(words)}\n{result.output}"
    if step.output:
        (folder / step.output).write_text(result.stdout, encoding="utf-8")


@contextmanager
def quick(command: str) -> Iterator[None]:
    """Inside, what takes seconds in a command is done less often, or left to the tests that are about it."""
    assert "quick: 100" in speed.Latency.protocol
    psnr = tuple(p for p in all_protocols() if p.metric == "psnr" and p.degradation in (None, "bicubic"))
    with ExitStack() as around:
        around.enter_context(mock.patch.dict(timing.EFFORTS, dict.fromkeys(timing.EFFORTS, timing.Effort(3, 0, 60))))
        around.enter_context(mock.patch.multiple(timing, BATCHES=(1, 16), REPEATS=1))
        around.enter_context(mock.patch("fsrbench.audit.measure.all_protocols", return_value=psnr))
        if command == "slices":  # the runs of pages show two people
            around.enter_context(mock.patch("fsrbench.slices.find.LEAST", 2))
        for function in DRAWN.get(command, ()):
            around.enter_context(mock.patch(f"fsrbench.{function}"))
        if command == "export":
            around.enter_context(mock.patch.object(Ours, "load", _small))
        yield


def _small(method: Ours, task: Task, device: torch.device) -> None:
    """A network of one layer for the one of ``ours``; tests/methods/test_export.py exports the real one."""
    method.network = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 1), torch.nn.Upsample(scale_factor=task.scale)).eval()


def little(words: list[str]) -> list[str]:
    """The same command on little."""
    more = ["--limit", "36", "--device", "cpu"] if COMPARED & set(words) else LITTLE.get(words[0], [])
    more = more if words[0] in LITTLE else []
    metrics = METRICS if words[0] == "run" and not {"--metrics", "--config", "--protocol"} & set(words) else []
    return [_STAND_INS.get(word, word) for word in words] + [*more, *metrics]


def parse(words: list[str]) -> None:
    """Hold a command against the command line: its name, its options and their types.

    Raises:
        click.ClickException: it does not know one of them.
    """
    command = commands_of(app)
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    command.make_context(command.name, list(words))
