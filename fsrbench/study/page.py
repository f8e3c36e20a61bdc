"""The page of a study: one file that loads nothing and sends nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fsrbench.files.atomic import whole
from fsrbench.reports.page.render import policy

HERE: Final = Path(__file__).parent


def write_page(path: Path, content: Mapping[str, Any]) -> None:
    """Write the page whole or not at all.

    Args:
        path: the file.
        content: what it shows: see :func:`fsrbench.study.make.make_study`.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    # Text inside a script element must not look like its end tag
    data = json.dumps(content, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    text = environment.get_template("page.html.j2").render(
        title=content["title"],
        questions=content["questions"],
        style=Markup(style),
        script=Markup(script),
        data=Markup(data),
        policy=policy(style, [script]),
    )
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
