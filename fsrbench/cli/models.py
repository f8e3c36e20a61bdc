"""The commands ``fsrbench train``, ``export`` and ``upscale``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.options import Device, TaskName
from fsrbench.stats.seeds import MOST_SEED

app = typer.Typer(rich_markup_mode=None)


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="A model with a training recipe, e.g. fan, ours or scgan.")],
    data: Annotated[str, typer.Option(help="Training faces: a dataset's name, a folder or a zip.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, log, pictures and state.")],
    lr_data: Annotated[
        str | None, typer.Option(help="Dataset of real LR faces; without it, train on HR/LR pairs only.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with the recipe's settings.")] = None,
    lr_mix: Annotated[
        Path | None, typer.Option(help="YAML file: degradations for the LR of pairs, NAME: SHARE each.")
    ] = None,
    task: TaskName = "x4",
    max_steps: Annotated[int, typer.Option(min=1, help="Total number of updates.")] = 20_000,
    batch_size: Annotated[int, typer.Option(min=1, help="Faces per update and process.")] = 32,
    save_every: Annotated[int, typer.Option(min=1, help="Updates between checkpoints.")] = 500,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(max=MOST_SEED, help="Seed of weights and batches.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    amp: Annotated[bool, typer.Option(help="bfloat16 where autocast allows it.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Continue where OUT stopped.")] = False,
) -> None:
    """Train MODEL; --resume continues a stopped training. Several GPUs: torchrun --no-python fsrbench train ..."""
    with one_line_errors():
        from fsrbench.training.start import start

        start(
            model,
            out,
            settings={
                "task": task,
                "data": data,
                "lr_data": lr_data,
                "device": device,
                "amp": amp,
                "batch": batch_size,
                "seed": seed,
            },
            config=config,
            lr_mix=lr_mix,
            steps=max_steps,
            save_every=save_every,
            threads=threads,
            resume=resume,
        )


@app.command()
def export(
    method: Annotated[str, typer.Argument(help="A method, as for `fsrbench run`.")],
    format: Annotated[str, typer.Option(help="onnx.")] = "onnx",
    task: TaskName = "x4",
    out: Annotated[Path | None, typer.Option(help="The file; METHOD_TASK.onnx in this folder by default.")] = None,
) -> None:
    """Write METHOD to a file that other programs can run, LR to clipped SR, and check its output against METHOD."""
    with one_line_errors():
        from fsrbench.methods.export import export as write

        print(write(method, task, format, out))


@app.command()
def upscale(
    photo: Annotated[Path, typer.Argument(help="A photo with small faces, such as a crowd.")],
    method: Annotated[str, typer.Option(help="One method; see `fsrbench list methods`.")] = "ours",
    task: Annotated[
        str | None,
        typer.Option(help="x4 (16->64 px), x8 (16->128 px) or LRxSCALE, e.g. 128x4; x4 without --protocol."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Take a protocol's task, and refuse others; `fsrbench list protocols`.")
    ] = None,
    out: Annotated[Path, typer.Option(help="A folder, or a PNG file; the grid is written beside it.")] = Path(
        "runs/upscale"
    ),
    min_face: Annotated[float, typer.Option(min=4, help="Look for faces of at least N px, forehead to chin.")] = 12,
    all_sizes: Annotated[bool, typer.Option("--all", help="Large faces too, reduced to the LR size first.")] = False,
    device: Device = "auto",
) -> None:
    """Super-resolve the small faces in a PHOTO, paste them back and show them side by side."""
    with one_line_errors():
        from fsrbench.machine.console import Reporter
        from fsrbench.photo import command

        request = command.Request(photo, method, task, protocol, out, min_face, all_sizes, device)
        for file in command.upscale(request, Reporter()):
            print(file)
