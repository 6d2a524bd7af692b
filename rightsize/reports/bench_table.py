"""What a bench measured, as a table for the terminal: one block a task, one row a candidate, 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rightsize.domain import Absent, Estimate, Measured, Provenance, Record
from rightsize.metrics import METRICS
from rightsize.reports.few_samples import few_lines, few_sign
from rightsize.reports.figures import figure_of
from rightsize.reports.select import by_task
from rightsize.reports.soak_lines import soak_line
from rightsize.reports.trust_lines import mark, trust_lines
from rightsize.units import counted, format_value

_COLUMNS = (
    ("size", "size_bytes"),
    ("p95", "latency_p95_ms"),
    ("tok/s", "decode_tokens_per_s"),
    ("memory", "memory_bytes"),
    ("J/request", "energy_j_per_request"),
)


def bench_table(records: Sequence[Record]) -> RenderableType:
    """One table a task, with the score's 95% interval, and a line on how energy was got."""
    blocks = [_task_table(task, rows) for task, rows in by_task(records).items()]
    return Group(*blocks, Text(_legend(records), style="dim"))


def _task_table(task: str, records: Sequence[Record]) -> Table:
    counts = {len(record.outcome.items) for record in records if isinstance(record.outcome, Measured)}
    over = f", {counted(min(counts), 'item')}" if len(counts) == 1 else ""
    table = Table(title=f"{task}{over}", title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("candidate", overflow="fold")  # a name is typed again, so it stays whole
    if len(counts) > 1:
        table.add_column("items", justify="right", no_wrap=True)
    table.add_column(f"{records[0].suite_info['score_name'] or 'score'} [95%]", justify="right", no_wrap=True)
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    broken = []
    for record in sorted(records, key=lambda record: record.size_order):
        if isinstance(record.outcome, Measured):
            count = [f"{len(record.outcome.items):,}"] if len(counts) > 1 else []
            cells = (_cell(record, metric) for _, metric in _COLUMNS)
            table.add_row(record.candidate_id, *count, _score(record), *cells)
        else:
            broken.append(
                f"{record.candidate_id}: {type(record.outcome).__name__.lower()}: {record.outcome.reason}"
            )
    # A reason is a sentence: below the table it has the whole width.
    table.caption = Text("\n".join(broken), style="red") if broken else None
    table.caption_justify = "left"
    return table


def _score(record: Record) -> str:
    """The score in percent, its interval rounded outwards to whole percents."""
    figure = figure_of(record, METRICS["score"])
    if isinstance(figure, Absent):
        return "absent"
    if figure.low is None or figure.high is None:
        return f"{100 * figure.value:.1f}%"
    return f"{100 * figure.value:.1f}% [{floor(100 * figure.low)},{ceil(100 * figure.high)}]"


def _cell(record: Record, metric: str) -> str:
    figure = figure_of(record, METRICS[metric])
    if not isinstance(figure, Estimate):
        return "absent"
    text = format_value(figure.value, figure.unit).removesuffix(" tokens/s")
    star = "" if figure.provenance is Provenance.MEASURED else "*"
    return f"{text}{few_sign(figure)}{mark(record, metric)}{star}"


def _samples(records: Sequence[Record], metric: str) -> str:
    """How many samples the figures rest on, ``, n 20`` or ``, n 20 to 120``; empty without any."""
    counts = {
        len(reading.samples)
        for record in records
        if isinstance(record.outcome, Measured)
        for reading in record.outcome.readings
        if reading.metric == metric and reading.samples
    }
    ends = sorted({min(counts), max(counts)}) if counts else []
    return f", n {' to '.join(f'{end:,}' for end in ends)}" if ends else ""


def _legend(records: Sequence[Record]) -> str:
    """What the columns are, and that a starred energy is not a measurement."""
    times, speeds = (_samples(records, metric) for metric in ("latency_ms", "decode_tokens_per_s"))
    timed = f"p95: latency of single requests{times}; tok/s: generation (tg128){speeds}"
    notes = [f"{timed}; memory: peak of the process"]
    sources = {
        f"{reading.provenance.value}, not measured: {reading.note or reading.source}"
        for record in records
        if isinstance(record.outcome, Measured)
        for reading in record.outcome.readings
        if reading.metric == "energy_j_per_request" and reading.provenance is not Provenance.MEASURED
    }
    soaks = [line for record in records if (line := soak_line(record))]
    stars = (f"* {source}" for source in sorted(sources))
    return "\n".join(
        [*notes, *few_lines(records, [metric for _, metric in _COLUMNS]), *stars, *trust_lines(records), *soaks]
    )
