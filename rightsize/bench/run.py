"""Running the matrix: each cell in its own worker, answers stored as they come, a task as soon as it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from rightsize.bench.collect import TaskLog, outcome_of
from rightsize.bench.plan import Cell, chosen_items, fingerprint
from rightsize.bench.protocol import CellRequest, Event, TaskWork, in_frame, without_gold
from rightsize.bench.quiet import await_quiet
from rightsize.bench.records import record_of
from rightsize.bench.supervise import Limits, WorkerFailed, run_worker
from rightsize.bench.unfinished import REASON, Sink, Stream
from rightsize.domain import (
    Candidate,
    Failed,
    Interrupted,
    ItemOutcome,
    Job,
    JsonValue,
    Machine,
    Outcome,
    Record,
    Skipped,
    SolvedExample,
    Suite,
)
from rightsize.engines.conversation import as_asked
from rightsize.engines.interface import Engine, RemoteRun, TaskRules
from rightsize.engines.registry import get_engine
from rightsize.errors import SuiteError
from rightsize.settings import Settings
from rightsize.suites.scorers import get_scorer
from rightsize.suites.scorers.interface import Scorer
from rightsize.suites.solved import prompt_frame, solved_examples
from rightsize.units import format_bytes

#: What is known of a job's items before it runs.
Answered = Callable[[Job], Sequence[ItemOutcome]]


class Listener(Protocol):
    """Told what happens, for progress on the terminal; it decides nothing."""

    def cell_started(self, cell: Cell, number: int, of: int) -> None:
        """A worker is about to start."""

    def progressed(self, task: str, phase: str, done: int, of: int) -> None:
        """The worker got further in a phase."""

    def stored(self, record: Record) -> None:
        """One task of the cell was stored."""


@dataclass(slots=True)
class CellLog:
    """All that was heard of one cell."""

    tasks: dict[str, TaskLog]
    loaded: Mapping[str, Any] = field(default_factory=dict)
    speed: Mapping[str, Any] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Take in one event."""
        if event.kind == "loaded":
            self.loaded = event.data
        elif event.kind == "speed":
            self.speed = {**self.speed, **event.data}
        elif event.kind == "soak":
            self.speed = {**self.speed, "soak": event.data}
        elif event.task:
            self.tasks[event.task].hear(event)

    def answered(self) -> dict[str, tuple[str, ...]]:
        """The items of each task whose outcome is known."""
        return {name: tuple(one.item_id for one in task.outcomes) for name, task in self.tasks.items()}

    def outcome(self, task: str, failure: str | None = None) -> Outcome:
        """What came of a task; ``failure`` is why the worker ended before its time."""
        return outcome_of(self.tasks[task], self.loaded, self.speed, failure)


def run_cells(
    cells: Sequence[Cell],
    *,
    machine: Machine,
    settings: Settings,
    store: Sink,
    listener: Listener,
    remote_run: Callable[[Candidate], RemoteRun] = lambda _: RemoteRun(),
    answered: Answered = lambda _: (),
) -> list[Record]:
    """Measure every cell; a cell that breaks is stored as failed and the run goes on.

    What was ``answered`` before of a job is not asked again. An interrupt keeps every answer that came, then
    propagates. Raises ResourceError when a quiet machine was asked for and did not come; what was measured
    before is kept.
    """
    records: list[Record] = []
    for number, cell in enumerate(cells, start=1):
        listener.cell_started(cell, number, len(cells))
        hold_until_quiet(settings, listener)
        remote = remote_run(cell.candidate)
        keeper = Keeper(machine, get_engine(cell.candidate.engine), store, listener)
        records += _run_cell(cell, keeper, settings, remote, answered)
    return records


def hold_until_quiet(settings: Settings, listener: Listener) -> None:
    """Hold a cell back until the machine is quiet, where that was asked for. Raises ResourceError."""
    limit_s = settings.quiet_timeout_s
    if limit_s is not None:
        of = max(1, round(limit_s))

        def waiting(seconds: float) -> None:
            listener.progressed("", "waiting for quiet", min(round(seconds), of), of)

        await_quiet(limit_s, waiting=waiting)


def _run_cell(
    cell: Cell, keeper: Keeper, settings: Settings, remote: RemoteRun, answered: Answered
) -> list[Record]:
    engine, machine = keeper.engine, keeper.machine
    if reason := known_misfit(cell, machine, settings):
        return [keeper.keep(job, Failed(reason)) for job in cell.jobs]
    misfits = [(job, misfit(engine, job.candidate, job.suite)) for job in cell.jobs]
    records = [keeper.keep(job, Skipped(why)) for job, why in misfits if why]
    jobs = {job.suite.name: job for job, why in misfits if not why}
    log = CellLog({name: task_log(job, answered(job)) for name, job in jobs.items()})
    streams = {name: keeper.stream(job, log.tasks[name].outcomes) for name, job in jobs.items()}
    request = request_for(cell, tuple(jobs.values()), settings, remote, log.answered())
    failure = None
    try:
        for event in run_worker(request, limits_of(machine, settings)):
            log.hear(event)
            if event.kind == "task_done":
                streams[event.task].flush()  # an interrupt from here on costs no answer
                del streams[event.task]
                records.append(keeper.keep(jobs[event.task], log.outcome(event.task)))
            elif event.kind == "progress":
                data = event.data
                keeper.listener.progressed(event.task, data["phase"], data["done"], data["of"])
            for stream in streams.values():
                stream.keep_up()
    except WorkerFailed as death:
        failure = str(death)
    except KeyboardInterrupt:
        for stream in streams.values():
            stream.flush()
        raise
    return records + [keeper.keep(jobs[name], log.outcome(name, failure)) for name in streams]


