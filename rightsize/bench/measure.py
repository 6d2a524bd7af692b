"""Measuring one candidate inside its worker: requests alone, memory, energy, speed, then all answers.

The order matters. Requests come first, on a context of one sequence, so that the peak of resident memory is
what a deployment would see; the batched answers come last, because their caches are larger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Any

from rightsize.bench.process_memory import PeakMemory
from rightsize.bench.protocol import Batch, CellRequest, Event, TaskWork, TokenWork
from rightsize.bench.speed import PREFILL_TOKENS as PREFILL_TOKENS  # noqa: PLC0414  for benchmarks
from rightsize.bench.speed import measure_soak, measure_speed
from rightsize.bench.windows import Window, measure_again, measured
from rightsize.domain import Item, TaskType
from rightsize.engines import mixed
from rightsize.engines.interface import RemoteSession, RequestTiming, Session, TaskRules, TimesTokens
from rightsize.errors import EngineError
from rightsize.machine.watch import Watch
from rightsize.meters.interface import EnergyMeter

_WINDOWS = 6  # requests are watched, and energy is read, over this many groups, so that the spread shows
_PROGRESS_EVERY_S = 0.5
ELSEWHERE = "the model runs in another process, which is not ours to read"

Emit = Callable[[Event], None]


def measure_cell(
    session: Session,
    request: CellRequest,
    meter: EnergyMeter | str,
    emit: Emit,
    *,
    local: bool = True,
    await_turn: Callable[[], None] = lambda: None,
) -> None:
    """Measure every task of the cell and emit what was seen, task by task.

    ``meter`` is an energy meter, or the reason why there is none. Memory and processor time of this process
    count only if the model is in it (``local``); elsewhere the time of others may be the model's own. With
    ``request.turns`` each window of requests is announced as ``ready`` and begins when ``await_turn`` returns.
    """
    runnable = _measure_alone(session, request, meter, emit, local, await_turn)
    for task in request.tasks if request.answers else ():
        answered = set(task.answered)
        _answer(session, task, [item for item in runnable[task.name] if item.id not in answered], emit)
        emit(Event("task_done", task.name, {"facts": dict(session.facts())}))


def measure_batches(
    session: Session,
    request: CellRequest,
    meter: EnergyMeter | str,
    emit: Emit,
    batches: Iterable[Batch],
    *,
    local: bool = True,
) -> None:
    """Measure what needs no answers, say ``listening``, then answer each batch and say ``batch_done``.

    Items that cannot run were reported as rejected and are passed over.
    """
    runnable = _measure_alone(session, request, meter, emit, local, lambda: None)
    items = {name: {item.id: item for item in fitting} for name, fitting in runnable.items()}
    tasks = {task.name: task for task in request.tasks}
    emit(Event("listening"))
    for batch in batches:
        wanted = [items[batch.task][item] for item in batch.items if item in items[batch.task]]
        _answer(session, tasks[batch.task], wanted, emit)
        emit(Event("batch_done", batch.task))


def _measure_alone(  # noqa: PLR0917  what measure_cell was given
    session: Session,
    request: CellRequest,
    meter: EnergyMeter | str,
    emit: Emit,
    local: bool,
    await_turn: Callable[[], None],
) -> dict[str, list[Item]]:
    """Requests one at a time, speed and soak; the items of each task that can run."""
    memory = PeakMemory()
    runnable = {task.name: _runnable(session, task, emit) for task in request.tasks}

    def progress(phase: str, done: int, of: int) -> None:
        emit(Event("progress", data={"phase": phase, "done": done, "of": of}))

    with Watch(local=local) as watch:
        for task in request.tasks:
            if task.timed and runnable[task.name]:
                run = Requests(session, task, meter, memory, watch, emit, await_turn, local=local)
                run.measure(runnable[task.name], request)
        if request.tokens:
            TokenRequests(session, request.tokens, meter, memory, watch, emit).measure_counted(request)
        if request.speed:
            times = request.remeasure if local else 0
            seen = measure_speed(session, request.repetitions, watch, times=times, progress=progress)
            emit(Event("speed", data=seen))
        if request.soak_s:
            emit(Event("soak", data=measure_soak(session, request.soak_s, watch, progress)))
    return runnable


def _runnable(session: Session, task: TaskWork, emit: Emit) -> list[Item]:
    """The items that fit; the others are reported as failed with their reason."""
    rejected = mixed.rejections(session, task.items, task.rules)
    emit(Event("rejected", task.name, dict(rejected)))
    return [item for item in task.items if item.id not in rejected]


class Requests:
    """The requests of one task, timed one at a time in windows, with the meters read for each."""

    def __init__(  # noqa: PLR0917  everything that a window needs
        self,
        session: Session,
        task: TaskWork,
        meter: EnergyMeter | str,
        memory: PeakMemory,
        watch: Watch,
        emit: Emit,
        await_turn: Callable[[], None],
        *,
        local: bool,
    ) -> None:
        self._local = local
        self._session, self._task, self._meter = session, task, meter
        self._memory, self._watch, self._emit, self._await_turn = memory, watch, emit, await_turn

    def measure(self, items: Sequence[Item], request: CellRequest) -> None:
        """Time ``request.requests`` requests (the items again from the first when there are fewer)."""
        count = request.requests
        chosen = list(islice(cycle(_spread(items, count)), count))
        self._memory.start()
        requests = self._ask(chosen)
        windows = [self._window(part, requests, request.turns, count) for part in _parts(chosen, request.turns)]
        # Exhaust the iterator while the context still stands, so that the peak includes all of it.
        peak = self._memory.peak_bytes()
        for _ in requests:
            pass
        # Of a server we see too little to know what disturbed it, and each request may cost money.
        times = request.remeasure if self._local and not request.turns else 0
        replaced = measure_again(windows, self._ask, self._meter, self._watch, times=times)
        data = {
            "timings": [asdict(timing) for window in windows for timing in window.timings],
            "windows": [window.data(local=self._local) for window in windows],
            "discarded": [window.discarded("requests") for window in replaced],
            "memory": dict(peak) if self._local else {},
            "memory_absent": None if self._local else ELSEWHERE,
            "energy_absent": self._meter if isinstance(self._meter, str) else None,
            "load": self._under_load(chosen, request.remote.arrivals_per_s),
            "facts": dict(self._session.facts()),
        }
        self._emit(Event("requests", self._task.name, data))

    def _under_load(self, items: Sequence[Item], arrivals_per_s: float) -> Mapping[str, Any] | None:
        """The same requests once more, arriving at a rate of their own: of servers, when it was asked for."""
        if not arrivals_per_s or not isinstance(self._session, RemoteSession):
            return None
        arrivals = mixed.under_load(self._session, items, self._task.rules, arrivals_per_s, len(items))
        return {"arrivals_per_s": arrivals_per_s, "arrivals": [asdict(arrival) for arrival in arrivals]}

    def _ask(self, items: Sequence[Item]) -> Iterator[RequestTiming]:
        return mixed.time_requests(self._session, items, self._task.rules)

    def _window(self, part: _Part, requests: Iterator[RequestTiming], turns: int, count: int) -> Window:
        if turns:
            self._emit(Event("ready", self._task.name))
            self._await_turn()
        window = measured(part.items, requests, self._meter, self._watch)
        self._memory.note()
        progress = {"phase": "requests", "done": part.first + len(part.items), "of": count}
        self._emit(Event("progress", self._task.name, progress))
        return window


class TokenRequests(Requests):
    """Requests of given token counts: what a model without a vocabulary can be asked."""

    def __init__(  # noqa: PLR0917  everything that a window needs
        self,
        session: Session,
        counts: TokenWork,
        meter: EnergyMeter | str,
        memory: PeakMemory,
        watch: Watch,
        emit: Emit,
    ) -> None:
        if not isinstance(session, TimesTokens):
            raise EngineError("this engine cannot time requests by their token counts alone")
        work = TaskWork("", (), TaskRules(TaskType.GENERATE, (), counts.output_tokens))
        super().__init__(session, work, meter, memory, watch, emit, lambda: None, local=True)
        self._timer, self._counts = session, counts

    def measure_counted(self, request: CellRequest) -> None:
        """Time ``request.requests`` requests, none of which is about anything."""
        self.measure([Item(str(number), "", "", "") for number in range(request.requests)], request)

    def _ask(self, items: Sequence[Item]) -> Iterator[RequestTiming]:
        counts = self._counts
        return self._timer.time_token_requests(counts.prompt_tokens, counts.output_tokens, len(items))


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` items, evenly spaced, so that every part of the suite is timed."""
    step = max(1.0, len(items) / count)
    return [items[int(i * step)] for i in range(min(count, len(items)))]


@dataclass(frozen=True, slots=True)
class _Part:
    """The items of one window, and how many came before them."""

    first: int
    items: Sequence[Item]


def _parts(items: Sequence[Item], turns: int) -> list[_Part]:
    """The items cut into windows of about equal size."""
    share, rest = divmod(len(items), turns or _WINDOWS)
    sizes = [size for n in range(turns or _WINDOWS) if (size := share + (n < rest))]
    firsts = [sum(sizes[:n]) for n in range(len(sizes))]
    return [_Part(first, items[first : first + size]) for first, size in zip(firsts, sizes, strict=True)]


def _answer(session: Session, task: TaskWork, items: Sequence[Item], emit: Emit) -> None:
    told = time.monotonic()
    for done, (item_id, answer) in enumerate(mixed.answer(session, items, task.rules), start=1):
        emit(Event("answer", task.name, {"item": item_id, "answer": asdict(answer)}))
        if time.monotonic() - told > _PROGRESS_EVERY_S:
            told = time.monotonic()
            emit(Event("progress", task.name, {"phase": "answers", "done": done, "of": len(items)}))
