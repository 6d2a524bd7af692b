"""One task's outcome as it is stored, with what reports say of its suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from rightsize.domain import Job, JsonValue, Machine, Measured, Outcome, Record
from rightsize.suites.identity import suite_parts


def record_of(job: Job, outcome: Outcome, machine: Machine, build: Mapping[str, JsonValue], key: str) -> Record:
    """One task's outcome as it is stored."""
    suite, model = job.suite, job.candidate.model
    learnt = outcome.facts.get("size_bytes") if isinstance(outcome, Measured) else None
    return Record(
        id=0,
        created_at=datetime.now(UTC),
        fingerprint=key,
        candidate_id=job.candidate.id,
        candidate={**asdict(job.candidate), "settings": job.candidate.settings.stated()},
        embedded=model.embedded,
        size_bytes=learnt if model.size_bytes is None else model.size_bytes,
        suite=suite.name,
        suite_sha256=suite.sha256,
        suite_info=suite_info(job),
        limit=job.limit,
        machine_fingerprint=machine.fingerprint,
        machine=asdict(machine),
        engine=dict(build),
        outcome=outcome,
    )


def suite_info(job: Job) -> dict[str, JsonValue]:
    """What reports say of a suite, kept with each record so that they need not load it again."""
    suite = job.suite
    origin = {"derived_from": suite.derived_from} if suite.derived_from else {}
    return {
        **origin,
        "title": suite.title,
        "task_type": suite.task_type.value,
        "scorer": suite.scorer,
        "scorer_args": dict(suite.scorer_args),
        "score_name": suite.score_name,
        "items": len(suite.items),
        "parts": dict(suite_parts(suite)),
        "licence": suite.licence,
        "source": suite.source,
    }
