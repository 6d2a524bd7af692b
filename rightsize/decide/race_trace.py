"""What a race leaves behind: who was dropped when, why, and on which evidence. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rightsize.domain import Judgement
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
class TraceEntry:
    """One candidate's race. ``stake`` is the error its acceptance by betting had, ``more_items`` about how many
    further items would settle it if it is undecided."""

    candidate: str
    fate: Fate
    reason: str
    looks: tuple[Look, ...] = ()
    bounds: Bounds | None = None
    judgement: Judgement | None = None
    stake: float = 0.0
    more_items: int | None = None

    @property
    def items(self) -> int:
        """How many items its verdict rests on, over all tasks."""
        last = {look.task: look.items for look in self.looks}
        return sum(last.values())
