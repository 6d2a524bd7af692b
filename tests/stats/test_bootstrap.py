"""Resampled intervals: by group, seeded, and absent where data cannot carry them."""

from __future__ import annotations

import numpy as np
import pytest

from rightsize.stats.bootstrap import group_interval, median_ratio_bounds
from rightsize.stats.mean import t_bounds


def mean(values: object) -> float:
    return float(np.mean(np.asarray(values)))


def test_clustered_items_give_a_wider_interval_than_the_same_items_alone() -> None:
    values = [float(group % 2) for group in range(20) for _ in range(10)]
    alone = group_interval(values, [str(i) for i in range(200)], mean)
    grouped = group_interval(values, [str(i // 10) for i in range(200)], mean)
    assert alone.lower is not None and grouped.lower is not None
    assert alone.value == grouped.value == pytest.approx(0.5)
    assert grouped.lower < alone.lower


def test_the_same_data_give_the_same_interval() -> None:
    values = [float(i % 3) for i in range(60)]
    groups = [str(i // 3) for i in range(60)]
    values[0] = 5.0
    assert group_interval(values, groups, mean) == group_interval(values, groups, mean)


@pytest.mark.parametrize(
    ("values", "groups", "why"),
    [
        ([1.0] * 40, [str(i) for i in range(40)], "too uniform"),
        ([1.0, 0.0] * 20, ["a", "b"] * 20, "2 groups"),
        ([], [], "0 groups"),
    ],
)
def test_degenerate_data_give_no_interval_and_the_reason(
    values: list[float], groups: list[str], why: str
) -> None:
    bounds = group_interval(values, groups, mean)
    assert bounds.lower is None and bounds.upper is None
    assert why in bounds.reason


def test_ratio_of_medians_covers_the_true_ratio() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        before, after = rng.lognormal(4, 0.3, 120), 1.2 * rng.lognormal(4, 0.3, 120)
        bounds = median_ratio_bounds(list(after), list(before), 0.05, resamples=500)
        assert bounds.lower is not None and bounds.upper is not None
        hits += bounds.lower <= 1.2 <= bounds.upper
    assert hits / 60 >= 0.8


def test_ratio_needs_samples_and_something_to_compare_with() -> None:
    assert "needs at least 10" in median_ratio_bounds([1.0] * 5, [1.0] * 20, 0.05).reason
    assert median_ratio_bounds([1.0], [], 0.05).value is None
    assert "too uniform" in median_ratio_bounds([2.0] * 20, [1.0] * 20, 0.05).reason


def test_student_t_needs_three_windows() -> None:
    assert t_bounds([1.0, 2.0], 0.05).lower is None
    bounds = t_bounds([1.0, 2.0, 3.0], 0.05)
    # t(0.95, 2 degrees) = 2.9200, standard error 1 / sqrt(3)
    assert bounds.upper == pytest.approx(2 + 2.9200 / np.sqrt(3), abs=1e-3)


def test_bca_agrees_with_scipy_where_items_are_their_own_groups() -> None:
    from scipy.stats import bootstrap

    values = [float(v) for v in np.random.default_rng(3).lognormal(0, 1, 90)]
    ours = group_interval(values, [str(i) for i in range(90)], mean, resamples=4000)
    theirs = bootstrap((values,), np.mean, n_resamples=4000, method="BCa", rng=3).confidence_interval
    # Ours is a little wider: its level allows for 90 samples being few.
    assert ours.lower == pytest.approx(theirs.low, abs=0.06)
    assert ours.upper == pytest.approx(theirs.high, abs=0.12)
    assert ours.method == "BCa bootstrap over 90 groups"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_samples_that_are_no_numbers_give_no_interval_and_the_reason(bad: float) -> None:
    samples = [1.0, 2.0, bad] * 10
    assert "10 of 60" in median_ratio_bounds(samples, [1.0, 2.0, 3.0] * 10, 0.05).reason
    assert "no finite numbers" in t_bounds(samples, 0.05).reason
    names = [str(i) for i in range(30)]
    assert group_interval(samples, names, mean).lower is None
