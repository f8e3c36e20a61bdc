"""What a bad input is: how it is made, how the command line is called with it, and what is to come of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from made import draw_picture, encode_picture, picture_files, write_files

GOOD = picture_files(["good1.png", "good2.png"])
INTACT = frozenset({"good1", "good2"})


@dataclass(frozen=True)
class Case:
    """One bad input."""

    name: str
    make: Callable[[Path], Sequence[object]]
    """Makes it in a folder of its own and gives the arguments of the command line."""
    says: str
    """Matches one line of standard error, or a note of the summary."""
    code: int = 2
    """Exit code: 2 unusable, 0 with the rest of the run intact, 1 with a method that failed."""
    images: frozenset[str] | None = None
    """Images that are scored all the same; not looked at where it is ``None``."""
    seconds: float = 20
    """The call must end within them."""
    heavy: bool = False
    """It takes a second or more, there is so much to read."""


def run_on(data: object, *options: object, methods: str = "bicubic") -> list[object]:
    """Arguments of the smallest run; the folder it is called in gets ``out``."""
    flags = ["--methods", methods, "--data", data, "--device", "cpu", "--metrics", "psnr", "--out", "out"]
    return ["run", *flags, *options]


def faces(folder: Path) -> Path:
    """A folder of good pictures."""
    return write_files(folder / "faces", GOOD)


def people(folder: Path, count: int = 2) -> Path:
    """A folder of people with two good pictures each."""
    names = [f"{name}/{name}_000{i}" for name in ("ann", "bob", *map(str, range(2, count))) for i in (1, 2)]
    return write_files(folder / "people", {f"{n}.png": encode_picture(draw_picture(i)) for i, n in enumerate(names)})
