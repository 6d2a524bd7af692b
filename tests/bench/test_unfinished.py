"""Answers on their way into the store: in small batches, none lost to an interrupt, none asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rightsize.bench import run as bench_run
from rightsize.bench import unfinished
from rightsize.bench.plan import Cell
from rightsize.bench.protocol import CellRequest, Event
from rightsize.bench.run import key_of, run_cells
from rightsize.bench.supervise import Limits, run_worker
from rightsize.bench.unfinished import BATCH_ITEMS, Stream, answered_before
from rightsize.domain import (
    Candidate,
    Failed,
    Interrupted,
    Item,
    ItemOutcome,
    Job,
    Machine,
    Measured,
    Model,
    Record,
    Suite,
    TaskType,
)
from rightsize.machine import scan
from rightsize.settings import Settings
from rightsize.store import Store

Build = Callable[..., Record]
Items = Callable[..., tuple[ItemOutcome, ...]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "results.db")


@pytest.fixture(scope="module")
def machine() -> Machine:
    return scan(with_bandwidth=False)


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


# --- batches ----------------------------------------------------------------------------------------------


def test_outcomes_are_stored_at_once_then_by_batches_or_seconds(
    store: Store, record: Build, item_outcomes: Items, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, every = Clock(), item_outcomes(50, 100)
    monkeypatch.setattr(unfinished, "time", clock)
    heard: list[ItemOutcome] = []
    stream = Stream(record(outcome=Interrupted("")), heard, store, 0)

    def stored(upto: int) -> int:
        heard[len(heard) :] = every[len(heard) : upto]
        stream.keep_up()
        return len(store.answered(stream.record.fingerprint))

    assert [stored(0), stored(1), stored(BATCH_ITEMS)] == [0, 1, 1]
    assert stored(BATCH_ITEMS + 1) == BATCH_ITEMS + 1, "a whole batch"
    assert stored(40) == BATCH_ITEMS + 1
    clock.now_s += 1
    assert stored(40) == 40, "a second later"
    assert stored(41) == 40
    stream.flush()
    assert store.answered(stream.record.fingerprint) == every[:41]


def test_what_was_known_before_is_stored_again_only_with_what_is_new(
    store: Store, record: Build, item_outcomes: Items
) -> None:
    every, cut = item_outcomes(3, 6), record(outcome=Interrupted("cut", ()))
    before = store.append(cut)
    heard = list(every[:4])
    stream = Stream(cut, heard, store, len(heard))
    stream.flush()
    assert [each.id for each in store.records(interrupted=True)] == [before]
    heard.append(every[4])
    stream.flush()
    assert store.answered(cut.fingerprint) == every[:5]


def test_a_record_that_somebody_else_removed_is_begun_anew(
    store: Store, record: Build, item_outcomes: Items
) -> None:
    every, heard = item_outcomes(3, 6), list[ItemOutcome]()
    stream = Stream(record(outcome=Interrupted("")), heard, store, 0)
    heard += every[:3]
    stream.flush()
    store.delete([each.id for each in store.records(interrupted=True)])
    heard += every[3:]
    stream.flush()
    assert store.answered(stream.record.fingerprint) == every


# --- what is asked again ----------------------------------------------------------------------------------


def suite(name: str = "toy", count: int = 8) -> Suite:
    items = tuple(Item(f"{name}-{i}", f"g{i % 2}", f"pick one {i}", "yes", ("yes", "no")) for i in range(count))
    return Suite(name, name, TaskType.CHOICE, items, "choice", "accuracy", f"sha-{name}", "CC0-1.0", "test")


def candidate(folder: Path, **script: object) -> Candidate:
    path = folder / "script.json"
    path.write_text(json.dumps({"default": "yes", "answers": {"toy-2": "no"}, **script}))
    return Candidate(Model("m", path, path.stat().st_size, "sha", "mock", 1, "F16", 512), "mock")


def test_items_without_an_answer_and_items_that_are_not_asked_are_not_kept(
    store: Store, machine: Machine, tmp_path: Path, record: Build
) -> None:
    job, notes = Job(candidate(tmp_path), suite()), list[str]()
    left = [
        ItemOutcome("toy-1", "g", 1.0, True, "yes"),
        ItemOutcome("toy-2", "g", 0.0, False, "", error="the server is busy"),
        ItemOutcome("elsewhere", "g", 1.0, True, "yes"),
    ]
    interrupted = record(outcome=Interrupted("cut", tuple(left)))
    store.append(interrupted)
    assert answered_before(job, interrupted.fingerprint, store, notes.append) == (left[0],)
    assert notes == ["m:F16 toy: 1 of 8 items were answered before and are kept, 7 are asked; --force asks all"]
    assert answered_before(job, "another", store, notes.append) == () and len(notes) == 1


class Silent:
    def cell_started(self, cell: Cell, number: int, of: int) -> None: ...
    def progressed(self, task: str, phase: str, done: int, of: int) -> None: ...
    def stored(self, record: Record) -> None: ...


class Cut(Store):
    """A store in which Ctrl-C comes as soon as the first answer is written."""

    cut = False

    def append(self, record: Record) -> int:
        assert isinstance(record.outcome, Interrupted)
        number = super().append(record)
        self._after(record.outcome.items)
        return number

    def extend(self, cell_id: int, position: int, items: Sequence[ItemOutcome]) -> bool:
        there = super().extend(cell_id, position, items)
        self._after(items)
        return there

    def _after(self, items: Sequence[ItemOutcome]) -> None:
        if not self.cut and any(item.error is None for item in items):
            self.cut = True
            raise KeyboardInterrupt


class Counting(Store):
    """A store that tells how many items each call brought."""

    brought: tuple[int, ...] = ()

    def append(self, record: Record) -> int:
        assert isinstance(record.outcome, Interrupted | Failed)
        self.brought += (len(record.outcome.items),)
        return super().append(record)

    def extend(self, cell_id: int, position: int, items: Sequence[ItemOutcome]) -> bool:
        self.brought += (len(items),)
        return super().extend(cell_id, position, items)


def bench(
    store: Store, machine: Machine, jobs: Sequence[Job], *, stall_s: float = 60, anew: bool = False
) -> list[Record]:
    def answered(job: Job) -> Sequence[ItemOutcome]:
        return () if anew else answered_before(job, key_of(job, machine), store, lambda _: None)

    return run_cells(
        [Cell(jobs[0].candidate, tuple(jobs))],
        machine=machine,
        settings=Settings(requests=6, repetitions=1, time_limit_s=60, stall_limit_s=stall_s),
        store=store,
        listener=Silent(),
        answered=answered,
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The items that workers answer from here on."""
    found: list[str] = []

    def listening(request: CellRequest, limits: Limits) -> Iterator[Event]:
        for event in run_worker(request, limits):
            found.extend([event.data["item"]] if event.kind == "answer" else [])
            yield event

    monkeypatch.setattr(bench_run, "run_worker", listening)
    return found


