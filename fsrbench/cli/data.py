"""The commands ``fsrbench data ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.options import Destination, Device, Limit, Source, TaskName

data_app = typer.Typer(
    help="Datasets: import archives, write degraded pictures, show what a dataset holds.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@data_app.command(name="import")
def import_(
    kind: Annotated[
        str,
        typer.Argument(
            help="celeba, ffhq, lfw, widerface, tinyface, survface, survface-pairs, scface, identification or folder."
        ),
    ],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="What was downloaded: a folder, a zip or a tgz.")],
    destination: Destination,
    crop: Annotated[str | None, typer.Option(help="none, centre178 (any number), ffhq, upright or five-point.")] = None,
    size: Annotated[int | None, typer.Option(min=4, help="Side of the HR pictures in pixels; 128 by default.")] = None,
    split: Annotated[str | None, typer.Option(help="train, val, test or all; by default the one to test on.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N faces in sorted order.")] = None,
    align: Annotated[str, typer.Option(help="Landmarks: given, or detect (MTCNN, largest face).")] = "given",
    landmarks: Annotated[
        Path | None, typer.Option(help="folder, scface: CSV with 5 (folder: or 68) points per picture.")
    ] = None,
    enlarge: Annotated[bool, typer.Option("--enlarge", help="Also use faces smaller than --size, enlarged.")] = False,
    in_the_wild: Annotated[bool, typer.Option("--in-the-wild", help="celeba: the uncropped photographs.")] = False,
    min_face: Annotated[float, typer.Option(help="widerface: smallest longer side of a face's box in pixels.")] = 10,
    max_face: Annotated[float, typer.Option(help="widerface: largest longer side.")] = 50,
    max_blur: Annotated[int, typer.Option(min=0, max=2, help="widerface: 0 clear, 1 normal, 2 heavy blur.")] = 2,
    max_occlusion: Annotated[int, typer.Option(min=0, max=2, help="widerface: 0 none, 1 partial, 2 heavy.")] = 1,
    max_pose: Annotated[int, typer.Option(min=0, max=1, help="widerface: 0 typical, 1 atypical.")] = 0,
    fit: Annotated[str, typer.Option(help="Identification: pad, stretch or cut LR that is not square.")] = "pad",
    distractors: Annotated[int | None, typer.Option(min=0, help="tinyface, identification: at most N.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default as many as there are cores.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--fresh", help="Continue in DEST, keeping what it has of SRC, or empty it.")
    ] = True,
) -> None:
    """Cut the faces of an archive into a dataset for --data. Downloads nothing; a stopped import continues."""
    with one_line_errors():
        from fsrbench.datasets import importers, prepared
        from fsrbench.datasets.importers.importing import Import, import_dataset
        from fsrbench.machine.console import Reporter
        from fsrbench.machine.cores import usable_cores

        chosen = importers.find_kind(kind)
        options = importers.make_options(
            chosen,
            crop,
            split,
            size,
            align=align,
            landmarks=landmarks,
            enlarge=enlarge,
            in_the_wild=in_the_wild,
            min_face=min_face,
            max_face=max_face,
            max_blur=max_blur,
            max_occlusion=max_occlusion,
            max_pose=max_pose,
            fit=fit,
            distractors=distractors,
        )
        request = Import(
            chosen, source, prepared.resolve(destination), options, limit, workers or usable_cores(), resume
        )
        import_dataset(request, Reporter())
        print(request.folder)


@data_app.command()
def degrade(
    source: Source,
    destination: Destination,
    degradation: Annotated[str, typer.Option(help="How LR is made from HR.")] = "bicubic",
    task: TaskName = "x4",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the degradation.")] = 0,
    limit: Limit = None,
    resume: Annotated[
        bool, typer.Option("--resume/--fresh", help="Continue in a DEST made the same way, or empty it.")
    ] = True,
) -> None:
    """Write HR and LR as PNG; `run --data DEST` then gives the scores of `run --data SRC --degradation NAME`."""
    with one_line_errors():
        from fsrbench.datasets import degrade as degrading
        from fsrbench.machine.console import Reporter

        request = degrading.make_request(source, destination, degradation, task, seed, limit)
        degrading.degrade(request, resume, Reporter())
        print(request.folder)


@data_app.command()
def statistics(
    source: Source,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The .npz file to write, for run --reference.")],
    size: Annotated[int | None, typer.Option(min=4, help="Reduce larger pictures to this side, as a run does.")] = None,
    features: Annotated[bool, typer.Option("--features", help="Keep the activations too, which KID needs.")] = False,
    limit: Limit = None,
    weights: Annotated[list[str] | None, typer.Option(help="inception=FILE, if it is elsewhere.")] = None,
    device: Device = "auto",
) -> None:
    """Write the Inception statistics of a reference set such as FFHQ; FID is then computed without the pictures."""
    with one_line_errors():
        from fsrbench.machine.console import Reporter
        from fsrbench.metrics.write_statistics import write_statistics
        from fsrbench.weights import override, parse_override

        with override(dict(map(parse_override, weights or ()))):
            write_statistics(source, file, Reporter(), limit=limit, side=size, features=features, device=device)
        print(file)


@data_app.command()
def show(
    source: Source,
    degradation: Annotated[str | None, typer.Option(help="Also show the LR that this makes from HR.")] = None,
    task: Annotated[str, typer.Option(help="x4, x8 or LRxSCALE: the size of that LR.")] = "x4",
    limit: Limit = None,
    out: Annotated[Path | None, typer.Option(help="Write a sheet of samples to this PNG file.")] = None,
) -> None:
    """Describe a dataset: sizes, identities, hash, and which of its files are broken."""
    with one_line_errors():
        from rich.console import Console

        from fsrbench.datasets import open_dataset, prepared
        from fsrbench.datasets import show as showing
        from fsrbench.degradations.recipes import find_degradation
        from fsrbench.machine.console import Reporter

        how = find_degradation(degradation) if degradation else None
        data = open_dataset(source).head(limit)
        folder = prepared.find(source) or Path(source).expanduser()
        Console(highlight=False).print(showing.describe(data, showing.scan(data, Reporter()), folder))
        if out:
            showing.draw_sheet(data, how, task, out)
            print(out)
