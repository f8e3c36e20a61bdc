"""The board as files: pages from templates, their styles and scripts, data for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fsrbench.board import text
from fsrbench.board.composite import Composite
from fsrbench.board.export import board_json, entries_csv, results_csv
from fsrbench.board.front import drawings
from fsrbench.board.methods import BoardMethod, build_methods, facts
from fsrbench.board.pictures import WorstAndBest, worst_and_best
from fsrbench.board.submissions import SYMBOLS, LeftOut, Submission
from fsrbench.board.tracks import BoardTrack, build_tracks
from fsrbench.files.atomic import whole
from fsrbench.files.folders import make_folder, only_writer
from fsrbench.reports.page.render import own
from fsrbench.reports.page.results import HINTS

HERE: Final = Path(__file__).parent
POLICY: Final = "default-src 'none'; img-src 'self' file: data:; style-src 'self' file:; script-src 'self' file:"
"""What a page may load: files of the board. For some browsers, files on the disk are not ``self``."""
MADE: Final = {"tracks": (".html", ".csv"), "methods": (".html",), "pictures": (".png",)}
"""Folders of a board, and the suffixes of its files in them."""
HELPERS: Final = (
    *(text.value_text, text.interval_text, text.number, text.rank_text, text.date_text, text.task_text),
    *(text.people_text, text.order_text, text.how_text, text.may_be_first, text.leaders, text.checked, text.trust),
    *(text.timed, text.all_columns, text.different_columns, text.history_columns, text.old_value, text.web_link),
    *(text.part_text, text.inputs_text, text.unchecked_text, drawings, facts),
)
"""Functions that templates call."""


@dataclass(frozen=True, eq=False)
class Board:
    """Everything that a board shows."""

    name: str
    submissions: Sequence[Submission]
    left_out: Sequence[LeftOut] = ()
    scores: Sequence[Composite] = ()

    @cached_property
    def tracks(self) -> list[BoardTrack]:
        """All tracks, those with the most methods first."""
        return build_tracks(self.submissions, self.scores)

    @cached_property
    def methods(self) -> list[BoardMethod]:
        """All methods, sorted by title."""
        return build_methods(self.tracks)


def write_site(board: Board, out: Path) -> int:
    """Write the site; pages and pictures that only an earlier board had are removed.

    Returns:
        How many pages it has.

    Raises:
        UserError: the folder holds other files, or another process writes to it.
        CannotWrite: the disk is full.
    """
    make_folder(out, lambda: (out / "board.json").is_file(), "give --out a folder of its own")
    with only_writer(out):
        pictures = {method.id: _pictures(method, out) for method in board.methods}
        pages = dict(_pages(board, pictures))
        shown = {p.file for of in pictures.values() for found in of.values() for p in (*found.worst, *found.best)}
        _tidy(out, {*pages, *shown})
        for name, content in pages.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as part:
                part.write_text(content, encoding="utf-8", errors="replace")  # a lone surrogate cannot be encoded
    return sum(name.endswith(".html") for name in pages)


def _pictures(method: BoardMethod, out: Path) -> dict[str, WorstAndBest]:
    found = {track.id: worst_and_best(track, entry, out) for track, entry in method.entries}
    return {track: shown for track, shown in found.items() if shown}


def _pages(board: Board, pictures: Mapping[str, Mapping[str, WorstAndBest]]) -> list[tuple[str, str]]:
    """Names and contents of all files but pictures."""
    environment = _environment(board)

    def page(template: str, root: str, **values: Any) -> str:
        return environment.get_template(template).render(root=root, **values)

    tracks, methods, left_out = board.tracks, board.methods, board.left_out
    return [
        ("index.html", page("index.html.j2", "", tracks=tracks, methods=methods, left_out=left_out)),
        *((f"tracks/{t.id}.html", page("track.html.j2", "../", track=t)) for t in tracks),
        *((f"tracks/{t.id}.csv", results_csv([t])) for t in tracks),
        *((f"methods/{m.id}.html", page("method.html.j2", "../", method=m, pictures=pictures[m.id])) for m in methods),
        ("assets/board.css", own("report.css") + own("print.css") + _file("board.css")),
        ("assets/board.js", own("sort.js") + _file("board.js")),
        ("board.json", board_json(board.name, tracks, methods, left_out)),
        ("results.csv", results_csv(tracks)),
        ("entries.csv", entries_csv(tracks)),
    ]


def _environment(board: Board) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update({helper.__name__: helper for helper in HELPERS})
    environment.globals.update(
        name=board.name, bundles=len(board.submissions), policy=POLICY, hints=HINTS, symbols=SYMBOLS
    )
    return environment


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _tidy(out: Path, belonging: set[str]) -> None:
    """Remove what an earlier board has left in the folders of pages and pictures; links are not followed."""
    for folder, suffixes in MADE.items():
        for file in (out / folder).glob("*") if not (out / folder).is_symlink() else ():
            if file.suffix in suffixes and f"{folder}/{file.name}" not in belonging:
                file.unlink()
