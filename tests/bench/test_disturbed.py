"""A disturbed worker: its windows are flagged, measured again, and the raw ones kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rightsize.bench.measure import measure_cell
from rightsize.bench.plan import Cell
from rightsize.bench.protocol import CellRequest, Event, TaskWork
from rightsize.bench.quiet import await_quiet
from rightsize.bench.run import run_cells
from rightsize.bench.windows import Window, measure_again
from rightsize.decide.trust import trust_of
from rightsize.domain import (
    Candidate,
    CandidateSettings,
    Interrupted,
    Item,
    ItemOutcome,
    Job,
    Measured,
    Model,
    Record,
    Suite,
    TaskType,
)
from rightsize.engines.interface import RequestTiming, TaskRules
from rightsize.engines.mock import MockEngine
from rightsize.errors import ResourceError
from rightsize.machine import scan
from rightsize.machine.counters import Counters
from rightsize.machine.watch import Watch
from rightsize.reports.soak_lines import soak_json, soak_line
from rightsize.settings import Settings
from rightsize.stats.trust import Trust, causes, trust

CALM = Counters(0.0, 2, 0.0, 0.0, 0.0, 0, 0.0, 0.0, 0, False)


class Script:
    """Counters that move on by a second of work a reading, disturbed in the windows that are listed."""

    def __init__(self, *disturbed: int) -> None:
        self._now, self._calls, self._disturbed = CALM, 0, disturbed

    def __call__(self) -> Counters:
        window, ends = divmod(self._calls, 2)
        self._calls += 1
        busy = 1.0 if ends and window in self._disturbed else 0.0
        now = self._now
        self._now = replace(now, at_s=now.at_s + 1, busy_s=(now.busy_s or 0.0) + busy)
        return self._now


def items(count: int) -> list[Item]:
    return [Item(f"i{n}", "g", f"word {n}", "yes", ("yes", "no")) for n in range(count)]


def ask(which: Any) -> Iterator[RequestTiming]:
    for item in which:
        yield RequestTiming(float(item.id[1:]), None, (), 1, 1)


def window(watch: Watch, part: list[Item]) -> Window:
    from rightsize.bench.windows import measured

    return measured(part, ask(part), "no meter", watch)


def test_only_disturbed_windows_are_measured_again_and_the_raw_ones_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rightsize.bench.windows.time.sleep", lambda _: None)
    with Watch(Script(1, 3)) as watch:  # of three windows the second, and its first repetition
        windows = [window(watch, [item]) for item in items(3)]
        before = list(windows)
        replaced = measure_again(windows, ask, "no meter", watch, times=3)
    assert len(replaced) == 2
    assert [w.timings[0].latency_ms for w in windows] == [0, 1, 2]
    assert (windows[0], windows[2]) == (before[0], before[2])
    assert windows[1] is not before[1] and replaced[0] is before[1]
    assert not any(causes(w.seen) for w in windows)
    kept = replaced[0].discarded("requests")
    assert kept["samples"] == [1.0] and kept["other_cpu_s"] == 1.0


def test_it_gives_up_after_so_many_times_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rightsize.bench.windows.time.sleep", lambda _: None)
    with Watch(Script(*range(99))) as watch:
        windows = [window(watch, [item]) for item in items(3)]
        replaced = measure_again(windows, ask, "no meter", watch, times=2)
    assert len(replaced) == 6
    verdict = trust([w.seen for w in windows], repeated=len(replaced))
    assert verdict.label is Trust.CONTAMINATED
    assert "(in all 3 windows, although disturbed ones were measured again 6 times)" in verdict.reason


def cell(folder: Path, **changed: Any) -> list[Event]:
    script = folder / "script.json"
    script.write_text(json.dumps({"default": "yes", "seconds": 0.002}))
    task = TaskWork("toy", tuple(items(6)), TaskRules(TaskType.CHOICE))
    model = Model("m", script, 1, "sha", "mock", 1, "F16", 512)
    request = CellRequest("mock", model, CandidateSettings(), (task,), requests=12, repetitions=2)
    events: list[Event] = []
    session = MockEngine().open(model, CandidateSettings())
    measure_cell(session, replace(request, **changed), "no meter", events.append)
    return events


def test_a_worker_tells_of_every_window(tmp_path: Path) -> None:
    events = {event.kind: event for event in cell(tmp_path, remeasure=0)}
    windows = events["requests"].data["windows"]
    assert [w["requests"] for w in windows] == [2] * 6
    assert all(w["seen"]["seconds"] > 0 for w in windows)
    speed = events["speed"].data
    assert len(speed["windows"]["decode_tokens_per_s"]) == len(speed["samples"]["decode_tokens_per_s"]) == 2


def test_turns_are_waited_for_and_told(tmp_path: Path) -> None:
    kinds = [event.kind for event in cell(tmp_path, turns=4, answers=False, speed=False)]
    assert kinds.count("ready") == 4
    assert "answer" not in kinds and "speed" not in kinds


_STARTS_TWO = """
import subprocess, sys
for _ in range(2):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    print(subprocess.Popen([sys.argv[1], "-c", "while True: pass"], **quiet).pid)
"""


@contextmanager
def hog() -> Iterator[None]:
    """Two strangers that keep two processors busy: nobody's children, for who started them has ended."""
    started = subprocess.run(
        [sys.executable, "-c", _STARTS_TWO, sys.executable], capture_output=True, text=True, check=True
    )
    try:
        yield
    finally:
        for pid in started.stdout.split():
            os.kill(int(pid), signal.SIGKILL)


