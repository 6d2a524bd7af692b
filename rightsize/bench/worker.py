"""The worker process of one cell: reads a request on stdin, measures, writes events as JSON lines.

It imports only what measuring needs, because everything it imports sits in the memory it measures.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from rightsize.bench.measure import ELSEWHERE, Emit, measure_batches, measure_cell
from rightsize.bench.process_memory import resident_bytes
from rightsize.bench.protocol import CellRequest, Event, decode_batch, decode_request, encode_event
from rightsize.engines.interface import RemoteSession
from rightsize.engines.registry import get_engine
from rightsize.errors import EngineError, RightsizeError
from rightsize.machine.cpu import read_cpu
from rightsize.meters.choose import choose_meters
from rightsize.meters.interface import EnergyMeter


def main() -> int:
    """Measure one cell. Exit 0 when it was measured, 1 when the reason was emitted as an ``error`` event."""
    events = _take_stdout()

    def emit(event: Event) -> None:
        events.write(encode_event(event) + "\n")
        events.flush()

    request = decode_request(sys.stdin.readline())
    try:
        _measure(request, emit)
    except RightsizeError as error:
        emit(Event("error", data={"reason": str(error)}))
        return 1
    except MemoryError:
        emit(Event("error", data={"reason": "out of memory"}))
        return 1
    emit(Event("done"))
    return 0


def _take_stdout() -> TextIO:
    """Keep stdout for events alone: whatever a library prints goes to stderr instead."""
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return events


def _measure(request: CellRequest, emit: Emit) -> None:
    engine = get_engine(request.engine)
    local = engine.capabilities.local
    # First of all: its idle power is taken while nothing runs.
    meter = _meter(request) if local else ELSEWHERE
    build = dict(engine.build())
    harness = dict(resident_bytes())
    session = engine.open(request.model, request.settings)
    try:
        if isinstance(session, RemoteSession):
            session.treat(request.remote)
        emit(Event("loaded", data={"build": build, "harness_memory": harness, **session.facts()}))
        if request.by_batch:
            batches = map(decode_batch, sys.stdin)
            measure_batches(session, request, meter, emit, batches, local=local)
        else:
            measure_cell(session, request, meter, emit, local=local, await_turn=_await_turn)
    finally:
        session.close()


def _await_turn() -> None:
    """Wait for the line that says it is our turn; when nobody is left to say it, there is nothing to do."""
    if not sys.stdin.readline():
        raise EngineError("the bench went away")


def _meter(request: CellRequest) -> EnergyMeter | str:
    """The energy meter for this cell, or why there is none."""
    choice = choose_meters(
        read_cpu(),
        watts_idle=request.watts_idle,
        watts_load=request.watts_load,
        gpu=request.settings.gpu_layers != 0,
    )
    return choice.meter if choice.meter is not None else choice.reason


if __name__ == "__main__":
    sys.exit(main())
