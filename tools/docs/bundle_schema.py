"""Write the JSON schemas of bundles and verdicts from their models: ``python -m tools.docs.bundle_schema``."""

from __future__ import annotations

import json
from pathlib import Path

from fsrbench.bundle.schema import Document, Verdict

FOLDER = Path(__file__).parents[2] / "fsrbench" / "bundle"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[Path, str]:
    """The text of each file."""
    made = {"bundle.schema.json": Document, "verdict.schema.json": Verdict}
    return {
        FOLDER / name: json.dumps({"$schema": DIALECT, **model.model_json_schema()}, indent=1) + "\n"
        for name, model in made.items()
    }


if __name__ == "__main__":
    for path, text in schemas().items():
        path.write_text(text, encoding="utf-8")
