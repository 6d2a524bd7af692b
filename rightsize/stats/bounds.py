"""What every interval in this package returns: two bounds, how they were made, or why there are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """One-sided bounds around a statistic, each at error ``alpha``.

    A bound is None when the data cannot give one; ``reason`` then says why, and ``least_n`` how many samples
    would (None: no number of samples of this kind would).
    """

    value: float | None
    lower: float | None
    upper: float | None
    n: int
    alpha: float
    method: str
    reason: str = ""
    least_n: int | None = None


def no_bounds(value: float | None, n: int, alpha: float, reason: str, least_n: int | None = None) -> Bounds:
    """Bounds that do not exist, and why."""
    return Bounds(value, None, None, n, alpha, "none", reason, least_n)


def not_finite(samples: Sequence[float]) -> str:
    """Why ``samples`` can carry no bound when some are no numbers (NaN, infinite); empty when all are."""
    broken = sum(not math.isfinite(sample) for sample in samples)
    return f"{broken:,} of {len(samples):,} samples are no finite numbers" if broken else ""