def test_an_interrupt_loses_no_answer_that_came_and_the_next_run_asks_the_others(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setattr(unfinished, "BATCH_ITEMS", 3)
    job, path = Job(candidate(tmp_path, rejections={"toy-1": "too long"}), suite()), tmp_path / "cut.db"
    with pytest.raises(KeyboardInterrupt):
        bench(Cut.open(path), machine, [job])
    store = Store.open(path)
    kept = [each for each in store.answered(key_of(job, machine)) if each.error is None]
    assert [each.item_id for each in kept] == asked and 0 < len(kept) < 7
    before = set(asked)
    asked.clear()

    (joined,) = bench(store, machine, [job])
    assert set(asked) == {item.id for item in job.suite.items} - before - {"toy-1"}
    asked.clear()
    (whole,) = bench(Store.open(tmp_path / "whole.db"), machine, [job])
    assert len(asked) == 7
    assert isinstance(joined.outcome, Measured) and isinstance(whole.outcome, Measured)
    assert by_id(joined.outcome) == by_id(whole.outcome)
    assert joined.outcome.facts["corpus"] == whole.outcome.facts["corpus"]
    latency = next(each for each in joined.outcome.readings if each.metric == "latency_ms")
    assert len(latency.samples) == 6, "timed anew on all items"
    (stored,) = store.records(newest=False, interrupted=True)
    assert isinstance(stored.outcome, Measured), "nothing interrupted is left"


def by_id(outcome: Measured) -> dict[str, ItemOutcome]:
    found = {each.item_id: each for each in outcome.items}
    assert len(found) == len(outcome.items)
    return found


def test_what_is_all_answered_is_only_measured(machine: Machine, tmp_path: Path) -> None:
    job, store = Job(candidate(tmp_path), suite(count=1)), Store.open(tmp_path / "results.db")
    with pytest.raises(KeyboardInterrupt):
        bench(Cut.open(tmp_path / "results.db"), machine, [job])
    assert len(store.answered(key_of(job, machine))) == 1
    (record,) = bench(store, machine, [job])
    assert isinstance(record.outcome, Measured) and len(record.outcome.items) == 1


def test_a_larger_limit_asks_only_what_the_smaller_one_did_not(
    machine: Machine, tmp_path: Path, asked: list[str]
) -> None:
    some, store = Job(candidate(tmp_path), suite(), 4), Store.open(tmp_path / "results.db")
    bench(store, machine, [some])
    first = set(asked)
    asked.clear()
    (record,) = bench(store, machine, [replace(some, limit=None)])
    assert len(first) == len(asked) == 4 and not first & set(asked)
    assert isinstance(record.outcome, Measured) and len(by_id(record.outcome)) == 8
    assert [each.limit for each in store.records(newest=False)] == [4, None], "both measurements stay"


def test_what_a_failed_run_answered_is_not_asked_again(machine: Machine, tmp_path: Path) -> None:
    job, store = Job(candidate(tmp_path, fault="segfault", after=5), suite()), Store.open(tmp_path / "r.db")
    (failed,) = bench(store, machine, [job])
    assert isinstance(failed.outcome, Failed) and len(failed.outcome.items) == 5
    (again,) = bench(store, machine, [job])
    assert isinstance(again.outcome, Measured) and len(by_id(again.outcome)) == 8


def test_beginning_anew_replaces_what_was_kept(machine: Machine, tmp_path: Path) -> None:
    job, store = Job(candidate(tmp_path), suite()), Store.open(tmp_path / "results.db")
    wrong = record_like(job, machine, ItemOutcome("toy-0", "g0", 0.0, True, "a stale answer"))
    store.append(wrong)
    (record,) = bench(store, machine, [job], anew=True)
    assert isinstance(record.outcome, Measured) and by_id(record.outcome)["toy-0"].output == "yes"
    assert len(store.records(newest=False, interrupted=True)) == 1


def record_like(job: Job, machine: Machine, *items: ItemOutcome) -> Record:
    from rightsize.bench.records import record_of

    return record_of(job, Interrupted("cut", items), machine, {}, key_of(job, machine))


def test_answers_do_not_wait_for_the_next_one_to_be_stored(machine: Machine, tmp_path: Path) -> None:
    store = Counting.open(tmp_path / "results.db")
    (record,) = bench(store, machine, [Job(candidate(tmp_path, fault="hang", after=3), suite())], stall_s=4)
    assert isinstance(record.outcome, Failed), "the worker fell silent after three answers"
    *streamed, last = store.brought
    assert sum(streamed) == 3 and last == 3
    assert not isinstance(store.records(interrupted=True)[0].outcome, Interrupted)


def test_a_task_that_is_done_is_stored_whole_while_the_next_goes_on(machine: Machine, tmp_path: Path) -> None:
    class CutInSecond(Store):
        def append(self, record: Record) -> int:
            number = super().append(record)
            if record.suite == "two":
                raise KeyboardInterrupt
            return number

    one, two = (Job(candidate(tmp_path), suite(name)) for name in ("one", "two"))
    with pytest.raises(KeyboardInterrupt):
        bench(CutInSecond.open(tmp_path / "results.db"), machine, [one, two])
    first, second = Store.open(tmp_path / "results.db").records(interrupted=True)
    assert isinstance(first.outcome, Measured) and len(first.outcome.items) == 8
    assert isinstance(second.outcome, Interrupted) and second.outcome.items
