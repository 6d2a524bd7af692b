"""JSON Schema's test files to the suite's one file: the selection, and the real file from files like theirs."""

from __future__ import annotations

import json

import pytest

from rightsize.paths import suites_dir
from rightsize.suites.convert.json_schema_tests import KEYWORDS, convert
from rightsize.suites.sources import DataSource
from rightsize.suites.task_yaml import read_task_yaml
from tests.real_suites import data_file

DRAFT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
EMPTY = [b"[]"] * (len(KEYWORDS) - 1)


def group(schema: object, *instances: object) -> dict[str, object]:
    tests = [{"description": f"t{n}", "data": data, "valid": True} for n, data in enumerate(instances)]
    return {"description": "g", "schema": schema, "tests": tests}


def converted(*groups: dict[str, object]) -> list[dict[str, object]]:
    return [json.loads(line) for line in convert([json.dumps(groups).encode(), *EMPTY]).splitlines()]


def test_schemas_lose_their_draft_and_instances_are_numbered() -> None:
    rows = converted(group({**DRAFT, "minimum": 2}, 1, "é"), group(True, None))
    assert [row["id"] for row in rows] == [
        "additionalProperties-0-0",
        "additionalProperties-0-1",
        "additionalProperties-1-0",
    ]
    assert rows[0]["schema"] == {"minimum": 2}
    assert rows[1]["data"] == "é"
    assert rows[0]["description"] == "g / t0"


def test_what_is_long_is_left_out_and_numbers_stay() -> None:
    rows = converted(group({"const": "x" * 700}, 1), group({"type": "string"}, "y" * 400, "y"))
    assert [row["id"] for row in rows] == ["additionalProperties-1-1"]


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        convert(EMPTY)


def test_the_suite_names_one_origin_for_each_keyword() -> None:
    (source,) = DataSource.of(read_task_yaml(suites_dir() / "schema_validation" / "schema_validation.yaml"))
    assert [url.rsplit("/", 1)[1] for url in source.urls()] == [f"{keyword}.json" for keyword in KEYWORDS]


def test_files_in_their_form_give_the_real_file() -> None:
    """The reverse of the conversion, converted again: ids, order, spelling and selection are the file's."""
    real = data_file("schema_validation/jsonschema_suite_2020_12.jsonl").read_bytes()
    files: dict[str, dict[str, dict[str, object]]] = {keyword: {} for keyword in KEYWORDS}
    for row in map(json.loads, real.splitlines()):
        title, _, test = row["description"].partition(" / ")
        new = {"description": title, "schema": {**DRAFT, **row["schema"]}, "tests": []}
        found = files[row["keyword"]].setdefault(row["id"].rpartition("-")[0], new)
        assert isinstance(found["tests"], list)
        found["tests"].append({"description": test, "data": row["data"], "valid": row["valid"]})
    assert convert([json.dumps(list(groups.values())).encode() for groups in files.values()]) == real
