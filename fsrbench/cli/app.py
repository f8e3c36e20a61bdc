"""The command line: parse, call, print. Everything heavy is imported inside the commands, so that --help is quick."""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from fsrbench.cli import judgement, models, reports
from fsrbench.cli.data import data_app
from fsrbench.cli.ending import one_line_errors
from fsrbench.files.lists import names_in

app = typer.Typer(
    help="A benchmark for face super-resolution that a reviewer can trust.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,  # rich would double the time of --help
)
weights_app = typer.Typer(help="Weight files.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(weights_app, name="weights")
app.add_typer(data_app, name="data")


class _Pipe(io.FileIO):
    """Standard output whose reader may go away, as ``head`` does: what it does not read is dropped without a word."""

    def write(self, data: Any) -> int:
        """As a file's, whether or not anybody reads it."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def _patient(stream: Any) -> Any:
    """A standard stream that outlives its reader, and writes what the terminal's encoding does not have as escapes."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    buffer = io.BufferedWriter(_Pipe(stream.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(buffer, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering)


def main() -> None:
    """Entry point of the console script."""
    sys.stdout, sys.stderr = _patient(sys.stdout), _patient(sys.stderr)
    warnings.filterwarnings("ignore", module=r"PIL\b")  # what it warns of is checked and reported here
    sys.path.append(str(Path.cwd()))  # last, so that no file of the user's hides a package: python:my_method:enlarge
    app()


def _given(context: typer.Context) -> dict[str, Any]:
    """The settings that stand on the command line, by name; defaults do not."""
    sources = {name: context.get_parameter_source(name) for name in context.params if name != "config"}
    return {name: context.params[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}


@app.command()
def run(
    context: typer.Context,
    methods: Annotated[str | None, typer.Option(help="Methods, comma-separated; see `fsrbench list methods`.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with these settings, or with several runs; flags go before it.")
    ] = None,
    task: Annotated[str, typer.Option(help="x4 (16->64 px) or x8 (16->128 px).")] = "x4",
    data: Annotated[str, typer.Option(help="sample, a folder, a .zip or a dataset's name.")] = "sample",
    degradation: Annotated[str, typer.Option(help="How LR is made from HR.")] = "bicubic",
    metrics: Annotated[str, typer.Option(help="Metrics and presets (fast, paper, all), comma-separated.")] = "paper",
    limit: Annotated[int | None, typer.Option(help="Only the first N samples in sorted order.")] = None,
    reference: Annotated[str | None, typer.Option(help="Set that FID and KID compare with; HR if not given.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="Verification pairs in the format of LFW's pairs.txt.")] = None,
    sides: Annotated[str, typer.Option(help="SR on one or on both sides of a verification pair.")] = "one",
    alignment: Annotated[str, typer.Option(help="Align faces by the landmarks of hr or of the sr itself.")] = "hr",
    descriptor: Annotated[str, typer.Option(help="auto, dlib, facenet or arcface, for verification.")] = "auto",
    timing: Annotated[str, typer.Option(help="quick, or full for published latencies (a minute).")] = "quick",
    ratio_to: Annotated[str | None, typer.Option(help="Method that latencies are compared to; else the first.")] = None,
    weights: Annotated[list[str] | None, typer.Option(help="NAME=FILE, a weight file to use; may be repeated.")] = None,
    out: Annotated[Path, typer.Option(help="The run's folder.")] = Path("runs/latest"),
    device: Annotated[str, typer.Option(help="auto, cpu or cuda[:i].")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of degradations, folds and intervals.")] = 0,
    batch_size: Annotated[int | None, typer.Option(help="Images a batch; else what suits the device.")] = None,
    workers: Annotated[int | None, typer.Option(help="Share the work among N processes of this machine.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Join a Dask cluster: tcp://HOST:PORT.")] = None,
    isolate: Annotated[bool, typer.Option("--isolate", help="Run each method in a process of its own.")] = False,
    timeout: Annotated[float | None, typer.Option(help="With --isolate: seconds a batch may take; 600.")] = None,
    memory_limit: Annotated[float | None, typer.Option(help="With --isolate: GiB a method may take.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Refuse connections to other machines.")] = False,
    save_images: Annotated[
        bool, typer.Option("--save-images", help="Keep the pictures of all images, not of 200.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume/--fresh", help="Use what an earlier run in OUT has done.")] = True,
) -> None:
    """Super-resolve faces with METHODS and write tables, plots, pictures and the protocol of every number."""
    with one_line_errors():
        if config is not None:
            from fsrbench.experiment.command import run_config

            raise typer.Exit(run_config(config, _given(context)))

        from rich.console import Console

        from fsrbench.api import evaluate
        from fsrbench.errors import UserError
        from fsrbench.weights import parse_override

        if methods is None:
            raise UserError("--methods: name at least one, or give --config FILE.yaml")
        result = evaluate(
            names_in(methods),
            data,
            names_in(metrics),
            task=task,
            degradation=degradation,
            limit=limit,
            reference=reference,
            pairs=pairs,
            sides=sides,
            alignment=alignment,
            descriptor=descriptor,
            timing=timing,
            ratio_to=ratio_to,
            weights=dict(parse_override(text) for text in weights or ()),
            out=out,
            device=device,
            seed=seed,
            batch_size=batch_size,
            workers=workers,
            scheduler=scheduler,
            isolate=isolate,
            timeout=timeout,
            memory_limit=memory_limit,
            offline=offline,
            save_images=save_images,
            resume=resume,
        )
        from fsrbench.reports.tables.render import terminal_table

        Console().print(terminal_table(result))
        print(f"run folder: {out}", file=sys.stderr)
    raise typer.Exit(int(result.failed))


@app.command(name="list")
def list_(kind: Annotated[str, typer.Argument(help="methods, metrics, datasets, degradations or weights.")]) -> None:
    """List what can be named, with a line on each."""
    with one_line_errors():
        from fsrbench.cli.listing import print_list

        print_list(kind)


@weights_app.command("fetch")
def fetch(name: Annotated[str, typer.Argument(help="See `fsrbench list weights`; or a metric of pyiqa.")]) -> None:
    """Download a weight file to the cache and check it."""
    with one_line_errors():
        from fsrbench import weights
        from fsrbench.errors import UserError
        from fsrbench.metrics.pyiqa_metric import pyiqa_metric

        if name in weights.known_files():
            print(weights.fetch(name))
        elif metric := pyiqa_metric(name):
            metric().fetch()
            print(f"{name}: in pyiqa's cache")
        else:
            raise UserError(f"{weights.unknown(name)}; and the metrics of pyiqa")


for family in (reports, judgement, models):
    app.add_typer(family.app)
