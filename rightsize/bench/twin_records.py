"""Twins as stored candidates: their speed and memory beside the others', and never a score."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from rightsize.bench.candidates import DEFAULT_ENGINE, candidate_settings
from rightsize.bench.matrix import Measurements, Results
from rightsize.bench.plan import fingerprint
from rightsize.bench.protocol import TokenWork
from rightsize.bench.records import record_of
from rightsize.bench.run import Listener
from rightsize.bench.twin import measure_twin
from rightsize.bench.variants import Choice, Variants, combinations
from rightsize.domain import Candidate, Failed, Job, Machine, Outcome, Record, Suite
from rightsize.engines.registry import get_engine
from rightsize.errors import EngineError, ResourceError, UsageError
from rightsize.models.twins.subject import TwinSubject
from rightsize.settings import Settings

_HEEDED = {"threads", "context_tokens", "gpu_layers", "kv_type", "flash_attention"}


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
    varied: Sequence[str] = (),
) -> Measurements:
    """Measure each twin once, where it is missing, and store it for every task.

    ``varied`` names the settings in which other twins of the same run differ. Its requests have the same token
    counts whatever the task. One that cannot be measured is a failed record.
    """
    build = get_engine(DEFAULT_ENGINE).build()
    records: list[Record] = []
    known: list[str] = []
    for subject in subjects:
        candidate = replace(twin_candidate(subject, tokens, machine, settings), varied=tuple(varied))
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


def twin_settings(
    settings: Settings, variants: Variants, machine: Machine, *, among_models: bool
) -> list[tuple[Settings, Choice]]:
    """The settings of every combination of ``variants`` that a twin heeds, each with its choice.

    It is asked nothing, so that prompts and answers are no matter to it. Raises UsageError where such a setting
    was chosen and there is no model beside it (``among_models``) that it could be meant for.
    """
    ignored = [flag for flag, values in variants.items() if not set(values[0]) <= _HEEDED]
    if ignored and not among_models:
        raise UsageError(
            f"{ignored[0]} means nothing to a twin, which is asked nothing", next_step="Leave it out"
        )
    meant = {flag: values for flag, values in variants.items() if flag not in ignored}
    choices = combinations(candidate_settings(machine, settings), meant)
    return [
        (replace(settings, **{name: getattr(choice.settings, name) for name in _HEEDED}), choice)
        for choice in choices
    ]


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
