"""How far a prediction may be off, learned from how far earlier ones were.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018) on the logarithm of measured over predicted: of
n residuals the one at rank ceil((n + 1) * level) bounds the next with that probability, whatever their
distribution, as long as the next is like the others. Below nine residuals no such rank exists at 90%; then an
assumed width stands in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

LEVEL = 0.9


class Basis(StrEnum):
    """What an interval rests on."""

    ASSUMED = "assumed"  # too little was measured here, so a width on the wide side stands in
    LEARNED = "learned"  # from predictions that were checked on this machine
    MEASURED = "measured"  # the figure itself was measured
    PUBLISHED = "published"  # a range of what part of published rates is reached


#: Log half-widths for a machine that has no measurements yet, assumed until nine are there: a little wider than
#: the 22%, 33% and 8.4% that 26, 26 and 13 residuals of ``benchmarks/prediction.py`` taught on one machine.
UNTRIED = {"decode": math.log(1.25), "prefill": math.log(1.35), "memory": math.log(1.09)}


@dataclass(frozen=True, slots=True)
class Spread:
    """A factor around a prediction: the truth lies within value / factor and value * factor. ``n`` residuals
    were there to teach it; ``basis`` says whether they were enough."""

    factor: float
    n: int
    method: str
    basis: Basis

    def wider(self, power: float) -> Spread:
        """The same with its width on a logarithmic scale multiplied."""
        return replace(self, factor=self.factor**power)


def spread(metric: str, residuals: Sequence[float]) -> Spread:
    """The factor for a metric (``decode``, ``prefill`` or ``memory``) from log(measured / predicted)."""
    n = len(residuals)
    rank = math.ceil((n + 1) * LEVEL)
    if rank <= n:
        width = sorted(abs(each) for each in residuals)[rank - 1]
        return Spread(math.exp(width), n, f"conformal, {LEVEL:.0%}, {n} measurements here", Basis.LEARNED)
    width = max([UNTRIED[metric], *(abs(each) for each in residuals)])
    have = "nothing was" if n == 0 else f"only {n} were"
    assumed = f"{math.expm1(UNTRIED[metric]):.0%}"
    return Spread(math.exp(width), n, f"{have} measured here yet: at least {assumed} is assumed", Basis.ASSUMED)
