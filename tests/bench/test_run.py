"""Cells in real worker processes: what is stored, and what a fault costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rightsize.bench.plan import Cell, chosen_items, fingerprint, plan_cells
from rightsize.bench.run import run_cells
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
    Skipped,
    Suite,
    TaskType,
)
from rightsize.engines.interface import RemoteRun
from rightsize.machine import scan
from rightsize.settings import Settings

FAST = Settings(requests=12, repetitions=2, time_limit_s=60, stall_limit_s=30)


class Shelf:
    """A store that only remembers what came to its end."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, record: Record) -> int:
        if not isinstance(record.outcome, Interrupted):
            self.records.append(record)
        return len(self.records)

    def extend(self, cell_id: int, position: int, items: Sequence[ItemOutcome]) -> bool:
        return True


class Silent:
    def cell_started(self, cell: Cell, number: int, of: int) -> None: ...
    def progressed(self, task: str, phase: str, done: int, of: int) -> None: ...
    def stored(self, record: Record) -> None: ...


@pytest.fixture(scope="module")
def machine() -> Machine:
    return scan(with_bandwidth=False)


def suite(name: str = "toy", count: int = 6) -> Suite:
    items = tuple(Item(f"{name}-{i}", f"g{i % 2}", f"pick one {i}", "yes", ("yes", "no")) for i in range(count))
    return Suite(name, name, TaskType.CHOICE, items, "choice", "accuracy", f"sha-{name}", "CC0-1.0", "test")


def candidate(folder: Path, **script: object) -> Candidate:
    path = folder / f"{script.get('fault', 'good')}.json"
    path.write_text(json.dumps({"default": "yes", **script}))
    model = Model(path.stem, path, path.stat().st_size, path.stem, "mock", 1, "F16", 512)
    return Candidate(model, "mock")


def run(
    machine: Machine, candidates: list[Candidate], *suites: Suite, settings: Settings = FAST
) -> list[Record]:
    shelf = Shelf()
    cells = [Cell(each, tuple(Job(each, s) for s in suites)) for each in candidates]
    run_cells(cells, machine=machine, settings=settings, store=shelf, listener=Silent())
    return shelf.records


def test_a_cell_measures_scores_requests_memory_and_energy(machine: Machine, tmp_path: Path) -> None:
    (record,) = run(machine, [candidate(tmp_path, answers={"toy-0": "no"})], suite())
    assert isinstance(record.outcome, Measured)
    assert [item.score for item in record.outcome.items] == [0, 1, 1, 1, 1, 1]
    readings = {reading.metric: reading for reading in record.outcome.readings}
    assert len(readings["latency_ms"].samples) == FAST.requests
    assert len(readings["decode_tokens_per_s"].samples) == FAST.repetitions
    assert readings["memory_bytes"].samples[0] > 1e6
    parts = [readings[f"memory_{part}_bytes"].samples[0] for part in ("anonymous", "file")]
    assert all(0 < part <= readings["memory_bytes"].samples[0] for part in parts)
    assert readings["energy_j_per_request"].source
    per_request, per_correct = (
        readings["energy_j_per_request"].samples,
        readings["energy_j_per_correct"].samples,
    )
    assert per_correct == pytest.approx([joules / (5 / 6) for joules in per_request])


def test_no_correct_answer_has_no_energy_per_correct_answer(machine: Machine, tmp_path: Path) -> None:
    (record,) = run(machine, [candidate(tmp_path, default="no")], suite())
    assert isinstance(record.outcome, Measured)
    reasons = {absent.metric: absent.reason for absent in record.outcome.absent}
    assert reasons["energy_j_per_correct"] == "no answer was correct"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("error", "the script says"),
        ("abort", "SIGABRT"),
        ("segfault", "SIGSEGV"),
        ("exit", "stopped with code 7"),
        ("hang", "no sign of life for 2 s"),
        ("memory", "out of memory"),
    ],
)
def test_a_fault_costs_its_cell_and_never_the_run(
    machine: Machine, tmp_path: Path, fault: str, reason: str
) -> None:
    # Only the hang waits for silence: a loaded machine can be silent for two seconds.
    limits = replace(FAST, stall_limit_s=2 if fault == "hang" else 60, memory_limit_bytes=400_000_000)
    bad, good = candidate(tmp_path, fault=fault, after=3), candidate(tmp_path)
    records = run(machine, [bad, good], suite(), settings=limits)
    assert isinstance(records[0].outcome, Failed)
    assert reason in records[0].outcome.reason
    assert len(records[0].outcome.items) == 3, "what was answered before the fault is kept"
    assert isinstance(records[1].outcome, Measured)


def test_a_fault_in_the_second_task_keeps_the_first(machine: Machine, tmp_path: Path) -> None:
    records = run(machine, [candidate(tmp_path, fault="abort", after=8)], suite("one"), suite("two"))
    assert [type(record.outcome) for record in records] == [Measured, Failed]


def test_the_time_limit_ends_a_cell(machine: Machine, tmp_path: Path) -> None:
    slow = candidate(tmp_path, seconds=0.5)
    (record,) = run(machine, [slow], suite(), settings=replace(FAST, time_limit_s=2))
    assert isinstance(record.outcome, Failed)
    assert "over the time limit of 2 s" in record.outcome.reason


