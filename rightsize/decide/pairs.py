"""The same items before and after: the pairs that a gate compares."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rightsize.decide.baseline import Baseline
from rightsize.domain import Measured
from rightsize.stats.binomial import mcnemar_p


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scores in [0, 1] of the same items before and after, and each item's group."""

    ids: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    groups: tuple[str, ...]

    @classmethod
    def of(cls, baseline: Baseline, outcome: Measured) -> Pairs:
        """Pair a baseline with an outcome. Raises ValueError when their items differ."""
        after = {item.item_id: item.score for item in outcome.items}
        if after.keys() != baseline.items.keys():
            raise ValueError("baseline and record hold different items")
        ids = tuple(baseline.items)
        return cls(
            ids,
            tuple(baseline.items[i].score for i in ids),
            tuple(after[i] for i in ids),
            tuple(baseline.items[i].group for i in ids),
        )

    def only(self, ids: Collection[str]) -> Pairs:
        """The pairs of these items."""
        chosen = [n for n, item_id in enumerate(self.ids) if item_id in ids]
        return Pairs(
            tuple(self.ids[n] for n in chosen),
            tuple(self.before[n] for n in chosen),
            tuple(self.after[n] for n in chosen),
            tuple(self.groups[n] for n in chosen),
        )

    @property
    def worse(self) -> int:
        """How many items scored lower."""
        return sum(new < old for old, new in zip(self.before, self.after, strict=True))

    @property
    def better(self) -> int:
        """How many items scored higher."""
        return sum(new > old for old, new in zip(self.before, self.after, strict=True))

    @property
    def bad_score(self) -> str:
        """The first item whose score is no number in [0, 1], in words; empty when all are."""
        for item_id, *scores in zip(self.ids, self.before, self.after, strict=True):
            if not all(0 <= score <= 1 for score in scores):  # false for NaN too
                return f"the score of item {item_id} is no number in [0, 1]"
        return ""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many items changed: ``worse`` and ``better`` in score, of ``n``; ``p`` by McNemar's exact test where
    items are right or wrong and independent, else None."""

    n: int
    worse: int
    better: int
    p: float | None


def moved(pairs: Pairs) -> Moved:
    """Count what moved."""
    binary = {*pairs.before, *pairs.after} <= {0.0, 1.0}
    independent = len(set(pairs.groups)) == len(pairs.ids)
    p = mcnemar_p(pairs.worse, pairs.better) if binary and independent else None
    return Moved(len(pairs.ids), pairs.worse, pairs.better, p)
