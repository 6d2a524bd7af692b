"""Measuring one candidate inside its worker: requests alone, memory, energy, speed, then all answers.

The order matters. Requests come first, on a context of one sequence, so that the peak of resident memory is
what a deployment would see; the batched answers come last, because their caches are larger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import cycle, islice
from typing import Any

from rightsize.bench.process_memory import PeakMemory
from rightsize.bench.protocol import CellRequest, Event, TaskWork
from rightsize.domain import Item
from rightsize.engines.interface import RemoteSession, RequestTiming, Session
from rightsize.meters.interface import EnergyMeter, EnergyUse

PREFILL_TOKENS, DECODE_TOKENS = 512, 128
_WINDOWS = 6  # energy is read over this many groups of requests, so that its spread shows
_PROGRESS_EVERY_S = 0.5
ELSEWHERE = "the model runs in another process, which is not ours to read"

Emit = Callable[[Event], None]


def measure_cell(
    session: Session, request: CellRequest, meter: EnergyMeter | str, emit: Emit, *, local: bool = True
) -> None:
    """Measure every task of the cell and emit what was seen, task by task.

    ``meter`` is an energy meter, or the reason why there is none. Memory and processor time of this process
    count only if the model is in it (``local``).
    """
    memory = PeakMemory()
    runnable = {task.name: _runnable(session, task, emit) for task in request.tasks}
    for task in request.tasks:
        if task.timed and runnable[task.name]:
            _measure_requests(
                session,
                task,
                runnable[task.name],
                count=request.requests,
                meter=meter,
                memory=memory,
                emit=emit,
                local=local,
                arrivals_per_s=request.remote.arrivals_per_s,
            )
    if request.speed:
        emit(Event("speed", data=_measure_speed(session, request.repetitions, emit)))
    for task in request.tasks:
        _answer(session, task, runnable[task.name], emit)
        emit(Event("task_done", task.name))


def _runnable(session: Session, task: TaskWork, emit: Emit) -> list[Item]:
    """The items that fit; the others are reported as failed with their reason."""
    rejected = session.rejections(task.items, task.rules)
    emit(Event("rejected", task.name, dict(rejected)))
    return [item for item in task.items if item.id not in rejected]


def _measure_requests(
    session: Session,
    task: TaskWork,
    items: Sequence[Item],
    *,
    count: int,
    meter: EnergyMeter | str,
    memory: PeakMemory,
    emit: Emit,
    local: bool,
    arrivals_per_s: float,
) -> None:
    """Time ``count`` requests (the items again from the first when there are fewer) and read the meters."""
    chosen = list(islice(cycle(_spread(items, count)), count))
    memory.start()
    timings: list[RequestTiming] = []
    windows: list[dict[str, Any]] = []
    requests = session.time_requests(chosen, task.rules)
    for size in _window_sizes(count):
        cpu_before = time.process_time()
        seen, use = _metered(requests, size, meter)
        cpu_s = time.process_time() - cpu_before
        memory.note()
        timings += seen
        windows.append(_window(seen, use, cpu_s if local else None))
        emit(Event("progress", task.name, {"phase": "requests", "done": len(timings), "of": count}))
    # Exhaust the iterator while the context still stands, so that the peak includes all of it.
    peak = memory.peak_bytes()
    for _ in requests:
        pass
    data = {
        "timings": [asdict(timing) for timing in timings],
        "windows": windows,
        "memory": dict(peak) if local else {},
        "memory_absent": None if local else ELSEWHERE,
        "energy_absent": meter if isinstance(meter, str) else None,
        "load": _under_load(session, task, chosen, arrivals_per_s),
        "facts": dict(session.facts()),
    }
    emit(Event("requests", task.name, data))


def _under_load(
    session: Session, task: TaskWork, items: Sequence[Item], arrivals_per_s: float
) -> Mapping[str, Any] | None:
    """The same requests once more, arriving at a rate of their own: of servers, when it was asked for."""
    if not arrivals_per_s or not isinstance(session, RemoteSession):
        return None
    arrivals = session.under_load(items, task.rules, arrivals_per_s, len(items))
    return {"arrivals_per_s": arrivals_per_s, "arrivals": [asdict(arrival) for arrival in arrivals]}


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` items, evenly spaced, so that every part of the suite is timed."""
    step = max(1.0, len(items) / count)
    return [items[int(i * step)] for i in range(min(count, len(items)))]


def _window_sizes(count: int) -> list[int]:
    share, rest = divmod(count, _WINDOWS)
    return [size for i in range(_WINDOWS) if (size := share + (i < rest))]


def _metered(
    requests: Iterator[RequestTiming], size: int, meter: EnergyMeter | str
) -> tuple[list[RequestTiming], EnergyUse | None]:
    if isinstance(meter, str):
        return list(islice(requests, size)), None
    with meter.window() as window:
        seen = list(islice(requests, size))
    return seen, window.use


def _window(seen: Sequence[RequestTiming], use: EnergyUse | None, cpu_s: float | None) -> dict[str, Any]:
    return {
        "requests": len(seen),
        "tokens": sum((timing.prompt_tokens or 0) + timing.output_tokens for timing in seen),
        "cpu_s": cpu_s,
        "energy": asdict(use) if use else None,
    }


def _measure_speed(session: Session, repetitions: int, emit: Emit) -> Mapping[str, Any]:
    samples: dict[str, list[float]] = {"prefill_tokens_per_s": [], "decode_tokens_per_s": []}
    runs = (
        ("prefill_tokens_per_s", session.prefill_tokens_per_s(PREFILL_TOKENS, repetitions)),
        ("decode_tokens_per_s", session.decode_tokens_per_s(DECODE_TOKENS, repetitions)),
    )
    for metric, values in runs:
        for value in values:
            samples[metric].append(value)
            emit(Event("progress", data={"phase": metric, "done": len(samples[metric]), "of": repetitions}))
    return samples


def _answer(session: Session, task: TaskWork, items: Sequence[Item], emit: Emit) -> None:
    told = time.monotonic()
    for done, (item_id, answer) in enumerate(session.answer(items, task.rules), start=1):
        emit(Event("answer", task.name, {"item": item_id, "answer": asdict(answer)}))
        if time.monotonic() - told > _PROGRESS_EVERY_S:
            told = time.monotonic()
            emit(Event("progress", task.name, {"phase": "answers", "done": done, "of": len(items)}))
