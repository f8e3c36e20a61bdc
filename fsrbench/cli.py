"""The command line: parse, call, print. Everything heavy is imported inside the commands, so that --help is quick."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from fsrbench.cli_data import data_app
from fsrbench.command_errors import one_line_errors

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


def main() -> None:
    """Entry point of the console script."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold what the terminal's encoding does not
    app()


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


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
        from fsrbench.weights import parse_named

        if methods is None:
            raise UserError("--methods: name at least one, or give --config FILE.yaml")
        result = evaluate(
            _names(methods),
            data,
            _names(metrics),
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
            weights=dict(parse_named(text) for text in weights or ()),
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
        from fsrbench.reports.tables import terminal_table

        Console().print(terminal_table(result))
        print(f"run folder: {out}", file=sys.stderr)
    raise typer.Exit(int(result.failed))


@app.command()
def table(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs' folders, side by side; or NAME=RUN.")],
    format: Annotated[str, typer.Option(help="md, tex, csv, html or terminal.")] = "md",
    columns: Annotated[str | None, typer.Option(help="Metrics to show, comma-separated.")] = None,
    rows: Annotated[str | None, typer.Option("--rows", "--methods", help="Methods to show, comma-separated.")] = None,
    layout: Annotated[
        Path | None, typer.Option(help="YAML file: what is shown, in which order and under which names.")
    ] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="With 95 % intervals.")] = False,
    notes: Annotated[str | None, typer.Option(help="Below the table: full, short (footnotes) or none.")] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Runs that differ in a degradation's strength: a column a strength.")
    ] = False,
    standalone: Annotated[bool, typer.Option("--standalone", help="With tex: a whole document.")] = False,
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="Also what papers reported for the run's task and metrics: a second table, with status and source. "
            "Their data and protocols differ, so it is not comparable and not ranked.",
        ),
    ] = False,
) -> None:
    """Print the table of a run, or of several side by side."""
    with one_line_errors():
        from fsrbench.reports import table_command

        chosen, methods = (_names(text) if text else None for text in (columns, rows))
        text = table_command.table(
            runs, format, layout, chosen, methods, intervals, notes, sweep, published, standalone
        )
        print(text)


@app.command()
def compare(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    to: Annotated[str | None, typer.Option(help="Method that the others are compared with; else the first.")] = None,
    columns: Annotated[str | None, typer.Option(help="Metrics to compare, comma-separated.")] = None,
    format: Annotated[str, typer.Option(help="text, md or csv.")] = "text",
    seed: Annotated[int, typer.Option(help="Seed of draws and permutations.")] = 0,
) -> None:
    """Test which differences between a run's methods are more than chance."""
    with one_line_errors():
        from rich.console import Console

        from fsrbench.comparison import compare_run
        from fsrbench.errors import UserError
        from fsrbench.reports import data, table_comparison

        if format not in ("text", "md", "csv"):
            raise UserError(f"unknown format {format!r}; known: text, md, csv")
        run = data.RunData.load(path)
        base = to or run.methods[0]
        rows = compare_run(run, base, _names(columns) if columns else None, seed)
        shown = table_comparison.render(run, base, rows, format)  # type: ignore[arg-type]
        Console(soft_wrap=True).print(shown, end="", markup=False, highlight=False)


@app.command()
def plot(
    paths: Annotated[list[Path], typer.Argument(metavar="RUN...", help="A run's or a training's folder, or several.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; RUN/plots by default.")] = None,
) -> None:
    """Draw a run's plots again, a sweep over several runs' strengths of one degradation, or learning curves."""
    with one_line_errors():
        from fsrbench.reports import plots

        for file in plots.plot(paths, out):
            print(file)


@app.command()
def grid(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    images: Annotated[str | None, typer.Option(help="Images to show, comma-separated; else COUNT are chosen.")] = None,
    choose: Annotated[str, typer.Option(help="spread (from best to worst), best, worst or random.")] = "spread",
    count: Annotated[int, typer.Option(help="How many images.")] = 5,
    by: Annotated[str | None, typer.Option(help="Metric to choose by and to write below.")] = None,
    of: Annotated[str | None, typer.Option(help="Method whose best or worst images; else the first.")] = None,
    methods: Annotated[str | None, typer.Option(help="Methods to show, comma-separated; else all.")] = None,
    parts: Annotated[bool, typer.Option(help="Enlarge eyes and mouth.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of a random choice.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The PNG file; RUN/grid.png by default.")] = None,
) -> None:
    """Draw the grid of a run's pictures again, of other images or methods."""
    with one_line_errors():
        from typing import get_args

        from fsrbench.errors import UserError
        from fsrbench.grid import Choice, draw_again
        from fsrbench.reports.choice import How

        if choose not in get_args(How):
            raise UserError(f"unknown choice {choose!r}; known: {', '.join(get_args(How))}")
        shown, asked = (tuple(_names(text)) if text else None for text in (methods, images))
        choice = Choice(asked, choose, count, by, of, shown, parts, seed)  # type: ignore[arg-type]
        out = out or path / "grid.png"
        draw_again(path, choice, out)
        print(out)


@app.command()
def report(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    out: Annotated[Path | None, typer.Option(help="The file; RUN/report.html by default.")] = None,
    images: Annotated[int, typer.Option(min=1, help="Show the first N images, as far as the page has room.")] = 200,
) -> None:
    """Make one HTML page of a run: tables, plots, pictures to compare and every protocol. It needs no network."""
    with one_line_errors():
        from fsrbench.reports import data
        from fsrbench.reports.html.page import write_report

        print(write_report(data.RunData.load(path), out, images))


