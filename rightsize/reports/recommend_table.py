"""A recommendation for the terminal: one row per candidate, then the answer and what would change it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rightsize.decide.recommendation import CandidateResult, Recommendation
from rightsize.decide.settling import ITEM_METRICS, settling
from rightsize.decide.stuck import Stuck, stuck
from rightsize.domain import Direction, Judgement, Provenance, Threshold, Verdict
from rightsize.metrics import METRICS
from rightsize.reports.choice import choice_of
from rightsize.units import counted, format_points, format_value

MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNDECIDED: "?"}
STYLES = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNDECIDED: "yellow"}

_SHORT_TITLES = {
    "decode_tokens_per_s": "tokens/s",
    "energy_j_per_request": "energy",
    "memory_bytes": "memory",
    "size_bytes": "size",
    "cost_usd_per_1k_requests": "cost per\n1,000",
}
_REFUSALS_SHOWN = 8


def recommendation_lines(answer: Recommendation, store: str = "") -> Iterator[RenderableType]:
    """The table of all candidates, the winner, each smaller one refused or undecided, and what to do next."""
    if answer.candidates:
        yield candidate_table(answer)
        yield Text(_legend(answer), style="dim")
    choice = choice_of(answer)
    yield Text(f"\n{choice.sentence}" if answer.candidates else _nothing(answer), style="bold")
    for candidate, reason in list(choice.refusals.items())[:_REFUSALS_SHOWN]:
        yield Text(f"  {candidate}: {reason}")
    hidden = len(choice.refusals) - _REFUSALS_SHOWN
    if hidden > 0:
        yield Text(f"  and {hidden} more; --json has all of them")
    yield from _advice(answer, choice.advice, store)


def _nothing(answer: Recommendation) -> str:
    fixed = " on a fixed number of items" if answer.raced else ""
    return f"Nothing was measured{fixed} yet."


def candidate_table(answer: Recommendation) -> Table:
    """One row per candidate and task, sorted by what is minimised."""
    metric = METRICS[answer.objective_metric]
    judged = {threshold.metric for threshold in answer.thresholds}
    several = len(answer.tasks) > 1
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("candidate", overflow="fold", max_width=30)  # a name is typed again, so it stays whole
    if several:
        table.add_column("task", overflow="fold", max_width=14)
    counts = items_judged(answer)
    shows_items = len(set(counts.values())) > 1
    if shows_items:
        table.add_column("items", justify="right")
    if metric.name not in judged:
        table.add_column(_SHORT_TITLES.get(metric.name, metric.title), justify="right")
    for threshold in answer.thresholds:
        table.add_column(_column(threshold), justify="right")
    table.add_column("", no_wrap=True)
    for result in answer.candidates:
        star = _star(result.objective_provenance)
        shown = "" if result.objective is None else f"{format_value(result.objective, metric.unit)}{star}"
        leading = [] if metric.name in judged else [shown]
        # Name, objective and verdict are the candidate's, not the task's: they stand on its first row only.
        once: list[str | Text] = [result.candidate_id, *leading]
        overall = _overall(result, answer)
        for task in answer.tasks:
            names = [once[0], task] if several else [once[0]]
            if shows_items:
                count = counts.get((result.candidate_id, task))
                names.append("–" if count is None else f"{count:,}")
            table.add_row(*names, *once[1:], *_cells(result, task, answer), overall)
            once, overall = [""] * len(once), Text("")
    return table


def items_judged(answer: Recommendation) -> dict[tuple[str, str], int]:
    """How many items each candidate's score on each task is over, where a threshold is on scores."""
    return {
        (result.candidate_id, judgement.task): judgement.n
        for result in answer.candidates
        for judgement in result.judgements
        if judgement.threshold.metric in ITEM_METRICS and judgement.n
    }


