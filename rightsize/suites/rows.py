"""Reads the rows of a task's data file: JSON Lines, CSV or TSV; an error names the file and the line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from rightsize.domain import JsonValue
from rightsize.errors import SuiteError

Row = dict[str, JsonValue]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a ``.jsonl``, ``.csv`` or ``.tsv`` file, in file order.

    Raises:
        SuiteError: the file is missing or unreadable, a line is malformed, or there are no rows.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    delimiter = _DELIMITERS.get(path.suffix)
    rows = list(_csv_rows(path, text, delimiter) if delimiter else _jsonl_rows(path, text))
    if not rows:
        raise SuiteError(f"{path}: holds no rows", next_step="A suite needs at least one item")
    return rows


def _jsonl_rows(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            # Its own text counts lines from the row; other errors are of numbers too long to read.
            said = f"{error.msg} (column {error.colno})" if isinstance(error, json.JSONDecodeError) else error
            raise SuiteError(f"{path}:{number}: not valid JSON: {said}") from error
        if not isinstance(row, dict):
            raise SuiteError(f"{path}:{number}: a row must be a JSON object, not {type(row).__name__}")
        yield row


def _csv_rows(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True, delimiter=delimiter)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise SuiteError(f"{path}:{reader.line_num}: the number of columns differs from the header's")
            yield dict(row)
    except csv.Error as error:
        raise SuiteError(f"{path}:{reader.line_num}: not valid CSV: {error}") from error
