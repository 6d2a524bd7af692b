"""Twins as stored candidates: their speed and memory beside the others', and never a score."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from rightsize.bench.candidates import DEFAULT_ENGINE, candidate_settings
from rightsize.bench.matrix import Measurements, Results
from rightsize.bench.plan import fingerprint
from rightsize.bench.protocol import TokenWork
from rightsize.bench.run import Listener, record_of
from rightsize.bench.twin import measure_twin
from rightsize.domain import Candidate, Failed, Job, Machine, Outcome, Record, Suite
from rightsize.engines.registry import get_engine
from rightsize.errors import EngineError, ResourceError
from rightsize.models.twins.subject import TwinSubject
from rightsize.settings import Settings


def bench_twins(
    subjects: Sequence[TwinSubject],
    suites: Sequence[Suite],
    tokens: TokenWork,
    *,
    machine: Machine,
    settings: Settings,
    store: Results,
    listener: Listener,
    notify: Callable[[str], None] = lambda _: None,
    force: bool = False,
) -> Measurements:
    """Measure each twin once, where it is missing, and store it for every task.

    Its requests have the same token counts whatever the task. One that cannot be measured is a failed record.
    """
    build = get_engine(DEFAULT_ENGINE).build()
    records: list[Record] = []
    known: list[str] = []
    for subject in subjects:
        candidate = twin_candidate(subject, tokens, machine, settings)
        jobs = [Job(candidate, suite) for suite in suites]
        keys = {job.suite.name: fingerprint(job, machine, build) for job in jobs}
        missing = [job for job in jobs if force or not store.has(keys[job.suite.name])]
        known += [keys[job.suite.name] for job in jobs if job not in missing]
        if not missing:
            continue
        outcome = _outcome(subject, tokens, machine, settings, notify)
        for job in missing:
            record = record_of(job, outcome, machine, build, keys[job.suite.name])
            store.append(record)
            listener.stored(record)
            records.append(record)
    return Measurements(tuple(records), tuple(known))


def twin_candidate(subject: TwinSubject, tokens: TokenWork, machine: Machine, settings: Settings) -> Candidate:
    """The candidate that a twin stands for; other token counts are another measurement."""
    model = subject.model()
    counts = {"prompt_tokens": tokens.prompt_tokens, "output_tokens": tokens.output_tokens}
    digest = hashlib.sha256(f"{model.sha256} {sorted(counts.items())}".encode()).hexdigest()
    return Candidate(
        replace(model, sha256=digest, options=counts), DEFAULT_ENGINE, candidate_settings(machine, settings)
    )


def _outcome(
    subject: TwinSubject,
    tokens: TokenWork,
    machine: Machine,
    settings: Settings,
    notify: Callable[[str], None],
) -> Outcome:
    try:
        return measure_twin(subject, tokens, machine=machine, settings=settings, notify=notify).measured
    except (EngineError, ResourceError) as error:
        return Failed(str(error))
