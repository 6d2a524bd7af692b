"""Answers go into the store as they come: a run that is cut short loses none, the next one asks the rest."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rightsize.bench.plan import chosen_items
from rightsize.domain import Interrupted, ItemOutcome, Job, Record

BATCH_ITEMS = 32
BATCH_S = 1.0
REASON = "not every item is answered: the run was interrupted, or still goes on"


class Sink(Protocol):
    """Where records go; the store."""

    def append(self, record: Record) -> int:
        """Store a record, in the place of an interrupted one of the same measurement, and return its id."""

    def extend(self, cell_id: int, position: int, items: Sequence[ItemOutcome]) -> bool:
        """Add items to an interrupted record after its first ``position`` ones; False where it is gone."""


class EarlierAnswers(Protocol):
    """A store that tells what earlier runs answered."""

    def answered(self, fingerprint: str) -> Sequence[ItemOutcome]:
        """The items that any run of this measurement answered, with their outcomes, oldest first."""


@dataclass(slots=True)
class Stream:
    """The outcomes of one task on their way into the store, as an interrupted record until it is whole.

    ``outcomes`` grows while the worker is heard; the first ``kept`` of it are in the store already.
    """

    record: Record
    outcomes: Sequence[ItemOutcome]
    store: Sink
    kept: int
    _cell_id: int | None = None
    _flushed_s: float = -math.inf

    def keep_up(self) -> None:
        """Store what is new, once it is a batch or the last one was stored a second ago."""
        if len(self.outcomes) - self.kept >= BATCH_ITEMS or time.monotonic() - self._flushed_s >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """Store what is new."""
        new = self.outcomes[self.kept :]
        if not new:
            return
        if self._cell_id is None or not self.store.extend(self._cell_id, self.kept, new):
            so_far = Interrupted(REASON, tuple(self.outcomes))
            self._cell_id = self.store.append(replace(self.record, outcome=so_far))
        self.kept += len(new)
        self._flushed_s = time.monotonic()


def answered_before(
    job: Job, key: str, store: EarlierAnswers, notify: Callable[[str], None]
) -> tuple[ItemOutcome, ...]:
    """What runs of the same measurement answered that were interrupted, failed, or had fewer items to ask.

    ``notify`` hears how much is left to ask. What could not be answered then is asked again.
    """
    asked = {item.id for item in chosen_items(job.suite, job.limit)}
    usable = (one for one in store.answered(key) if one.error is None and one.item_id in asked)
    found = tuple({one.item_id: one for one in usable}.values())
    if found:
        left = len(asked) - len(found)
        notify(
            f"{job.candidate.id} {job.suite.name}: {len(found)} of {len(asked)} items were answered before and "
            f"are kept, {left} {'is' if left == 1 else 'are'} asked; --force asks all"
        )
    return found