def test_a_quiet_machine_is_waited_for_or_refused() -> None:
    await_quiet(0.0, look_s=0.0, read=Script())
    waits: list[float] = []
    await_quiet(60.0, look_s=0.0, read=Script(0, 1), waiting=waits.append)
    assert len(waits) == 2
    with pytest.raises(ResourceError, match="the machine is not quiet: other processes used 50%"):
        await_quiet(0.0, look_s=0.0, read=Script(0))


def test_strangers_contaminate_a_real_cell_and_their_windows_are_kept(tmp_path: Path) -> None:
    with hog():
        (record,) = measured_cells(tmp_path, Settings(requests=12, repetitions=2, remeasure=1))
    assert isinstance(record.outcome, Measured)
    verdict = trust_of(record, "latency_p50_ms")
    assert verdict is not None and verdict.label is Trust.CONTAMINATED
    assert "other processes used" in verdict.reason
    facts = record.outcome.facts
    assert {window["phase"] for window in facts["discarded"]} >= {"requests"}
    assert all(window["samples"] for window in facts["discarded"])
    latency = next(r for r in record.outcome.readings if r.metric == "latency_ms")
    assert len(latency.samples) == 12


def test_a_cell_that_must_be_quiet_is_refused_and_names_who_disturbs(tmp_path: Path) -> None:
    with hog(), pytest.raises(ResourceError, match="the machine is not quiet: other processes used"):
        measured_cells(tmp_path, Settings(requests=12, quiet_timeout_s=0.0))


def test_a_soak_is_stored_with_its_times(tmp_path: Path) -> None:
    (record,) = measured_cells(tmp_path, Settings(requests=6, repetitions=1, remeasure=0, soak_s=0.05))
    assert isinstance(record.outcome, Measured)
    soak = record.outcome.facts["soak"]
    assert len(soak["at_s"]) == len(soak["tokens_per_s"]) >= 3
    assert soak["at_s"][-1] >= 0.05 and soak["window"]["seconds"] > 0
    found = soak_json(record)
    assert found is not None
    assert (found["burst_tokens_per_s"], found["sustained_tokens_per_s"]) == (100.0, 100.0)
    assert "tok/s at first" in soak_line(record)


def measured_cells(folder: Path, settings: Settings) -> list[Record]:
    script = folder / "script.json"
    script.write_text(json.dumps({"default": "yes", "seconds": 0.03}))
    model = Model("m", script, 1, "sha", "mock", 1, "F16", 512)
    suite = Suite(
        "toy", "toy", TaskType.CHOICE, tuple(items(6)), "choice", "accuracy", "sha", "CC0-1.0", "test"
    )
    found: list[Record] = []

    class Shelf:
        def append(self, record: Record) -> int:
            if not isinstance(record.outcome, Interrupted):
                found.append(record)
            return len(found)

        def extend(self, cell_id: int, position: int, items: Sequence[ItemOutcome]) -> bool:
            return True

    class Silent:
        def cell_started(self, cell: Cell, number: int, of: int) -> None: ...
        def progressed(self, task: str, phase: str, done: int, of: int) -> None: ...
        def stored(self, record: Record) -> None: ...

    candidate = Candidate(model, "mock")
    run_cells(
        [Cell(candidate, (Job(candidate, suite),))],
        machine=scan(with_bandwidth=False),
        settings=settings,
        store=Shelf(),
        listener=Silent(),
    )
    return found
