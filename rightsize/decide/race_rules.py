"""How a race spends its error, and how it reads what was seen so far of one candidate on one task. Pure.

The promise is "the recommended candidate meets every threshold", wrong with probability ``alpha`` at most,
however many were tried and however alike they are. Every candidate is given a share of that error before
anything that could accept it is looked at, and the shares add up to ``alpha`` at most:

- The first items of the course, the pilot, tell only how hopeful a candidate is. The more hopeful it is and the
  fewer are still to come, the more it is given of what is left; a hopeless one takes next to nothing.
- The pilot is never evidence for acceptance. Shares follow from pilots alone: given the pilots they are fixed
  numbers, all other items are independent of them, and the errors of the candidates add up (Bonferroni),
  whatever the candidates have in common.

A share backs bets that may be looked at at any time and, with its ``reserve``, one look at all items.

"The smaller one fails" is another promise, one for each candidate, with its own error ``refuse_alpha``: split
over its tests, for bets and one last look, and where speed or memory matters a quarter of the reserve each for
the probe and the last look, half for the full measurement, evenly over the limits on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rightsize.decide.race_course import Course
from rightsize.domain import Verdict
from rightsize.stats.bounds import Bounds
from rightsize.stats.sequence import Groups, log_capital_above, log_capital_below

ALPHA = 0.05
_POWER = 0.8  # The chance that as many more items as are named will do.


@dataclass(frozen=True, slots=True)
class RaceRules:
    """``reserve`` is the part of either error kept for a look at a fixed number of items. Batches have
    ``first_items`` or ``growth`` of what was asked, at most ``most_items``. ``least_hope`` is what the worst
    pilot leaves. A candidate is given up as undecided when its last look would be open with chance
    ``futile``."""

    alpha: float = ALPHA
    refuse_alpha: float = ALPHA
    reserve: float = 0.5
    first_items: int = 16
    growth: float = 0.15
    most_items: int = 128
    futile: float = 0.85
    least_hope: float = 0.02

    def __post_init__(self) -> None:
        shares = (self.alpha, self.refuse_alpha, self.reserve, self.futile, self.least_hope)
        if not all(0 < share < 1 for share in shares) or self.first_items < 1:
            raise ValueError("errors and shares lie inside (0, 1), a batch has at least one item")

    def pilot(self, course: Course) -> int:
        """How many leading groups are the pilot: up to ``first_items`` items, a tenth of the course at most."""
        wanted = min(self.first_items, course.items // 10)
        groups = course.groups_upto(wanted)
        return groups if 10 * groups <= len(course.groups) else 0

    def batch(self, asked: int) -> int:
        """How many items to ask next."""
        return max(self.first_items, min(self.most_items, int(asked * self.growth)))


@dataclass(frozen=True, slots=True)
class Share:
    """Error with which one candidate may wrongly be accepted: by ``bets``, or by the ``look`` at all items."""

    bets: float
    look: float

    @property
    def whole(self) -> float:
        """Both together: what a measurement beside the scores may err with."""
        return self.bets + self.look

    @classmethod
    def of(cls, left: float, hope: float, others: int, rules: RaceRules) -> Share:
        """What is given of the error that is ``left`` to a candidate with so many ``others`` to come.

        Those are larger, and counted as if they were sure to be good enough.
        """
        hope = max(hope, rules.least_hope)
        given = left * hope / (hope + others)
        return cls(given * (1 - rules.reserve), given * rules.reserve)


def hope_of(pilot: Groups, limit: float) -> float:
    """Return how likely the mean is at least ``limit`` by a normal guess from the pilot; 1/2 without one.

    It only says how much error a candidate is given, and need not be right.
    """
    from scipy.special import ndtr

    if pilot.mean is None:
        return 0.5
    return float(ndtr((pilot.mean - limit) / (_spread(pilot) / math.sqrt(pilot.items))))


def _spread(groups: Groups) -> float:
    """The standard deviation of an item's score, as it counts in a mean over groups."""
    mean = groups.mean or 0.0
    squares = math.fsum((s - mean * size) ** 2 for s, size in zip(groups.sums, groups.sizes, strict=True))
    return math.sqrt(max(squares, 0.25 * max(groups.sizes)) / groups.items)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a candidate stands on one task: ``verdict`` None while more items may still tell.

    ``bounds`` are those of a look at a fixed n, None where it is betting that speaks. ``capital`` is what
    betting on its acceptance has made of 1.
    """

    verdict: Verdict | None
    capital: float
    reason: str
    bounds: Bounds | None = None

    @property
    def passed(self) -> bool:
        """Whether the test is passed."""
        return self.verdict is Verdict.PASS


@dataclass(frozen=True, slots=True)
class Refusal:
    """Error with which a candidate may wrongly be refused: ``bets`` and ``last`` of each test, ``probe`` and
    ``full`` of what is measured beside the scores."""

    bets: float
    last: float
    probe: float
    full: float

    @classmethod
    def of(cls, rules: RaceRules, tests: int, facts: int) -> Refusal:
        """The shares for a candidate with so many score tests and judgements of other facts."""
        each, kept = rules.refuse_alpha / max(1, tests), rules.reserve
        fact = rules.refuse_alpha * kept / max(1, facts)
        return cls(each * (1 - kept), each * kept * (0.25 if facts else 1.0), fact / 4, fact / 2)


def standing(groups: Groups, limit: float, stake: float, refuse_alpha: float, watched: int = 0) -> Standing:
    """Read the evidence on "the mean is at least ``limit``" so far: accepted with error ``stake`` by what came
    after the first ``watched`` groups, refused with error ``refuse_alpha`` by all."""
    if not groups.sizes:
        return Standing(None, 1.0, "no items yet")
    up, down = log_capital_above(groups, limit, watched), log_capital_below(groups, limit)
    verdict, reason = None, "the evidence is open"
    if limit <= 0 or up.max() >= math.log(1 / stake):
        verdict, reason = Verdict.PASS, "by bets that may be looked at at any time"
    elif down.max() >= math.log(1 / refuse_alpha):
        verdict, reason = Verdict.FAIL, "by bets that may be looked at at any time"
    return Standing(verdict, math.exp(min(0.0, float(up[-1]))), reason)


def chance_open(groups: Groups, limit: float, total: int, accept_alpha: float, refuse_alpha: float) -> float:
    """Return how likely a look at ``total`` items decides nothing, judged by what was seen so far.

    Normal prediction of the final mean from the mean and spread over groups until now. It only guides when to
    give up, which costs no error.
    """
    from scipy.special import ndtr, ndtri

    n, mean = groups.items, groups.mean
    if mean is None or len(groups.sizes) < 10 or n >= total:
        return 0.0
    spread = _spread(groups)
    ahead = spread * math.sqrt(1 / n - 1 / total)
    accept = limit - float(ndtri(accept_alpha)) * spread / math.sqrt(total)
    refuse = limit + float(ndtri(refuse_alpha)) * spread / math.sqrt(total)
    return float(ndtr((accept - mean) / ahead) - ndtr((refuse - mean) / ahead))


def items_to_settle(groups: Groups, limit: float, accept_alpha: float, refuse_alpha: float) -> float:
    """Return about how many items a last look decides on with a chance of 80%, if mean and spread stay as seen.

    By the normal approximation; infinite for a mean on the limit, or before any item.
    """
    from scipy.special import ndtri

    gap = 0.0 if groups.mean is None else groups.mean - limit
    if gap == 0.0:
        return math.inf
    deviations = float(ndtri(_POWER) - ndtri(accept_alpha if gap > 0 else refuse_alpha))
    return (deviations * _spread(groups) / gap) ** 2
