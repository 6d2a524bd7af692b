"""Percentile bounds: exact by enumeration, honest when samples are few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from rightsize.stats.order import least_samples, lower_rank, quantile, quantile_bounds, upper_rank

SAMPLES = st.lists(st.floats(0.1, 1e6), min_size=1, max_size=200)
QUANTILES = st.sampled_from([0.5, 0.9, 0.95, 0.99])


@pytest.mark.parametrize("n", [5, 59, 120, 400])
@pytest.mark.parametrize("q", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_ranks_miss_at_most_alpha_and_the_next_rank_would_miss_more(n: int, q: float, alpha: float) -> None:
    # How many of n samples lie below the true quantile is Binomial(n, q); count the ones where a rank misses.
    below = [float(binom.pmf(count, n, q)) for count in range(n + 1)]
    upper, lower = upper_rank(n, q, alpha), lower_rank(n, q, alpha)
    if upper is not None:
        assert sum(below[upper:]) <= alpha + 1e-12
        assert upper == 1 or sum(below[upper - 1 :]) > alpha - 1e-12
    if lower is not None:
        assert sum(below[:lower]) <= alpha + 1e-12
        assert lower == n or sum(below[: lower + 1]) > alpha - 1e-12


def test_p95_at_five_percent_needs_59_samples() -> None:
    assert least_samples(0.95, 0.05) == 59
    assert least_samples(0.5, 0.05) == 5
    assert upper_rank(58, 0.95, 0.05) is None
    assert upper_rank(59, 0.95, 0.05) == 59


@given(QUANTILES, st.floats(1e-4, 0.3))
def test_the_least_number_is_the_least(q: float, alpha: float) -> None:
    n = least_samples(q, alpha)
    assert upper_rank(n, q, alpha) is not None
    assert n == 1 or upper_rank(n - 1, q, alpha) is None


def test_too_few_samples_say_so() -> None:
    bounds = quantile_bounds([10.0] * 20, 0.95, 0.05)
    assert bounds.upper is None
    assert bounds.lower == 10.0
    assert bounds.least_n == 59
    assert "need 59 samples, there are 20" in bounds.reason
    assert quantile_bounds([], 0.95, 0.05).value is None


def test_quantile_is_a_sample() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile(list(range(1, 101)), 0.95) == 95
    assert quantile(list(range(1, 21)), 0.95) == 19
    assert quantile([7], 0.99) == 7


@given(SAMPLES, QUANTILES)
def test_bounds_are_ordered_and_widen_as_error_shrinks(samples: list[float], q: float) -> None:
    loose, tight = quantile_bounds(samples, q, 0.1), quantile_bounds(samples, q, 0.01)
    assert loose.value is not None
    if loose.lower is not None:
        assert loose.lower <= loose.value
    if loose.upper is not None:
        assert loose.upper >= loose.value
    if tight.upper is not None:
        assert loose.upper is not None and tight.upper >= loose.upper
    if tight.lower is not None:
        assert loose.lower is not None and tight.lower <= loose.lower


@given(SAMPLES, QUANTILES, st.floats(0, 1000))
def test_slower_samples_never_lower_a_bound(samples: list[float], q: float, extra: float) -> None:
    before, after = quantile_bounds(samples, q, 0.05), quantile_bounds([x + extra for x in samples], q, 0.05)
    for old, new in ((before.lower, after.lower), (before.upper, after.upper)):
        assert (old is None) == (new is None)
        if old is not None and new is not None:
            assert new >= old


@pytest.mark.parametrize(
    ("q", "alpha", "least"),
    [(0.95, 0.05, 59), (0.99, 0.05, 299), (0.95, 0.05 / 10, 104), (0.99, 0.05 / 10, 528), (0.5, 0.05, 5)],
)
def test_too_few_samples_for_a_percentile_are_named(q: float, alpha: float, least: int) -> None:
    assert least_samples(q, alpha) == least
    few = quantile_bounds([1.0] * (least - 1), q, alpha)
    assert few.upper is None and few.least_n == least
    assert few.reason == f"bounds of p{100 * q:g} need {least} samples, there are {least - 1}"
    assert quantile_bounds([1.0] * least, q, alpha).upper == 1.0


def test_samples_that_are_no_numbers() -> None:
    bounds = quantile_bounds([1.0, float("nan")] * 60, 0.95, 0.05)
    assert bounds.lower is None and bounds.upper is None
    assert bounds.reason == "60 of 120 samples are no finite numbers"


@pytest.mark.parametrize(("q", "alpha"), [(0.0, 0.05), (1.0, 0.05), (0.95, 0.0), (float("nan"), 0.05)])
def test_quantiles_and_errors_lie_inside_zero_and_one(q: float, alpha: float) -> None:
    with pytest.raises(ValueError, match="0 < q < 1"):
        least_samples(q, alpha)
