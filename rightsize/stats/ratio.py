"""How much slower: two series measured in turns, so that what disturbs the machine disturbs both."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rightsize.stats.bounds import Bounds, no_bounds
from rightsize.stats.order import least_samples, quantile_bounds


def paired_ratio_bounds(after: Sequence[float], before: Sequence[float], alpha: float) -> Bounds:
    """Return the median of ``after[i] / before[i]`` with exact one-sided bounds, each at error ``alpha``.

    Sample ``i`` of both sides comes from the same turn. A disturbance that lasts longer than a turn multiplies
    both and leaves their ratio alone; one that hits a single turn spoils one ratio of many. The bounds are the
    order statistics of :mod:`rightsize.stats.order`, so nothing is assumed about how ratios are distributed
    except that turns are independent.

    Raises ValueError when the two sides differ in length.
    """
    pairs = [(new, old) for new, old in zip(after, before, strict=True)]
    needed = least_samples(0.5, alpha)
    if any(not (math.isfinite(new) and math.isfinite(old) and old > 0) for new, old in pairs):
        return no_bounds(None, len(pairs), alpha, "a turn was measured as zero or as no number", needed)
    if not pairs:
        return no_bounds(None, 0, alpha, "there are no turns", needed)
    bounds = quantile_bounds([new / old for new, old in pairs], 0.5, alpha)
    middle = sorted(new / old for new, old in pairs)
    half = len(middle) // 2
    value = middle[half] if len(middle) % 2 else (middle[half - 1] + middle[half]) / 2
    reason = bounds.reason and f"bounds of the ratio need {needed} turns, there are {len(pairs)}"
    return Bounds(
        value, bounds.lower, bounds.upper, len(pairs), alpha, "median of turns", reason, bounds.least_n
    )
