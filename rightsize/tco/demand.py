"""What one request asks of a machine, read off a stored record. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from rightsize.decide.evidence import evidence
from rightsize.domain import Absent, ItemOutcome, Measured, Provenance, Reading, Record
from rightsize.stats.bounds import Bounds
from rightsize.stats.mean import t_bounds
from rightsize.tco.ranges import Range

LATENCY = "latency_ms"
ENERGY = "energy_j_per_request"
_ALPHA = 0.025  # of each side: measured quantities enter with their 95% interval


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules of one request, gross, with the name of the meter and how it knows."""

    joules: Range
    provenance: Provenance
    source: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Mean tokens of one request as the measured model's own tokenizer counts them."""

    input: float
    output: float
    n: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Mean seconds, joules and tokens of one request, served one at a time."""

    service_s: Range
    requests_timed: int
    energy: Energy | Absent
    tokens: Tokens | Absent


def demand_of(record: Record) -> Demand | Absent:
    """The demand a record shows, or why it shows none. The mean latency, not a percentile, sets capacity."""
    if not isinstance(record.outcome, Measured):
        return Absent("cost", f"not measured: {record.outcome.reason}")
    latency = _reading(record.outcome, LATENCY)
    if latency is None:
        return Absent("cost", f"without request latency there is no capacity: {_why(record.outcome, LATENCY)}")
    return Demand(
        service_s=_around(t_bounds([ms / 1000 for ms in latency.samples], _ALPHA)),
        requests_timed=len(latency.samples),
        energy=_energy(record, record.outcome),
        tokens=_tokens(record.outcome.items),
    )


def _energy(record: Record, outcome: Measured) -> Energy | Absent:
    found = evidence(record, ENERGY, _ALPHA)
    if isinstance(found, Absent):
        return found
    bounds, mean = found.bounds, found.bounds.value
    if mean is None:
        return Absent(ENERGY, bounds.reason)
    reading = _reading(outcome, ENERGY)
    if bounds.lower is None and reading is not None:
        # Too few windows for an interval: what the meter says of its own error is still known.
        bounds = replace(bounds, lower=mean * reading.error_low, upper=mean * reading.error_high)
    return Energy(_around(bounds), found.provenance, found.source)


def _around(bounds: Bounds) -> Range:
    """A mean with its bounds; where the data give none, the mean alone. Neither time nor energy is negative."""
    mean = bounds.value or 0.0
    low = mean if bounds.lower is None else min(max(bounds.lower, 0.0), mean)
    high = mean if bounds.upper is None else max(bounds.upper, mean)
    return Range(low, mean, high)


def _tokens(items: Sequence[ItemOutcome]) -> Tokens | Absent:
    counted = [item for item in items if item.prompt_tokens > 0]
    if not counted:
        return Absent("tokens", "no item has its tokens counted")
    return Tokens(
        input=fmean(item.prompt_tokens for item in counted),
        output=fmean(item.output_tokens for item in counted),
        n=len(counted),
    )


def _reading(outcome: Measured, metric: str) -> Reading | None:
    return next((reading for reading in outcome.readings if reading.metric == metric and reading.samples), None)


def _why(outcome: Measured, metric: str) -> str:
    reasons = (absent.reason for absent in outcome.absent if absent.metric == metric)
    return next(reasons, f"no {metric} reading in the store")
