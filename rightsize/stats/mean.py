"""A mean of few, roughly normal samples, such as energy per request over several windows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from rightsize.stats.bounds import Bounds, no_bounds, not_finite

LEAST_SAMPLES = 3


def t_bounds(samples: Sequence[float], alpha: float) -> Bounds:
    """Return the mean of ``samples`` with one-sided Student-t bounds, each at error ``alpha``.

    Each sample is itself an average over many requests, which is what makes the normal assumption fair; with
    fewer than three samples there is no interval.
    """
    from scipy.special import stdtrit

    n = len(samples)
    if n < LEAST_SAMPLES:
        value = statistics.fmean(samples) if n else None
        return no_bounds(
            value, n, alpha, f"an interval needs {LEAST_SAMPLES} windows, there are {n}", LEAST_SAMPLES
        )
    if broken := not_finite(samples):
        return no_bounds(None, n, alpha, broken)
    mean = statistics.fmean(samples)
    half = float(stdtrit(n - 1, 1 - alpha)) * statistics.stdev(samples) / math.sqrt(n)
    return Bounds(mean, mean - half, mean + half, n, alpha, f"Student t over {n} windows")


def mean_ratio_bounds(after: Sequence[float], before: Sequence[float], alpha: float) -> Bounds:
    """Return mean(after) / mean(before) with one-sided bounds, each at error ``alpha``.

    Half of the error goes to either mean, which makes the bounds hold without assuming equal spread.
    """
    new, old = t_bounds(after, alpha / 2), t_bounds(before, alpha / 2)
    n = min(new.n, old.n)
    if new.value is None or old.value is None or old.value <= 0:
        return no_bounds(None, n, alpha, "there is nothing above zero to compare with")
    ratio = new.value / old.value
    if new.lower is None or new.upper is None or old.lower is None or old.upper is None:
        return no_bounds(ratio, n, alpha, new.reason or old.reason, LEAST_SAMPLES)
    upper = new.upper / old.lower if old.lower > 0 else None
    return Bounds(ratio, max(0.0, new.lower) / old.upper, upper, n, alpha, f"Student t over {n} windows each")
