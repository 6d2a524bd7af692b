"""Measuring a baseline's candidate again, here and now, in turns with the one held against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rightsize.bench.protocol import candidate_from
from rightsize.bench.turns import measure_in_turns
from rightsize.decide.baseline import Baseline, model_sha256
from rightsize.decide.gate import InTurns
from rightsize.domain import Candidate, Record, Suite
from rightsize.errors import BaselineError
from rightsize.machine import scan
from rightsize.settings import Settings
from rightsize.suites.lm_eval_tasks import open_suites


def remeasure_baseline(
    baseline: Baseline,
    record: Record,
    known: Sequence[Record],
    *,
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[InTurns, str]:
    """Return both sides' readings turn by turn, and a remark on how it was done.

    ``known`` are records that may say where the baseline's model file lies. Raises BaselineError when none
    does, or when the suite cannot be found; EngineError when a side cannot be measured.
    """
    before, after = _baseline_candidate(baseline, known), candidate_from(record.candidate)
    machine = scan(with_bandwidth=False)
    taken = measure_in_turns(
        before,
        after,
        _suite(record),
        limit=record.limit,
        settings=settings,
        memory_limit_bytes=settings.memory_limit_bytes or machine.memory_limit_bytes,
        progress=progress,
    )
    remark = f"{before.id} and {after.id} were measured here in {taken.turns} turns"
    if taken.disturbed:
        remark += f"; something else was at work in {taken.disturbed} of them, on both sides"
    return InTurns(taken.before, taken.after), remark


def _baseline_candidate(baseline: Baseline, known: Sequence[Record]) -> Candidate:
    """The candidate with the baseline's model file, wherever a record says that file lies."""
    for record in reversed(known):
        if not baseline.model_sha256 or model_sha256(record) != baseline.model_sha256:
            continue
        candidate = candidate_from(record.candidate)
        path, size = candidate.model.path, candidate.model.size_bytes
        if path is None or (path.exists() and (size is None or path.is_dir() or path.stat().st_size == size)):
            return candidate
    raise BaselineError(
        f"the baseline's model, {baseline.candidate_id} ({baseline.model_sha256[:12]}), is not at hand here",
        next_step="Run rightsize bench on it once, in this store, so that its file is known",
    )


def _suite(record: Record) -> Suite:
    found = [suite for suite in open_suites(record.suite) if suite.name == record.suite]
    if not found or found[0].sha256 != record.suite_sha256:
        raise BaselineError(
            f"the task {record.suite} is not the one that was measured",
            next_step="Run rightsize bench on it again",
        )
    return found[0]
