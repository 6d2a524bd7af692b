"""A race on real worker processes: what is asked, kept, reused, and what a fault or an interrupt costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rightsize.bench.plan import Cell, chosen_items
from rightsize.bench.run import key_of, record_of
from rightsize.decide.objective import Minimize
from rightsize.decide.race_rules import RaceRules
from rightsize.decide.race_trace import Cost, Fate, RaceResult, TraceEntry, race_exit_code
from rightsize.decide.selection import select
from rightsize.domain import (
    Candidate,
    Direction,
    Item,
    ItemOutcome,
    Job,
    Machine,
    Measured,
    Model,
    Provenance,
    Record,
    Suite,
    TaskType,
    Threshold,
)
from rightsize.engines.registry import get_engine
from rightsize.errors import EngineError, ExitCode, ResourceError, UsageError
from rightsize.flows.race import RaceWanted, course_of, run_race
from rightsize.machine import scan
from rightsize.reports.race_table import sentence
from rightsize.reports.race_view import newest_race
from rightsize.settings import Settings
from rightsize.store import Store

FAST = Settings(requests=12, repetitions=2, time_limit_s=60, stall_limit_s=30)
ACCURATE = Threshold("score", Direction.HIGHER, 0.8, "80%")
ITEMS = 120


class Heard:
    """A listener that remembers."""

    def __init__(self, stop_after: int = 10**6) -> None:
        self.started: list[str] = []
        self.ends: list[tuple[str, Fate]] = []
        self.looks = 0
        self._stop_after = stop_after

    def cell_started(self, cell: Cell, number: int, of: int) -> None:
        self.started.append(cell.candidate.id)

    def progressed(self, task: str, phase: str, done: int, of: int) -> None: ...
    def stored(self, record: Record) -> None: ...

    def looked(self, candidate: str, task: str, items: int, of: int, mean: float) -> None:
        self.looks += 1
        if self.looks >= self._stop_after:
            raise KeyboardInterrupt

    def ended(self, entry: TraceEntry, cost: Cost) -> None:
        self.ends.append((entry.candidate, entry.fate))


@pytest.fixture(scope="module")
def machine() -> Machine:
    return scan(with_bandwidth=False)


@pytest.fixture
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else uses the test machine must not make its latencies doubtful."""
    monkeypatch.setattr("rightsize.decide.thresholds.with_trust", lambda judgement, _: judgement)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "results.db")


def suite(count: int = ITEMS) -> Suite:
    items = tuple(Item(f"i{i}", f"g{i}", f"pick one {i}", "yes", ("yes", "no")) for i in range(count))
    return Suite("toy", "toy", TaskType.CHOICE, items, "choice", "accuracy", "sha-toy", "CC0-1.0", "test")


def candidate(folder: Path, name: str, wrong: int, size: int, **script: object) -> Candidate:
    """A rehearsed model that gets every item right but the first ``wrong`` of each ten."""
    answers = {f"i{i}": "no" if i % 10 < wrong else "yes" for i in range(ITEMS)}
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"answers": answers, **script}))
    return Candidate(Model(name, path, size, name, "mock", 1, "F16", 512), "mock")


def run(
    machine: Machine,
    store: Store,
    candidates: list[Candidate],
    *thresholds: Threshold,
    heard: Heard | None = None,
    settings: Settings = FAST,
    **wanted: object,
) -> RaceResult:
    return run_race(
        RaceWanted([suite()], thresholds or (ACCURATE,), **wanted),  # type: ignore[arg-type]
        machine=machine,
        settings=settings,
        store=store,
        listener=heard or Heard(),
        candidates=candidates,
    )


