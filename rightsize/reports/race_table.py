"""A race for the terminal: one row per candidate that ran, the answer, and what asking everything would have
cost."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rightsize.decide.race_trace import Fate, RaceResult, TraceEntry
from rightsize.units import format_value

STYLES = {Fate.WON: "bold green", Fate.REFUSED: "red", Fate.UNDECIDED: "yellow", Fate.FAILED: "red"}


def race_lines(result: RaceResult, command: str) -> Iterator[RenderableType]:
    """The table, the winner or why there is none, each smaller one's reason, and the cost."""
    yield _table(result)
    yield Text(f"\n{sentence(result)}", style="bold")
    for entry in result.entries:
        if entry.fate is not Fate.WON:
            yield Text(f"  {entry.candidate}: {entry.reason}")
    left = len(result.order) - len(result.entries)
    if left:
        yield Text(f"  {left} larger one{'s' if left > 1 else ''} had no need to run")
    yield Text(saving(result), style="dim")
    for entry in result.undecided:
        yield Text(f"{entry.candidate}: {_more(entry)}; add them to the task and run again:")
        yield Text(f"  {command}", no_wrap=True, overflow="ignore")


def _more(entry: TraceEntry) -> str:
    if entry.more_items is None:
        return "more items would settle it, how many cannot be told"
    return f"about {entry.more_items:,} more items would settle it"


def sentence(result: RaceResult) -> str:
    """The answer in one sentence."""
    sure = f"with {100 * (1 - result.alpha):g}% confidence"
    if result.winner is not None:
        smaller = len(result.undecided)
        rest = f"; {smaller} smaller undecided" if smaller else ""
        return f"{result.winner} is the smallest that meets every threshold, {sure}{rest}."
    if result.undecided:
        return f"Undecided: {len(result.undecided)} of {len(result.order)} candidates may meet every threshold."
    return f"None of the {len(result.order)} candidates meets every threshold."


def saving(result: RaceResult) -> str:
    """What the race took, and what asking every candidate everything would have taken."""
    asked, everything = result.items_asked, result.exhaustive_items
    text = f"{asked:,} items asked in {result.seconds:.1f} s; everything would be {everything:,} items"
    if result.exhaustive_seconds is not None:
        text += f" and about {result.exhaustive_seconds:.0f} s (estimated)"
    return text


def _table(result: RaceResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("candidate", overflow="fold", max_width=30)
    for title in ("items", "score [bounds]", "seconds"):
        table.add_column(title, justify="right")
    table.add_column("", no_wrap=True)
    for entry in result.entries:
        cost = result.costs[entry.candidate]
        reused = f" ({cost.items_reused:,} known)" if cost.items_reused else ""
        table.add_row(
            entry.candidate,
            f"{entry.items:,}{reused}",
            _bounds(entry),
            f"{cost.seconds:.1f}",
            Text("◀ winner" if entry.fate is Fate.WON else entry.fate.value, style=STYLES.get(entry.fate, "")),
        )
    return table


def _bounds(entry: TraceEntry) -> str:
    bounds = entry.bounds
    if bounds is None or bounds.value is None:
        return "–"
    low, high = ("?" if b is None else format_value(b, "ratio") for b in (bounds.lower, bounds.upper))
    return f"{format_value(bounds.value, 'ratio')} [{low}, {high}]"
