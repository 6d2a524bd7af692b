"""What a race leaves in the store: answers marked as a race's, each with its candidate's line of the trace."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from rightsize.bench.heat import Heat, unheard
from rightsize.bench.records import record_of
from rightsize.bench.run import key_of
from rightsize.decide.race_trace import Fate, TraceEntry
from rightsize.domain import Failed, ItemOutcome, Job, Machine, Measured, Record, Skipped


def race_fingerprint(measurement: str) -> str:
    """The fingerprint of what a race left of a measurement: never taken for the measurement itself."""
    return hashlib.sha256(f"race {measurement}".encode()).hexdigest()


def race_record(
    job: Job,
    items: Sequence[ItemOutcome],
    outcome: Measured | Failed | Skipped,
    *,
    machine: Machine,
    build: Mapping[str, Any],
    entry: TraceEntry,
    told: Mapping[str, Any],
) -> Record:
    """What is stored of one candidate on one task: its answers, marked as a race's, with its line of the
    trace."""
    limited = replace(job, limit=None if len(items) == len(job.suite.items) else len(items))
    record = record_of(limited, outcome, machine, build, race_fingerprint(key_of(job, machine)))
    line = {**told, "entry": asdict(entry)}
    return replace(
        record,
        suite_info={**record.suite_info, "race": line},
    )


def race_outcome(
    job: Job, items: Sequence[ItemOutcome], entry: TraceEntry, heats: Sequence[Heat]
) -> Measured | Failed | Skipped:
    """What to store of one task: of a candidate that was never loaded, too, what its verdict rests on."""
    if entry.fate is Fate.FAILED:
        return Failed(entry.reason, tuple(items))
    if not heats and not items:
        return Skipped(entry.reason)
    outcome = heats[-1].outcome(job.suite.name, items, {}) if heats else unheard(job, items)
    assert isinstance(outcome, Measured | Failed)
    return outcome
