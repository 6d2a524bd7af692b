"""Exact bounds for a mean of scores in [0, 1] whose items come in groups, by betting against each mean.

Items of one template are not independent, groups are. For group g let ``S_g`` be the sum of its scores and
``N_g`` its number of items; the mean score is E[S] / E[N]. If that were at most ``m``, betting on
``(S_g - m N_g) / n_max`` would be an unfavourable game (n_max: the largest group, known before any answer),
and by Ville's inequality capital 1 would ever reach ``1 / alpha`` with probability at most ``alpha``.
Whatever ``m`` lets the capital get there is therefore refused, and the bound is the smallest ``m`` that is
not. This holds at every number of groups, for any distribution of scores; only power depends on how the bets
are chosen.

Bets are the predictable plug-in of Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting", JRSS B 86 (2024), section 4: ``sqrt(2 log(1/alpha) / (G var))`` with the variance of the groups seen
so far, cut off at ``c / m``. Because both the bet and the outcome fall as ``m`` rises, so does the capital,
and bisection finds the bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rightsize.stats.binomial import clopper_pearson_lower, clopper_pearson_upper
from rightsize.stats.bounds import Bounds, no_bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SEED = 20240101  # The order of the groups must not depend on their scores: it is drawn once, for everybody.
_LARGEST_STAKE = 0.9  # Largest share of the capital put on one group; 1 could be ruined by a single zero.
_BISECTIONS = 40  # Halvings of [0, 1]: far finer than any figure shown.


def score_bounds(scores: Sequence[float], groups: Sequence[str], alpha: float) -> Bounds:
    """Return the mean of per-item ``scores`` in [0, 1] with exact one-sided bounds, each at error ``alpha``.

    Right-or-wrong scores of independent items (each its own group) get Clopper-Pearson bounds, all others the
    betting bounds by group.
    """
    n = len(scores)
    if n == 0:
        return no_bounds(None, 0, alpha, "no items were scored")
    mean = math.fsum(scores) / n
    if len(set(groups)) == n and set(scores) <= {0.0, 1.0}:
        right = round(math.fsum(scores))
        lower, upper = clopper_pearson_lower(right, n, alpha), clopper_pearson_upper(right, n, alpha)
        return Bounds(mean, lower, upper, n, alpha, "Clopper-Pearson")
    sums, sizes = _by_group(scores, groups)
    lower = min(mean, _lower_bound(sums, sizes, alpha))
    upper = max(mean, 1.0 - _lower_bound(sizes - sums, sizes, alpha))
    return Bounds(mean, lower, upper, n, alpha, f"betting over {len(sums)} groups")


def betting_drop_bounds(
    before: Sequence[float], after: Sequence[float], groups: Sequence[str], alpha: float
) -> Bounds:
    """Return how far the mean score fell from ``before`` to ``after`` on the same items, by group.

    Differences in [-1, 1] are moved to [0, 1] and bounded like scores; a rise is a negative drop.
    """
    if not before:
        return no_bounds(None, 0, alpha, "no items in common")
    moved = [(1.0 + old - new) / 2.0 for old, new in zip(before, after, strict=True)]
    sums, sizes = _by_group(moved, groups)
    mean = math.fsum(moved) / len(moved)
    lower = min(mean, _lower_bound(sums, sizes, alpha))
    upper = max(mean, 1.0 - _lower_bound(sizes - sums, sizes, alpha))
    method = f"paired, betting over {len(sums)} groups"
    return Bounds(2 * mean - 1, 2 * lower - 1, 2 * upper - 1, len(moved), alpha, method)


def _by_group(scores: Sequence[float], groups: Sequence[str]) -> tuple[Floats, Floats]:
    """Return the sum of scores and the number of items per group, groups in their seeded fixed order."""
    import numpy as np

    values = np.asarray(scores, dtype=float)
    if len(values) != len(groups) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("need one group per score and every score in [0, 1]")
    _, index = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    sizes = np.bincount(index).astype(float)
    sums = np.bincount(index, weights=values).astype(float)
    order = np.random.default_rng(_SEED).permutation(len(sizes))
    return sums[order], sizes[order]


def _lower_bound(sums: Floats, sizes: Floats, alpha: float) -> float:
    """Return the smallest mean that betting on higher scores does not refute at error ``alpha``."""
    largest = sizes.max()
    wins, shares = sums / largest, sizes / largest
    bets = _bets(wins, shares, alpha)
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        mean = (low + high) / 2
        if _refuted(mean, wins, shares, bets, alpha):
            low = mean
        else:
            high = mean
    return low


def _bets(wins: Floats, shares: Floats, alpha: float) -> Floats:
    """Return one bet per group, made from the groups before it alone; the first ones assume variance 1/4."""
    import numpy as np

    seen = np.arange(1, len(wins) + 1)
    means = (0.5 + np.cumsum(wins)) / (1.0 + np.cumsum(shares))
    variances = (0.25 + np.cumsum((wins - means * shares) ** 2)) / (1.0 + seen)
    before = np.concatenate(([0.25], variances[:-1]))
    bets: Floats = np.sqrt(2 * math.log(1 / alpha) / (len(wins) * before))
    return bets


def _refuted(mean: float, wins: Floats, shares: Floats, bets: Floats, alpha: float) -> bool:
    """Whether the capital of betting against "the mean is at most ``mean``" ever reaches 1 / alpha."""
    import numpy as np

    stakes = np.minimum(bets, _LARGEST_STAKE / mean)
    log_capital = np.cumsum(np.log1p(stakes * (wins - mean * shares)))
    return bool(log_capital.max() >= math.log(1 / alpha))
