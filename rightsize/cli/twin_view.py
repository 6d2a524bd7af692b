"""What a twin showed: a table that fits 80 columns, and the ``--json`` document."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from rightsize.cli.suites_view import plain
from rightsize.domain import Absent, Provenance, Reading
from rightsize.stats.order import quantile_bounds
from rightsize.units import format_value

if TYPE_CHECKING:
    from rightsize.bench.protocol import TokenWork
    from rightsize.bench.twin import TwinResult
    from rightsize.models.twins.subject import TwinSubject

_ALPHA = 0.025
_ROWS = (
    ("load_ms", "Load"),
    ("prefill_tokens_per_s", "Prefill, pp512"),
    ("decode_tokens_per_s", "Decode, tg128"),
    ("latency_ms", "Request"),
    ("ttft_ms", "First token"),
    ("itl_ms", "Between tokens"),
    ("memory_bytes", "Peak memory"),
    ("energy_j_per_request", "Energy a request"),
)


def twin_table(subject: TwinSubject, tokens: TokenWork, result: TwinResult) -> Group:
    """Name and size, then a row a figure: median, range and count."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title, justify in (("", "left"), ("median", "right"), ("range", "right"), ("n", "right")):
        table.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for metric, title in _ROWS:
        reading = _reading(result, metric)
        if reading:
            table.add_row(title, *_cells(reading))
    head = Text(f"{plain(subject.name)}:{subject.level}, a shape twin", "bold")
    return Group(head, table, Text("\n".join(_notes(subject, tokens, result)), "dim"))


def _reading(result: TwinResult, metric: str) -> Reading | None:
    return next((each for each in result.measured.readings if each.metric == metric and each.samples), None)


def _cells(reading: Reading) -> tuple[str, str, str]:
    star = "" if reading.provenance is Provenance.MEASURED else "*"
    middle = _text(statistics.median(reading.samples), reading.unit)
    low, high = min(reading.samples) * reading.error_low, max(reading.samples) * reading.error_high
    spread = f"{_text(low, reading.unit)} to {_text(high, reading.unit)}" if low < high else ""
    return f"{middle}{star}", spread, str(len(reading.samples))


def _text(value: float, unit: str) -> str:
    return format_value(value, unit)


def _notes(subject: TwinSubject, tokens: TokenWork, result: TwinResult) -> Iterator[str]:
    yield f"File: {result.size_bytes / 1e9:.3f} GB less the real vocabulary; mix: {plain(result.mix)}"
    if subject.mix and subject.mix.fallback_tensors:
        yield f"{subject.mix.fallback_tensors} tensors fall back to another type: their width does not fit"
    counts = f"{tokens.prompt_tokens:,} prompt and {tokens.output_tokens:,} output tokens"
    yield f"Request: {counts}, greedy, nothing cached"
    if result.depths:
        yield f"* {_reduced(result)}"
    modelled = {
        f"* {reading.provenance.value}, not measured: {reading.note or reading.source}"
        for reading in result.measured.readings
        if reading.provenance is not Provenance.MEASURED and not result.depths
    }
    yield from sorted(modelled)
    for missing in result.measured.absent:
        if missing.metric in {"score", "energy_j_per_request"}:
            yield f"No {missing.metric.partition('_')[0]}: {missing.reason}"
    if result.approximate:
        yield f"Approximate: {result.approximate}"


def _reduced(result: TwinResult) -> str:
    first, second = result.depths
    return f"extrapolated from {first} and {second} layers, because {result.why_reduced}"


def twin_json(subject: TwinSubject, tokens: TokenWork, result: TwinResult) -> dict[str, Any]:
    """The document of ``schemas/twin.schema.json``."""
    return {
        "schema_version": 1,
        "command": "twin",
        "model": subject.name,
        "quant": subject.level,
        "mix": result.mix,
        "fallback_tensors": subject.mix.fallback_tensors if subject.mix else None,
        "size_bytes": result.size_bytes,
        "prompt_tokens": tokens.prompt_tokens,
        "output_tokens": tokens.output_tokens,
        "layers_measured": list(result.depths) or None,
        "why_reduced": result.why_reduced,
        "approximate": result.approximate,
        "write_s": result.write_s,
        "kept": None if result.kept is None else str(result.kept),
        "readings": [_reading_json(reading) for reading in result.measured.readings],
        "absent": [asdict(absent) for absent in result.measured.absent if isinstance(absent, Absent)],
        "facts": dict(result.measured.facts),
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    bounds = quantile_bounds(reading.samples, 0.5, _ALPHA)
    low, high = bounds.lower, bounds.upper
    return {
        **asdict(reading),
        "provenance": reading.provenance.value,
        "median": statistics.median(reading.samples),
        "low": None if low is None else low * reading.error_low,
        "high": None if high is None else high * reading.error_high,
        "n": len(reading.samples),
    }
