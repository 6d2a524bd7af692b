"""Judging a score against a reference on the same items: paired, so that easy and hard items cancel out."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rightsize.decide.thresholds import verdict_of
from rightsize.domain import Judgement, Measured, Provenance, Record, Threshold, Verdict
from rightsize.errors import UsageError
from rightsize.stats.bounds import Bounds, no_bounds
from rightsize.stats.paired import paired_drop_bounds
from rightsize.units import format_value

METRIC = "score_drop"
_MOST = 100_000


def reference_among(name: str, records: Mapping[str, Mapping[str, Record]]) -> str:
    """Return the one candidate that is called ``name`` or begins with it. Raises UsageError with the names."""
    fits = [one for one in records if one == name] or [one for one in records if one.startswith(name)]
    if len(fits) == 1:
        return fits[0]
    problem = f"--of {name}: " + (
        f"it fits {len(fits)} candidates" if fits else "no such candidate has results"
    )
    raise UsageError(problem, next_step=f"Candidates: {', '.join(sorted(fits or records)) or 'none'}")


def judge_drop(threshold: Threshold, record: Record, reference: Record | None, alpha: float) -> Judgement:
    """Judge how far ``record`` scores below ``reference`` on the items both answered, each at ``alpha``."""
    bounds = _drop(record, reference, alpha)
    verdict = verdict_of(threshold, bounds)
    more = _more(threshold, bounds) if verdict is Verdict.UNDECIDED else None
    settles = f"; about {more:,} more items would settle it" if more else ""
    return Judgement(
        threshold=threshold,
        verdict=verdict,
        value=bounds.value,
        bound_low=bounds.lower,
        bound_high=bounds.upper,
        n=bounds.n,
        alpha=alpha,
        method=bounds.method,
        reason=_reason(threshold, bounds, verdict) + settles,
        task=record.suite,
        provenance=Provenance.MEASURED if bounds.value is not None else None,
        more_needed=more,
    )


def _drop(record: Record, reference: Record | None, alpha: float) -> Bounds:
    if reference is None:
        return no_bounds(None, 0, alpha, "the reference has no results on this task")
    if reference.candidate_id == record.candidate_id:
        return Bounds(0.0, 0.0, 0.0, 0, alpha, "it is the reference")
    if not isinstance(record.outcome, Measured) or not isinstance(reference.outcome, Measured):
        return no_bounds(None, 0, alpha, "the reference or the candidate was not measured")
    before = {item.item_id: item.score for item in reference.outcome.items}
    shared = [item for item in record.outcome.items if item.item_id in before]
    old, new = [before[item.item_id] for item in shared], [item.score for item in shared]
    return paired_drop_bounds(old, new, [item.group for item in shared], alpha)


def _reason(threshold: Threshold, bounds: Bounds, verdict: Verdict) -> str:
    if bounds.upper is None or bounds.lower is None:
        return bounds.reason
    if verdict is Verdict.PASS:
        return f"the score drops by at most {_text(bounds.upper)}, the limit is {threshold.text}"
    if verdict is Verdict.FAIL:
        return f"the score drops by at least {_text(bounds.lower)}, the limit is {threshold.text}"
    return (
        f"the drop lies between {_text(bounds.lower)} and {_text(bounds.upper)}, the limit is {threshold.text}"
    )


def _text(drop: float) -> str:
    return format_value(drop, "ratio")


def _more(threshold: Threshold, bounds: Bounds) -> int | None:
    """Half-widths shrink with the root of n, so n grows by the square of half-width over distance."""
    if bounds.value is None or bounds.lower is None or bounds.upper is None or bounds.n == 0:
        return None
    gap = abs(bounds.value - threshold.limit)
    half = bounds.upper - bounds.value if bounds.value <= threshold.limit else bounds.value - bounds.lower
    if gap == 0:
        return None
    more = math.ceil(bounds.n * (half / gap) ** 2) - bounds.n
    return max(1, more) if more <= _MOST else None
