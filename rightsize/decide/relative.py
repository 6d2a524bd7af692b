"""Judging a score against a reference on the same items: paired, so that easy and hard items cancel out."""

from __future__ import annotations

from collections.abc import Mapping

from rightsize.decide.more_needed import MoreNeeded, items_needed, scaled
from rightsize.decide.thresholds import verdict_of
from rightsize.domain import Judgement, Measured, Provenance, Record, Threshold, Verdict
from rightsize.errors import UsageError
from rightsize.stats.bounds import Bounds, no_bounds
from rightsize.stats.paired import paired_drop_bounds
from rightsize.units import format_points

METRIC = "score_drop"


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
    against = reference.candidate_id if reference else threshold.reference
    verdict = verdict_of(threshold, bounds)
    needed = MoreNeeded(None, "")
    if verdict is Verdict.UNDECIDED and bounds.value is not None:
        needed = items_needed(_more(threshold, bounds), record, bounds.n)
    return Judgement(
        threshold=threshold,
        verdict=verdict,
        value=bounds.value,
        bound_low=bounds.lower,
        bound_high=bounds.upper,
        n=bounds.n,
        alpha=alpha,
        method=bounds.method,
        reason="; ".join(filter(None, [_reason(threshold, bounds, verdict, against), needed.remark])),
        task=record.suite,
        provenance=Provenance.MEASURED if bounds.value is not None else None,
        more_needed=needed.more,
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


def _reason(threshold: Threshold, bounds: Bounds, verdict: Verdict, against: str) -> str:
    if bounds.upper is None or bounds.lower is None:
        return bounds.reason
    limit = f"the limit is {format_points(threshold.limit)} below {against}"
    if verdict is Verdict.PASS:
        return f"the score drops by at most {format_points(bounds.upper)}, {limit}"
    if verdict is Verdict.FAIL:
        return f"the score drops by at least {format_points(bounds.lower)}, {limit}"
    low, high = format_points(bounds.lower), format_points(bounds.upper)
    return f"the drop of the score lies between {low} and {high}, {limit}"


def _more(threshold: Threshold, bounds: Bounds) -> int | None:
    if bounds.value is None or bounds.lower is None or bounds.upper is None:
        return None
    half = bounds.upper - bounds.value if bounds.value <= threshold.limit else bounds.value - bounds.lower
    return scaled(bounds.n, half, abs(bounds.value - threshold.limit))
