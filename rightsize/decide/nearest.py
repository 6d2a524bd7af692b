"""The nearest miss: which candidate would pass with the smallest change, and what has to change."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rightsize.decide.recommendation import CandidateResult, Change, NearestMiss
from rightsize.decide.thresholds import flag_of
from rightsize.domain import Direction, Judgement, Verdict
from rightsize.metrics import METRICS
from rightsize.units import format_value


def nearest_miss(candidates: Iterable[CandidateResult]) -> NearestMiss | None:
    """Return the candidate whose limits would have to move least, relative to themselves, for it to pass.

    An undecided candidate is often nearer than any that failed. None when all pass, or when a bound that would
    have to meet the limit does not exist.
    """
    misses = [found for candidate in candidates if (found := miss(candidate)) is not None]
    return min(misses, key=lambda found: (found.distance, found.candidate_id), default=None)


def miss(candidate: CandidateResult) -> NearestMiss | None:
    """What every threshold that does not pass would have to be; with several tasks the worst one counts."""
    open_ones = [j for j in candidate.judgements if j.verdict is not Verdict.PASS]
    if not open_ones or candidate.problems or not all(map(_could_pass, open_ones)):
        return None
    changes: dict[str, tuple[float, Change]] = {}
    for judgement in open_ones:
        distance = _distance(judgement)
        known = changes.get(judgement.threshold.metric)
        if known is None or distance > known[0]:
            changes[judgement.threshold.metric] = (distance, _change(judgement))
    largest = max(distance for distance, _ in changes.values())
    return NearestMiss(candidate.candidate_id, tuple(change for _, change in changes.values()), largest)


def _could_pass(judgement: Judgement) -> bool:
    """Whether some limit worth the name would be met: at least nothing is no requirement."""
    bound = _meeting_bound(judgement)
    return bound is not None and (bound > 0 or judgement.threshold.direction is Direction.LOWER)


def _meeting_bound(judgement: Judgement) -> float | None:
    """The bound that has to meet the limit for a PASS."""
    higher = judgement.threshold.direction is Direction.HIGHER
    return judgement.bound_low if higher else judgement.bound_high


def _distance(judgement: Judgement) -> float:
    bound, limit = _meeting_bound(judgement), judgement.threshold.limit
    if bound is None or limit == 0:
        return math.inf
    return abs(bound - limit) / limit


def _change(judgement: Judgement) -> Change:
    """The limit rounded outwards to what one writes, so that the command as shown does pass."""
    threshold, metric = judgement.threshold, METRICS[judgement.threshold.metric]
    higher = threshold.direction is Direction.HIGHER
    rounded = _rounded(_meeting_bound(judgement) or 0.0, metric.unit, up=not higher)
    text = format_value(rounded, metric.unit).removesuffix(" tokens/s")
    return Change(threshold.metric, flag_of(threshold.metric), rounded, text)


def _rounded(value: float, unit: str, *, up: bool) -> float:
    """Two significant digits away from the candidate (a tenth of a percent for ratios)."""
    if value <= 0:
        return 0.0
    step = 1e-3 if unit == "ratio" else 10.0 ** (math.floor(math.log10(value)) - 1)
    steps = math.ceil(value / step - 1e-9) if up else math.floor(value / step + 1e-9)
    return steps * step
