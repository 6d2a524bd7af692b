"""The race as a state machine: its three ends, its error over many candidates, and awkward thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from rightsize.decide.race import Race
from rightsize.decide.race_course import AskItems, Confirm, Course, Finished, Probe, ScoreTest
from rightsize.decide.race_rules import RaceRules, Refusal, Share, hope_of, standing
from rightsize.decide.race_trace import Fate
from rightsize.domain import Direction, Judgement, Threshold, Verdict
from rightsize.stats.sequence import Groups


def course(items: int, size: int = 1) -> Course:
    ids = [str(i) for i in range(items)]
    groups = tuple((f"g{at}", tuple(ids[at : at + size])) for at in range(0, items, size))
    return Course("task", groups)


def answers(means: list[float], items: int, seed: int = 0) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    return {
        f"c{k}": {str(i): float(right) for i, right in enumerate(rng.random(items) < mean)}
        for k, mean in enumerate(means)
    }


def run(race: Race, known: dict[str, dict[str, float]]) -> dict[str, int]:
    """Drive a race on known answers; how many items each candidate was asked."""
    asked: dict[str, int] = {}
    while not isinstance(step := race.step(), Finished):
        assert isinstance(step, AskItems)
        asked[step.candidate] = len(step.items)
        race.hear_scores(step.candidate, step.task, {i: known[step.candidate][i] for i in step.items})
    return asked


def a_race(known: dict[str, dict[str, float]], limit: float, **others: object) -> Race:
    items = len(next(iter(known.values())))
    return Race(list(known), {"task": course(items)}, [ScoreTest("task", limit)], **others)  # type: ignore[arg-type]


def test_a_clear_winner_takes_a_fraction_of_the_items_and_larger_ones_none() -> None:
    known = answers([0.2, 0.4, 0.95, 0.97, 0.98], 600)
    race = a_race(known, 0.8)
    asked = run(race, known)
    assert race.winner == "c2"
    assert set(asked) == {"c0", "c1", "c2"}
    assert sum(asked.values()) < 5 * 600 / 8
    assert [entry.fate for entry in race.trace] == [Fate.REFUSED, Fate.REFUSED, Fate.WON]
    assert race.trace[0].bounds is not None


def test_nobody_qualifies() -> None:
    known = answers([0.2, 0.4, 0.5], 600)
    race = a_race(known, 0.8)
    run(race, known)
    assert race.winner is None
    assert {entry.fate for entry in race.trace} == {Fate.REFUSED}


def test_on_the_limit_it_stays_undecided_and_says_how_many_more_items() -> None:
    known = answers([0.8], 200, seed=3)
    race = a_race(known, 0.8)
    asked = run(race, known)
    assert race.winner is None and race.trace[0].fate is Fate.UNDECIDED
    assert race.trace[0].more_items is None or race.trace[0].more_items > 0
    assert asked["c0"] <= 200


@pytest.mark.parametrize("means", [[0.3, 0.8, 0.3, 0.8, 0.79], [0.95, 0.8, 0.8]])
def test_no_false_acceptance_above_the_promise_however_many_are_tried(means: list[float]) -> None:
    """Candidates on the edge (0.799) must be accepted in at most 5% of races, all of them together."""
    runs, wrong = 150, 0
    for seed in range(runs):
        known = answers([min(mean, 0.799) for mean in means], 150, seed)
        race = a_race(known, 0.8)
        run(race, known)
        wrong += race.winner is not None
    assert wrong <= runs * 0.05 + 3 * (runs * 0.05 * 0.95) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_thirty_on_the_edge_are_no_more_often_accepted_than_one(alike: float) -> None:
    """The worst case: each just below the limit, on many items, their answers independent or alike."""
    runs, wrong = 80, 0
    for seed in range(runs):
        known = edge_cases(30, 500, alike, seed)
        race = a_race(known, 0.8, rules=RaceRules(growth=1.0, most_items=500))
        run(race, known)
        wrong += race.winner is not None
    assert wrong <= runs * 0.05 + 2 * (runs * 0.05 * 0.95) ** 0.5


def edge_cases(many: int, items: int, alike: float, seed: int) -> dict[str, dict[str, float]]:
    """Candidates that are right on 80% of the items; ``alike`` is how much of the difficulty they share."""
    rng = np.random.default_rng(seed)
    own, shared = rng.normal(size=(many, items)), rng.normal(size=items)
    right = np.sqrt(1 - alike) * own + np.sqrt(alike) * shared < ndtri(0.8)
    return {f"c{k}": {str(i): float(x) for i, x in enumerate(row)} for k, row in enumerate(right)}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_shares_add_up_to_the_promise_whatever_the_pilots_say(hopes: list[float]) -> None:
    rules = RaceRules()
    left = rules.alpha
    for others, hope in zip(range(len(hopes) - 1, -1, -1), hopes, strict=True):
        share = Share.of(left, hope, others, rules)
        assert 0 < share.whole <= left + 1e-15
        left -= share.whole
    assert left == pytest.approx(0, abs=1e-12)


def test_the_hopeless_leave_their_share_to_later_ones() -> None:
    rules = RaceRules()
    good, bad = (hope_of(Groups((score,) * 16, (1,) * 16, 1), 0.8) for score in (1.0, 0.0))
    assert Share.of(0.05, bad, 8, rules).whole < 0.05 * Share.of(0.05, good, 8, rules).whole
    assert hope_of(Groups((), (), 1), 0.8) == 0.5


def test_the_pilot_is_no_evidence_for_acceptance() -> None:
    right = Groups((1.0,) * 400, (1,) * 400, 1)
    assert standing(right, 0.8, 0.01, 0.05).passed
    assert standing(right, 0.8, 0.01, 0.05, watched=400).verdict is None
    known = {"c0": {str(i): 1.0 if i < 16 else float(i % 8 != 0) for i in range(200)}}
    race = a_race(known, 0.8, rules=RaceRules(futile=0.99))
    run(race, known)
    assert race.winner == "c0" and race.trace[0].bounds is not None
    assert race.trace[0].bounds.n == 184


def test_a_coin_on_its_edge_is_no_plan_for_more_items() -> None:
    known = {"c0": {str(i): float(i % 5 != 0) for i in range(400)}}
    plans = []
    for limit in (0.798, 0.82):
        race = a_race(known, limit)
        run(race, known)
        plans.append(race.trace[0].more_items)
    assert plans[0] is None
    assert plans[1] is not None and 0 < plans[1] < 100_000


def test_small_suites_and_few_groups_have_no_pilot() -> None:
    rules = RaceRules()
    assert [rules.pilot(course(items)) for items in (5, 60, 160, 1000)] == [0, 6, 16, 16]
    assert rules.pilot(course(300, size=100)) == 0


def test_known_answers_are_judged_without_asking() -> None:
    known = answers([0.2, 0.95], 400)
    race = a_race(known, 0.8)
    for name, scores in known.items():
        race.hear_scores(name, "task", scores)
    assert race.step() == Finished("c1")


@pytest.mark.parametrize(("limit", "mean", "fate"), [(0.0, 0.0, Fate.WON), (1.0, 0.9, Fate.REFUSED)])
def test_limits_of_exactly_zero_and_one(limit: float, mean: float, fate: Fate) -> None:
    known = answers([mean], 100)
    race = a_race(known, limit)
    asked = run(race, known)
    assert race.trace[-1].fate is fate
    assert sum(asked.values()) <= (0 if limit == 0 else 64)


def test_all_right_at_a_limit_of_one_is_never_proven() -> None:
    known = answers([1.0], 100)
    race = a_race(known, 1.0)
    run(race, known)
    assert race.winner is None and race.trace[0].fate is Fate.UNDECIDED


@pytest.mark.parametrize("items", [1, 2])
def test_too_few_items_decide_nothing(items: int) -> None:
    known = answers([1.0], items)
    race = a_race(known, 0.9)
    run(race, known)
    assert race.winner is None and race.trace[0].fate is Fate.UNDECIDED


def test_a_score_that_is_no_number_is_refused() -> None:
    race = a_race(answers([0.5], 10), 0.5)
    with pytest.raises(ValueError, match="lie in"):
        race.hear_scores("c0", "task", {"0": float("nan")})


def test_equal_candidates_run_in_the_order_given() -> None:
    same = answers([0.95], 300)["c0"]
    known = {"first": same, "second": same}
    race = a_race(known, 0.8)
    run(race, known)
    assert race.winner == "first"


def test_groups_are_asked_whole() -> None:
    race = Race(["a"], {"task": course(100, size=7)}, [ScoreTest("task", 0.5)])
    step = race.step()
    assert isinstance(step, AskItems) and len(step.items) == 21


def test_relative_limits_compare_the_same_items_with_the_reference() -> None:
    rng = np.random.default_rng(8)
    base = {str(i): float(x) for i, x in enumerate(rng.random(800) < 0.7)}
    near = {i: (1 - s if rng.random() < 0.01 else s) for i, s in base.items()}
    far = {i: (0.0 if rng.random() < 0.2 else s) for i, s in base.items()}
    known = {"far": far, "near": near, "reference": base}
    race = Race(list(known), {"task": course(800)}, [ScoreTest("task", 0.05, "reference")])
    asked = run(race, known)
    assert [entry.fate for entry in race.trace] == [Fate.REFUSED, Fate.WON]
    assert race.winner == "near" and asked["near"] < 800


def test_the_reference_itself_qualifies_when_nothing_smaller_does() -> None:
    rng = np.random.default_rng(9)
    base = {str(i): float(x) for i, x in enumerate(rng.random(300) < 0.9)}
    known = {"bad": dict.fromkeys(base, 0.0), "reference": base}
    race = Race(list(known), {"task": course(300)}, [ScoreTest("task", 0.02, "reference")])
    run(race, known)
    assert race.winner == "reference"


def judgement(verdict: Verdict) -> Judgement:
    latency = Threshold("latency_p95_ms", Direction.LOWER, 500.0, "500ms")
    return Judgement(latency, verdict, 400.0, 300.0, 600.0, 8, 0.05, "order statistics", "p95 is so and so")


def test_cheap_facts_come_first_and_refuse_before_any_item() -> None:
    known = answers([0.95, 0.95], 300)
    race = a_race(known, 0.8, facts=1)
    assert isinstance(race.step(), Probe)
    race.hear_facts([judgement(Verdict.FAIL)])
    assert race.trace[0].fate is Fate.REFUSED and race.trace[0].items == 0
    step = race.step()
    assert isinstance(step, Probe) and step.candidate == "c1"
    race.hear_facts([judgement(Verdict.UNDECIDED)])
    while isinstance(step := race.step(), AskItems):
        race.hear_scores(step.candidate, "task", {i: known["c1"][i] for i in step.items})
    assert isinstance(step, Confirm) and step.alpha == pytest.approx(0.05 * 0.5 / 2)
    race.hear_facts([judgement(Verdict.PASS)])
    assert race.winner == "c1"


def test_facts_alone_have_the_error_of_their_candidate() -> None:
    race = Race(["a", "b", "c", "d"], {}, [], facts=1)
    for verdicts in ([], [judgement(Verdict.UNDECIDED)]):
        race.step()
        race.hear_facts(verdicts)
    assert race.trace[0].fate is Fate.UNDECIDED
    race.step()
    race.hear_facts([])
    step = race.step()
    assert isinstance(step, Confirm) and step.alpha == pytest.approx(0.05 / 4)


def test_several_limits_on_facts_share_the_error_of_refusing() -> None:
    one, six = (Refusal.of(RaceRules(), 2, facts) for facts in (1, 6))
    assert six.probe == pytest.approx(one.probe / 6) and six.full == pytest.approx(one.full / 6)
    for refusal, facts in ((one, 1), (six, 6)):
        spent = 2 * (refusal.bets + refusal.last) + facts * (refusal.probe + refusal.full)
        assert spent == pytest.approx(RaceRules().refuse_alpha)


def test_a_candidate_that_breaks_costs_itself() -> None:
    known = answers([0.9, 0.95], 300)
    race = a_race(known, 0.7)
    race.step()
    race.hear_failure("c0", "out of memory")
    run(race, known)
    assert race.trace[0].fate is Fate.FAILED and race.winner == "c1"
    with pytest.raises(ValueError, match="not the one that runs"):
        a_race(known, 0.7).hear_failure("c1", "no")


@pytest.mark.parametrize("bad", [{"alpha": 0.0}, {"alpha": float("nan")}, {"first_items": 0}])
def test_rules_that_cannot_be_meant(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="inside"):
        RaceRules(**bad)  # type: ignore[arg-type]
