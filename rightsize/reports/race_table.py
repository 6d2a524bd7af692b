"""A race for the terminal: a row per candidate and task that ran, the answer, and what it saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rightsize.decide.objective import Minimize
from rightsize.decide.race_settling import RaceSettling, settling
from rightsize.decide.race_trace import Fate, RaceResult, TaskScore, TraceEntry
from rightsize.domain import Provenance
from rightsize.units import counted, format_points, format_value

STYLES = {Fate.WON: "bold green", Fate.REFUSED: "red", Fate.UNDECIDED: "yellow", Fate.FAILED: "red"}
_LEAST = {
    Minimize.SIZE: "smallest",
    Minimize.MEMORY: "one with the least memory",
    Minimize.LATENCY: "fastest",
    Minimize.ENERGY: "one with the least energy",
    Minimize.COST: "cheapest",
}
_PARTIAL = (
    "A score is over the items shown, the first of an order that no answer had a say in, asked until the "
    "question was settled; recommend without --race judges only runs whose number of items was fixed before."
)


def race_lines(
    result: RaceResult, arguments: Sequence[str], minimize: Minimize = Minimize.SIZE
) -> Iterator[RenderableType]:
    """The table, the winner or why there is none, each smaller one's reason, and the cost.

    ``arguments`` are the words of the command, for one that settles what is open.
    """
    yield _table(result)
    scores = [score for entry in result.all_entries for score in entry.scores]
    if any(score.items < result.items_of.get(score.task, 0) for score in scores):
        yield Text(_PARTIAL, style="dim")
    yield Text(f"\n{sentence(result, minimize)}", style="bold")
    for entry in result.all_entries:
        if entry.fate is not Fate.WON:
            yield Text(f"  {entry.candidate}: {entry.reason}")
    if result.objective_provenance is not Provenance.MEASURED:
        yield Text(f"  * {minimize.value} is {result.objective_provenance.value}, and the order rests on it")
    left = len(result.order) - len(result.entries)
    if left:
        yield Text(f"  {counted(left, 'larger one')} had no need to run")
    yield Text(saving(result), style="dim")
    if advice := settling(result, arguments):
        yield from _advice(advice)


def _advice(advice: RaceSettling) -> Iterator[Text]:
    """What would settle each undecided candidate, and the one command for all of them."""
    for candidate, lacks in advice.says:
        yield Text(f"{candidate}: {lacks}")
    yield Text(f"{'Run' if advice.helps else 'Then run'} again; what was answered is kept:")
    yield Text(f"  {advice.command}", no_wrap=True, overflow="ignore")


def sentence(result: RaceResult, minimize: Minimize = Minimize.SIZE) -> str:
    """The answer in one sentence, after one on what needs no model."""
    sure = f"with {100 * (1 - result.alpha):g}% confidence"
    first = f"No model needed: {result.baseline} meets every threshold, {sure}. " if result.baseline else ""
    kind = "language model" if result.baseline else "candidate"
    if result.winner is not None:
        smaller = len(result.undecided)
        rest = f"; {smaller} smaller undecided" if smaller else ""
        return f"{first}{result.winner} is the {_LEAST[minimize]} that meets every threshold, {sure}{rest}."
    of = len(result.order)
    if result.undecided:
        return f"{first}Undecided: {len(result.undecided)} of {of} {kind}s may meet every threshold."
    return f"{first}None of the {of} {kind}s meets every threshold."


def saving(result: RaceResult) -> str:
    """What the race took, and what asking every candidate everything would have taken."""
    asked, everything = (counted(n, "item") for n in (result.items_asked, result.exhaustive_items))
    text = f"{asked} asked in {result.seconds:.1f} s; everything would be {everything}"
    if result.exhaustive_seconds is not None:
        text += f" and about {result.exhaustive_seconds:.0f} s (estimated)"
    return text


def _table(result: RaceResult) -> Table:
    several = len({score.task for entry in result.all_entries for score in entry.scores}) > 1
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("candidate", overflow="fold", max_width=30)
    if several:
        table.add_column("task", overflow="fold", max_width=14)
    for title in ("items", "score", "bounds", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for entry in result.all_entries:
        cost = result.cost(entry.candidate)
        won = "◀ no model" if entry.candidate == result.baseline else "◀ winner"
        fate = Text(won if entry.fate is Fate.WON else entry.fate.value, style=STYLES.get(entry.fate, ""))
        last = entry.looks[-1].task if entry.looks else ""
        once: list[str | Text] = [entry.candidate, f"{cost.seconds:.1f}", fate]
        for score in entry.scores or (TaskScore("", 0.0, 0),):
            name, seconds, shown = once
            names = [name, score.task] if several else [name]
            bounds = _bounds(entry) if score.task == last else "–"
            value = format_value(score.score, "ratio") if score.items else "–"
            table.add_row(*names, _items(entry, score, result), value, bounds, seconds, shown)
            once = ["", "", ""]
    return table


def _items(entry: TraceEntry, score: TaskScore, result: RaceResult) -> str:
    """How many items the score is over; of one task alone also how many of them were known before."""
    reused = result.cost(entry.candidate).items_reused
    known = f" ({min(reused, score.items):,} known)" if reused and len(entry.scores) == 1 else ""
    return f"{score.items:,}{known}"


def _bounds(entry: TraceEntry) -> str:
    """Bounds of the score, or of how many points it lies below the reference."""
    bounds = entry.bounds
    if bounds is None or bounds.value is None:
        return "–"
    if entry.reference:
        value, low, high = (_points(each) for each in (bounds.value, bounds.lower, bounds.upper))
        return f"drop {value} [{low}, {high}]"
    low, high = ("?" if b is None else format_value(b, "ratio") for b in (bounds.lower, bounds.upper))
    return f"[{low}, {high}]"


def _points(value: float | None) -> str:
    return "?" if value is None else format_points(value).partition(" ")[0]
