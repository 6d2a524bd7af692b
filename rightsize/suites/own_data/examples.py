"""Turns a table's rows into examples, and says what is wrong with those that cannot be used."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from rightsize.domain import JsonValue
from rightsize.errors import SuiteError
from rightsize.suites.findings import (
    Finding,
    look_alikes,
    name_some,
    overlong,
    repeated,
    same_text,
    single_examples,
    warning,
)
from rightsize.suites.own_data.fields import Field, check_against_schema
from rightsize.suites.own_data.request import Example, Kind, SuiteRequest
from rightsize.suites.own_data.table import Table
from rightsize.units import counted

_FREE_TEXT_LABELS = 20

Usable = tuple[list[Example], list[Finding]]


def examples_of(request: SuiteRequest, table: Table, fields: Sequence[Field]) -> Usable:
    """Return the rows that can be asked about, in file order, and what was noticed about all rows.

    Raises:
        UsageError: a column is missing.
        SuiteError: a value has another type than its field, or fewer than two rows are usable.
    """
    table.require(request.input, "--input")
    answer_of = _answer_reader(request, table, fields)
    if request.group is not None:
        table.require(request.group, "--group")
    left_out: dict[str, list[str]] = defaultdict(list)
    examples = []
    for number, row in enumerate(table.rows, start=1):
        text, answer = _text(row.get(request.input)), answer_of(number, row)
        reason = _unusable(text, answer)
        if reason:
            left_out[reason].append(str(number))
        else:
            group = _text(row.get(request.group)) if request.group else ""
            examples.append(Example(number, group or f"row-{number}", text, answer))
    findings = [_left_out(reason, rows) for reason, rows in left_out.items()]
    if len(examples) < 2:
        why = f"; {findings[0].text}" if findings else ""
        raise SuiteError(f"{table.path}: {counted(len(examples), 'usable row')}, a suite needs two{why}")
    if request.schema is not None:
        check_against_schema(request.schema, [(example.number, example.answer) for example in examples])
    if request.group is None:
        examples = _grouped_by_text(examples)
    return examples, findings + _findings(request, table, examples)


def _answer_reader(
    request: SuiteRequest, table: Table, fields: Sequence[Field]
) -> Callable[[int, dict[str, JsonValue]], JsonValue]:
    """Return how a row's answer is read: a label in one line, an object of fields, or a reference."""
    if request.kind is Kind.CLASSIFICATION:
        label = table.require(request.label or "", "--label")
        return lambda _, row: " ".join(_text(row.get(label)).split())
    if request.kind is Kind.GENERATION:
        reference = table.require(request.reference or "", "--reference")
        return lambda _, row: _text(row.get(reference))
    return lambda number, row: {field.name: _field(table, number, field, row) for field in fields}


def _field(table: Table, number: int, field: Field, row: dict[str, JsonValue]) -> JsonValue:
    cell = row.get(field.name)
    try:
        return field.value(cell)
    except ValueError as error:
        raise SuiteError(
            f"{table.path}: row {number}, column {field.name!r}: {cell!r} is not of type {field.type}",
            next_step="Correct the row, or the type in the schema",
        ) from error


def _text(value: JsonValue) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value).strip()


def _unusable(text: str, answer: JsonValue) -> str:
    """Why a row cannot be asked about; empty for a good one."""
    if not text:
        return "no text"
    if not answer or (isinstance(answer, dict) and all(value is None for value in answer.values())):
        return "no answer"
    try:
        f"{text}{answer}".encode()
    except UnicodeEncodeError:
        return "characters that are not Unicode text"
    return ""


def _left_out(reason: str, rows: Sequence[str]) -> Finding:
    text = f"{counted(len(rows), 'row')} left out, with {reason}: row {name_some(rows)}"
    return warning("left_out", text, len(rows))


def _grouped_by_text(examples: Sequence[Example]) -> list[Example]:
    """Give rows with the same text one group: they are no independent evidence, and never part in a split."""
    first: dict[str, str] = {}
    return [
        Example(each.number, first.setdefault(same_text(each.text), each.id), each.text, each.answer)
        for each in examples
    ]


def _findings(request: SuiteRequest, table: Table, examples: Sequence[Example]) -> list[Finding]:
    labels = _label_findings(table, examples) if request.kind is Kind.CLASSIFICATION else []
    characters = {f"row {each.number}": len(each.text) for each in examples}
    return [*_repetitions(examples), *overlong(characters, "row"), *labels]


def _repetitions(examples: Sequence[Example]) -> list[Finding]:
    """Texts that occur more than once: the same answer is no new evidence, another one cannot be right too."""
    answers = {str(each.number): json.dumps(each.answer, sort_keys=True) for each in examples}
    named = [(str(each.number), each.text) for each in examples]
    same = repeated(named)
    # Case and spacing may be what an answer turns on, so only the very same text contradicts itself.
    torn = [rows for rows in repeated(named, key=str) if len({answers[row] for row in rows}) > 1]
    findings = []
    if same:
        extra = sum(len(rows) - 1 for rows in same)
        text = (
            f"{counted(extra, 'row')} with the text of another, never on both sides of the split: {_rows(same)}"
        )
        findings.append(warning("duplicates", text, extra))
    if torn:
        text = f"{counted(len(torn), 'text')} with answers that contradict each other: {_rows(torn)}"
        findings.append(warning("conflicts", text, len(torn)))
    return findings


def _rows(groups: Sequence[Sequence[str]]) -> str:
    return name_some([f"rows {'+'.join(rows[:4])}{'+...' if len(rows) > 4 else ''}" for rows in groups])


def _label_findings(table: Table, examples: Sequence[Example]) -> list[Finding]:
    counts = Counter(str(each.answer) for each in examples)
    if len(counts) < 2:
        raise SuiteError(
            f"{table.path}: every usable row has the label {next(iter(counts))!r}",
            next_step="A classification needs two labels",
        )
    if len(counts) > max(_FREE_TEXT_LABELS, len(examples) / 2):
        raise SuiteError(
            f"{table.path}: {len(counts):,} different labels in {len(examples):,} rows are no categories",
            next_step="For free text, name the column with --reference",
        )
    return [*single_examples(counts), *look_alikes(counts)]
