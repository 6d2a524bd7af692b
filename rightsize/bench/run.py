"""Running the matrix: each cell in its own worker, each task stored as soon as its cell ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from rightsize.bench.collect import TaskLog, outcome_of
from rightsize.bench.plan import Cell, chosen_items, fingerprint
from rightsize.bench.protocol import CellRequest, Event, TaskWork, in_frame, without_gold
from rightsize.bench.quiet import await_quiet
from rightsize.bench.supervise import Limits, WorkerFailed, run_worker
from rightsize.domain import (
    Candidate,
    Failed,
    Job,
    JsonValue,
    Machine,
    Measured,
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
from rightsize.suites.identity import suite_parts
from rightsize.suites.scorers import get_scorer
from rightsize.suites.scorers.interface import Scorer
from rightsize.suites.solved import prompt_frame, solved_examples


class Listener(Protocol):
    """Told what happens, for progress on the terminal; it decides nothing."""

    def cell_started(self, cell: Cell, number: int, of: int) -> None:
        """A worker is about to start."""

    def progressed(self, task: str, phase: str, done: int, of: int) -> None:
        """The worker got further in a phase."""

    def stored(self, record: Record) -> None:
        """One task of the cell was stored."""


class Sink(Protocol):
    """Where records go; the store."""

    def append(self, record: Record) -> int:
        """Store a record and return its id."""


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


def run_cells(
    cells: Sequence[Cell],
    *,
    machine: Machine,
    settings: Settings,
    store: Sink,
    listener: Listener,
    remote_run: Callable[[Candidate], RemoteRun] = lambda _: RemoteRun(),
) -> list[Record]:
    """Measure every cell; a cell that breaks is stored as failed and the run goes on.

    An interrupt keeps the tasks whose measurement was complete, then propagates. Raises ResourceError when a
    quiet machine was asked for and did not come; what was measured before is kept.
    """
    records: list[Record] = []
    for number, cell in enumerate(cells, start=1):
        listener.cell_started(cell, number, len(cells))
        _await_quiet(settings, listener)
        remote = remote_run(cell.candidate)
        records += _run_cell(cell, machine, settings, store, listener, remote=remote)
    return records


def _await_quiet(settings: Settings, listener: Listener) -> None:
    """Hold a cell back until the machine is quiet, where that was asked for."""
    limit_s = settings.quiet_timeout_s
    if limit_s is not None:
        of = max(1, round(limit_s))

        def waiting(seconds: float) -> None:
            listener.progressed("", "waiting for quiet", min(round(seconds), of), of)

        await_quiet(limit_s, waiting=waiting)


def _run_cell(
    cell: Cell, machine: Machine, settings: Settings, store: Sink, listener: Listener, *, remote: RemoteRun
) -> list[Record]:
    engine = get_engine(cell.candidate.engine)
    keep = _keeper(machine, engine, store, listener)
    if reason := known_misfit(cell, machine, settings):
        return [keep(job, Failed(reason)) for job in cell.jobs]
    misfits = [(job, misfit(engine, job.candidate, job.suite)) for job in cell.jobs]
    records = [keep(job, Skipped(why)) for job, why in misfits if why]
    jobs = [job for job, why in misfits if not why]
    log = CellLog({job.suite.name: task_log(job) for job in jobs})
    failure = interrupted = None
    try:
        for event in run_worker(request_for(cell, jobs, settings, remote), limits_of(machine, settings)):
            log.hear(event)
            if event.kind == "progress":
                data = event.data
                listener.progressed(event.task, data["phase"], data["done"], data["of"])
    except WorkerFailed as death:
        failure = str(death)
    except KeyboardInterrupt as interrupt:
        interrupted = interrupt
    for job in jobs:
        task = log.tasks[job.suite.name]
        if task.done or interrupted is None:
            records.append(keep(job, outcome_of(task, log.loaded, log.speed, failure)))
    if interrupted is not None:
        raise interrupted
    return records


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


def _keeper(
    machine: Machine, engine: Engine, store: Sink, listener: Listener
) -> Callable[[Job, Outcome], Record]:
    """A function that stores one outcome and says so."""
    build = engine.build()

    def keep(job: Job, outcome: Outcome) -> Record:
        key = fingerprint(job, machine, build, examples_for(engine, job.suite))
        record = record_of(job, outcome, machine, build, key)
        store.append(record)
        listener.stored(record)
        return record

    return keep


def task_log(job: Job) -> TaskLog:
    """An empty log of the items that a job asks."""
    items = {item.id: item for item in chosen_items(job.suite, job.limit)}
    return TaskLog(items, scorer_of(job.suite), scored=bool(job.suite.score_name))


def scorer_of(suite: Suite) -> Scorer:
    """The scorer that a suite asks for, with its arguments."""
    return get_scorer(suite.scorer, suite.scorer_args)


def known_misfit(cell: Cell, machine: Machine, settings: Settings) -> str | None:
    """A reason to fail before anything is loaded."""
    size, limit = cell.candidate.model.size_bytes or 0, _memory_limit(machine, settings)
    if size > limit and cell.candidate.settings.gpu_layers == 0:
        return f"out of memory: the file alone is {size / 1e9:.2f} GB, the limit is {limit / 1e9:.2f} GB"
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


def request_for(cell: Cell, jobs: Sequence[Job], settings: Settings, remote: RemoteRun) -> CellRequest:
    """What a worker is asked for one cell."""
    engine = get_engine(cell.candidate.engine)
    tasks = tuple(work_of(engine, job) for job in jobs)
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


def record_of(job: Job, outcome: Outcome, machine: Machine, build: Mapping[str, JsonValue], key: str) -> Record:
    """One task's outcome as it is stored."""
    suite, model = job.suite, job.candidate.model
    learnt = outcome.facts.get("size_bytes") if isinstance(outcome, Measured) else None
    return Record(
        id=0,
        created_at=datetime.now(UTC),
        fingerprint=key,
        candidate_id=job.candidate.id,
        candidate={**asdict(job.candidate), "settings": job.candidate.settings.stated()},
        embedded=model.embedded,
        size_bytes=learnt if model.size_bytes is None else model.size_bytes,
        suite=suite.name,
        suite_sha256=suite.sha256,
        suite_info=suite_info(job),
        limit=job.limit,
        machine_fingerprint=machine.fingerprint,
        machine=asdict(machine),
        engine=dict(build),
        outcome=outcome,
    )


def suite_info(job: Job) -> dict[str, JsonValue]:
    """What reports say of a suite, kept with each record so that they need not load it again."""
    suite = job.suite
    origin = {"derived_from": suite.derived_from} if suite.derived_from else {}
    return {
        **origin,
        "title": suite.title,
        "task_type": suite.task_type.value,
        "scorer": suite.scorer,
        "scorer_args": dict(suite.scorer_args),
        "score_name": suite.score_name,
        "items": len(suite.items),
        "parts": dict(suite_parts(suite)),
        "licence": suite.licence,
        "source": suite.source,
    }
