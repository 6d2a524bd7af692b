"""Causes contaminate, symptoms only label, and quiet windows are left alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightsize.stats.trust import Trust, causes, symptoms, trust, worth_repeating

QUIET: dict[str, Any] = {
    "seconds": 2.0,
    "cpus": 2,
    "own_cpu_s": 3.9,
    "other_cpu_s": 0.05,
    "waited_s": 0.001,
    "steal_s": 0.0,
    "swapped_bytes": 0,
    "memory_stall_s": 0.0,
    "throttled_s": 0.0,
    "throttles": 0,
    "on_battery": False,
    "paused_s": 0.0,
}


def window(**seen: Any) -> dict[str, Any]:
    return {**QUIET, **seen}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"other_cpu_s": 1.0}, "other processes used 25% of the processors"),
        ({"waited_s": 1.0, "own_cpu_s": 3.0}, "our threads waited for a processor 25% of their time"),
        ({"steal_s": 0.4}, "the host took 10% of the processors' time"),
        ({"swapped_bytes": 5_000_000}, "5 MB were swapped"),
        ({"memory_stall_s": 0.5}, "memory was short 25% of the time"),
        ({"throttled_s": 0.1}, "a CPU quota held us back 5% of the time"),
        ({"throttles": 3}, "the processor was slowed for its heat 3 times"),
        ({"on_battery": True}, "the machine ran on battery"),
        ({"paused_s": 0.7}, "the process stood still for 0.7 s"),
    ],
)
def test_each_cause_contaminates_and_is_named(seen: dict[str, Any], words: str) -> None:
    assert causes(window(**seen)) == (words,)
    verdict = trust([QUIET, window(**seen), QUIET], repeated=2)
    assert verdict.label is Trust.CONTAMINATED
    assert words in verdict.reason
    assert "(all the time)" in trust([window(**seen)]).reason
    both = trust([window(**seen)] * 2, repeated=1).reason
    assert "(in both windows, although disturbed ones were measured again once)" in both
    assert "(in 1 of 3 windows, although disturbed ones were measured again 2 times)" in verdict.reason


def test_a_quiet_window_and_one_that_the_system_tells_nothing_about_are_no_cause() -> None:
    assert causes(QUIET) == ()
    assert (
        causes({"seconds": 2.0, "cpus": 2, **{key: None for key in QUIET if key not in {"seconds", "cpus"}}})
        == ()
    )


def test_ticks_of_the_kernel_are_not_taken_for_a_process() -> None:
    """In a tenth of a second two ticks of 10 ms on each of two processors may be anybody's."""
    assert causes(window(seconds=0.1, own_cpu_s=0.19, other_cpu_s=0.04)) == ()
    assert causes(window(seconds=0.1, own_cpu_s=0.1, other_cpu_s=0.1)) != ()


def test_threads_that_wait_for_one_another_are_nobody_elses_fault() -> None:
    """Four threads on two processors: each waits half of its time, and the processors are full of our work."""
    assert causes(window(seconds=2.0, own_cpu_s=3.99, waited_s=4.0)) == ()
    assert causes(window(seconds=0.02, own_cpu_s=0.02, other_cpu_s=0.02, waited_s=0.02)) != ()


def test_a_battery_is_a_cause_but_no_reason_to_measure_again() -> None:
    assert not worth_repeating(window(on_battery=True))
    assert worth_repeating(window(on_battery=True, paused_s=0.5))


def test_symptoms_label_and_never_contaminate() -> None:
    verdict = trust([QUIET], ["the last third lies 20% above the first"])
    assert (verdict.label, verdict.reason) == (Trust.NOISY, "the last third lies 20% above the first")
    assert trust([QUIET]).label is Trust.TRUSTED
    assert trust([]).label is None


def test_drift_spread_and_alike_neighbours_are_seen() -> None:
    assert any(
        "last third lies 20% above the first" in s for s in symptoms([1.0] * 40 + [1.1] * 40 + [1.2] * 40)
    )
    assert any("lie" in s for s in symptoms([1.0, 1.5] * 30))
    waves = [1.0 + 0.04 * ((i // 10) % 2) for i in range(120)]
    assert any("autocorrelation" in s for s in symptoms(waves))


def test_work_that_differs_is_not_noise() -> None:
    work = [1.0 + i for i in range(60)]
    assert symptoms(work) != ()
    assert symptoms([3.0 * w for w in work], work) == ()


def test_at_most_one_in_twenty_even_measurements_is_called_noisy() -> None:
    draw = random.Random(3)
    flagged = sum(bool(symptoms([draw.lognormvariate(0, 0.04) for _ in range(120)])) for _ in range(1000))
    few = sum(bool(symptoms([draw.lognormvariate(0, 0.04) for _ in range(8)])) for _ in range(1000))
    assert flagged <= 50 and few <= 50


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20))
def test_no_samples_break_it(samples: list[float]) -> None:
    assert isinstance(symptoms(samples), tuple)
