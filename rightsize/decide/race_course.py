"""What a race runs on: the order of the items, the thresholds on scores, and the steps it may ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rightsize.domain import Verdict
from rightsize.stats.bounds import Bounds
from rightsize.units import format_points, format_value


@dataclass(frozen=True, slots=True)
class Course:
    """The items of one task in the order in which everybody is asked: ``(group, item ids)``, groups shuffled.

    The order must be drawn without a look at any answer.
    """

    task: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def items(self) -> int:
        """How many items there are."""
        return sum(len(ids) for _, ids in self.groups)

    @property
    def largest(self) -> int:
        """The size of the largest group."""
        return max(len(ids) for _, ids in self.groups)

    def upto(self, items: int) -> tuple[str, ...]:
        """The first items, whole groups only: at least ``items`` of them, or all."""
        return tuple(item for _, ids in self.groups[: self.groups_upto(items)] for item in ids)

    def groups_upto(self, items: int) -> int:
        """How many leading groups hold at least so many items together, or all there are."""
        before = 0
        for at, (_, ids) in enumerate(self.groups):
            if before >= items:
                return at
            before += len(ids)
        return len(self.groups)

    def seen(self, scores: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
        """``(group, score)`` of the leading groups that were answered whole."""
        pairs: list[tuple[str, float]] = []
        for group, ids in self.groups:
            if any(item not in scores for item in ids):
                break
            pairs += [(group, scores[item]) for item in ids]
        return tuple(pairs)


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A threshold on one task's score: at least ``limit``, or at most ``limit`` below a ``reference``."""

    task: str
    limit: float
    reference: str = ""

    @property
    def bet_limit(self) -> float:
        """The limit on the scale that is bet on; see :func:`rightsize.stats.sequence.paired_groups`."""
        return (1 - self.limit) / 2 if self.reference else self.limit

    def says(self, verdict: Verdict) -> str:
        """The verdict on this test in words."""
        limit, score = format_value(self.limit, "ratio"), f"the score on {self.task}"
        if self.reference:
            limit = format_points(self.limit)
            words = {Verdict.PASS: f"is at most {limit} below", Verdict.FAIL: f"is more than {limit} below"}
            return f"{score} {words.get(verdict, f'may be more than {limit} below')} that of {self.reference}"
        words = {Verdict.PASS: f"is at least {limit}", Verdict.FAIL: f"is below {limit}"}
        return f"{score} {words.get(verdict, f'may be below {limit}')}"

    def shown(self, bounds: Bounds) -> Bounds:
        """Bounds on the scale that is bet on as bounds of the score, or of its drop below the reference."""
        if not self.reference:
            return bounds
        value, low, high = (
            None if b is None else 1 - 2 * b for b in (bounds.value, bounds.upper, bounds.lower)
        )
        return replace(bounds, value=value, lower=low, upper=high)


@dataclass(frozen=True, slots=True)
class Probe:
    """Read the cheap facts of a candidate; ``alpha`` is the error of each bound."""

    candidate: str
    alpha: float


@dataclass(frozen=True, slots=True)
class AskItems:
    """Ask a candidate the first items of a task's course, as far as ``items`` names them."""

    candidate: str
    task: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Confirm:
    """Measure a candidate's speed, memory and energy in full; acceptance has ``alpha``."""

    candidate: str
    alpha: float


@dataclass(frozen=True, slots=True)
class Finished:
    """It is over: a winner, or none."""

    winner: str | None


Step = Probe | AskItems | Confirm | Finished