def judgement_cell(judgement: Judgement) -> Text:
    """The value and its mark; a star where it is not a measurement."""
    mark = MARKS[judgement.verdict]
    if judgement.value is None:
        return Text(f"absent {mark}", style=STYLES[judgement.verdict])
    unit = METRICS[judgement.threshold.metric].unit
    star = _star(judgement.provenance)
    value = judgement.value
    # A difference of scores is in points: a percentage would read as a share of the reference's score.
    is_difference = bool(judgement.threshold.reference)
    text = format_points(value) if is_difference else format_value(value, unit).removesuffix(" tokens/s")
    disturbed = "!" if judgement.trust == "contaminated" else "~" if judgement.trust == "noisy" else ""
    return Text(f"{text}{star}{disturbed} {mark}", style=STYLES[judgement.verdict])


def _star(provenance: Provenance | None) -> str:
    return "" if provenance in {None, Provenance.MEASURED} else "*"


def _column(threshold: Threshold) -> str:
    sign = "≥" if threshold.direction is Direction.HIGHER else "≤"
    title = _SHORT_TITLES.get(threshold.metric, METRICS[threshold.metric].title)
    limit = format_points(threshold.limit) if threshold.reference else threshold.text
    return f"{title}\n{sign} {limit}"


def _cells(result: CandidateResult, task: str, answer: Recommendation) -> list[Text]:
    by_metric = {j.threshold.metric: j for j in result.judgements if j.task == task}
    return [
        judgement_cell(by_metric[threshold.metric]) if threshold.metric in by_metric else Text("–")
        for threshold in answer.thresholds
    ]


def _overall(result: CandidateResult, answer: Recommendation) -> Text:
    if answer.winner is result:
        return Text("◀ winner", style="bold green")
    if answer.baseline is result:
        return Text("◀ no model", style="bold green")
    word = "skipped" if result.skipped else result.verdict.value.lower()
    return Text(word, style=STYLES[result.verdict])


def _legend(answer: Recommendation) -> str:
    tried = round(answer.alpha / answer.alpha_each)
    judged = any(_star(j.provenance) for result in answer.candidates for j in result.judgements)
    ranked = any(_star(result.objective_provenance) for result in answer.candidates)
    bound = "a bound, exact where it is measured" if judged else "an exact bound"
    text = (
        f"✓ passes, ✗ fails, ? undecided, each by {bound}; {100 * answer.alpha:g}% error"
        f" over {counted(tried, 'candidate')}"
    )
    labels = {judgement.trust for result in answer.candidates for judgement in result.judgements}
    words = {
        f"* modelled or configured, not measured{', and the order rests on it' if ranked else ''}": (
            judged or ranked
        ),
        "! contaminated: something else disturbed it, so it cannot fail": "contaminated" in labels,
        "~ noisy": "noisy" in labels,
    }
    counts = set(items_judged(answer).values())
    over = f"scores over {counted(counts.pop(), 'item')} each" if len(counts) == 1 else ""
    return "; ".join(filter(None, [text, over, *(word for word, shown in words.items() if shown)]))


def stuck_text(found: Stuck) -> str:
    """That more of the same settles nothing, and what would."""
    whole = (
        f"even all {counted(found.items, 'item')} of its suite cannot settle it"
        if found.items
        else "more samples would not help"
    )
    looser = ", ".join(f"{change.flag} {change.text}" for change in found.changes)
    ways = [f"relax to {looser}" if looser else "", "use a suite with more items" if found.items else ""]
    advice = " or ".join(way for way in ways if way)
    return f"{found.candidate_id} stays undecided: {whole}." + (
        f" {advice[0].upper()}{advice[1:]}." if advice else ""
    )


def _advice(answer: Recommendation, nearest: str, store: str) -> Iterator[Text]:
    if nearest:
        yield Text(nearest)
    runs = settling(answer, store)
    if runs:
        yield Text("To settle it:" if answer.winner is None else "To settle the smaller ones:")
    for run in runs:
        yield Text(f"  {run.command}", no_wrap=True, overflow="ignore")
    if runs:
        yield Text(f"recommend --bench runs {'it' if len(runs) == 1 else 'all of these'} and decides again.")
    for found in stuck(answer):
        yield Text(stuck_text(found))
    for note in answer.notes:
        yield Text(f"Note: {note}", style="dim")
