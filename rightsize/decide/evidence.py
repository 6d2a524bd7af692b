"""What one stored record says about one metric: a value with one-sided bounds, or why it says nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rightsize.domain import Absent, ItemOutcome, Measured, Provenance, Reading, Record
from rightsize.metrics import METRICS, Metric
from rightsize.stats.betting import score_bounds
from rightsize.stats.bounds import Bounds
from rightsize.stats.mean import t_bounds
from rightsize.stats.order import quantile_bounds

#: What does not depend on the machine it was measured on.
MACHINE_FREE = frozenset({"score", "invalid_rate", "size_bytes"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """One metric of one record. ``bounds.alpha`` is the error of each bound."""

    metric: Metric
    bounds: Bounds
    provenance: Provenance = Provenance.MEASURED
    source: str = ""


def evidence(record: Record, metric: str, alpha: float) -> Evidence | Absent:
    """Return what ``record`` shows about ``metric`` with one-sided bounds at error ``alpha``.

    Scores get exact bounds by group, percentiles and medians order statistics, windows Student's t (none where
    there are fewer than three); memory is the largest peak seen and size the bytes themselves, whose bounds are
    the value. The stated error of a modelled or configured meter widens its bounds.
    """
    known = METRICS[metric]
    if metric == "size_bytes":
        return _size(record, known, alpha)
    match record.outcome:
        case Measured(items=items, absent=absent) if metric in {"score", "invalid_rate"}:
            why = next((missing for missing in absent if missing.metric == metric), None)
            return why or Evidence(known, _over_items(metric, items, alpha))
        case Measured(readings=readings, absent=absent):
            reading = next((r for r in readings if r.metric == known.reading and r.samples), None)
            if reading is None:
                return Absent(metric, _why_absent(known, absent))
            return Evidence(known, _of_reading(known, reading, alpha), reading.provenance, reading.source)
        case unmeasured:
            return Absent(metric, unmeasured.reason)


def _size(record: Record, metric: Metric, alpha: float) -> Evidence | Absent:
    if record.size_bytes is not None:
        return Evidence(metric, _exact(float(record.size_bytes), 1, alpha, "bytes of the files"))
    absent = record.outcome.absent if isinstance(record.outcome, Measured) else ()
    return Absent(
        metric.name, next((a.reason for a in absent if a.metric == metric.name), "its size is not known")
    )


def _over_items(metric: str, items: tuple[ItemOutcome, ...], alpha: float) -> Bounds:
    values = [item.score if metric == "score" else float(not item.valid) for item in items]
    return score_bounds(values, [item.group for item in items], alpha)


def _of_reading(metric: Metric, reading: Reading, alpha: float) -> Bounds:
    samples = reading.samples
    if metric.summary == "maximum":
        bounds = _exact(max(samples), len(samples), alpha, "observed maximum")
    elif metric.summary == "quantile":
        bounds = quantile_bounds(samples, metric.percentile or 0.5, alpha)
    else:
        bounds = t_bounds(samples, alpha)
        if bounds.lower is not None:
            bounds = replace(bounds, lower=max(0.0, bounds.lower))  # no joule and no second is negative
    return _widened(bounds, reading)


def _widened(bounds: Bounds, reading: Reading) -> Bounds:
    if reading.error_low == reading.error_high == 1.0:
        return bounds
    return replace(
        bounds,
        lower=None if bounds.lower is None else bounds.lower * reading.error_low,
        upper=None if bounds.upper is None else bounds.upper * reading.error_high,
        method=f"{bounds.method}, widened by the meter's stated error",
    )


def _exact(value: float, n: int, alpha: float, method: str) -> Bounds:
    return Bounds(value, value, value, n, alpha, method)


def _why_absent(metric: Metric, absent: tuple[Absent, ...]) -> str:
    named = {metric.name, metric.reading}
    return next((a.reason for a in absent if a.metric in named), f"{metric.title} was not measured")
