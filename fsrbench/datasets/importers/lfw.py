"""LFW (Huang et al., 2007): identities from names; the pairs of its verification protocol are copied."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from fsrbench.datasets.importers.base import Collection, Face, Options, refuse_split
from fsrbench.datasets.importers.tree import Entry, Tree
from fsrbench.errors import UserError

ARCHIVES: Final = ("lfw*.tgz", "lfw*.tar.gz", "lfw*.tar", "lfw*.zip")
PAIRS: Final = "pairs.txt"
_NAME: Final = re.compile(r"(?:^|/)([^/]+)/(\1_\d{4})\.\w+$")


def collect(source: Path, options: Options) -> tuple[Collection, Tree]:
    """The faces of LFW: the original, funneled or deep-funneled version.

    Raises:
        UserError: no pictures, two versions at once, or a split, which LFW does not have.
    """
    refuse_split("LFW", options.split, ("all",))
    tree = Tree(source, ARCHIVES)
    found = Collection(tree.sources)
    pictures: dict[str, Entry] = {}
    for path, entry in tree.pictures():
        match = _NAME.search(path)
        if match is None:
            found.leave_out(path, "is not named <name>/<name>_0001, as LFW's pictures are")
            continue
        image = f"{match[1]}/{match[2]}"
        if image in pictures:
            where = " and ".join(_where(tree, e) for e in (pictures[image], entry))
            raise UserError(f"{image} appears twice, in {where}; give one version of LFW")
        pictures[image] = entry
    if not pictures:
        raise UserError(f"no pictures of LFW in {source}; expected <name>/<name>_0001.jpg in a folder, tgz or zip")
    found.faces = [Face(image, *entry) for image, entry in sorted(pictures.items())]
    if pairs := tree.bytes(PAIRS):
        found.copies[PAIRS] = pairs
    else:
        found.notes.append(f"no {PAIRS} beside the pictures: `fsrbench run --pairs` needs it")
    return found, tree


def _where(tree: Tree, entry: Entry) -> str:
    path = getattr(tree.sources[entry.source], "path", "")
    return f"{Path(path).name}/{entry.name}"
