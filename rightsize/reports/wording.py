"""What every document format says in the same words: columns, absences, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rightsize.domain import Absent, Estimate, JsonValue, Provenance
from rightsize.metrics import METRICS
from rightsize.reports.data import CandidateView, Figure, ReportData, TaskView
from rightsize.reports.numbers import count, quantity
from rightsize.reports.trust_lines import MARKS
from rightsize.stats.trust import Trust
from rightsize.tco.api import BreakEven
from rightsize.units import counted

#: Columns of the table of candidates; the cost follows them.
COLUMNS = (
    "score",
    "latency_p50_ms",
    "latency_p95_ms",
    "size_bytes",
    "memory_bytes",
    "decode_tokens_per_s",
    "energy_j_per_request",
)


#: Why a figure over all answers has another interval than the score, even where both are one accuracy.
RESAMPLED = (
    "Intervals here are resampled, 95%, for reading only. Those of the score above are exact, as the bounds "
    "that verdicts rest on: one accuracy may show both."
)

#: What stands apart from a candidate's own carbon, and why its column still differs between candidates.
WAITING = (
    "Waiting between requests is given apart: nearly all of it is there whichever candidate runs. A slower one "
    "leaves a little less of the month to wait in, unless it takes another machine, which waits too."
)

_MARK_WORDS = {
    "*": "modelled or configured, not measured",
    MARKS[Trust.CONTAMINATED]: "contaminated: something else used the machine while it was measured",
    MARKS[Trust.NOISY]: "noisy: the samples scatter or drift",
}
_EQUALS_SHOWN = 3
_FEATURE = re.compile(r"(?:(\w+)\s*:\s*)?(\w+)\s*=\s*(\w+)")


@dataclass(frozen=True, slots=True)
class Absence:
    """A figure that some candidates lack, and the reason they share."""

    title: str
    reason: str
    candidates: tuple[int, ...]


def absences(task: TaskView) -> tuple[Absence, ...]:
    """Every absent figure of a task's measured candidates, those with one reason together."""
    found: dict[tuple[str, str], list[int]] = {}
    for view in task.candidates:
        for name, figure in view.figures.items():
            if isinstance(figure, Absent) and not view.problem:
                found.setdefault((METRICS[name].title, figure.reason), []).append(view.number)
    return tuple(Absence(title, reason, tuple(numbers)) for (title, reason), numbers in found.items())


def marks_of(view: CandidateView, figure: Figure) -> str:
    """The signs behind one of a candidate's figures: ``*`` not measured, ``!`` contaminated, ``~`` noisy."""
    if isinstance(figure, Absent):
        return ""
    star = "" if figure.provenance is Provenance.MEASURED else "*"
    return star + view.marks.get(figure.metric, "")


def marks_legend(task: TaskView) -> tuple[str, ...]:
    """What each sign in the task's table of candidates means, of those that are in it."""
    used = {
        sign
        for view in task.candidates
        if not view.problem
        for figure in (*(view.figures[name] for name in COLUMNS), *_costs(view))
        for sign in marks_of(view, figure)
    }
    return tuple(f"{sign} {words}" for sign, words in _MARK_WORDS.items() if sign in used)


def _costs(view: CandidateView) -> tuple[Figure, ...]:
    return () if isinstance(view.costing, Absent) else (view.costing.per_1k_requests,)


def engine_lines(engines: Sequence[Mapping[str, JsonValue]]) -> tuple[str, ...]:
    """Every engine's name and version, then whatever else is known of its build; features by name."""
    return tuple(line for engine in engines for line in _build_lines(engine)) or ("not recorded",)


def _build_lines(engine: Mapping[str, JsonValue]) -> tuple[str, ...]:
    plain = {name: value for name, value in engine.items() if isinstance(value, str | int | float)}
    first = " ".join(str(plain.pop(name)) for name in ("name", "version") if name in plain)
    lines = [first, *(f"{name}: {_features(str(value))}" for name, value in plain.items())]
    return tuple(line for line in lines if line)


