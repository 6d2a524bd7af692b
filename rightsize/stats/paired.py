"""Two candidates on the same items: how far the mean score fell, bounded exactly, and whether that is little.

Right-or-wrong scores of independent items are counted: of ``n`` items ``lost`` were right only before and
``won`` only after, and the drop is P(lost) - P(won). A drop is tested by the score statistic of Tango,
"Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
Statistics in Medicine 17 (1998), whose error is computed from the trinomial distribution itself, at its largest
over the unknown P(won): Hsueh, Liu and Chen, "Unconditional exact tests for equivalence or noninferiority for
paired binary endpoints", Biometrics 57 (2001). The bound is Buehler's, JASA 52 (1957): outcomes are put in one
order, by Tango's own bound, as in Lloyd and Moldovan, "Exact one-sided confidence limits for the difference
between two correlated proportions", Statistics in Medicine 26 (2007). P(won) is searched over its own 99.99%
interval, and that error is paid (Berger and Boos, JASA 89, 1994). All other scores get the betting bounds by
group.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightsize.stats.betting import betting_drop_bounds
from rightsize.stats.binomial import clopper_pearson_lower, clopper_pearson_upper
from rightsize.stats.bounds import Bounds, no_bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

_NUISANCE_ERROR = 1e-4  # Error spent on where P(won) may lie; a hundredth of the smallest error in use.
_NUISANCE_POINTS = 41
_REFINED_POINTS = 11
_REFINEMENTS = 2
_BISECTIONS = 17
_SCORE_BISECTIONS = 45


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
    """Return the exact lower bound of P(lost) - P(won) from ``lost`` and ``won`` of ``n`` independent items.

    It is the smallest drop at which outcomes that speak as much for a drop have a chance above ``alpha``. Which
    these are does not depend on the drop, so their chance rises with it and bisection finds the bound.
    """
    if not (n > 0 and lost >= 0 and won >= 0 and lost + won <= n and 0 < alpha < 1):
        raise ValueError(f"need lost + won <= n and 0 < alpha < 1, got {lost}, {won}, {n}, {alpha}")
    reaches = _least_reaching(lost, won, n, _score_bound(lost, won, n, alpha))
    low, high = -1.0, (lost - won) / n
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if _largest_error(reaches, won, n, middle) > alpha else (middle, high)
    return low


def drop_p(lost: int, won: int, n: int, limit: float) -> float:
    """Return the exact p-value against "the drop is at most ``limit``", ``limit`` in [-1, 1]."""
    if limit <= -1.0:
        return 0.0 if lost - won > -n else 1.0
    if limit >= 1.0 or lost - won <= n * limit:
        return 1.0
    return _largest_error(_least_reaching(lost, won, n, limit), won, n, limit)


def _score_bound(lost: int, won: int, n: int, alpha: float) -> float:
    """Return Tango's lower bound: the drop whose statistic is the normal quantile. It only orders outcomes."""
    from scipy.special import ndtri

    quantile = max(0.0, -float(ndtri(alpha)))
    low, high = -1.0, (lost - won) / n
    for _ in range(_SCORE_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _statistic_of(lost, won, n, middle) >= quantile else (low, middle)
    return low


def _largest_error(reaches: Counts, won: int, n: int, drop: float) -> float:
    """Return the largest chance, over P(won), to lose at least what ``reaches`` says for the number won.

    P(won) lies in its 99.99% interval, inside what ``drop`` leaves possible; the error of that is added.
    """
    import numpy as np
    from scipy.special import bdtrc
    from scipy.stats import binom

    least, most = max(0.0, -drop), (1.0 - drop) / 2
    low = min(most, max(least, clopper_pearson_lower(won, n, _NUISANCE_ERROR / 2)))
    high = max(low, min(most, clopper_pearson_upper(won, n, _NUISANCE_ERROR / 2)))
    count = np.arange(int(binom.ppf(1e-12, n, low)), int(binom.isf(1e-12, n, high)) + 1)
    rest = n - count
    fewer = np.minimum(reaches[count] - 1, rest)

    def errors(chances: Floats) -> Floats:
        lost_chance = np.clip((chances + drop) / np.maximum(1.0 - chances, 1e-300), 0.0, 1.0)
        pmf = binom.pmf(count[:, None], n, chances)
        tail = np.zeros_like(pmf)
        bdtrc(fewer[:, None], rest[:, None], lost_chance, out=tail, where=pmf > 1e-15)
        total: Floats = (pmf * tail).sum(axis=0)
        return total

    return min(1.0, _largest(errors, low, high) + _NUISANCE_ERROR)


def _largest(errors: Callable[[Floats], Floats], low: float, high: float) -> float:
    """Return the largest of ``errors`` in [low, high]: of Chebyshev points, then of finer ones round the best.

    These lie closest at the ends, where P(lost) or P(neither) may near 0 and the error changes fastest.
    """
    import numpy as np

    chances = low + (high - low) * np.sin(np.linspace(0.0, np.pi / 2, _NUISANCE_POINTS)) ** 2
    largest = 0.0
    for refinement in range(_REFINEMENTS + 1):
        found = errors(chances)
        best = int(found.argmax())
        largest = max(largest, float(found[best]))
        if refinement < _REFINEMENTS:
            around = chances[max(best - 1, 0)], chances[min(best + 1, len(chances) - 1)]
            chances = np.linspace(*around, _REFINED_POINTS)
    return largest


def _least_reaching(lost: int, won: int, n: int, limit: float) -> Counts:
    """For each number of items won the least number lost with a statistic as large, n + 1 if there is none."""
    import numpy as np

    statistic, count = _statistic_of(lost, won, n, limit), np.arange(n + 1.0)
    low, high = np.full(n + 1, -1.0), n - count + 1
    for _ in range(math.ceil(math.log2(n + 2)) + 1):
        middle = np.floor((low + high) / 2)
        inside = (middle > low) & (middle < high)
        reached = _statistic(np.maximum(middle, 0), count, n, limit) >= statistic - 1e-9
        high = np.where(inside & reached, middle, high)
        low = np.where(inside & ~reached, middle, low)
    return np.where(high > n - count, n + 1, high).astype(np.int64)


def _statistic_of(lost: int, won: int, n: int, limit: float) -> float:
    """The score statistic of one outcome."""
    import numpy as np

    return float(_statistic(np.array([float(lost)]), np.array([float(won)]), n, limit)[0])


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
