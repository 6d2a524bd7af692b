"""What a race knows of its candidates: the answers of earlier runs and its own, what they cost, and what of it
all is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from rightsize.bench.plan import Cell
from rightsize.decide.race import Race
from rightsize.decide.race_trace import Cost, TraceEntry
from rightsize.domain import Failed, ItemOutcome, Machine, Measured, Record, Threshold
from rightsize.flows.race_records import race_outcome, race_record
from rightsize.flows.race_workers import Workers


class Results(Protocol):
    """A store as the race sees it."""

    def append(self, record: Record) -> int:
        """Store a record and return its id."""

    def records(self, *, suite: str | None = None, races: bool = False) -> list[Record]:
        """Stored cells, oldest first."""


class Ledger:
    """Answers and measurements by candidate, kept in ``store`` as each candidate's race ends."""

    def __init__(
        self,
        cells: Mapping[str, Cell],
        workers: Workers,
        thresholds: Sequence[Threshold],
        *,
        machine: Machine,
        builds: Mapping[str, Mapping[str, Any]],
        store: Results,
    ) -> None:
        self._cells, self._workers, self._machine = cells, workers, machine
        self._builds, self._store = builds, store
        self._told: dict[str, Any] = {
            "id": datetime.now(UTC).isoformat(),
            "thresholds": [{"metric": t.metric, "limit": t.limit, "text": t.text} for t in thresholds],
        }
        self._outcomes: dict[tuple[str, str], dict[str, ItemOutcome]] = {}
        self._measured: dict[str, dict[str, Record]] = {}
        self._asked: dict[str, dict[str, list[str]]] = {}
        self._reused: dict[str, int] = {}

    # --- what is known --------------------------------------------------------------------------------------

    def remember(self, known: Sequence[tuple[str, Record]]) -> None:
        """Take in what earlier runs answered and measured."""
        for name, record in known:
            outcome = record.outcome
            if not isinstance(outcome, Measured | Failed):
                continue
            if isinstance(outcome, Measured) and outcome.readings and "race" not in record.suite_info:
                self._measured.setdefault(name, {})[record.suite] = record
            items = {item.item_id: item for item in outcome.items if item.error is None}
            self._outcomes.setdefault((name, record.suite), {}).update(items)

    def take_in(self, candidate: str, task: str, heard: Sequence[ItemOutcome]) -> None:
        """Answers that the race itself asked for."""
        self._outcomes.setdefault((candidate, task), {}).update({one.item_id: one for one in heard})
        self._asked.setdefault(candidate, {}).setdefault(task, []).extend(one.item_id for one in heard)

    def scores(self, candidate: str, task: str) -> dict[str, float]:
        """The score of every item that is known to be answered."""
        known = self._outcomes.get((candidate, task), {})
        return {item: outcome.score for item, outcome in known.items()}

    def answered(self) -> list[tuple[str, str]]:
        """The candidates and tasks of which any answer is known."""
        return list(self._outcomes)

    def measured(self, candidate: str) -> list[Record]:
        """The full measurements of earlier runs; none unless every task has one."""
        stored = self._measured.get(candidate, {})
        return list(stored.values()) if len(stored) == len(self._cells[candidate].jobs) else []

    # --- what it cost, and what is kept of it ---------------------------------------------------------------

    def begin(self, races: Sequence[Race]) -> None:
        """Note the field and the course, which every record tells."""
        self._told["order"] = [name for race in races for name in race.candidates]
        self._told["items_of"] = {task: course.items for task, course in races[0].courses.items()}

    def asked_of(self) -> set[str]:
        """The candidates that the race asked anything itself."""
        return set(self._asked)

    def close(self, race: Race, entry: TraceEntry) -> None:
        """A candidate's verdict: what of it was reused is settled, and what the race went by is stored."""
        self._reused[entry.candidate] = max(0, entry.items - self._items_asked(entry.candidate))
        self.keep(race, entry)

    def keep(self, race: Race, entry: TraceEntry) -> None:
        """Store a candidate's answers, marked as a race's, one record a task."""
        cost = self.cost(entry.candidate)
        told = {
            **self._told,
            "items_asked": cost.items_asked,
            "items_reused": cost.items_reused,
            "seconds": cost.seconds,
        }
        for job in self._cells[entry.candidate].jobs:
            items = self._went_by(race, entry.candidate, job.suite.name)
            outcome = race_outcome(job, items, entry, self._workers.of(entry.candidate))
            build = self._builds[job.candidate.engine]
            self._store.append(
                race_record(job, items, outcome, machine=self._machine, build=build, entry=entry, told=told)
            )

    def cost(self, candidate: str) -> Cost:
        """What the candidate took so far."""
        spent = [heat.spent for heat in self._workers.of(candidate)]
        return Cost(
            items_asked=self._items_asked(candidate),
            items_reused=self._reused.get(candidate, 0),
            load_s=sum(one.load_s for one in spent),
            facts_s=sum(one.facts_s for one in spent),
            answer_s=sum(one.answer_s for one in spent),
        )

    def _items_asked(self, candidate: str) -> int:
        return sum(len(items) for items in self._asked.get(candidate, {}).values())

    def _went_by(self, race: Race, candidate: str, task: str) -> list[ItemOutcome]:
        """The answers that the race went by, in its order: what other runs answered beside them is theirs."""
        known = self._outcomes.get((candidate, task), {})
        course = race.courses[task]
        went_by = len(course.seen(self.scores(candidate, task)))
        asked = self._asked.get(candidate, {}).get(task, [])
        return [known[item] for item in dict.fromkeys([*course.upto(went_by), *asked]) if item in known]
