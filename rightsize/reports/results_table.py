"""Stored cells for the terminal, one line each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from rightsize.domain import Absent, Interrupted, Measured, Record
from rightsize.metrics import METRICS
from rightsize.reports.few_samples import few_lines, few_sign
from rightsize.reports.figures import figure_of
from rightsize.reports.race_view import is_race
from rightsize.reports.trust_lines import mark, trust_lines
from rightsize.store.frame import frame_row
from rightsize.units import format_value

_RACED = (
    "race: what a race asked until it was settled, the first items of its own order; recommend judges these "
    "with --race only, since their answers decided how many they are"
)


def results_table(records: Sequence[Record], column: str | None = None) -> Table:
    """Number, candidate, task, items, score, p95 latency and when; the reason where nothing was measured.

    A ``column`` that the cells are ranked by takes the place of the time.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("id", justify="right")
    table.add_column("candidate", overflow="fold")  # a name is typed again, so it stays whole
    table.add_column("task", overflow="fold", max_width=14)
    for title in ("items", "score", "p95"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(column or "when (UTC)", no_wrap=True, justify="right" if column else "left")
    for record in records:
        when = _ranked_by(record, column) if column else f"{record.created_at:%m-%d %H:%M}"
        table.add_row(str(record.id), Text(record.candidate_id), Text(record.suite), *_figures(record), when)
    raced = [_RACED] if any(map(is_race, records)) else []
    legend = [*few_lines(records, ["latency_p95_ms"]), *trust_lines(records), *raced]
    table.caption, table.caption_justify = Text("\n".join(legend), style="dim"), "left"
    return table


def _ranked_by(record: Record, column: str) -> str:
    value = frame_row(record)[column]
    if value is None:
        return "–"
    return format_value(value, METRICS[column].unit) if column in METRICS else str(value)


def _figures(record: Record) -> tuple[Text, Text, Text]:
    if isinstance(record.outcome, Interrupted):
        of = record.limit or record.suite_info.get("items", "?")
        return Text(f"{len(record.outcome.items)}/{of}"), Text("interrupted", style="yellow"), Text("–")
    if not isinstance(record.outcome, Measured):
        return Text("–"), Text(type(record.outcome).__name__.lower(), style="red"), Text("–")
    few = few_sign(figure_of(record, METRICS["latency_p95_ms"]))
    p95 = _figure(record, "latency_p95_ms").append(few + mark(record, "latency_p95_ms"))
    asked = f"{len(record.outcome.items)}{' race' if is_race(record) else ''}"
    return Text(asked), _figure(record, "score"), p95


def _figure(record: Record, metric: str) -> Text:
    figure = figure_of(record, METRICS[metric])
    return Text("absent" if isinstance(figure, Absent) else format_value(figure.value, figure.unit))
