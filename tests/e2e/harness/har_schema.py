"""The JSON schema of HAR 1.2, as the package har-schema has it."""

import json

import jsonschema
import referencing
from harness import schema

FOLDER = schema.ROOT / "web" / "node_modules" / "har-schema" / "lib"


def _resources():
    for path in FOLDER.glob("*.json"):
        contents = json.loads(path.read_text())
        yield contents["$id"].rstrip("#"), referencing.Resource.from_contents(contents)


def check(har):
    """Fails on what the schema does not allow."""
    registry = referencing.Registry().with_resources(_resources())
    validator = jsonschema.Draft6Validator(
        {"$ref": "har.json"},
        registry=registry,
        format_checker=jsonschema.FormatChecker(["ipv4", "ipv6"]),
    )
    faults = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(har)]
    assert not faults, "\n".join(faults)
