"""One candidate's part in a race: its worker stays alive and answers batch by batch, the model loaded once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from rightsize.bench.collect import TaskLog, outcome_of
from rightsize.bench.plan import Cell
from rightsize.bench.protocol import Batch, Event
from rightsize.bench.run import CellLog, Listener, limits_of, request_for, task_log
from rightsize.bench.spending import Budget, account
from rightsize.bench.supervise import BatchWorker, batch_worker
from rightsize.domain import ItemOutcome, Job, Machine, Outcome
from rightsize.settings import Settings


@dataclass(frozen=True, slots=True)
class FactsWanted:
    """What to measure before any answer: single requests a task, repetitions of the speed tests; 0: none."""

    requests: int = 0
    repetitions: int = 0


@dataclass(slots=True)
class Spent:
    """Seconds: until the model was loaded, on facts, on answers."""

    load_s: float = 0.0
    facts_s: float = 0.0
    answer_s: float = 0.0


@dataclass(slots=True)
class Heat:
    """A running worker for one candidate. Use it as a context; WorkerFailed tells when the worker dies."""

    cell: Cell
    machine: Machine
    settings: Settings
    listener: Listener
    wanted: FactsWanted = FactsWanted()
    spent: Spent = field(default_factory=Spent)
    log: CellLog = field(init=False)
    _worker: BatchWorker = field(init=False)
    _stack: ExitStack = field(init=False)

    def __enter__(self) -> Heat:
        self.log = CellLog({job.suite.name: task_log(job) for job in self.cell.jobs})
        self._stack = ExitStack()
        remote = self._stack.enter_context(account(self.settings, Budget())).run_for(self.cell.candidate)
        request = request_for(self.cell, self.cell.jobs, self.settings, remote)
        request = replace(
            request,
            by_batch=True,
            requests=self.wanted.requests,
            repetitions=self.wanted.repetitions,
            speed=self.wanted.repetitions > 0,
            soak_s=0.0,
            tasks=tuple(replace(task, timed=self.wanted.requests > 0) for task in request.tasks),
        )
        worker = batch_worker(request, limits_of(self.machine, self.settings))
        self._worker = self._stack.enter_context(worker)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Load the model and measure the facts. Raises WorkerFailed."""
        began = time.monotonic()
        for event in self._worker.until("listening"):
            if event.kind == "loaded":
                self.spent.load_s = time.monotonic() - began
            self._hear(event)
        self.spent.facts_s = time.monotonic() - began - self.spent.load_s

    def answer(self, task: str, items: Sequence[str]) -> None:
        """Ask items that were not asked before. Raises WorkerFailed."""
        began = time.monotonic()
        for event in self._worker.ask(Batch(task, tuple(items))):
            self._hear(event)
        self.spent.answer_s += time.monotonic() - began

    def heard(self, task: str, items: Sequence[str]) -> list[ItemOutcome]:
        """The outcomes of those of ``items`` that were answered, or rejected as too long."""
        wanted = set(items)
        return [outcome for outcome in self.log.tasks[task].outcomes if outcome.item_id in wanted]

    def outcome(self, task: str, items: Sequence[ItemOutcome], facts: Mapping[str, Any]) -> Outcome:
        """What to store of a task: the given items, with whatever facts were measured."""
        heard = self.log.tasks[task]
        log = TaskLog(heard.items, heard.scorer, heard.scored, list(items), heard.requests, done=True)
        return outcome_of(log, {**self.log.loaded, **facts}, self.log.speed, None)

    def _hear(self, event: Event) -> None:
        self.log.hear(event)
        if event.kind == "progress":
            self.listener.progressed(event.task, event.data["phase"], event.data["done"], event.data["of"])


def unheard(job: Job, items: Sequence[ItemOutcome]) -> Outcome:
    """What to store of a task whose every answer is known from before: no worker was started for it."""
    log = task_log(job, items)
    log.done = True
    return outcome_of(log, {}, {}, None)
