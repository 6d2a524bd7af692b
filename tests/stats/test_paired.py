"""Paired drops: exact by enumeration of all outcomes, as strong as McNemar, by group where items share one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial

from rightsize.stats.binomial import mcnemar_p, mcnemar_worse_p
from rightsize.stats.paired import drop_lower_bound, drop_p, paired_drop_bounds, paired_non_inferiority
from rightsize.stats.sample_size import non_inferiority_sample_size

COUNTS = st.integers(1, 120).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n)).filter(lambda t: t[0] + t[1] <= t[2])
)


@pytest.mark.parametrize(("lost", "won"), [(0.03, 0.03), (0.2, 0.1), (0.02, 0.0), (0.5, 0.4), (0.0, 0.3)])
@pytest.mark.parametrize("n", [6, 14])
def test_the_lower_bound_exceeds_the_true_drop_at_most_alpha(lost: float, won: float, n: int) -> None:
    alpha, missed = 0.05, 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            chance = float(multinomial.pmf([b, c, n - b - c], n, [lost, won, 1 - lost - won]))
            if chance > 1e-9 and drop_lower_bound(b, c, n, alpha) > lost - won + 1e-9:
                missed += chance
    assert missed <= alpha


@pytest.mark.parametrize(
    ("n", "limit", "alpha"), [(50, 0.05, 0.01), (50, 0.0, 0.05), (30, -0.05, 0.01), (20, 0.3, 0.01)]
)
def test_the_error_is_at_most_alpha_at_the_worst_share_of_wins(n: int, limit: float, alpha: float) -> None:
    """The first was 0.01015 while that share was searched on 21 points only."""
    chances = np.linspace(max(0.0, -limit), (1 - limit) / 2, 4001)
    lost_chances = np.clip((chances + limit) / (1 - chances), 0, 1)
    error = np.zeros_like(chances)
    for won in range(n + 1):
        rejected = [lost for lost in range(n + 1 - won) if drop_p(lost, won, n, limit) <= alpha]
        given_won = sum((binom.pmf(lost, n - won, lost_chances) for lost in rejected), np.zeros_like(chances))
        error += binom.pmf(won, n, chances) * given_won
    assert error.max() <= alpha


def test_the_bound_errs_at_most_alpha_where_the_score_test_alone_does_not() -> None:
    """It was 0.01005: the drops that the score test rejects are no single stretch, and were taken for one."""
    n, drop, won, missed = 25, -0.07168, 0.51859, 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            chance = float(multinomial.pmf([b, c, n - b - c], n, [won + drop, won, 1 - drop - 2 * won]))
            if chance > 1e-9 and drop_lower_bound(b, c, n, 0.01) > drop:
                missed += chance
    assert missed <= 0.01


@settings(max_examples=20, deadline=None)
@given(COUNTS, st.sampled_from([0.01, 0.05]))
def test_losing_one_more_raises_the_bound(counts: tuple[int, int, int], alpha: float) -> None:
    lost, won, n = counts
    if lost + won < n:
        assert drop_lower_bound(lost, won, n, alpha) <= drop_lower_bound(lost + 1, won, n, alpha) + 1e-4


@settings(max_examples=12, deadline=None)
@given(COUNTS, st.sampled_from([0.01, 0.05]))
def test_bounds_enclose_the_drop_and_mirror_when_the_sides_swap(
    counts: tuple[int, int, int], alpha: float
) -> None:
    lost, won, n = counts
    before = [1.0] * lost + [0.0] * won + [1.0] * (n - lost - won)
    after = [0.0] * lost + [1.0] * won + [1.0] * (n - lost - won)
    names = [str(i) for i in range(n)]
    bounds, swapped = (paired_drop_bounds(*sides, names, alpha) for sides in ((before, after), (after, before)))
    assert bounds.lower is not None and bounds.upper is not None and bounds.value is not None
    assert -1 <= bounds.lower <= bounds.value <= bounds.upper <= 1
    assert swapped.lower == pytest.approx(-bounds.upper)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_at_no_drop_it_decides_like_mcnemar(lost: int, won: int) -> None:
    n = 400
    worse, exact = mcnemar_worse_p(lost, won), drop_p(lost, won, n, 0.0)
    # The unconditional test is a little stronger, never much weaker.
    assert exact <= max(worse * 1.05 + 2e-4, 0.5) or lost <= won
    assert mcnemar_p(lost, won) == pytest.approx(min(1, 2 * min(worse, mcnemar_worse_p(won, lost))))


def test_identical_answers_leave_a_drop_of_one_minus_the_root_of_alpha() -> None:
    same = paired_drop_bounds([1.0] * 59, [1.0] * 59, [str(i) for i in range(59)], 0.05)
    assert same.value == 0.0
    assert same.upper == pytest.approx(1 - 0.05 ** (1 / 59), abs=5e-4)


def test_non_inferiority_holds_fails_or_stays_open() -> None:
    names = [str(i) for i in range(1000)]
    right = [1.0] * 1000
    worse = [0.0] * 100 + [1.0] * 900
    assert paired_non_inferiority(right, right, names, margin=0.02, alpha=0.05).holds is True
    assert paired_non_inferiority(right, worse, names, margin=0.02, alpha=0.05).holds is False
    assert paired_non_inferiority(right, worse, names, margin=0.10, alpha=0.05).holds is None


def test_items_that_share_a_group_are_not_counted_alone() -> None:
    before, after = [1.0] * 200, [0.0] * 20 + [1.0] * 180
    alone = paired_drop_bounds(before, after, [str(i) for i in range(200)], 0.05)
    grouped = paired_drop_bounds(before, after, [str(i // 20) for i in range(200)], 0.05)
    assert alone.lower is not None and grouped.lower is not None and alone.lower > grouped.lower
    assert "10 groups" in grouped.method


@pytest.mark.parametrize(
    ("before", "after", "lower", "upper"),
    [
        ([], [], None, None),
        ([1.0], [1.0], -0.95, 0.95),
        ([0.0], [0.0], -0.95, 0.95),
        ([1.0], [0.0], -0.90, 1.0),
    ],
)
def test_no_item_and_one_item(
    before: list[float], after: list[float], lower: float | None, upper: float | None
) -> None:
    bounds = paired_drop_bounds(before, after, ["a"] * len(before), 0.05)
    assert bounds.lower == (None if lower is None else pytest.approx(lower, abs=2e-3))
    assert bounds.upper == (None if upper is None else pytest.approx(upper, abs=2e-3))


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"every score in \[0, 1\]"):
        paired_drop_bounds([float("nan"), 1.0], [1.0, 1.0], ["a", "b"], 0.05)
    with pytest.raises(ValueError):
        paired_drop_bounds([1.0], [], ["a"], 0.05)
    with pytest.raises(ValueError, match="lost \\+ won <= n"):
        drop_lower_bound(3, 3, 5, 0.05)


def test_the_number_of_items_has_the_promised_power() -> None:
    margin, discordance = 0.05, 0.06
    n = non_inferiority_sample_size(margin, discordance)
    rng = np.random.default_rng(5)
    half = discordance / 2
    draws = rng.multinomial(n, [half, half, 1 - discordance], size=60)
    shown = np.mean([-drop_lower_bound(int(won), int(lost), n, 0.05) <= margin for lost, won, _ in draws])
    assert 0.55 <= shown <= 0.95
    with pytest.raises(ValueError, match="drop < margin"):
        non_inferiority_sample_size(0.02, 0.1, drop=0.02)
