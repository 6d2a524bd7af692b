"""Recommending: the smallest that passes everything, and honesty about the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rightsize.decide.objective import Minimize
from rightsize.decide.ranking import recommend
from rightsize.decide.recommendation import exit_code
from rightsize.decide.thresholds import judge
from rightsize.domain import Direction, Failed, Record, Skipped, Threshold, Verdict
from rightsize.errors import ExitCode

Build = Callable[..., Record]

ACCURATE = Threshold("score", Direction.HIGHER, 0.9, "90%")
FAST = Threshold("latency_p95_ms", Direction.LOWER, 500.0, "500ms")
TASK = ["extraction"]


def family(record: Build, *rights: int) -> list[Record]:
    """Candidates of growing size with the given numbers of right answers out of 500."""
    return [
        record(f"m{index}:Q8_0", id=index + 1, size_bytes=(index + 1) * 100_000_000, right=right)
        for index, right in enumerate(rights)
    ]


def test_the_smallest_that_passes_everything_wins(record: Build) -> None:
    answer = recommend(family(record, 300, 480, 490), [ACCURATE, FAST], TASK)
    assert answer.winner is not None and answer.winner.candidate_id == "m1:Q8_0"
    assert [c.verdict for c in answer.candidates] == [Verdict.FAIL, Verdict.PASS, Verdict.PASS]
    assert exit_code(answer) is ExitCode.PASS


def test_the_error_is_split_over_candidates_and_not_over_thresholds(record: Build) -> None:
    answer = recommend(family(record, 300, 480, 490, 490), [ACCURATE, FAST], TASK, alpha=0.05)
    assert answer.alpha_each == pytest.approx(0.05 / 4)
    assert {j.alpha for c in answer.candidates for j in c.judgements} == {answer.alpha_each}


def test_many_tries_need_stronger_evidence(record: Build) -> None:
    borderline = family(record, 458)
    assert recommend(borderline, [ACCURATE], TASK).candidates[0].verdict is Verdict.UNDECIDED
    clear = family(record, 464)
    assert recommend(clear, [ACCURATE], TASK).candidates[0].verdict is Verdict.PASS
    crowd = family(record, 464, *[300] * 20)
    assert recommend(crowd, [ACCURATE], TASK).candidates[0].verdict is Verdict.UNDECIDED


def test_a_smaller_undecided_one_is_named_and_strict_minds(record: Build) -> None:
    answer = recommend(family(record, 455, 490), [ACCURATE], TASK)
    assert [c.candidate_id for c in answer.smaller_undecided] == ["m0:Q8_0"]
    assert exit_code(answer) is ExitCode.PASS
    assert exit_code(answer, strict=True) is ExitCode.UNDECIDED


def test_all_failing_is_exit_1_and_any_open_one_is_3(record: Build) -> None:
    assert exit_code(recommend(family(record, 300, 310), [ACCURATE], TASK)) is ExitCode.FAIL
    assert exit_code(recommend(family(record, 300, 455), [ACCURATE], TASK)) is ExitCode.UNDECIDED
    assert exit_code(recommend([], [ACCURATE], TASK)) is ExitCode.UNDECIDED


def test_every_task_must_pass(record: Build) -> None:
    both = [record(right=480), record(suite="sql", suite_sha256="s", right=300)]
    answer = recommend(both, [ACCURATE], ["extraction", "sql"])
    assert answer.candidates[0].verdict is Verdict.FAIL
    only_one = recommend(both[:1], [ACCURATE], ["extraction", "sql"])
    assert only_one.candidates[0].verdict is Verdict.UNDECIDED
    assert only_one.candidates[0].problems == ("sql was not measured",)


def test_broken_and_unfitting_candidates_are_shown_with_their_reason(record: Build) -> None:
    records = [
        record("broke:Q8_0", outcome=Failed("out of memory"), size_bytes=1),
        record("unfit:Q8_0", outcome=Skipped("the task needs likelihoods"), size_bytes=2),
        record("good:Q8_0", right=490, size_bytes=3),
    ]
    answer = recommend(records, [ACCURATE], TASK)
    broke, unfit, _ = answer.candidates
    assert broke.problems == ("failed: out of memory",)
    assert unfit.problems == ("skipped: the task needs likelihoods",)
    assert [c.candidate_id for c in answer.smaller_undecided] == ["broke:Q8_0"]
    assert answer.alpha_each == 0.05  # only one candidate was really tried
    assert exit_code(recommend(records[1:2], [ACCURATE], TASK)) is ExitCode.UNDECIDED
    failing = record("bad:Q8_0", right=100)
    assert exit_code(recommend([records[1], failing], [ACCURATE], TASK)) is ExitCode.FAIL


def test_the_nearest_miss_says_what_would_have_to_change_and_then_passes(record: Build) -> None:
    slow = record("slow:Q8_0", latency_ms=[610.0 + i for i in range(120)])
    slower = record("slower:Q8_0", latency_ms=[2000.0] * 120)
    answer = recommend([slow, slower], [ACCURATE, FAST], TASK)
    miss = answer.nearest_miss
    assert miss is not None and miss.candidate_id == "slow:Q8_0"
    (change,) = miss.changes
    assert (change.flag, change.text) == ("--max-latency", "730ms")
    loosened = Threshold("latency_p95_ms", Direction.LOWER, change.limit, change.text)
    assert judge(loosened, slow, answer.alpha_each).verdict is Verdict.PASS


def test_a_missed_score_is_loosened_downwards(record: Build) -> None:
    answer = recommend(family(record, 400), [ACCURATE], TASK)
    assert answer.nearest_miss is not None
    (change,) = answer.nearest_miss.changes
    assert (change.flag, change.text[0]) == ("--min-accuracy", "7")
    assert change.limit < 0.8


@pytest.mark.parametrize(
    ("minimize", "winner"),
    [(Minimize.SIZE, "a:Q8_0"), (Minimize.MEMORY, "b:Q8_0"), (Minimize.LATENCY, "c:Q8_0")],
)
def test_what_is_minimised_decides_between_those_that_pass(
    record: Build, minimize: Minimize, winner: str
) -> None:
    records = [
        record("a:Q8_0", size_bytes=1, memory_bytes=9e6, latency_ms=[90.0] * 120),
        record("b:Q8_0", size_bytes=2, memory_bytes=1e6, latency_ms=[80.0] * 120),
        record("c:Q8_0", size_bytes=3, memory_bytes=5e6, latency_ms=[10.0] * 120),
    ]
    answer = recommend(records, [ACCURATE], TASK, minimize=minimize)
    assert answer.winner is not None and answer.winner.candidate_id == winner


def test_what_cannot_be_ranked_cannot_win(record: Build) -> None:
    records = family(record, 490, 490)
    answer = recommend(records, [ACCURATE], TASK, minimize=Minimize.COST, costs={"m1:Q8_0": 0.2})
    assert answer.winner is not None and answer.winner.candidate_id == "m1:Q8_0"
    unknown = answer.candidates[-1]
    assert unknown.verdict is Verdict.UNDECIDED
    assert unknown.problems == ("cannot be ranked: its cost is not known",)


def test_embedded_candidates_step_back_once_others_are_measured(record: Build) -> None:
    demo, own = record("demo:F16", embedded=True, size_bytes=1), record("own:Q8_0", size_bytes=2)
    assert recommend([demo], [ACCURATE], TASK).winner is not None
    answer = recommend([demo, own], [ACCURATE], TASK)
    assert [c.candidate_id for c in answer.candidates] == ["own:Q8_0"]
    assert "--include-demo" in answer.notes[0]
    asked = recommend([demo, own], [ACCURATE], TASK, include_demo=True)
    assert asked.winner is not None and asked.winner.candidate_id == "demo:F16"
    broken = record("own:Q8_0", outcome=Failed("corrupted file"))
    assert len(recommend([demo, broken], [ACCURATE], TASK).candidates) == 2


def test_newest_and_fullest_record_speaks(record: Build) -> None:
    old, new = record(id=1, right=300), record(id=2, right=490)
    assert recommend([new, old], [ACCURATE], TASK).winner is not None
    quick = record(id=3, right=5, n=10, limit=10)
    assert recommend([new, old, quick], [ACCURATE], TASK).winner is not None


def test_only_the_newest_version_of_a_suite_counts(record: Build) -> None:
    old = record("old:Q8_0", id=1, suite_sha256="v1")
    new = record("new:Q8_0", id=2, suite_sha256="v2")
    answer = recommend([old, new], [ACCURATE], TASK)
    assert [c.candidate_id for c in answer.candidates] == ["new:Q8_0"]
    assert "1 older version" in answer.notes[0]


def test_this_machine_is_preferred_and_others_give_no_speed(record: Build, here: str, elsewhere: str) -> None:
    there = record(id=2, machine_fingerprint=elsewhere)
    answer = recommend([there], [FAST], TASK, machine_fingerprint=here)
    assert answer.candidates[0].verdict is Verdict.UNDECIDED
    both = recommend([there, record(id=1)], [FAST], TASK, machine_fingerprint=here)
    assert both.winner is not None


def test_results_of_a_file_that_was_replaced_say_nothing_of_its_successor(record: Build) -> None:
    def of_file(sha256: str, **how: object) -> Record:
        made = record(**how)
        return replace(
            made, candidate={**made.candidate, "model": {**made.candidate["model"], "sha256": sha256}}
        )

    old, new = of_file("old", id=1, right=480), of_file("new", id=2, right=30, n=100, limit=100)
    answer = recommend([old, new], [ACCURATE], TASK)
    assert answer.winner is None and answer.candidates[0].verdict is Verdict.FAIL
    assert answer.notes == ("small:Q8_0: results of an earlier file of that name are left out",)
    assert recommend([old], [ACCURATE], TASK).winner is not None


def test_who_goes_on_until_it_passes_is_told_what_that_costs(record: Build) -> None:
    first, then = record(id=1, right=92, n=100, limit=100), record(id=2, right=480)
    (note,) = recommend([first, then], [ACCURATE], TASK).notes
    assert note.startswith("1 candidate had results on fewer items before") and "--race" in note
    assert not recommend([then], [ACCURATE], TASK).notes
    smaller_later = record(id=3, right=92, n=100, limit=100)
    assert not recommend([then, smaller_later], [ACCURATE], TASK).notes