def _features(text: str) -> str:
    """``CPU : SSE3 = 1 | AVX = 0 | REPACK = 1`` as ``CPU: SSE3, REPACK``; any other text as it is."""
    found = _FEATURE.findall(text)
    named = [
        (f"{device}: " if device else "") + (name if value == "1" else f"{name} {value}")
        for device, name, value in found
        if value != "0"
    ]
    return ", ".join(named) if found else text


def headline(data: ReportData) -> str:
    """The report in one sentence."""
    if data.choice is not None:
        return data.choice.sentence
    focus = [(task, task.focus) for task in data.tasks if task.focus is not None]
    if not focus:
        return "No candidate was measured to the end."
    best = "; ".join(_best(task, view) for task, view in focus)
    return f"No thresholds were given, so nothing is recommended. The best score: {best}."


def _best(task: TaskView, focus: CandidateView) -> str:
    """Who scores best on a task, with all that score the same, and over how many items each."""
    best = focus.figures["score"]
    equal = [view for view in task.candidates if view is not focus and _same_score(view, best)]
    names = [f"{view.id} scores {score_text(view)}" for view in (focus, *equal[:_EQUALS_SHOWN])]
    hidden = len(equal) - _EQUALS_SHOWN
    more = [f"{hidden} more score the same"] if hidden > 0 else []
    unlike = f" (of candidates with {items_text(task)})" if task.fewest_items != task.items else ""
    return f"{' and '.join([*names, *more])} on {task.name}{unlike}"


def _same_score(view: CandidateView, best: Figure) -> bool:
    figure = view.figures.get("score")
    return isinstance(figure, Estimate) and isinstance(best, Estimate) and figure.value == best.value


def items_text(task: TaskView) -> str:
    """How many items its candidates answered: ``60 to 154 items`` where not all the same."""
    fewest = f"{task.fewest_items:,} to " if task.fewest_items != task.items else ""
    return fewest + counted(task.items, "item")


def score_text(view: CandidateView) -> str:
    """The score with its interval and n, for a sentence."""
    figure = view.figures.get("score")
    if not isinstance(figure, Estimate):
        return "nothing that was measured"
    ends = (
        f"{quantity(figure.low, figure.unit)} to {quantity(figure.high, figure.unit)}, "
        if figure.low is not None and figure.high is not None
        else ""
    )
    return f"{quantity(figure.value, figure.unit)} ({ends}n {figure.n:,})"


def cost_notes(task: TaskView) -> tuple[str, ...]:
    """What the costs of the focus candidate do not contain, or why there are none."""
    if task.focus is None:
        return ("no candidate was measured",)
    costing = task.focus.costing
    return (costing.reason,) if isinstance(costing, Absent) else costing.left_out


def break_even_text(crossing: BreakEven) -> str:
    """The likely break-even volume, or on which side it lies."""
    if crossing.likely is None:
        return crossing.reason
    return "from the first request" if crossing.likely == 0 else f"{count(crossing.likely)} requests/month"


def break_even_range(crossing: BreakEven) -> str:
    """The 90% range of the break-even volume; an open end reads as "no break-even"."""
    if crossing.low is None:
        return ""
    high = "no break-even" if crossing.high is None else count(crossing.high)
    return f"{count(crossing.low)} to {high}"


def limits(data: ReportData) -> tuple[str, ...]:
    """What this report cannot say, in sentences."""
    said = [
        "One machine was measured, serving one request at a time; batching and other machines would differ.",
        "The score holds for items like those of the task; another mix of requests has another score.",
        "The APIs' quality was not measured: break-even compares prices, not answers. A cheaper or dearer "
        "model may be better or worse at this task.",
        f"API prices are list prices compiled on {data.prices_compiled}, without batch or cache discounts; "
        "vendors change them without notice.",
        "Costs rest on the stated assumptions. Those marked as defaults are placeholders for yours.",
    ]
    if data.has_modelled_energy:
        said.append(
            "Energy was modelled or configured, not measured, where marked; its interval is the stated error."
        )
    if any(view.embedded for task in data.tasks for view in task.candidates):
        said.append(
            "Candidates marked as demo ship with rightsize and were trained for the bundled tasks: they show "
            "how choosing works and say nothing about general models."
        )
    if data.region is not None:
        said.append("Carbon uses an annual mean of the grid, life cycle; hours differ, and so do later years.")
    return tuple(said)
