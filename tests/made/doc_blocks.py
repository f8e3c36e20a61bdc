"""What stands in a page's fenced blocks, and the steps of a shell block."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from made.places import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
"""The pages whose blocks are run."""
LANGUAGES = {"sh", "python", "yaml", "toml", "text"}
"""Nothing of another name goes unnoticed; ``text`` is shown and not run."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"# ([\w/-]+\.(?:py|yaml))\n")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that it is, if its first line is a comment with a file's name."""
        named = _NAMED.match(self.text)
        return named[1] if named else None


@dataclass(frozen=True)
class Step:
    """One program that is called, and the file that its output goes to."""

    words: tuple[str, ...]
    output: str | None = None


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in _FENCE.finditer(text)]


def steps(block: Block) -> list[Step]:
    """What a shell block calls, in order; of the shell's own language ``&&``, ``>``, ``\\`` and comments are known."""
    joined = block.text.replace("\\\n", " ")
    return [step for line in joined.splitlines() for step in _steps(line)]


def _steps(line: str) -> list[Step]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&>|;")
    lexer.whitespace_split = True
    found: list[Step] = []
    words: list[str] = []
    for token in [*lexer, "&&"]:
        if token != "&&":
            words.append(token)
        elif words:
            output = words[words.index(">") + 1] if ">" in words else None
            found.append(Step(tuple(words[: words.index(">")] if output else words), output))
            words = []
    return found
