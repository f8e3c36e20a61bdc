"""``fsrbench board``: read bundles, write the site, and say in a few lines what is on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fsrbench.board.composite import NTIRE, read_composite
from fsrbench.board.site import Board, write_site
from fsrbench.board.submissions import read_submissions
from fsrbench.errors import UserError, counted


def board_command(bundles: Sequence[Path], out: Path, scores: Sequence[str] = (), name: str = "Leaderboard") -> None:
    """Write a board.

    Args:
        bundles: zip files, or folders that hold some.
        out: the site's folder.
        scores: formulas, ``name=expression``, besides NTIRE's.
        name: the board's heading.

    Raises:
        UserError: no bundle, one that cannot be read, an invalid formula, or a folder of other files.
    """
    composites = [read_composite(text) for text in (f"NTIRE={NTIRE}", *scores)]
    if len({score.name for score in composites}) < len(composites):
        raise UserError("--score: two formulas have the same name")
    submissions, left_out = read_submissions(_files(bundles))
    if not submissions:
        raise UserError(f"no bundle for the board: {left_out[0].file}: {left_out[0].reason}")
    board = Board(name, submissions, left_out, composites)
    if unknown := _unknown_parts(board):
        raise UserError(unknown)
    write_site(board, out)
    for one in left_out:
        print(f"left out: {one.file}: {one.reason}")
    print(f"{counted(len(board.methods), 'method')}, {counted(len(board.tracks), 'track')}: {out / 'index.html'}")


def _files(bundles: Sequence[Path]) -> list[Path]:
    """The zip files, sorted by name within folders; hidden ones are skipped, as killed commands leave some."""
    found: list[Path] = []
    for path in bundles:
        inside = sorted(file for file in path.glob("*.zip") if file.name[0] != ".") if path.is_dir() else [path]
        if not inside:
            raise UserError(f"{path}: no bundle (*.zip) in this folder")
        found += inside
    return found


def _unknown_parts(board: Board) -> str:
    """A line about a user's formula whose parts no track has together; empty if there is none."""
    keys = [{column.key for column in track.columns} for track in board.tracks]
    for score in board.scores[1:]:
        if not any(set(score.parts) <= known for known in keys):
            missing = [part for part in score.parts if not any(part in known for known in keys)]
            what = f"no bundle has {', '.join(missing)}" if missing else f"no track has all of {', '.join(score.parts)}"
            return f"--score {score.name}: {what}"
    return ""
