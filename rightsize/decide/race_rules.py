"""How a race spends its error, and how it reads what was seen so far of one candidate on one task. Pure.

The promise is "the recommended candidate meets every threshold", wrong with probability ``alpha`` at most,
however many were tried. Two accounts hold that error:

- The *stake* backs the bets that may be looked at at any time. A candidate is accepted when its capital reaches
  1 / stake. One that is dropped hands on ``stake * min(1, capital)``: for a candidate below its threshold
  that product is a supermartingale, for one above it it only falls, so all false acceptances together stay
  within what was put in: half for the first candidate, the other half evenly with the later ones.
- The *reserve* pays for looks at a fixed number of items or requests, each half of what is left. Who is
  dropped before such a look has spent nothing of it.

"The smaller one fails" is another promise, one for each candidate, with its own error ``refuse_alpha``: split
over its tests, for bets and one last look, and where speed or memory matters a quarter of the reserve each for
the probe and the last look, half for the full measurement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from rightsize.domain import Verdict
from rightsize.stats.bounds import Bounds
from rightsize.stats.sequence import Groups, log_capital_above, log_capital_below

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class RaceRules:
    """``reserve`` is the share of either error kept for looks at a fixed number of items, ``look`` how much
    of the reserve left one look spends. Batches have ``first_items`` or ``growth`` of what was asked, at most
    ``most_items``. A candidate is given up as undecided when its last look would be open with chance
    ``futile``."""

    alpha: float = ALPHA
    refuse_alpha: float = ALPHA
    reserve: float = 0.4
    look: float = 0.5
    first_items: int = 16
    growth: float = 0.15
    most_items: int = 128
    futile: float = 0.85

    def __post_init__(self) -> None:
        shares = (self.alpha, self.refuse_alpha, self.reserve, self.look, self.futile)
        if not all(0 < share < 1 for share in shares) or self.first_items < 1:
            raise ValueError("errors and shares lie inside (0, 1), a batch has at least one item")

    def batch(self, asked: int) -> int:
        """How many items to ask next."""
        return max(self.first_items, min(self.most_items, int(asked * self.growth)))


@dataclass(frozen=True, slots=True)
class Account:
    """Error that is left for accepting: ``stake`` for bets, ``reserve`` for looks at a fixed n. ``share`` is
    what each later candidate brings along."""

    stake: float
    reserve: float
    share: float = 0.0

    @classmethod
    def open(cls, rules: RaceRules, candidates: int) -> Account:
        """The account of a race that has not begun."""
        stake, reserve = rules.alpha * (1 - rules.reserve), rules.alpha * rules.reserve
        if candidates < 2:
            return cls(stake, reserve)
        return cls(stake / 2, reserve, stake / 2 / (candidates - 1))

    def handed_on(self, capital: float) -> Account:
        """What the next candidate gets after one was dropped with so much capital."""
        return replace(self, stake=self.stake * min(1.0, capital) + self.share)

    def after_look(self, rules: RaceRules) -> Account:
        """What is left when a look at a fixed n was paid for."""
        return replace(self, reserve=self.reserve * (1 - rules.look))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a candidate stands on one task: ``verdict`` None while more items may still tell.

    ``bounds`` are those of a look at a fixed n, None where it is betting that speaks. ``capital``
    is what betting on its acceptance has made of 1.
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
    def of(cls, rules: RaceRules, tests: int, facts_matter: bool) -> Refusal:
        """The shares for a candidate with so many score tests."""
        each, kept = rules.refuse_alpha / max(1, tests), rules.reserve
        last = each * kept * (0.25 if facts_matter else 1.0)
        return cls(each * (1 - kept), last, rules.refuse_alpha * kept / 4, rules.refuse_alpha * kept / 2)


def standing(groups: Groups, limit: float, account: Account, refuse_alpha: float) -> Standing:
    """Read the evidence on "the mean is at least ``limit``" so far; refused with error ``refuse_alpha``."""
    if not groups.sizes:
        return Standing(None, 1.0, "no items yet")
    up, down = log_capital_above(groups, limit), log_capital_below(groups, limit)
    verdict, reason = None, "the evidence is open"
    if limit <= 0 or up.max() >= math.log(1 / account.stake):
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
    squares = math.fsum((s - mean * size) ** 2 for s, size in zip(groups.sums, groups.sizes, strict=True))
    spread = math.sqrt(max(squares, 0.25 * max(groups.sizes)) / n)
    ahead = spread * math.sqrt(1 / n - 1 / total)
    accept = limit - float(ndtri(accept_alpha)) * spread / math.sqrt(total)
    refuse = limit + float(ndtri(refuse_alpha)) * spread / math.sqrt(total)
    return float(ndtr((accept - mean) / ahead) - ndtr((refuse - mean) / ahead))
