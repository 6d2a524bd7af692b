"""Percentiles of too few samples: a sign beside the figure, and how many samples would bound it."""

from __future__ import annotations

from collections.abc import Sequence

from rightsize.domain import Absent, Measured, Record
from rightsize.metrics import METRICS
from rightsize.reports.data import Figure
from rightsize.reports.figures import figure_of

SIGN = "?"


def few_sign(figure: Figure) -> str:
    """``?`` behind a percentile that nothing bounds from above."""
    return SIGN if _is_few(figure) else ""


def few_lines(records: Sequence[Record], metrics: Sequence[str]) -> list[str]:
    """What the sign means for these records, in words: how many samples there are and how many it takes."""
    measured = [record for record in records if isinstance(record.outcome, Measured)]
    found = [(METRICS[metric], figure_of(record, METRICS[metric])) for record in measured for metric in metrics]
    why = {
        f"{SIGN} {metric.title}: {figure.method}"
        for metric, figure in found
        if not isinstance(figure, Absent) and _is_few(figure)
    }
    return sorted(why)


def _is_few(figure: Figure) -> bool:
    return (
        not isinstance(figure, Absent) and METRICS[figure.metric].summary == "quantile" and figure.high is None
    )
