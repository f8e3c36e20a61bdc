"""Render the page: read everything, fill the template, and add a policy that lets it load nothing."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fsrbench.errors import UserError
from fsrbench.files.atomic import whole
from fsrbench.reports.page import facts
from fsrbench.reports.page.figures import PlotFigure, read_figures
from fsrbench.reports.page.groups import read_groups
from fsrbench.reports.page.pictures import MOST_SHOWN, QUALITY, read_pictures, specimens, titles
from fsrbench.reports.page.results import HINTS, look_rules, read_results
from fsrbench.reports.tables.details import detail_methods, detail_rows, has_gaps
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.sources import arranged
from fsrbench.runs.data import RunData

HERE: Final = Path(__file__).parent
STYLES: Final = ("report.css", "browser.css", "print.css")


def write_report(run: RunData, out: Path | None = None, images: int = MOST_SHOWN, afresh: bool = False) -> Path:
    """Write a run's page.

    Args:
        run: the run.
        out: the file; ``report.html`` in the run's folder by default.
        images: maximum number of images to show; fewer if the page would get too large.
        afresh: redraw the plots (needed if a layout renames methods) instead of showing the run's own.

    Returns:
        The file.

    Raises:
        UserError: it cannot be written.
        CannotWrite: the disk is full or read-only.
    """
    file = run.path / "report.html" if out is None else out
    text = render(run, images, _figures(run, afresh))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as part:
            # A manifest may hold a lone surrogate, which UTF-8 cannot encode
            part.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from None
    return file


def _figures(run: RunData, afresh: bool) -> list[PlotFigure]:
    if not afresh:
        return read_figures(run)
    from fsrbench.reports.plots.draw import write_plots  # the page alone does not need matplotlib

    with tempfile.TemporaryDirectory() as folder:
        write_plots(run, Path(folder))
        return read_figures(run, Path(folder))


def render(run: RunData, images: int = MOST_SHOWN, figures: Sequence[PlotFigure] | None = None) -> str:
    """The page of a run as text; arguments as for :func:`write_report`."""
    run = arranged(run, Layout())
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    pictures = read_pictures(run, images)
    chosen, choice = specimens(run, pictures) if pictures else ([], "")
    style, details = "\n".join(map(own, STYLES)) + look_rules(run), detail_rows(run)
    scripts = [own("sort.js"), *([own("browser.js")] if pictures else [])]
    return environment.get_template("page.html.j2").render(
        run=run,
        facts=facts,
        results=read_results(run),
        hints=HINTS,
        figures=read_figures(run) if figures is None else figures,
        pictures=pictures,
        quality=QUALITY,
        titles=titles(run),
        specimens=chosen,
        choice=choice,
        groups=Markup(read_groups(run)),  # escaped where it is made
        details=details,
        details_have_gaps=has_gaps(details),
        detail_methods=detail_methods(run),
        style=Markup(style),  # the package's own files, not the run's
        scripts=list(map(Markup, scripts)),
        policy=policy(style, scripts),
    )


def own(name: str) -> str:
    """Read a style sheet or script of the page."""
    return (HERE / name).read_text(encoding="utf-8")


def policy(style: str, scripts: Sequence[str]) -> str:
    """A content security policy that allows this style, these scripts and inline pictures, nothing else."""
    allowed = " ".join(map(_digest, scripts))
    return f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {allowed}"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
