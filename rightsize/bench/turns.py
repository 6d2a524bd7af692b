"""Two candidates measured in turns: what disturbs the machine then disturbs both alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from rightsize.bench.protocol import CellRequest, Event
from rightsize.bench.run import work_of
from rightsize.bench.supervise import Limits, PacedWorker, WorkerFailed, paced_worker
from rightsize.domain import Candidate, Job, Provenance, Reading, Suite
from rightsize.engines.registry import get_engine
from rightsize.errors import EngineError
from rightsize.settings import Settings
from rightsize.stats.trust import causes

TURNS = 30


@dataclass(frozen=True, slots=True)
class TurnsTaken:
    """Readings of both sides by metric; sample ``i`` of each is from turn ``i``. ``disturbed`` counts the turns
    in which something else was at work."""

    before: Mapping[str, Reading]
    after: Mapping[str, Reading]
    turns: int
    disturbed: int


def measure_in_turns(
    before: Candidate,
    after: Candidate,
    suite: Suite,
    *,
    limit: int | None,
    settings: Settings,
    memory_limit_bytes: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> TurnsTaken:
    """Time the same requests on both candidates, a few on one, a few on the other, first and second by turns.

    Both models are loaded at once, each in its own worker, so that memory is each one's own. Raises EngineError
    when a side fails or cannot run the same items as the other.
    """
    turns = min(TURNS, settings.requests)
    limits = Limits(settings.time_limit_s, settings.stall_limit_s, memory_limit_bytes)
    try:
        with ExitStack() as stack:
            sides = [
                stack.enter_context(paced_worker(_request(each, suite, limit, turns, settings), limits))
                for each in (before, after)
            ]
            _take_turns(sides, turns, progress)
            seen = [side.heard["requests"] for side in sides]
            if len({frozenset(side.heard["rejected"].data) for side in sides}) > 1:
                raise EngineError(
                    "the two candidates cannot run the same items", next_step="Give both --context"
                )
    except WorkerFailed as death:
        raise EngineError(f"measuring in turns failed: {death}") from death
    disturbed = sum(any(causes(w["seen"]) for w in pair) for pair in zip(*map(_windows, seen), strict=True))
    return TurnsTaken(_readings(seen[0]), _readings(seen[1]), turns, disturbed)


def _take_turns(sides: Sequence[PacedWorker], turns: int, progress: Callable[[int, int], None]) -> None:
    """Neither side measures while the other loads; who goes first alternates, so that neither gains by it."""
    for side in sides:
        side.get_ready()
    for turn in range(turns):
        for side in sides if turn % 2 == 0 else reversed(sides):
            side.take_turn()
        progress(turn + 1, turns)


def _request(
    candidate: Candidate, suite: Suite, limit: int | None, turns: int, settings: Settings
) -> CellRequest:
    engine = get_engine(candidate.engine)
    return CellRequest(
        engine=candidate.engine,
        model=candidate.model,
        settings=candidate.settings,
        tasks=(work_of(engine, Job(candidate, suite, limit)),),
        requests=settings.requests,
        repetitions=0,
        speed=False,
        watts_idle=settings.watts_idle,
        watts_load=settings.watts_load,
        turns=turns,
        answers=False,
    )


def _windows(event: Event) -> Sequence[Mapping[str, Any]]:
    windows: Sequence[Mapping[str, Any]] = event.data["windows"]
    return windows


def _readings(event: Event) -> dict[str, Reading]:
    """Latency and energy per request of each turn, and the peak of memory."""
    latency, first = [], 0
    for window in _windows(event):
        timings = event.data["timings"][first : first + window["requests"]]
        latency.append(statistics.fmean(timing["latency_ms"] for timing in timings))
        first += window["requests"]
    found = {"latency_ms": Reading("latency_ms", "ms", tuple(latency), source="mean of each turn")}
    if total := event.data["memory"].get("total"):
        found["memory_bytes"] = Reading("memory_bytes", "byte", (float(total),))
    used = [window["energy"] for window in _windows(event)]
    if all(used):
        joules = [
            use["gross_j"] / window["requests"] for use, window in zip(used, _windows(event), strict=True)
        ]
        provenance = Provenance(used[0]["provenance"])
        found["energy_j_per_request"] = Reading("energy_j_per_request", "J", tuple(joules), provenance)
    return found
