"""Driving a race: what it wants to know next is measured, told to it, and kept when a candidate is through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rightsize.bench.run import Listener
from rightsize.bench.supervise import WorkerFailed
from rightsize.decide.race import Race
from rightsize.decide.race_course import AskItems, Confirm, Finished, Probe
from rightsize.decide.race_trace import Cost, Fate, TraceEntry
from rightsize.errors import EngineError
from rightsize.flows.race_facts import Facts
from rightsize.flows.race_ledger import Ledger
from rightsize.flows.race_workers import Workers


class RaceListener(Listener, Protocol):
    """Told what happens, for progress on the terminal."""

    def looked(self, candidate: str, task: str, items: int, of: int, mean: float) -> None:
        """A batch was answered; ``mean`` is over all ``items`` so far."""

    def ended(self, entry: TraceEntry, cost: Cost) -> None:
        """A candidate's race is over."""


class Driver:
    """Takes races step by step; ``ledger`` and ``facts`` measure with the same ``workers``."""

    def __init__(self, workers: Workers, ledger: Ledger, facts: Facts, listener: RaceListener) -> None:
        self._workers, self._ledger, self._facts, self._listener = workers, ledger, facts, listener
        self._ended = 0

    def run(self, races: Sequence[Race]) -> None:
        """Measure what one race after the other asks for, over the same items, until they are over. An
        interrupt stores what was answered first."""
        self._ledger.begin(races)
        try:
            for race in races:
                self._run(race)
        finally:
            self._workers.close()
            self._keep_the_rest(races)

    def _run(self, race: Race) -> None:
        self._ended = 0
        for name, task in self._ledger.answered():
            race.hear_scores(name, task, self._ledger.scores(name, task))
        while not isinstance(step := race.step(), Finished):
            self._note_ended(race)
            try:
                self._take(race, step)
            except WorkerFailed as death:
                self._broke(race, step.candidate, str(death))
        self._note_ended(race)

    def _take(self, race: Race, step: AskItems | Probe | Confirm) -> None:
        match step:
            case AskItems(candidate=candidate, task=task, items=items):
                self._ask(race, candidate, task, items)
            case Probe(candidate=candidate, alpha=alpha):
                race.hear_facts(self._facts.cheap(candidate, alpha))
            case Confirm(candidate=candidate, alpha=alpha):
                race.hear_facts(self._facts.confirmed(candidate, alpha))

    def _ask(self, race: Race, candidate: str, task: str, items: Sequence[str]) -> None:
        known = self._ledger.scores(candidate, task)
        new = [item for item in items if item not in known]
        heat = self._workers.listening(candidate)
        try:
            heat.answer(task, new)
        finally:  # what a worker said before it died, or before an interrupt, is kept
            self._ledger.take_in(candidate, task, heat.heard(task, new))
        known = self._ledger.scores(candidate, task)
        scores = {item: known[item] for item in items}
        race.hear_scores(candidate, task, scores)
        total = race.courses[task].items
        self._listener.looked(candidate, task, len(scores), total, sum(scores.values()) / len(scores))

    def _broke(self, race: Race, candidate: str, reason: str) -> None:
        self._workers.close()
        running = race.candidates[len(race.trace)]
        if candidate != running:
            raise EngineError(f"the reference {candidate} could not be measured: {reason}")
        race.hear_failure(candidate, reason)

    def _note_ended(self, race: Race) -> None:
        for entry in race.trace[self._ended :]:
            self._ended += 1
            self._ledger.close(race, entry)
            self._listener.ended(entry, self._ledger.cost(entry.candidate))

    def _keep_the_rest(self, races: Sequence[Race]) -> None:
        """Answers of a candidate that was cut short, and of the reference."""
        ended = {entry.candidate for race in races for entry in race.trace}
        for candidate in self._ledger.asked_of() - ended:
            why = "the race ended before its own verdict"
            self._ledger.keep(races[0], TraceEntry(candidate, Fate.INTERRUPTED, why))