def test_a_file_larger_than_memory_is_not_even_loaded(machine: Machine, tmp_path: Path) -> None:
    giant = candidate(tmp_path)
    giant = replace(giant, model=replace(giant.model, size_bytes=10**15))
    (record,) = run(machine, [giant], suite())
    assert isinstance(record.outcome, Failed)
    assert "the file alone is" in record.outcome.reason


def test_items_that_cannot_run_fail_with_their_reason(machine: Machine, tmp_path: Path) -> None:
    (record,) = run(machine, [candidate(tmp_path, rejections={"toy-1": "too long"})], suite())
    assert isinstance(record.outcome, Measured)
    failed = next(item for item in record.outcome.items if item.item_id == "toy-1")
    assert (failed.score, failed.valid, failed.error) == (0.0, False, "too long")


def test_an_engine_that_cannot_do_the_task_is_skipped_before_loading(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rightsize.engines.interface import Capabilities
    from rightsize.engines.mock import MockEngine

    monkeypatch.setattr(MockEngine, "capabilities", Capabilities(scores_choices=False))
    (record,) = run(machine, [candidate(tmp_path, fault="abort")], suite())
    assert record.outcome == Skipped("the engine does not score answer choices")


def test_a_scorer_that_raises_costs_its_item(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rightsize.bench import run as module

    class Raises:
        def score(self, item: Item, answer: object) -> None:
            raise ZeroDivisionError("oops")

        def corpus(self, outcomes: object) -> dict[str, object]:
            raise ZeroDivisionError("oops")

    monkeypatch.setattr(module, "scorer_of", lambda _: Raises())
    (record,) = run(machine, [candidate(tmp_path)], suite())
    assert isinstance(record.outcome, Failed)
    assert "the scorer raised ZeroDivisionError: oops" in record.outcome.reason


def test_the_worker_never_sees_the_gold() -> None:
    from rightsize.bench.protocol import without_gold

    hidden = without_gold(Item("a", "g", "p", "the gold", ("x",), {"answer": "the gold"}))
    assert "gold" not in repr(hidden)


def test_a_conversation_reaches_the_worker_whole_and_a_prompt_variant_its_question(tmp_path: Path) -> None:
    from rightsize.bench.protocol import decode_request, encode_request, in_frame
    from rightsize.bench.run import request_for
    from rightsize.domain import Message

    chat = (Message("system", "Be brief.\n"), Message("user", "q"), Message("assistant", "Well"))
    asked = replace(
        suite(), items=(Item("a", "a", "Be brief.\nq Well", "", chats=(chat,)),), chat_delimiter=" "
    )
    job = Job(candidate(tmp_path), asked)
    (task,) = decode_request(
        encode_request(request_for(Cell(job.candidate, (job,)), [job], Settings(), RemoteRun()))
    ).tasks
    assert task.items[0].chats == (chat,)
    assert task.rules.chat_delimiter == " "
    varied = in_frame(task.items[0], "Think! {prompt} Now.")
    assert varied.chats == ((chat[0], Message("user", "Think! q Now."), chat[2]),)


def test_a_limit_above_the_number_of_items_is_none() -> None:
    assert chosen_items(suite(count=3), 50) == suite(count=3).items


def test_the_fingerprint_changes_with_whatever_makes_results_differ(machine: Machine, tmp_path: Path) -> None:
    job = Job(candidate(tmp_path), suite())
    build = {"version": "1"}
    base = fingerprint(job, machine, build)
    other_model = replace(job.candidate, model=replace(job.candidate.model, sha256="other"))
    other_settings = replace(job.candidate, settings=replace(job.candidate.settings, threads=7))
    assert fingerprint(replace(job, limit=3), machine, build) == base, "how many items is stored beside it"
    changed = [
        fingerprint(replace(job, candidate=other_model), machine, build),
        fingerprint(replace(job, candidate=other_settings), machine, build),
        fingerprint(replace(job, suite=replace(job.suite, sha256="other")), machine, build),
        fingerprint(job, replace(machine, fingerprint="other"), build),
        fingerprint(job, machine, {"version": "2"}),
    ]
    assert len({base, *changed}) == 6


def test_only_what_is_missing_is_planned_smallest_first(tmp_path: Path) -> None:
    small, large = candidate(tmp_path), candidate(tmp_path, fault="abort")
    small = replace(small, model=replace(small.model, size_bytes=1))
    cells = plan_cells(
        [large, small],
        [suite("one"), suite("two")],
        limit=None,
        is_stored=lambda job: job.candidate is large and job.suite.name == "one",
    )
    assert [(c.candidate is small, [j.suite.name for j in c.jobs]) for c in cells] == [
        (True, ["one", "two"]),
        (False, ["two"]),
    ]


def test_a_limit_that_takes_every_item_is_no_limit(tmp_path: Path) -> None:
    (cell,) = plan_cells([candidate(tmp_path)], [suite(count=6)], limit=6, is_stored=lambda _: False)
    assert cell.jobs[0].limit is None
