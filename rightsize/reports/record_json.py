"""A stored record as JSON: figures with their intervals, and what is absent with its reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rightsize.domain import Absent, Measured, Record
from rightsize.metrics import METRICS
from rightsize.reports.corpus import corpus_figures
from rightsize.reports.figures import figure_of
from rightsize.reports.soak_lines import soak_json
from rightsize.reports.trust_lines import trust_json


def record_json(record: Record) -> dict[str, Any]:
    """The record without its raw samples and items, which ``rightsize results export`` gives."""
    outcome = record.outcome
    base: dict[str, Any] = {
        "task": record.suite,
        "candidate": record.candidate_id,
        "status": type(outcome).__name__.lower(),
        "reason": None if isinstance(outcome, Measured) else outcome.reason,
        "suite_sha256": record.suite_sha256,
        "limit": record.limit,
        "machine_fingerprint": record.machine_fingerprint,
        "fingerprint": record.fingerprint,
        "created_at": record.created_at.isoformat(),
    }
    if not isinstance(outcome, Measured):
        return {**base, "metrics": {}, "corpus": {}, "absent": {}, "trust": None, "soak": None, "facts": {}}
    # What money is made of is no measurement of this cell: reports add it from stated assumptions.
    named = (metric for metric in METRICS.values() if metric.stored)
    figures = {metric.name: figure_of(record, metric) for metric in named}
    return {
        **base,
        "metrics": {name: asdict(figure) for name, figure in figures.items() if not isinstance(figure, Absent)},
        "corpus": {name: asdict(figure) for name, figure in corpus_figures(record).items()},
        "absent": {name: figure.reason for name, figure in figures.items() if isinstance(figure, Absent)},
        "trust": trust_json(record),
        "soak": soak_json(record),
        "facts": {key: value for key, value in outcome.facts.items() if key != "corpus"},
    }
