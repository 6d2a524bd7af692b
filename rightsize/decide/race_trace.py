"""What a race leaves behind: who was dropped when, why, and on which evidence. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rightsize.domain import Judgement, Provenance
from rightsize.errors import ExitCode
from rightsize.stats.bounds import Bounds


class Fate(StrEnum):
    """How a candidate's race ended."""

    WON = "won"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the scores: after so many ``items`` of ``task``, their ``mean`` (of a paired test: of the
    moved difference) and what betting on acceptance had made of 1."""

    task: str
    items: int
    mean: float
    capital: float


@dataclass(frozen=True, slots=True)
class TaskScore:
    """The plain mean score in [0, 1] over the first ``items`` of a task's order: what a verdict rests on."""

    task: str
    score: float
    items: int


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One candidate's race. ``stake`` is the error its acceptance by betting had, ``more_items`` about how many
    items more than it was raced on at most would settle it if it is undecided. ``bounds`` are those of the last
    test: of the score, or of the drop below ``reference`` where that is named. ``scores`` are of every task
    that has answers."""

    candidate: str
    fate: Fate
    reason: str
    looks: tuple[Look, ...] = ()
    bounds: Bounds | None = None
    judgement: Judgement | None = None
    stake: float = 0.0
    more_items: int | None = None
    scores: tuple[TaskScore, ...] = ()
    reference: str = ""

    @property
    def items(self) -> int:
        """How many items its verdict rests on, over all tasks."""
        last = {look.task: look.items for look in self.looks}
        return sum(last.values())


@dataclass(frozen=True, slots=True)
class Cost:
    """What one candidate's race took: items asked now, items known from before, and seconds."""

    items_asked: int = 0
    items_reused: int = 0
    load_s: float = 0.0
    facts_s: float = 0.0
    answer_s: float = 0.0

    @property
    def seconds(self) -> float:
        """All seconds together."""
        return self.load_s + self.facts_s + self.answer_s


@dataclass(frozen=True, slots=True)
class RaceResult:
    """A race that is over. ``order`` holds every candidate, ascending; ``objectives`` what was minimised, where
    known, and ``objective_provenance`` how that was got; ``items_each`` how many items were raced on at most,
    ``items_of`` how many of each task and ``suite_items`` how many that has. ``classical`` is the race of the
    methods that need no model, where any was raced beside it; ``alpha`` is the error of both together."""

    order: tuple[str, ...]
    objectives: Mapping[str, float | None]
    entries: tuple[TraceEntry, ...]
    costs: Mapping[str, Cost]
    winner: str | None
    alpha: float
    items_each: int
    items_of: Mapping[str, int] = field(default_factory=dict)
    suite_items: Mapping[str, int] = field(default_factory=dict)
    objective_provenance: Provenance = Provenance.MEASURED
    classical: RaceResult | None = None

    @property
    def baseline(self) -> str | None:
        """The classical method that meets every threshold: then no model is needed. None where none does."""
        return self.classical.winner if self.classical else None

    @property
    def all_entries(self) -> tuple[TraceEntry, ...]:
        """The classical methods and then the models."""
        return (*self.classical.entries, *self.entries) if self.classical else self.entries

    def cost(self, candidate: str) -> Cost:
        """What one candidate took, classical methods included."""
        return {**(self.classical.costs if self.classical else {}), **self.costs}[candidate]

    @property
    def items_asked(self) -> int:
        """Items asked in this race."""
        return sum(cost.items_asked for cost in self.costs.values())

    @property
    def seconds(self) -> float:
        """Seconds of loading, probing and answering, of all candidates."""
        return sum(cost.seconds for cost in self.costs.values())

    @property
    def exhaustive_items(self) -> int:
        """Items that asking every candidate everything would have asked."""
        return self.items_each * len(self.order)

    @property
    def exhaustive_seconds(self) -> float | None:
        """About how long that would have taken: seconds an item and a load as seen, the dearest ones for
        candidates that were never loaded. None when nothing was asked."""
        seen = {name: cost for name, cost in self.costs.items() if cost.items_asked}
        if not seen:
            return None
        rates = {name: cost.answer_s / cost.items_asked for name, cost in seen.items()}
        loads = {name: cost.load_s for name, cost in seen.items()}
        most_rate, most_load = max(rates.values()), max(loads.values())
        return sum(
            loads.get(name, most_load) + rates.get(name, most_rate) * self.items_each for name in self.order
        )

    @property
    def undecided(self) -> tuple[TraceEntry, ...]:
        """Models that more items might still accept."""
        return tuple(entry for entry in self.entries if entry.fate is Fate.UNDECIDED)


def race_exit_code(result: RaceResult, *, strict: bool = False) -> ExitCode:
    """Return 0 if something passes (``strict``: 3 if a smaller one is open), 1 if all are refused, else 3."""
    if result.winner is not None or result.baseline is not None:
        return ExitCode.UNDECIDED if strict and result.undecided else ExitCode.PASS
    fates = {entry.fate for entry in result.all_entries}
    return ExitCode.FAIL if Fate.REFUSED in fates and Fate.UNDECIDED not in fates else ExitCode.UNDECIDED
