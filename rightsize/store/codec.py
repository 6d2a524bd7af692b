"""Records to rows and back: what is stored is exactly what was seen."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rightsize.domain import (
    Absent,
    Failed,
    Interrupted,
    ItemOutcome,
    Measured,
    Outcome,
    Provenance,
    Reading,
    Record,
    Skipped,
)

Row = Mapping[str, Any]
Rows = dict[str, Any]
_Parts = tuple[list[ItemOutcome], list[Reading], list[Absent]]


def dumps(value: Any) -> str:
    """JSON for a column: paths as text, sets sorted, mappings that are not dicts as objects."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def name_of(outcome: type[Outcome]) -> str:
    """What the column ``outcome`` calls a kind of outcome."""
    return outcome.__name__.lower()


def cell_row(record: Record) -> Rows:
    """Return the row of table ``cell``, without its id."""
    outcome = record.outcome
    return {
        "created_at": record.created_at.astimezone(UTC).replace(tzinfo=None),
        "fingerprint": record.fingerprint,
        "candidate_id": record.candidate_id,
        "candidate": record.candidate,
        "embedded": record.embedded,
        "size_bytes": record.size_bytes,
        "suite": record.suite,
        "suite_sha256": record.suite_sha256,
        "suite_info": record.suite_info,
        "item_limit": record.limit,
        "machine_fingerprint": record.machine_fingerprint,
        "machine": record.machine,
        "engine": record.engine,
        "outcome": name_of(type(outcome)),
        "reason": "" if isinstance(outcome, Measured) else outcome.reason,
        "facts": outcome.facts if isinstance(outcome, Measured) else {},
    }


def item_rows(cell_id: int, outcome: Outcome) -> list[Rows]:
    """Return the rows of table ``item_outcome``."""
    return rows_of(cell_id, () if isinstance(outcome, Skipped) else outcome.items)


def rows_of(cell_id: int, items: Sequence[ItemOutcome], first: int = 0) -> list[Rows]:
    """Return the rows of items whose first has the position ``first`` in its cell."""
    return [
        {
            "cell_id": cell_id,
            "position": position,
            "item_id": item.item_id,
            "group_name": item.group,
            "score": item.score,
            "valid": item.valid,
            "output": item.output,
            "target": item.target,
            "confidence": item.confidence,
            "prompt_tokens": item.prompt_tokens,
            "output_tokens": item.output_tokens,
            "parts": item.parts,
            "error": item.error,
        }
        for position, item in enumerate(items, start=first)
    ]


def reading_rows(cell_id: int, outcome: Outcome) -> list[Rows]:
    """Return the rows of table ``reading``."""
    readings = () if isinstance(outcome, Skipped) else outcome.readings
    return [
        {
            "cell_id": cell_id,
            "position": position,
            "metric": reading.metric,
            "unit": reading.unit,
            "samples": list(reading.samples),
            "provenance": reading.provenance.value,
            "source": reading.source,
            "error_low": reading.error_low,
            "error_high": reading.error_high,
            "note": reading.note,
        }
        for position, reading in enumerate(readings)
    ]


def absent_rows(cell_id: int, outcome: Outcome) -> list[Rows]:
    """Return the rows of table ``absent``."""
    absent = outcome.absent if isinstance(outcome, Measured) else ()
    return [
        {"cell_id": cell_id, "position": position, "metric": missing.metric, "reason": missing.reason}
        for position, missing in enumerate(absent)
    ]


def records_from(
    cells: Iterable[Row], items: Iterable[Row], readings: Iterable[Row], absent: Iterable[Row]
) -> list[Record]:
    """Put the rows of several cells together, in the order of ``cells``."""
    by_cell: dict[int, _Parts] = defaultdict(lambda: ([], [], []))
    for row in items:
        by_cell[row["cell_id"]][0].append(item_of(row))
    for row in readings:
        by_cell[row["cell_id"]][1].append(_reading(row))
    for row in absent:
        by_cell[row["cell_id"]][2].append(Absent(row["metric"], row["reason"]))
    return [_record(row, *by_cell[row["id"]]) for row in cells]


def _record(row: Row, items: list[ItemOutcome], readings: list[Reading], absent: list[Absent]) -> Record:
    return Record(
        id=row["id"],
        created_at=row["created_at"].replace(tzinfo=UTC),
        fingerprint=row["fingerprint"],
        candidate_id=row["candidate_id"],
        candidate=row["candidate"],
        embedded=row["embedded"],
        size_bytes=row["size_bytes"],
        suite=row["suite"],
        suite_sha256=row["suite_sha256"],
        suite_info=row["suite_info"],
        limit=row["item_limit"],
        machine_fingerprint=row["machine_fingerprint"],
        machine=row["machine"],
        engine=row["engine"],
        outcome=_outcome(row, tuple(items), tuple(readings), tuple(absent)),
    )


def _outcome(
    row: Row, items: tuple[ItemOutcome, ...], readings: tuple[Reading, ...], absent: tuple[Absent, ...]
) -> Outcome:
    match row["outcome"]:
        case "measured":
            return Measured(items, readings, absent, row["facts"])
        case "skipped":
            return Skipped(row["reason"])
        case "interrupted":
            return Interrupted(row["reason"], items, readings)
        case _:
            return Failed(row["reason"], items, readings)


def item_of(row: Row) -> ItemOutcome:
    """The item of a row of table ``item_outcome``."""
    return ItemOutcome(
        item_id=row["item_id"],
        group=row["group_name"],
        score=row["score"],
        valid=row["valid"],
        output=row["output"],
        target=row["target"],
        confidence=row["confidence"],
        prompt_tokens=row["prompt_tokens"],
        output_tokens=row["output_tokens"],
        parts=row["parts"],
        error=row["error"],
    )


def _reading(row: Row) -> Reading:
    return Reading(
        metric=row["metric"],
        unit=row["unit"],
        samples=tuple(row["samples"]),
        provenance=Provenance(row["provenance"]),
        source=row["source"],
        error_low=row["error_low"],
        error_high=row["error_high"],
        note=row["note"],
    )
