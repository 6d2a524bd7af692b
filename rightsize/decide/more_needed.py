"""How much more evidence would settle an undecided threshold, if things stay as they look now."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rightsize.decide.evidence import Evidence
from rightsize.domain import Direction, Measured, Record, Threshold
from rightsize.stats.binomial import clopper_pearson_lower, clopper_pearson_upper
from rightsize.units import counted

#: More than this is no plan but a coin on its edge: the truth lies at the limit itself.
MOST = 100_000


@dataclass(frozen=True, slots=True)
class MoreNeeded:
    """``more`` further samples would settle it (None: more samples cannot); ``remark`` says it in words."""

    more: int | None
    remark: str


def more_samples_needed(threshold: Threshold, record: Record, found: Evidence) -> MoreNeeded:
    """Estimate how many more items or requests would settle ``threshold``.

    The distance from estimate to limit stays, and half-widths shrink with the root of n; so n has to grow by
    the square of half-width over distance.
    """
    bounds = found.bounds
    if found.metric.name in {"score", "invalid_rate"}:
        more = scaled(bounds.n, *_half_width_and_gap(threshold, found))
        needed = items_needed(more, record, bounds.n)
        return MoreNeeded(needed.more, f"; {needed.remark}")
    if found.metric.summary == "mean" and bounds.least_n:
        # Each window is of one request at least.
        more = bounds.least_n - bounds.n
        words = f"; about {more:,} more windows would settle it: time at least {bounds.least_n} requests"
        return MoreNeeded(more, words)
    if found.metric.summary != "quantile" or bounds.lower == bounds.upper is not None:
        return MoreNeeded(None, "")
    more = bounds.least_n - bounds.n if bounds.least_n else _of_quantile(threshold, record, found)
    if more is None:
        return MoreNeeded(None, "; too close to the limit for more samples to tell")
    return MoreNeeded(more, f"; about {counted(more, 'more sample')} would settle it")


def items_in_suite(record: Record) -> int | None:
    """Return how many items the record's suite has, None where the record does not say."""
    count = record.suite_info.get("items")
    return count if isinstance(count, int) else None


def items_needed(more: int | None, record: Record, n: int) -> MoreNeeded:
    """Say that ``more`` items beside the ``n`` at hand would settle it, and whether the suite has them."""
    if more is None:
        return MoreNeeded(None, "too close to the limit for more items to tell")
    total = items_in_suite(record)
    if total is not None and n + more > total:
        have = "the suite has no more" if n >= total else f"the suite has only {total - n:,} more"
        return MoreNeeded(None, f"about {counted(more, 'more item')} needed, {have}")
    return MoreNeeded(more, f"about {counted(more, 'more item')} would settle it")


def _half_width_and_gap(threshold: Threshold, found: Evidence) -> tuple[float, float]:
    bounds = found.bounds
    if bounds.value is None or bounds.lower is None or bounds.upper is None:
        return 0.0, 0.0
    gap = bounds.value - threshold.limit
    return (bounds.value - bounds.lower if gap > 0 else bounds.upper - bounds.value), abs(gap)


def _of_quantile(threshold: Threshold, record: Record, found: Evidence) -> int | None:
    """A quantile meets a limit when enough samples do: settle the share of samples that meet it."""
    samples = _samples(record, found)
    n, share = len(samples), found.metric.percentile or 0.5
    within = sum(sample <= threshold.limit for sample in samples)
    if threshold.direction is Direction.HIGHER:
        within, share = sum(sample >= threshold.limit for sample in samples), 1 - share
    gap, alpha = within / n - share, found.bounds.alpha
    bound = clopper_pearson_lower(within, n, alpha) if gap > 0 else clopper_pearson_upper(within, n, alpha)
    return scaled(n, abs(within / n - bound), abs(gap))


def _samples(record: Record, found: Evidence) -> tuple[float, ...]:
    readings = record.outcome.readings if isinstance(record.outcome, Measured) else ()
    return next(reading.samples for reading in readings if reading.metric == found.metric.reading)


def scaled(n: int, half_width: float, gap: float) -> int | None:
    """Return how many more than ``n`` samples shrink ``half_width`` to ``gap``; None: no sane number does."""
    if n == 0 or gap <= 0 or half_width <= 0:
        return None
    more = math.ceil(n * (half_width / gap) ** 2) - n
    return max(1, more) if more <= MOST else None
