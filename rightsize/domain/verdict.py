"""What it means: estimates, thresholds, judgements."""

from __future__ import annotations

from dataclasses import dataclass

from rightsize.domain.terms import Direction, Provenance, Verdict


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its uncertainty. ``low``/``high`` are None where no interval exists; ``method`` says
    how the interval was made, or why there is none."""

    metric: str
    unit: str
    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    provenance: Provenance = Provenance.MEASURED
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit a user set, in the metric's base unit; ``text`` is how they wrote it. ``reference`` names the
    candidate that a relative one compares with."""

    metric: str
    direction: Direction
    limit: float
    text: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One threshold judged for one candidate on one task.

    ``bound_low`` and ``bound_high`` are the exact one-sided bounds the verdict was made from, each at error
    ``alpha``. ``more_needed`` estimates how many more items (or requests) would settle an UNDECIDED; 0 means
    the same ones again on a quiet machine. ``trust`` is the label of the measurement, empty where none applies.
    """

    threshold: Threshold
    verdict: Verdict
    value: float | None
    bound_low: float | None
    bound_high: float | None
    n: int
    alpha: float
    method: str
    reason: str
    task: str = ""
    provenance: Provenance | None = None
    more_needed: int | None = None
    trust: str = ""
