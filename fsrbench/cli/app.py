"""The command line's entry point. Heavy imports are inside the commands, so that --help is quick."""

from __future__ import annotations

import atexit
import gc
import io
import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from fsrbench.cli import boards, drift, gate, models, reports
from fsrbench.cli.data import data_app
from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.run import run
from fsrbench.cli.study import study_app

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
app.add_typer(study_app, name="study")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"fsrbench {metadata.version('fsrbench')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


class _Pipe(io.FileIO):
    """Standard output whose reader may close it early, as ``head`` does; the rest is dropped silently."""

    def write(self, data: Any) -> int:
        """Write, or pretend to once the reader has closed the pipe."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def _robust(stream: Any) -> Any:
    """A standard stream that outlives its reader and escapes characters that its encoding lacks."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    buffer = io.BufferedWriter(_Pipe(stream.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(buffer, stream.encoding, "backslashreplace", line_buffering=stream.line_buffering)


def _free_nothing() -> None:
    """Skip Python's last search for garbage, unless Triton would print all that it had not freed."""
    if "triton" not in sys.modules:
        gc.freeze()


def main() -> None:
    """Entry point of the console script."""
    # Imported modules are never freed: collecting garbage among them repeatedly and at exit takes a second with torch
    gc.set_threshold(10_000)
    atexit.register(_free_nothing)
    sys.stdout, sys.stderr = _robust(sys.stdout), _robust(sys.stderr)
    warnings.filterwarnings("ignore", module=r"PIL\b")  # fsrbench checks and reports the same problems itself
    try:
        sys.path.append(str(Path.cwd()))  # for python:my_method:enlarge; last, so that no file there hides a package
    except FileNotFoundError:  # without one, torch's libraries abort
        print("fsrbench: the current folder was deleted; change to another one", file=sys.stderr)
        sys.exit(2)
    app()


app.command()(run)


@app.command(name="list")
def list_(
    kind: Annotated[str, typer.Argument(help="methods, metrics, datasets, degradations, protocols or weights.")],
) -> None:
    """List known names, with one line on each."""
    with one_line_errors():
        from fsrbench.cli.listing import print_list

        print_list(kind)


@weights_app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="A name from `fsrbench list weights`, or a metric of pyiqa.")],
) -> None:
    """Download a weight file to the cache and check its sha256."""
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


for family in (reports, gate, drift, models, boards):
    app.add_typer(family.app)