def misfit(engine: Engine, candidate: Candidate, suite: Suite) -> str | None:
    """Why the candidate cannot do the task, known before anything is loaded; None when it may be tried."""
    try:
        if engine.capabilities.learns:
            solved_examples(suite)
    except SuiteError as error:  # examples that cannot be read are no reason to stop the models
        return str(error)
    return engine.misfit(candidate.model, suite, _rules(engine, suite))


def examples_for(engine: Engine, suite: Suite) -> tuple[SolvedExample, ...]:
    """The solved examples for the worker: none for an engine that does not learn, or where they cannot be
    read, which :func:`misfit` says."""
    if not engine.capabilities.learns:
        return ()
    try:
        return solved_examples(suite)
    except SuiteError:
        return ()


def key_of(job: Job, machine: Machine) -> str:
    """The fingerprint under which this job is stored on this machine."""
    engine = get_engine(job.candidate.engine)
    return fingerprint(job, machine, engine.build(), examples_for(engine, job.suite))


def _rules(engine: Engine, suite: Suite, variant: str = "") -> TaskRules:
    """``variant`` is the text that a prompt variant puts around ``{prompt}``."""
    examples = examples_for(engine, suite)
    begin, end = prompt_frame(suite, examples)
    prefix = "" if engine.capabilities.learns else suite.fewshot_prefix  # see _work
    before, _, after = variant.partition("{prompt}")
    return TaskRules.of(suite, examples, (before + prefix + begin, end + after))


@dataclass(slots=True)
class Keeper:
    """Stores what is heard of one candidate, and says so."""

    machine: Machine
    engine: Engine
    store: Sink
    listener: Listener
    build: Mapping[str, JsonValue] = field(init=False)

    def __post_init__(self) -> None:
        self.build = self.engine.build()

    def keep(self, job: Job, outcome: Outcome) -> Record:
        """Store one outcome."""
        record = self._record(job, outcome)
        self.store.append(record)
        self.listener.stored(record)
        return record

    def stream(self, job: Job, outcomes: Sequence[ItemOutcome]) -> Stream:
        """Where outcomes go while they come in; those that are there already are kept elsewhere."""
        return Stream(self._record(job, Interrupted(REASON)), outcomes, self.store, len(outcomes))

    def _record(self, job: Job, outcome: Outcome) -> Record:
        key = fingerprint(job, self.machine, self.build, examples_for(self.engine, job.suite))
        return record_of(job, outcome, self.machine, self.build, key)


def task_log(job: Job, before: Sequence[ItemOutcome] = ()) -> TaskLog:
    """A log of the items that a job asks, with what was answered before."""
    items = {item.id: item for item in chosen_items(job.suite, job.limit)}
    return TaskLog(items, scorer_of(job.suite), bool(job.suite.score_name), list(before))


def scorer_of(suite: Suite) -> Scorer:
    """The scorer that a suite asks for, with its arguments."""
    return get_scorer(suite.scorer, suite.scorer_args)


def known_misfit(cell: Cell, machine: Machine, settings: Settings) -> str | None:
    """A reason to fail before anything is loaded."""
    size, limit = cell.candidate.model.size_bytes or 0, _memory_limit(machine, settings)
    if size > limit and cell.candidate.settings.gpu_layers == 0:
        return f"out of memory: the file alone is {format_bytes(size)}, the limit is {format_bytes(limit)}"
    return None


def _memory_limit(machine: Machine, settings: Settings) -> int:
    return settings.memory_limit_bytes or machine.memory_limit_bytes


def limits_of(machine: Machine, settings: Settings) -> Limits:
    """When a worker is given up."""
    return Limits(settings.time_limit_s, settings.stall_limit_s, _memory_limit(machine, settings))


def work_of(engine: Engine, job: Job) -> TaskWork:
    """What a worker is told of one task: its items without gold, as this candidate is asked them."""
    # What learns from examples needs none before each question.
    prefix = job.suite.fewshot_prefix if engine.capabilities.learns else ""
    settings = job.candidate.settings
    items = (without_gold(item, prefix) for item in chosen_items(job.suite, job.limit))
    return TaskWork(
        job.suite.name,
        tuple(in_frame(as_asked(item, settings.chat_template), settings.prompt) for item in items),
        _rules(engine, job.suite, settings.prompt),
        timed=not job.suite.derived_from,
    )


def request_for(
    cell: Cell,
    jobs: Sequence[Job],
    settings: Settings,
    remote: RemoteRun,
    answered: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> CellRequest:
    """What a worker is asked for one cell, less the items of each task that were ``answered`` before."""
    engine = get_engine(cell.candidate.engine)
    works = (work_of(engine, job) for job in jobs)
    tasks = tuple(replace(work, answered=answered.get(work.name, ())) for work in works)
    return CellRequest(
        engine=cell.candidate.engine,
        model=cell.candidate.model,
        settings=cell.candidate.settings,
        tasks=tasks,
        requests=settings.requests,
        repetitions=settings.repetitions,
        speed=any(task.timed for task in tasks),
        watts_idle=settings.watts_idle,
        watts_load=settings.watts_load,
        remote=remote,
        remeasure=settings.remeasure,
        soak_s=settings.soak_s,
    )
