"""The shipped JSON schemas are those of the models, and accept and refuse what those do."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import jsonschema
import pytest

from tools.docs.bundle_schema import schemas


def test_shipped_schemas_are_current() -> None:
    for path, text in schemas().items():
        assert path.read_text(encoding="utf-8") == text, "run python -m tools.docs.bundle_schema"


def test_a_bundle_is_valid_by_the_schema(bundle: Path) -> None:
    path = next(path for path in schemas() if path.name == "bundle.schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    with zipfile.ZipFile(bundle) as archive:
        document = json.loads(archive.read("bundle.json"))
    jsonschema.validate(document, schema)
    document["results"][0]["images"][0]["sr"] = "none"
    with pytest.raises(jsonschema.ValidationError, match="does not match"):
        jsonschema.validate(document, schema)