@app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    against: Annotated[Path, typer.Option(help="The reference, a JSON file.")],
    update: Annotated[bool, typer.Option("--update", help="Make the run the reference; say what changes.")] = False,
    format: Annotated[str, typer.Option(help="text, junit, github or json.")] = "text",
    output: Annotated[Path | None, typer.Option(help="File for the format; the text is printed all the same.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the tests; the run's own has to be the reference's.")] = 0,
) -> None:
    """Hold a RUN against a reference. Exit code 0: holds, 1: regressed, 2: cannot be compared."""
    with one_line_errors():
        from fsrbench.gate import command

        if update:
            command.update_command(path, against)
            return
        code = command.check_command(path, against, format, output, seed)
    raise typer.Exit(code)


@app.command()
def audit(
    path: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A finished run's folder.")] = None,
    method: Annotated[str | None, typer.Option(help="Instead of a run: methods, comma-separated.")] = None,
    data: Annotated[str | None, typer.Option(help="sample (default), a folder, a .zip or a dataset's name.")] = None,
    degradation: Annotated[str | None, typer.Option(help="How LR is made from HR; bicubic by default.")] = None,
    task: Annotated[str | None, typer.Option(help="x4 (default) or x8.")] = None,
    limit: Annotated[int | None, typer.Option(help="First N images; without it 128, for NIQE 64.")] = None,
    out: Annotated[Path | None, typer.Option(help="RUN/audit by default, without a run runs/audit.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of degradations and folds.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Refuse connections to other machines.")] = False,
) -> None:
    """Show how far the numbers of a RUN or of a method move under other papers' protocols."""
    with one_line_errors():
        from fsrbench.audit.command import audit

        asked = {
            "methods": None if method is None else tuple(_names(method)),
            "data": data,
            "degradation": degradation,
            "task": task,
            "limit": limit,
            "seed": seed,
        }
        audit(path, out, {name: value for name, value in asked.items() if value is not None} | {"offline": offline})


@app.command(name="list")
def list_(kind: Annotated[str, typer.Argument(help="methods, metrics, datasets, degradations or weights.")]) -> None:
    """List what can be named, with a line on each."""
    with one_line_errors():
        from fsrbench.listing import print_list

        print_list(kind)


@app.command()
def upscale(
    photo: Annotated[Path, typer.Argument(help="A photo with small faces, as in a crowd.")],
    method: Annotated[str, typer.Option(help="One method; see `fsrbench list methods`.")] = "ours",
    task: Annotated[str, typer.Option(help="x4 (16->64 px) or x8 (16->128 px).")] = "x4",
    out: Annotated[Path, typer.Option(help="A folder, or the PNG file; the grid lies beside it.")] = Path(
        "runs/upscale"
    ),
    min_face: Annotated[float, typer.Option(min=4, help="Look for faces of N px and more, forehead to chin.")] = 12,
    all_sizes: Annotated[bool, typer.Option("--all", help="Large faces too, reduced to the LR size first.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda[:i].")] = "auto",
) -> None:
    """Super-resolve the small faces in a PHOTO, put them back into it and show them side by side."""
    with one_line_errors():
        from fsrbench.console import Reporter
        from fsrbench.photo import command

        request = command.Request(photo, method, task, out, min_face, all_sizes, device)
        for file in command.upscale(request, Reporter()):
            print(file)


@weights_app.command("fetch")
def fetch(name: Annotated[str, typer.Argument(help="See `fsrbench list weights`; or a metric of pyiqa.")]) -> None:
    """Download a weight file to the cache and check it."""
    with one_line_errors():
        from fsrbench import weights
        from fsrbench.errors import UserError
        from fsrbench.metrics.pyiqa_metric import pyiqa_metric

        if name in weights.WEIGHTS:
            print(weights.fetch(name))
        elif metric := pyiqa_metric(name):
            metric().fetch()
            print(f"{name}: in pyiqa's cache")
        else:
            raise UserError(f"{weights.REGISTRY.unknown(name)}; and the metrics of pyiqa")


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="A model that brings a recipe, e.g. fan, ours or scgan.")],
    data: Annotated[Path, typer.Option(help="Folder or zip of training faces, <identity>/<file>.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, log, pictures and state.")],
    lr_data: Annotated[
        Path | None, typer.Option(help="Folder or zip of real LR faces; without it pairs alone.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with the recipe's settings.")] = None,
    task: Annotated[str, typer.Option(help="x4 or x8.")] = "x4",
    max_steps: Annotated[int, typer.Option(help="Updates in all.")] = 20_000,
    batch_size: Annotated[int, typer.Option(help="Faces an update, in each process.")] = 32,
    save_every: Annotated[int, typer.Option(help="Updates between checkpoints.")] = 500,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda[:i].")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of weights and batches.")] = 0,
    threads: Annotated[int | None, typer.Option(help="CPU threads.")] = None,
    amp: Annotated[bool, typer.Option(help="bfloat16 where autocast allows.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where OUT stopped.")] = False,
) -> None:
    """Train MODEL; a killed training goes on with --resume. Several GPUs: torchrun --no-python fsrbench train ..."""
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
            steps=max_steps,
            save_every=save_every,
            threads=threads,
            resume=resume,
        )


@app.command()
def export(
    method: Annotated[str, typer.Argument(help="A method, as for `fsrbench run`.")],
    format: Annotated[str, typer.Option(help="onnx.")] = "onnx",
    task: Annotated[str, typer.Option(help="x4 or x8.")] = "x4",
    out: Annotated[Path | None, typer.Option(help="The file; METHOD_TASK.onnx here by default.")] = None,
) -> None:
    """Write METHOD to a file that other programs run, from LR to clipped SR, and check it against METHOD."""
    with one_line_errors():
        from fsrbench.export import export as write

        print(write(method, task, format, out))
