"""Scores that are looked at while they come in: evidence that may be checked at any moment.

For group g let ``S_g`` be the sum of its scores and ``N_g`` its number of items, n_max the largest group. If
the mean score E[S] / E[N] were at most ``m``, betting on ``(S_g - m N_g) / n_max`` would be an unfavourable
game whatever the bets, as long as each is chosen from the groups before: the capital is a supermartingale
that starts at 1, and by Ville's inequality it *ever* reaches ``1 / alpha`` with probability at most
``alpha``. So one may look after every batch and stop when one likes (Waudby-Smith and Ramdas, "Estimating
means of bounded random variables by betting", JRSS B 86, 2024; first public in 2020).

The bets: the capital is spread evenly over a grid of fixed stakes (their section on hedged and mixed
capital), and all of them rest while the mean so far lies on the wrong side of ``m``. Resting is a choice made
from the past, so it costs no validity, and a candidate that is on the wrong side at first keeps its capital for
later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rightsize.stats.bounds import Bounds, no_bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LARGEST_STAKE = 0.9  # Largest share of the capital put on one group; 1 could be ruined by a single zero.
_STAKES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)  # Shares of the largest stake, between which the capital is spread.
_REST = 4  # Groups that are only watched before the first bet.
_GRID = 200  # Means between 0 and 1 that an interval is looked for among.


@dataclass(frozen=True, slots=True)
class Groups:
    """What has been seen: sum of scores and number of items of each group, in the order they were asked.

    ``largest`` is the size of the largest group of the whole suite, known before any answer.
    """

    sums: tuple[float, ...]
    sizes: tuple[int, ...]
    largest: int

    def __post_init__(self) -> None:
        fits = len(self.sums) == len(self.sizes) and all(0 < size <= self.largest for size in self.sizes)
        if not fits or not all(0 <= s <= n for s, n in zip(self.sums, self.sizes, strict=True)):
            raise ValueError("need one sum in [0, size] a group, and no group above the largest")

    @property
    def items(self) -> int:
        """How many items were answered."""
        return sum(self.sizes)

    @property
    def mean(self) -> float | None:
        """The mean score so far, None before the first item."""
        return math.fsum(self.sums) / self.items if self.sizes else None

    def first(self, groups: int) -> Groups:
        """The leading groups alone."""
        return Groups(self.sums[:groups], self.sizes[:groups], self.largest)

    def mirrored(self) -> Groups:
        """The same with right and wrong swapped: a bound from above is one from below of this."""
        return Groups(
            tuple(size - total for total, size in zip(self.sums, self.sizes, strict=True)),
            self.sizes,
            self.largest,
        )


def log_capital_above(groups: Groups, limit: float, watched: int = 0) -> Floats:
    """Return the log of the capital after each group of betting that the mean lies above ``limit``.

    Its largest value so far is the evidence: log(1 / alpha) refutes "the mean is at most ``limit``" at error
    ``alpha``, whenever it is looked at. ``limit`` lies in [0, 1]; nothing can lie above 1. No bet is made on
    the first ``watched`` groups: the evidence is that of the groups after them, given them.
    """
    import numpy as np

    sums, sizes = np.asarray(groups.sums, dtype=float), np.asarray(groups.sizes, dtype=float)
    return betting_log_capital((sums - limit * sizes) / groups.largest, limit, watched)


def log_capital_below(groups: Groups, limit: float) -> Floats:
    """Return the log of the capital of betting that the mean lies below ``limit``."""
    return log_capital_above(groups.mirrored(), 1.0 - limit)


def betting_log_capital(gains: Floats, limit: float | Floats, watched: int = 0) -> Floats:
    """Return the running log capital along the last axis; ``gains``, at least ``-limit``, are in units of a
    group, of which at least ``watched`` are not bet on.

    ``limit`` may hold one limit a row of ``gains``. A pure function of arrays: simulations run the race's own
    bets.
    """
    import numpy as np

    before = np.cumsum(gains, axis=-1) - gains
    betting = (before >= 0) & (np.arange(gains.shape[-1]) >= max(_REST, watched))
    most = _LARGEST_STAKE / np.maximum(limit, 1e-3)
    logs = [np.cumsum(np.log1p(np.where(betting, share * most * gains, 0.0)), axis=-1) for share in _STAKES]
    mixed: Floats = np.logaddexp.reduce(np.stack(logs), axis=0) - math.log(len(_STAKES))
    return mixed


def anytime_bounds(groups: Groups, alpha: float, watched: int = 0) -> Bounds:
    """Return the mean with one-sided bounds that hold at every moment at once, each at error ``alpha``.

    Means are refuted one by one on a grid; the bound is where the first stretch of refuted ones ends. The lower
    one makes no bet on the first ``watched`` groups.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"need 0 < alpha < 1, got {alpha}")
    mean = groups.mean
    if mean is None:
        return no_bounds(None, 0, alpha, "no items were scored")
    lower = min(mean, _lower(groups, alpha, watched))
    upper = max(mean, 1.0 - _lower(groups.mirrored(), alpha))
    method = f"betting over {len(groups.sums)} groups, valid at any time"
    return Bounds(mean, lower, upper, groups.items, alpha, method)


def _lower(groups: Groups, alpha: float, watched: int = 0) -> float:
    import numpy as np

    sums, sizes = np.asarray(groups.sums, dtype=float), np.asarray(groups.sizes, dtype=float)
    means = np.arange(1, _GRID) / _GRID
    gains = (sums - means[:, None] * sizes) / groups.largest
    refuted = betting_log_capital(gains, means[:, None], watched).max(axis=-1) >= math.log(1 / alpha)
    return float(np.argmin(refuted) if not refuted.all() else _GRID - 1) / _GRID


def paired_groups(before: Groups, after: Groups) -> Groups:
    """Return the groups of "how much better after", moved to [0, 1] an item: (1 + after - before) / 2.

    Both must hold the same groups in the same order. "At most ``margin`` worse" is then a mean of at least
    ``(1 - margin) / 2``.
    """
    if before.sizes != after.sizes or before.largest != after.largest:
        raise ValueError("the two sides hold different groups")
    moved = (
        min(float(size), max(0.0, (size + new - old) / 2))
        for old, new, size in zip(before.sums, after.sums, after.sizes, strict=True)
    )
    return Groups(tuple(moved), after.sizes, after.largest)


def as_groups(scores: Sequence[tuple[str, float]], largest: int) -> Groups:
    """Return groups from ``(group, score)`` pairs, in the order in which groups first appear."""
    sums: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for group, score in scores:
        if not 0 <= score <= 1:
            raise ValueError(f"scores lie in [0, 1], got {score}")
        sums[group] = sums.get(group, 0.0) + score
        sizes[group] = sizes.get(group, 0) + 1
    return Groups(tuple(min(sums[g], sizes[g]) for g in sums), tuple(sizes.values()), largest)
