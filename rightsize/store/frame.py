"""Stored cells as a pandas DataFrame: one row per cell, units in the column names."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightsize.domain import Direction, Interrupted, Measured, Reading, Record
from rightsize.errors import UsageError
from rightsize.metrics import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd


def to_frame(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row per record: what ran, its mean score, and each metric's statistic in the metric's unit.

    The statistic is the one that stands for the metric everywhere (median, percentile, mean of windows or
    maximum). What was not measured is missing (NaN), and ``absent`` says why. ``race`` tells what a race left,
    whose items are as many as its answers took.
    """
    import pandas as pd

    frame = pd.DataFrame([frame_row(record) for record in records], columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(_FIGURES, "float64"))


#: What was chosen about how a candidate runs; a column each.
SETTINGS = (
    "threads",
    "context_tokens",
    "gpu_layers",
    "kv_type",
    "flash_attention",
    "chat_template",
    "prompt",
    "constrain",
    "lora",
)
_FACTS = (
    "id",
    "created_at",
    "candidate",
    "suite",
    "suite_sha256",
    "limit",
    "embedded",
    "race",
    "machine_fingerprint",
    "fingerprint",
    "outcome",
    "reason",
    "items",
    "engine",
    "model",
    "quant",
    *SETTINGS,
)
_FIGURES = tuple(name for name, metric in METRICS.items() if metric.stored)
COLUMNS = (*_FACTS, *_FIGURES, "energy_provenance", "energy_source", "absent")


def frame_row(record: Record) -> dict[str, Any]:
    """Return one row, with None for what is missing."""
    outcome = record.outcome
    measured = outcome if isinstance(outcome, Measured) else None
    readings = {reading.metric: reading for reading in measured.readings if reading.samples} if measured else {}
    energy = readings.get("energy_j_per_request")
    return {
        "id": record.id,
        "created_at": record.created_at,
        "candidate": record.candidate_id,
        "suite": record.suite,
        "suite_sha256": record.suite_sha256,
        "limit": record.limit,
        "embedded": record.embedded,
        "race": "race" in record.suite_info,
        "machine_fingerprint": record.machine_fingerprint,
        "fingerprint": record.fingerprint,
        "outcome": type(outcome).__name__.lower(),
        "reason": None if isinstance(outcome, Measured) else outcome.reason,
        "items": len(outcome.items) if isinstance(outcome, Measured | Interrupted) else 0,
        **_candidate_columns(record),
        **{name: _sampled(METRICS[name], readings) for name in _FIGURES},
        "size_bytes": record.size_bytes,
        **_over_items(measured),
        "energy_provenance": energy.provenance.value if energy else None,
        "energy_source": energy.source if energy else None,
        "absent": "; ".join(f"{a.metric}: {a.reason}" for a in measured.absent) if measured else None,
    }


def ranked(records: Sequence[Record], column: str) -> list[Record]:
    """The records by a column: a metric's best first, anything else in its own order; what is missing last.

    Raises UsageError for what is no column.
    """
    if column not in COLUMNS:
        near = get_close_matches(column, COLUMNS, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Columns are {', '.join(COLUMNS)}"
        raise UsageError(f"there is no column {column!r}", next_step=hint)
    falling = column in METRICS and METRICS[column].direction is Direction.HIGHER
    rows = [(frame_row(record)[column], record) for record in records]
    known = sorted(((v, r) for v, r in rows if v is not None), key=lambda row: row[0], reverse=falling)
    return [record for _, record in known] + [record for value, record in rows if value is None]


def _candidate_columns(record: Record) -> dict[str, Any]:
    """Engine, model, level and settings; a setting that the engine has not got is missing."""
    model, chosen = record.candidate.get("model", {}), record.candidate.get("settings", {})
    # Records do not state what could not be chosen when they were made.
    settings = {"kv_type": "f16", "flash_attention": "auto", **chosen}
    columns = {name: settings.get(name) for name in SETTINGS}
    # Of texts their names: a schema or a prompt is no column.
    columns["prompt"] = chosen.get("prompt_name") or None
    columns["lora"] = Path(chosen["lora"]).stem if chosen.get("lora") else None
    constrain = chosen.get("constrain")
    columns["constrain"] = constrain if constrain in {None, "", "json"} else "constrained"
    return {
        "engine": record.candidate.get("engine"),
        "model": model.get("name"),
        "quant": model.get("quant"),
        **columns,
    }


def _over_items(measured: Measured | None) -> dict[str, float | None]:
    if measured is None or not measured.items:
        return {"score": None, "invalid_rate": None}
    scored = all(absent.metric != "score" for absent in measured.absent)
    return {
        "score": statistics.fmean(item.score for item in measured.items) if scored else None,
        "invalid_rate": statistics.fmean(not item.valid for item in measured.items),
    }


def _sampled(metric: Metric, readings: dict[str, Reading]) -> float | None:
    reading = readings.get(metric.reading)
    if reading is None:
        return None
    if metric.summary == "maximum":
        return max(reading.samples)
    if metric.summary == "mean":
        return statistics.fmean(reading.samples)
    ordered = sorted(reading.samples)
    rank = math.ceil((metric.percentile or 0.5) * len(ordered) - 1e-9)
    return ordered[max(0, rank - 1)]
