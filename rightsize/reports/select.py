"""Which stored records belong side by side: one machine, one version of a task, each candidate once."""

from __future__ import annotations

from collections.abc import Sequence

from rightsize.decide.selection import select
from rightsize.domain import Record
from rightsize.units import counted


def by_task(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records grouped by task name, tasks in order of their names."""
    tasks: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.suite):
        tasks.setdefault(record.suite, []).append(record)
    return tasks


def side_by_side(
    records: Sequence[Record], machine_fingerprint: str, *, include_demo: bool = False
) -> tuple[list[Record], tuple[str, ...]]:
    """The comparable records of one task, smallest candidate first, and what was left out in words.

    Costs and charts compare speeds, so only the records of one machine count; among them the same ones that
    ``recommend`` judges. Empty when that machine has none.
    """
    here = [record for record in records if record.machine_fingerprint == machine_fingerprint]
    chosen = select(here, [record.suite for record in here[:1]], include_demo=include_demo)
    kept = [record for by_suite in chosen.records.values() for record in by_suite.values()]
    elsewhere = len(records) - len(here)
    notes = (f"{counted(elsewhere, 'result')} of other machines left out",) if elsewhere else ()
    return sorted(kept, key=lambda record: (record.size_order, record.candidate_id)), (*chosen.notes, *notes)
