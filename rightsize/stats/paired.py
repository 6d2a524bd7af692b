"""Two candidates on the same items: how far the mean score fell, bounded exactly, and whether that is little.

Right-or-wrong scores of independent items are counted: of ``n`` items ``lost`` were right only before and
``won`` only after, and the drop is P(lost) - P(won). Each drop is tested by the score statistic of Tango,
"Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
Statistics in Medicine 17 (1998), whose error is computed from the trinomial distribution itself, at its largest
over the unknown P(won): Hsueh, Liu and Chen, "Unconditional exact tests for equivalence or noninferiority for
paired binary endpoints", Biometrics 57 (2001). That unknown is searched over its own 99.99% interval, and that
error is paid (Berger and Boos, JASA 89, 1994). All other scores get the betting bounds by group.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightsize.stats.betting import betting_drop_bounds
from rightsize.stats.binomial import clopper_pearson_lower, clopper_pearson_upper
from rightsize.stats.bounds import Bounds, no_bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NUISANCE_ERROR = 1e-4  # Error spent on where P(won) may lie; a hundredth of the smallest error in use.
_NUISANCE_POINTS = 21
_SCAN = 8  # The rejected drops need not be one stretch: they are looked through before they are refined.
_BISECTIONS = 12


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Whether a score fell by no more than ``margin``: ``holds`` is None while neither bound says."""

    holds: bool | None
    margin: float
    drop: Bounds


def paired_drop_bounds(
    before: Sequence[float], after: Sequence[float], groups: Sequence[str], alpha: float
) -> Bounds:
    """Return how far the mean score fell from ``before`` to ``after`` on the same items, with exact bounds.

    Scores are in [0, 1], one group name an item; a rise is a negative drop; each bound errs with ``alpha`` at
    most. Raises ValueError for scores outside [0, 1] or lists of different lengths.
    """
    if not before and not after:
        return no_bounds(None, 0, alpha, "no items in common")
    independent = len(set(groups)) == len(before) == len(groups) == len(after)
    if not (independent and {*before, *after} <= {0.0, 1.0}):
        return betting_drop_bounds(before, after, groups, alpha)
    lost = sum(old > new for old, new in zip(before, after, strict=True))
    won = sum(old < new for old, new in zip(before, after, strict=True))
    n = len(before)
    lower, upper = drop_lower_bound(lost, won, n, alpha), -drop_lower_bound(won, lost, n, alpha)
    return Bounds((lost - won) / n, lower, upper, n, alpha, "paired, exact unconditional")


def paired_non_inferiority(
    before: Sequence[float], after: Sequence[float], groups: Sequence[str], *, margin: float, alpha: float
) -> NonInferiority:
    """Say whether ``after`` scores at most ``margin`` (in score, 0.02 is two points) below ``before``.

    Each of the two answers is wrong with probability ``alpha`` at most.
    """
    drop = paired_drop_bounds(before, after, groups, alpha)
    holds = None
    if drop.upper is not None and drop.upper <= margin:
        holds = True
    elif drop.lower is not None and drop.lower > margin:
        holds = False
    return NonInferiority(holds, margin, drop)


def drop_lower_bound(lost: int, won: int, n: int, alpha: float) -> float:
    """Return the exact lower bound of P(lost) - P(won) from ``lost`` and ``won`` of ``n`` independent items."""
    if not (n > 0 and lost >= 0 and won >= 0 and lost + won <= n and 0 < alpha < 1):
        raise ValueError(f"need lost + won <= n and 0 < alpha < 1, got {lost}, {won}, {n}, {alpha}")
    seen = (lost - won) / n
    steps = [-1.0 + (seen + 1.0) * step / _SCAN for step in range(_SCAN + 1)]
    low = -1.0
    high = next((step for step in steps[1:] if drop_p(lost, won, n, step) > alpha), seen)
    low = max(step for step in steps if step < high) if high > -1.0 else low
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if drop_p(lost, won, n, middle) > alpha else (middle, high)
    return low


def drop_p(lost: int, won: int, n: int, limit: float) -> float:
    """Return the exact p-value against "the drop is at most ``limit``", ``limit`` in [-1, 1]."""
    import numpy as np
    from scipy.special import bdtrc
    from scipy.stats import binom

    if limit <= -1.0:
        return 0.0 if lost - won > -n else 1.0
    statistic = float(_statistic(np.array([float(lost)]), np.array([float(won)]), n, limit)[0])
    if limit >= 1.0 or statistic <= 0.0:
        return 1.0
    share = _NUISANCE_ERROR / 2
    least, most = max(0.0, -limit), (1.0 - limit) / 2
    low = min(most, max(least, clopper_pearson_lower(won, n, share)))
    high = max(low, min(most, clopper_pearson_upper(won, n, share)))
    chances = np.linspace(low, high, _NUISANCE_POINTS)
    counts = np.arange(int(binom.ppf(1e-12, n, low)), int(binom.isf(1e-12, n, high)) + 1)
    reaches = _least_reaching(statistic, counts.astype(float), n, limit)
    lost_chance = np.clip((chances + limit) / np.maximum(1.0 - chances, 1e-300), 0.0, 1.0)
    pmf = binom.pmf(counts[:, None], n, chances[None, :])
    rest = n - counts
    possible = reaches <= rest
    tail = np.where(
        reaches[:, None] == 0,
        1.0,
        bdtrc(np.clip(reaches - 1, 0, rest)[:, None], rest[:, None], lost_chance[None, :]),
    )
    error = (pmf * np.where(possible[:, None], tail, 0.0)).sum(axis=0).max()
    return min(1.0, float(error) + _NUISANCE_ERROR)


def _least_reaching(statistic: float, won: Floats, n: int, limit: float) -> NDArray[np.int64]:
    """For each count of won items the least number lost at which the statistic is reached, n + 1 if never."""
    import numpy as np

    low, high = np.full(len(won), -1.0), n - won + 1
    for _ in range(math.ceil(math.log2(n + 2)) + 1):
        middle = np.floor((low + high) / 2)
        inside = (middle > low) & (middle < high)
        reached = _statistic(np.maximum(middle, 0), won, n, limit) >= statistic - 1e-9
        high = np.where(inside & reached, middle, high)
        low = np.where(inside & ~reached, middle, low)
    return np.where(high > n - won, n + 1, high).astype(np.int64)


def _statistic(lost: Floats, won: Floats, n: int, limit: float) -> Floats:
    """Tango's score statistic of "the drop is ``limit``": distance over its deviation under that drop."""
    import numpy as np

    linear = -lost - won + (2 * n - lost + won) * limit
    constant = -won * limit * (1 - limit)
    root = np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0.0))
    chance = np.maximum((root - linear) / (4 * n), 0.0)
    variance = n * np.maximum(2 * chance + limit * (1 - limit), 0.0)
    distance = lost - won - n * limit
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(variance > 1e-12, distance / np.sqrt(variance), np.sign(distance) * np.inf)
    return np.where(np.abs(distance) < 1e-12, 0.0, statistic)