def test_the_smallest_that_is_good_enough_wins_and_larger_ones_are_never_loaded(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    field = [
        candidate(tmp_path, "large", 0, 30),
        candidate(tmp_path, "bad", 7, 10),
        candidate(tmp_path, "good", 0, 20),
    ]
    heard = Heard()
    result = run(machine, store, field, heard=heard)
    assert result.winner == "good:F16"
    assert result.order == ("bad:F16", "good:F16", "large:F16")
    assert heard.started == ["bad:F16", "good:F16"], "each model is loaded once, the large one not at all"
    assert heard.ends == [("bad:F16", Fate.REFUSED), ("good:F16", Fate.WON)]
    assert result.items_asked < result.exhaustive_items / 3
    assert result.exhaustive_seconds is not None and result.seconds > 0
    assert race_exit_code(result) is ExitCode.PASS


def test_every_answer_is_stored_as_a_races_and_never_judged_at_a_fixed_n(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    field = [candidate(tmp_path, "bad", 7, 10), candidate(tmp_path, "good", 0, 20)]
    result = run(machine, store, field)
    assert store.records() == []
    assert select(store.records(), ["toy"]).records == {}
    kept = store.records(races=True)
    assert (
        sum(len(record.outcome.items) for record in kept if isinstance(record.outcome, Measured))
        == result.items_asked
    )
    assert kept[0].suite_info["race"]["entry"]["fate"] == "refused"
    assert not store.has(key_of(Job(field[0], suite()), machine), 1), "a bench must measure it in full"


def test_one_candidate_has_one_score_in_the_race_its_record_and_its_trace(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    """Items of an earlier run that lie elsewhere in the race's order are that run's, not the race's."""
    field = [candidate(tmp_path, "bad", 7, 10), candidate(tmp_path, "good", 0, 20)]
    course = course_of(suite())
    some = [ids[0] for _, ids in course.groups[40:70]]
    job = Job(field[0], suite(), 30)
    answers = tuple(ItemOutcome(item, item, 1.0, True, "yes") for item in some)
    earlier = record_of(job, Measured(answers, ()), machine, {}, key_of(job, machine))
    store.append(replace(earlier, engine=dict(get_engine("mock").build())))
    result = run(machine, store, field)
    kept = {r.candidate_id: r.outcome for r in store.records(races=True) if "race" in r.suite_info}
    for entry in result.entries:
        outcome, (score,) = kept[entry.candidate], entry.scores
        assert isinstance(outcome, Measured)
        assert len(outcome.items) == score.items == entry.items
        assert sum(item.score for item in outcome.items) / score.items == pytest.approx(score.score)
        assert entry.bounds is not None and entry.bounds.value == pytest.approx(score.score)


def test_of_several_answers_to_an_item_the_fullest_runs_count(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    """As in recommend without --race: a later run on fewer items does not change the score."""
    (good,) = field = [candidate(tmp_path, "good", 0, 20)]
    for limit, right in ((None, 1.0), (60, 0.0)):
        job = Job(good, suite(), limit)
        answers = tuple(ItemOutcome(f"i{i}", f"g{i}", right, True, "yes") for i in range(limit or ITEMS))
        store.append(record_of(job, Measured(answers, ()), machine, {}, key_of(job, machine)))
    result = run(machine, store, field)
    assert result.items_asked == 0 and result.winner == "good:F16"
    assert [(score.score, score.items) for score in result.entries[0].scores] == [(1.0, ITEMS)]


def test_a_limit_races_on_the_items_that_bench_runs_with_it(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    field = [candidate(tmp_path, "middling", 2, 10)]
    result = run_race(
        RaceWanted([suite()], [ACCURATE], limit=40),
        machine=machine,
        settings=FAST,
        store=store,
        listener=Heard(),
        candidates=field,
    )
    chosen = {item.id for item in chosen_items(suite(), 40)}
    assert set(course_of(suite(), 40).upto(40)) == chosen and result.items_each == 40
    (kept,) = store.records(races=True)
    assert isinstance(kept.outcome, Measured) and kept.limit == result.items_asked <= 40
    assert {item.item_id for item in kept.outcome.items} < chosen


def test_cost_orders_the_field_by_the_price_of_a_probe(machine: Machine, store: Store, tmp_path: Path) -> None:
    field = [candidate(tmp_path, "small", 0, 10), candidate(tmp_path, "large", 0, 90)]
    prices = {"small:F16": 2.0, "large:F16": 1.0}
    heard: list[int] = []

    def price(records: Sequence[Record]) -> float | None:
        outcome = records[0].outcome
        assert isinstance(outcome, Measured)
        heard.append(len(next(r for r in outcome.readings if r.metric == "latency_ms").samples))
        return prices[records[0].candidate_id]

    result = run_race(
        RaceWanted([suite()], [ACCURATE], minimize=Minimize.COST, price=price),
        machine=machine,
        settings=FAST,
        store=store,
        listener=Heard(),
        candidates=field,
    )
    assert result.order == ("large:F16", "small:F16") and result.winner == "large:F16"
    assert result.objectives["large:F16"] == 1.0 and all(heard)
    assert result.objective_provenance is Provenance.MODELLED, "prices are assumptions"
    with pytest.raises(UsageError, match="no prices"):
        run(machine, store, field, minimize=Minimize.COST)  # type: ignore[arg-type]


def test_classical_methods_race_beside_the_models_on_a_share_of_the_error(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    result = run(machine, store, [candidate(tmp_path, "good", 0, 20)], baselines=True)
    assert result.classical is not None and result.winner == "good:F16"
    (method,), (model,) = result.classical.entries, result.entries
    assert method.candidate == "baseline:matching", "the others have no examples to learn from"
    assert method.stake + model.stake == pytest.approx(RaceRules().alpha * (1 - RaceRules().reserve))
    assert method.stake == pytest.approx(model.stake / 9)
    assert result.order == ("good:F16",) and result.exhaustive_items == ITEMS
    kept = {record.candidate_id: record.suite_info["race"] for record in store.records(races=True)}
    assert kept["baseline:matching"]["order"] == ["good:F16", "baseline:matching"]
    assert len(kept) == 2, "nobody's answers are stored twice"


@pytest.mark.parametrize(
    ("fates", "code"),
    [
        ((Fate.WON, Fate.REFUSED), ExitCode.PASS),
        ((Fate.REFUSED, Fate.REFUSED), ExitCode.FAIL),
        ((Fate.UNDECIDED, Fate.REFUSED), ExitCode.UNDECIDED),
        ((Fate.REFUSED, Fate.WON), ExitCode.PASS),
    ],
)
def test_the_exit_code_counts_a_method_that_needs_no_model(fates: tuple[Fate, Fate], code: ExitCode) -> None:
    def ended(name: str, fate: Fate) -> RaceResult:
        winner = name if fate is Fate.WON else None
        return RaceResult((name,), {}, (TraceEntry(name, fate, "why"),), {name: Cost()}, winner, 0.05, 10)

    method, model = (ended(name, fate) for name, fate in zip(("method", "model"), fates, strict=True))
    result = replace(model, classical=method)
    assert race_exit_code(result) is code
    said = sentence(result)
    assert said.startswith("No model needed: method meets every threshold") is (fates[0] is Fate.WON)


def test_a_second_race_reuses_every_answer(machine: Machine, store: Store, tmp_path: Path) -> None:
    field = [candidate(tmp_path, "bad", 7, 10), candidate(tmp_path, "good", 0, 20)]
    first = run(machine, store, field)
    again = run(machine, store, field)
    assert again.winner == first.winner and again.items_asked == 0
    assert sum(cost.items_reused for cost in again.costs.values()) == first.items_asked
    shown = newest_race(store.records(races=True))
    assert shown is not None
    assert [(row.candidate, row.fate, row.seconds) for row in shown.rows] == [
        ("bad:F16", "refused", 0.0),
        ("good:F16", "won", 0.0),
    ], "a report shows the race that was run last, though it asked nothing"
    assert shown.items == first.items_asked


def test_a_worker_that_dies_costs_its_candidate_and_keeps_its_answers(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    field = [candidate(tmp_path, "dies", 0, 10, fault="segfault", after=20), candidate(tmp_path, "good", 0, 20)]
    result = run(machine, store, field)
    assert result.winner == "good:F16"
    assert result.entries[0].fate is Fate.FAILED and "SIGSEGV" in result.entries[0].reason
    (failed,) = (record for record in store.records(races=True) if record.candidate_id == "dies:F16")
    assert len(failed.outcome.items) == 20  # type: ignore[union-attr]


def test_an_interrupt_keeps_what_was_answered(machine: Machine, store: Store, tmp_path: Path) -> None:
    field = [candidate(tmp_path, "good", 0, 20)]
    with pytest.raises(KeyboardInterrupt):
        run(machine, store, field, heard=Heard(stop_after=1))
    (kept,) = store.records(races=True)
    assert isinstance(kept.outcome, Measured) and len(kept.outcome.items) == 16
    assert kept.suite_info["race"]["entry"]["fate"] == "interrupted"
    assert run(machine, store, field).winner == "good:F16"


@pytest.mark.usefixtures("undisturbed")
def test_size_and_latency_are_judged_before_any_item(machine: Machine, store: Store, tmp_path: Path) -> None:
    small = Threshold("size_bytes", Direction.LOWER, 25.0, "25B")
    fast = Threshold("latency_p50_ms", Direction.LOWER, 1e-6, "1ns")
    field = [candidate(tmp_path, "slow", 0, 10), candidate(tmp_path, "big", 0, 30)]
    heard = Heard()
    result = run(machine, store, field, ACCURATE, small, fast, heard=heard)
    assert [entry.fate for entry in result.entries] == [Fate.REFUSED, Fate.REFUSED]
    assert result.items_asked == 0 and heard.started == ["slow:F16"], "the big one is refused by its size alone"
    assert race_exit_code(result) is ExitCode.FAIL
    shown = newest_race(store.records(races=True))
    assert shown is not None
    assert [row.fate for row in shown.rows] == ["refused", "refused"]
    assert "size on disk is 30B" in shown.rows[1].reason


def test_a_race_waits_for_quiet_before_it_measures_speed_and_not_for_answers(
    machine: Machine, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(limit_s: float, **_: object) -> None:
        raise ResourceError(f"not quiet within {limit_s:g} s")

    monkeypatch.setattr("rightsize.bench.run.await_quiet", refuse)
    field = [candidate(tmp_path, "good", 0, 20)]
    calm = replace(FAST, quiet_timeout_s=3.0)
    assert run(machine, store, field, settings=calm).winner == "good:F16"
    fast = Threshold("latency_p95_ms", Direction.LOWER, 60_000.0, "60s")
    with pytest.raises(ResourceError, match="not quiet within 3 s"):
        run(machine, store, field, ACCURATE, fast, settings=calm)


@pytest.mark.usefixtures("undisturbed")
def test_a_winner_under_a_latency_limit_was_measured_in_full(
    machine: Machine, store: Store, tmp_path: Path
) -> None:
    fast = Threshold("latency_p95_ms", Direction.LOWER, 60_000.0, "60s")
    result = run(machine, store, [candidate(tmp_path, "good", 0, 20)], ACCURATE, fast)
    assert result.winner == "good:F16"
    (kept,) = store.records(races=True)
    assert isinstance(kept.outcome, Measured)
    latency = next(r for r in kept.outcome.readings if r.metric == "latency_ms")
    assert len(latency.samples) >= 86, "an exact p95 bound at 1.25% error needs 86 requests"


def test_the_reference_is_asked_the_same_items(machine: Machine, store: Store, tmp_path: Path) -> None:
    near = Threshold("score_drop", Direction.LOWER, 0.2, "20% of best", "best")
    field = [
        candidate(tmp_path, "bad", 7, 10),
        candidate(tmp_path, "good", 0, 20),
        candidate(tmp_path, "best", 0, 30),
    ]
    result = run(machine, store, field, near, reference="best")
    assert result.winner == "good:F16"
    assert result.costs["best:F16"].items_asked > 0
    with pytest.raises(UsageError, match="no such candidate"):
        run(machine, store, field, near, reference="other")


def test_a_reference_that_dies_ends_the_race(machine: Machine, store: Store, tmp_path: Path) -> None:
    near = Threshold("score_drop", Direction.LOWER, 0.2, "20% of best", "best")
    field = [candidate(tmp_path, "good", 0, 20), candidate(tmp_path, "best", 0, 30, fault="abort", after=1)]
    with pytest.raises(EngineError, match="the reference best:F16 could not be measured"):
        run(machine, store, field, near, reference="best")


def test_the_order_of_the_items_follows_from_the_suite_alone() -> None:
    assert course_of(suite()) == course_of(replace(suite(), items=tuple(reversed(suite().items))))
    assert [group for group, _ in course_of(suite()).groups] != [f"g{i}" for i in range(ITEMS)]
