"""One threshold, one record: what passes, what fails, and what stays open and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rightsize.decide.thresholds import OTHER_MACHINE, flag_of, judge
from rightsize.domain import Direction, Failed, Provenance, Record, Threshold, Verdict

Build = Callable[..., Record]


def at_least(metric: str, limit: float) -> Threshold:
    return Threshold(metric, Direction.HIGHER, limit, str(limit))


def at_most(metric: str, limit: float) -> Threshold:
    return Threshold(metric, Direction.LOWER, limit, str(limit))


@pytest.mark.parametrize(
    ("right", "verdict"), [(475, Verdict.PASS), (455, Verdict.UNDECIDED), (420, Verdict.FAIL)]
)
def test_a_score_passes_and_fails_only_by_its_bounds(record: Build, right: int, verdict: Verdict) -> None:
    judged = judge(at_least("score", 0.9), record(right=right), 0.05)
    assert judged.verdict is verdict
    assert judged.method == "Clopper-Pearson"
    assert judged.bound_low is not None and judged.bound_high is not None
    assert (judged.bound_low >= 0.9) == (verdict is Verdict.PASS)
    assert (judged.bound_high < 0.9) == (verdict is Verdict.FAIL)


def test_items_of_one_template_decide_less_than_independent_ones(record: Build) -> None:
    alone = judge(at_least("score", 0.9), record(right=475), 0.05)
    grouped = judge(at_least("score", 0.9), record(right=475, per_group=20), 0.05)
    assert alone.verdict is Verdict.PASS
    assert grouped.verdict is Verdict.UNDECIDED
    assert grouped.method == "betting over 25 groups"


@pytest.mark.parametrize(
    ("limit", "verdict"), [(115.0, Verdict.PASS), (111.0, Verdict.UNDECIDED), (90.0, Verdict.FAIL)]
)
def test_latency_is_judged_by_order_statistics(record: Build, limit: float, verdict: Verdict) -> None:
    judged = judge(at_most("latency_p95_ms", limit), record(), 0.05)
    assert judged.verdict is verdict
    assert judged.method == "order statistics"
    assert judged.n == 120


def test_too_few_requests_leave_p95_open_and_say_how_many_would_do(record: Build) -> None:
    judged = judge(at_most("latency_p95_ms", 500), record(latency_ms=[100.0] * 20), 0.05)
    assert judged.verdict is Verdict.UNDECIDED
    assert judged.more_needed == 39
    assert "need 59 samples, there are 20" in judged.reason


def test_many_slow_samples_fail_even_when_few(record: Build) -> None:
    judged = judge(at_most("latency_p95_ms", 50), record(latency_ms=[100.0] * 20), 0.05)
    assert judged.verdict is Verdict.FAIL


def test_tokens_per_s_is_a_median_to_reach(record: Build) -> None:
    assert judge(at_least("decode_tokens_per_s", 40), record(), 0.05).verdict is Verdict.PASS
    assert judge(at_least("decode_tokens_per_s", 60), record(), 0.05).verdict is Verdict.FAIL
    few = judge(at_least("decode_tokens_per_s", 40), record(decode_tokens_per_s=[50, 51]), 0.05)
    assert few.verdict is Verdict.UNDECIDED
    assert few.more_needed == 3


@pytest.mark.parametrize(("metric", "value"), [("memory_bytes", 500e6), ("size_bytes", 100e6)])
def test_memory_and_size_are_taken_as_observed(record: Build, metric: str, value: float) -> None:
    assert judge(at_most(metric, value), record(), 0.05).verdict is Verdict.PASS
    assert judge(at_most(metric, value - 1), record(), 0.05).verdict is Verdict.FAIL


def test_a_modelled_energy_counts_with_its_stated_error(record: Build, joules: Callable[..., object]) -> None:
    modelled = record(energy_j=joules(2.0, 2.0, 2.0, low=0.5, high=1.5))
    assert judge(at_most("energy_j_per_request", 3.0), modelled, 0.05).verdict is Verdict.PASS
    assert judge(at_most("energy_j_per_request", 2.5), modelled, 0.05).verdict is Verdict.UNDECIDED
    failed = judge(at_most("energy_j_per_request", 0.9), modelled, 0.05)
    assert failed.verdict is Verdict.FAIL
    assert failed.provenance is Provenance.MODELLED


def test_energy_windows_get_an_interval(record: Build, joules: Callable[..., object]) -> None:
    windows = record(energy_j=joules(1.9, 2.0, 2.1, 2.0, 2.0, 2.0))
    assert judge(at_most("energy_j_per_request", 2.2), windows, 0.05).verdict is Verdict.PASS
    assert judge(at_most("energy_j_per_request", 2.01), windows, 0.05).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("limit", [0.1, 100.0])
@pytest.mark.parametrize("windows", [(2.0,), (2.0, 2.1)])
def test_one_or_two_windows_of_energy_decide_nothing(
    record: Build, joules: Callable[..., object], windows: tuple[float, ...], limit: float
) -> None:
    judged = judge(at_most("energy_j_per_request", limit), record(energy_j=joules(*windows)), 0.05)
    assert judged.verdict is Verdict.UNDECIDED
    assert (judged.bound_low, judged.bound_high, judged.more_needed) == (None, None, 3 - len(windows))
    assert f"an interval needs 3 windows, there are {len(windows)}" in judged.reason
    assert "time at least 3 requests" in judged.reason


def test_what_is_absent_is_undecided_with_the_reason_and_no_number(record: Build) -> None:
    judged = judge(at_most("energy_j_per_request", 1.0), record(), 0.05)
    assert judged.verdict is Verdict.UNDECIDED
    assert judged.value is None and judged.bound_low is None
    assert judged.reason == "no energy counter is readable"
    broken = judge(at_least("score", 0.5), record(outcome=Failed("out of memory")), 0.05)
    assert (broken.verdict, broken.reason) == (Verdict.UNDECIDED, "out of memory")


def test_speed_of_another_machine_decides_nothing_but_its_score_does(
    record: Build, here: str, elsewhere: str
) -> None:
    other = record(machine_fingerprint=elsewhere)
    speed = judge(at_most("latency_p95_ms", 500), other, 0.05, machine_fingerprint=here)
    score = judge(at_least("score", 0.9), other, 0.05, machine_fingerprint=here)
    assert (speed.verdict, speed.reason, speed.value) == (Verdict.UNDECIDED, OTHER_MACHINE, None)
    assert score.verdict is Verdict.PASS


def test_more_items_are_asked_for_as_far_as_the_suite_has_them(record: Build) -> None:
    threshold = at_least("score", 0.9)
    part = judge(threshold, record(right=93, n=100, limit=100, suite_items=5000), 0.05)
    assert part.more_needed is not None and part.more_needed > 50
    assert "more items would settle it" in part.reason
    few_left = judge(threshold, record(right=93, n=100, limit=100, suite_items=120), 0.05)
    assert few_left.more_needed is None
    assert "the suite has only 20 more" in few_left.reason
    none_left = judge(threshold, record(right=460, n=500), 0.05)
    assert none_left.more_needed is None
    assert "the suite has no more" in none_left.reason


def test_the_estimate_of_what_is_needed_does_settle_it(record: Build) -> None:
    part = judge(at_least("score", 0.9), record(right=93, n=100, suite_items=None), 0.05)
    assert part.more_needed is not None
    n = 100 + part.more_needed
    assert judge(at_least("score", 0.9), record(right=round(0.93 * n), n=n), 0.05).verdict is Verdict.PASS


def test_exactly_at_the_limit_no_number_of_items_is_promised(record: Build) -> None:
    judged = judge(at_least("score", 0.9), record(right=450), 0.05)
    assert judged.more_needed is None
    assert "too close to the limit" in judged.reason


def test_every_threshold_has_its_flag() -> None:
    assert flag_of("score") == "--min-accuracy"
    assert flag_of("latency_p99_ms") == "--max-latency"
    assert flag_of("ttft_p95_ms") == "--max-ttft"
