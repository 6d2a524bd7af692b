"""A classical method that cannot do one of the tasks is no candidate, whatever it did on another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from rightsize.bench.candidates import baseline_candidates
from rightsize.decide.ranking import recommend
from rightsize.decide.settling import settling
from rightsize.domain import Direction, Record, Skipped, Threshold
from rightsize.flows.unfit import unfit_methods

Build = Callable[..., Record]

ACCURATE = Threshold("score", Direction.HIGHER, 0.2, "20%")
TASKS = ["sql", "classification"]


def method(record: Build, name: str, suite: str = "classification", **more: Any) -> Record:
    """A stored cell of a classical method."""
    found = record(name, suite=suite, suite_sha256=suite, **more)
    (candidate,) = (one for one in baseline_candidates() if one.id == name)
    return replace(found, candidate=asdict(candidate))


def models(record: Build) -> list[Record]:
    return [record("small:Q8_0", suite=task, suite_sha256=task) for task in TASKS]


def test_one_that_was_skipped_takes_no_share_and_gets_no_command(record: Build) -> None:
    skipped = method(record, "baseline:linear", "sql", outcome=Skipped("a classifier needs the same labels"))
    fit = method(record, "baseline:linear", right=150)
    answer = recommend([*models(record), fit, skipped], [ACCURATE], TASKS)
    assert [result.candidate_id for result in answer.candidates] == ["small:Q8_0"]
    assert answer.alpha_each == pytest.approx(0.05)
    assert settling(answer) == ()
    assert answer.notes == ("baseline:linear left out, cannot do sql: a classifier needs the same labels",)


def test_one_that_bench_left_out_is_found_by_asking_it(record: Build) -> None:
    stored = [*models(record), method(record, "baseline:majority"), method(record, "baseline:matching")]
    unfit = unfit_methods(stored, TASKS)
    assert set(unfit) == {"baseline:majority", "baseline:matching"}
    assert set(unfit.values()) == {"cannot do sql: a classifier needs the same labels for every item"}
    answer = recommend(stored, [ACCURATE], TASKS, unfit=unfit)
    assert [result.candidate_id for result in answer.candidates] == ["small:Q8_0"]
    (note,) = answer.notes
    assert note.startswith("baseline:majority, baseline:matching left out, cannot do sql: ")


def test_one_that_suits_the_task_and_was_not_measured_stays_a_candidate(record: Build) -> None:
    stored = [method(record, "baseline:majority", "banking77"), *models(record)]
    assert unfit_methods(stored, ["banking77", "classification"]) == {}
    assert unfit_methods(stored, ["banking77", "a-task-of-somebody-else"]) == {}
