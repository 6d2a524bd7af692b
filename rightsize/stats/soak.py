"""Burst against sustained speed: a processor that is hot or out of its power budget slows down in time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rightsize.stats.bootstrap import median_ratio_bounds
from rightsize.stats.bounds import Bounds

#: The first tenth of a soak, 30 seconds at most, is the burst; its last third is what is sustained.
BURST_SHARE, BURST_MOST_S, SUSTAINED_SHARE = 0.1, 30.0, 1 / 3
_ALPHA = 0.025


@dataclass(frozen=True, slots=True)
class Soak:
    """Medians in tokens per second, ``ratio`` of sustained to burst with a 95% interval, and its length."""

    burst: float
    sustained: float
    ratio: Bounds
    seconds: float


def soak_of(at_s: Sequence[float], tokens_per_s: Sequence[float]) -> Soak | None:
    """Return burst and sustained speed; ``at_s`` is when each sample ended, in seconds from the start.

    None when there are fewer than three samples: the first and the last must not be the same.
    """
    if len(at_s) < 3 or len(at_s) != len(tokens_per_s):
        return None
    end_s = at_s[-1]
    until_s = min(BURST_MOST_S, BURST_SHARE * end_s)
    first = [speed for at, speed in zip(at_s, tokens_per_s, strict=True) if at <= until_s] or [tokens_per_s[0]]
    from_s = end_s * (1 - SUSTAINED_SHARE)
    last = [speed for at, speed in zip(at_s, tokens_per_s, strict=True) if at > from_s]
    ratio = median_ratio_bounds(last, first, _ALPHA)
    return Soak(statistics.median(first), statistics.median(last), ratio, end_s)
