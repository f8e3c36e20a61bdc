"""Commands that show finished runs: tables, statistical tests, plots, grids and HTML pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.cli.options import By, GroupsFile, LayoutFile, MinPeople, RunFolder
from fsrbench.files.lists import names_in
from fsrbench.stats.seeds import MOST_SEED

app = typer.Typer(rich_markup_mode=None)


@app.command()
def table(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs' folders, side by side; or NAME=RUN.")],
    format: Annotated[str, typer.Option(help="md, tex, csv, html or terminal.")] = "md",
    columns: Annotated[str | None, typer.Option(help="Metrics to show, comma-separated.")] = None,
    rows: Annotated[str | None, typer.Option("--rows", "--methods", help="Methods to show, comma-separated.")] = None,
    layout: Annotated[
        Path | None, typer.Option(help="YAML file: what to show, in which order and under which names.")
    ] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="With 95 % intervals.")] = False,
    notes: Annotated[str | None, typer.Option(help="Below table and caption: full, short (footnotes) or none.")] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Runs that differ in a degradation's strength: one column per strength.")
    ] = False,
    standalone: Annotated[bool, typer.Option("--standalone", help="With tex: a complete document.")] = False,
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="Also what papers reported for the run's task and metrics: a second table, with status and source. "
            "Their data and protocols differ, so it is not comparable and not ranked.",
        ),
    ] = False,
    by: By = None,
    groups: GroupsFile = None,
    min_people: MinPeople = 10,
    classifier: Annotated[
        str | None,
        typer.Option(help="With --by COLUMN: also which classes python:pkg.module:Name or onnx:FILE sees in SR."),
    ] = None,
) -> None:
    """Print the table of a run, of several side by side, or of one by group."""
    with one_line_errors():
        from fsrbench.errors import UserError
        from fsrbench.reports.tables import command as table_command

        chosen, methods = (names_in(text) if text else None for text in (columns, rows))
        if by is not None or groups is not None or classifier is not None:
            if sweep or standalone or published:
                raise UserError("--by cannot be combined with --sweep, --standalone or --published")
            from fsrbench.attributes.command import table_by_group

            text = table_by_group(runs, format, by, groups, min_people, classifier, layout, chosen, methods)
            print(text, end="")
            return
        text = table_command.table(
            runs, format, layout, chosen, methods, intervals, notes, sweep, published, standalone
        )
        print(text)


@app.command()
def compare(
    path: RunFolder,
    to: Annotated[str | None, typer.Option(help="Method to compare the others with; the first by default.")] = None,
    columns: Annotated[str | None, typer.Option(help="Metrics to compare, comma-separated.")] = None,
    format: Annotated[str, typer.Option(help="text, md or csv.")] = "text",
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of draws and permutations.")] = 0,
    by: By = None,
    groups: GroupsFile = None,
    min_people: MinPeople = 10,
) -> None:
    """Test which differences between a run's methods are more than chance."""
    with one_line_errors():
        from rich.console import Console

        from fsrbench.errors import one_of
        from fsrbench.reports.tables import comparison as table_comparison
        from fsrbench.reports.tables.layout import Layout
        from fsrbench.reports.tables.sources import arranged
        from fsrbench.runs import data
        from fsrbench.runs.comparison import compare_run

        one_of("format", format, ("text", "md", "csv"))
        run = arranged(data.RunData.load(path), Layout())
        shown_as = {name: title for title, name in run.renamed.items()}
        base = shown_as.get(to, to) if to else run.methods[0]
        if by is not None or groups is not None:
            from fsrbench.reports.tables.groups_command import group_comparison

            metrics = names_in(columns) if columns else None
            print(group_comparison(run, base, format, by, groups, min_people, seed, metrics), end="")
            return
        rows = compare_run(run, base, names_in(columns) if columns else None, seed)
        shown = table_comparison.render(run, base, rows, format)  # type: ignore[arg-type]
        Console(soft_wrap=True).print(shown, end="", markup=False, highlight=False)


@app.command()
def slices(
    path: RunFolder,
    method: Annotated[str | None, typer.Option(help="Methods to search, comma-separated; all by default.")] = None,
    metric: Annotated[str, typer.Option(help="A metric with per-image scores.")] = "psnr",
    to: Annotated[
        str | None,
        typer.Option(help="Subtract this method's scores, image by image; bicubic's by default, or none."),
    ] = None,
    groups: GroupsFile = None,
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of the halves and of the tests.")] = 0,
) -> None:
    """Find where methods fail: by head pose, and by size, sharpness, brightness, contrast and noise of the LR."""
    with one_line_errors():
        from fsrbench.slices.command import slices_command

        slices_command(path, names_in(method) if method else None, metric, to, groups, format, seed)


@app.command()
def plot(
    paths: Annotated[list[Path], typer.Argument(metavar="RUN...", help="A run's or a training's folder, or several.")],
    layout: LayoutFile = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; RUN/plots by default.")] = None,
) -> None:
    """Redraw a run's plots; or draw a sweep over runs with several strengths of a degradation, or learning curves."""
    with one_line_errors():
        from fsrbench.reports.plots import draw as plots
        from fsrbench.reports.tables.layout import Layout, read_layout

        for file in plots.plot(paths, out, read_layout(layout) if layout else Layout()):
            print(file)


@app.command()
def grid(
    path: RunFolder,
    images: Annotated[
        str | None, typer.Option(help="Images to show, comma-separated; by default COUNT are chosen.")
    ] = None,
    choose: Annotated[str, typer.Option(help="spread (from best to worst), best, worst or random.")] = "spread",
    count: Annotated[int, typer.Option(help="How many images.")] = 5,
    by: Annotated[str | None, typer.Option(help="Metric to choose images by and to print below them.")] = None,
    of: Annotated[
        str | None, typer.Option(help="Method whose best or worst images to show; the first by default.")
    ] = None,
    methods: Annotated[str | None, typer.Option(help="Methods to show, comma-separated; all by default.")] = None,
    layout: LayoutFile = None,
    parts: Annotated[bool, typer.Option(help="Enlarge eyes and mouth.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of a random choice.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="The PNG file; by default RUN/grid.png, or RUN/grid_chosen.png for other images."),
    ] = None,
) -> None:
    """Redraw the run's grid, or draw one of other images or methods."""
    with one_line_errors():
        from typing import get_args

        from fsrbench.errors import one_of
        from fsrbench.gallery.grid import Choice, draw_again
        from fsrbench.reports.tables.layout import read_layout
        from fsrbench.runs.choice import How

        how = one_of("choice", choose, get_args(How))
        shown, chosen = (tuple(names_in(text)) if text else None for text in (methods, images))
        choice = Choice(chosen, how, count, by, of, shown, parts, seed)
        drawn = draw_again(path, choice, out, read_layout(layout) if layout else None)
        if drawn.remark:
            print(drawn.remark, file=sys.stderr)
        print(drawn.file)


@app.command()
def report(
    path: RunFolder,
    layout: LayoutFile = None,
    out: Annotated[Path | None, typer.Option(help="The file; RUN/report.html by default.")] = None,
    images: Annotated[
        int, typer.Option(min=1, help="Show at most the first N images, as far as the page has room.")
    ] = 200,
) -> None:
    """Write one self-contained HTML page: tables, plots, pictures to compare and every protocol."""
    with one_line_errors():
        from fsrbench.reports.page.render import write_report
        from fsrbench.reports.tables.build import open_arranged
        from fsrbench.reports.tables.layout import Layout, read_layout

        arranged = open_arranged(path, read_layout(layout) if layout else Layout())
        print(write_report(arranged, out, images, afresh=layout is not None))
