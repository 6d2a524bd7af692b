"""Judging one threshold: PASS or FAIL only when an exact bound says so, else UNDECIDED and what it takes."""

from __future__ import annotations

from rightsize.decide.evidence import MACHINE_FREE, Evidence, evidence
from rightsize.decide.more_needed import more_samples_needed
from rightsize.decide.trust import trust_of, with_trust
from rightsize.domain import Absent, Direction, Judgement, Provenance, Record, Threshold, Verdict
from rightsize.metrics import METRICS
from rightsize.stats.bounds import Bounds
from rightsize.stats.trust import Trust
from rightsize.units import format_value

OTHER_MACHINE = "measured on another machine"

_FLAGS = {
    "score": "--min-accuracy",
    "score_drop": "--within",
    "memory_bytes": "--max-memory",
    "size_bytes": "--max-size",
    "decode_tokens_per_s": "--min-tokens-per-s",
    "energy_j_per_request": "--max-energy-per-request",
}
_FLAGS_BY_READING = {"latency_ms": "--max-latency", "ttft_ms": "--max-ttft"}


def flag_of(metric: str) -> str:
    """Return the command-line flag that sets a threshold on ``metric``."""
    return _FLAGS.get(metric) or _FLAGS_BY_READING[METRICS[metric].reading]


def judge(
    threshold: Threshold, record: Record, alpha: float, *, machine_fingerprint: str | None = None
) -> Judgement:
    """Judge ``threshold`` for one stored record, each bound at error ``alpha``.

    PASS when the bound on the bad side still meets the limit, FAIL when the bound on the good side misses it.
    Speed, memory and energy of another machine than ``machine_fingerprint`` (None: any will do) and metrics
    that are absent are UNDECIDED with the reason and no number. A disturbed measurement cannot FAIL.
    """
    elsewhere = machine_fingerprint is not None and record.machine_fingerprint != machine_fingerprint
    if elsewhere and threshold.metric not in MACHINE_FREE:
        return _unknown(threshold, record, alpha, OTHER_MACHINE)
    found = evidence(record, threshold.metric, alpha)
    if isinstance(found, Absent):
        return _unknown(threshold, record, alpha, found.reason)
    disturbed = trust_of(record, threshold.metric)
    is_clean = disturbed is None or disturbed.label is not Trust.CONTAMINATED
    return with_trust(_judged(threshold, record, found, growing=is_clean), record)


def verdict_of(threshold: Threshold, bounds: Bounds) -> Verdict:
    """Return what the bounds say about the limit; a bound that does not exist decides nothing."""
    limit, lower, upper = threshold.limit, bounds.lower, bounds.upper
    if threshold.direction is Direction.HIGHER:
        passes, fails = lower is not None and lower >= limit, upper is not None and upper < limit
    else:
        passes, fails = upper is not None and upper <= limit, lower is not None and lower > limit
    return Verdict.PASS if passes else Verdict.FAIL if fails else Verdict.UNDECIDED


def _judged(threshold: Threshold, record: Record, found: Evidence, *, growing: bool) -> Judgement:
    """The judgement by the bounds alone; with ``growing`` how many more samples like these would settle it."""
    bounds, verdict = found.bounds, verdict_of(threshold, found.bounds)
    needed = None
    if verdict is Verdict.UNDECIDED and (growing or bounds.least_n):
        needed = more_samples_needed(threshold, record, found)
    return Judgement(
        threshold=threshold,
        verdict=verdict,
        value=bounds.value,
        bound_low=bounds.lower,
        bound_high=bounds.upper,
        n=bounds.n,
        alpha=bounds.alpha,
        method=bounds.method,
        reason=_reason(threshold, verdict, found) + (needed.remark if needed else ""),
        task=record.suite,
        provenance=found.provenance,
        more_needed=needed.more if needed else None,
    )


def _reason(threshold: Threshold, verdict: Verdict, found: Evidence) -> str:
    """One sentence: where the truth lies, and on which side of the limit."""
    bounds, metric = found.bounds, found.metric
    how = "" if found.provenance is Provenance.MEASURED else f" ({found.provenance.value})"
    title = f"{metric.title}{how}"
    if verdict is Verdict.UNDECIDED:
        known = bounds.reason or f"{title} {_range(bounds, metric.unit)}"
        return f"{known}, the limit is {threshold.text}"
    low_side = (verdict is Verdict.PASS) == (threshold.direction is Direction.HIGHER)
    bound = bounds.lower if low_side else bounds.upper
    side = "at least" if low_side else "at most"
    exact = "" if bounds.lower == bounds.upper else f"{side} "
    return f"{title} is {exact}{format_value(bound or 0.0, metric.unit)}, the limit is {threshold.text}"


def _range(bounds: Bounds, unit: str) -> str:
    low = "?" if bounds.lower is None else format_value(bounds.lower, unit)
    high = "?" if bounds.upper is None else format_value(bounds.upper, unit)
    return f"lies between {low} and {high}"


def _unknown(threshold: Threshold, record: Record, alpha: float, reason: str) -> Judgement:
    return Judgement(
        threshold=threshold,
        verdict=Verdict.UNDECIDED,
        value=None,
        bound_low=None,
        bound_high=None,
        n=0,
        alpha=alpha,
        method="none",
        reason=reason,
        task=record.suite,
    )
