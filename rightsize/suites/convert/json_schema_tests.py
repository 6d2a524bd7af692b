"""JSON Schema's own test files, one a keyword, to one line an instance."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rightsize.suites.convert.lines import to_jsonl
from rightsize.suites.rows import Row

_SCHEMA_CHARS, _INSTANCE_CHARS = 700, 400

#: The keywords in the order of the suite's ``origin`` list: the files themselves do not name theirs.
KEYWORDS = (
    *("additionalProperties", "allOf", "anyOf", "const", "contains", "dependentRequired", "dependentSchemas"),
    *("enum", "exclusiveMaximum", "exclusiveMinimum", "if-then-else", "items", "maxContains", "maxItems"),
    *("maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength", "minProperties"),
    *("minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties", "prefixItems", "properties"),
    *("propertyNames", "required", "type", "uniqueItems"),
)


def convert(files: Sequence[bytes]) -> bytes:
    """Number schemas and instances as each file has them; leave out schemas and instances that are long.

    Raises ValueError when there is not one file for each keyword.
    """
    return to_jsonl(
        row
        for keyword, file in zip(KEYWORDS, files, strict=True)
        for number, group in enumerate(json.loads(file))
        for row in _instances(f"{keyword}-{number}", keyword, group)
    )


def _instances(name: str, keyword: str, group: Row) -> Iterator[Row]:
    schema = group["schema"]
    if isinstance(schema, dict):
        schema = {key: value for key, value in schema.items() if key != "$schema"}
    if len(json.dumps(schema)) > _SCHEMA_CHARS:
        return
    for number, test in enumerate(group["tests"]):
        if len(json.dumps(test["data"])) <= _INSTANCE_CHARS:
            yield {
                "id": f"{name}-{number}",
                "keyword": keyword,
                "schema": schema,
                "data": test["data"],
                "valid": test["valid"],
                "description": f"{group['description']} / {test['description']}",
            }
