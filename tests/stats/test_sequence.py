"""Evidence that is looked at while it grows: the promised error holds under the worst stopping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rightsize.stats.sequence import (
    Groups,
    anytime_bounds,
    as_groups,
    betting_log_capital,
    log_capital_above,
    log_capital_below,
    paired_groups,
)

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=80)


def alone(scores: list[float]) -> Groups:
    return Groups(tuple(scores), (1,) * len(scores), 1)


@pytest.mark.parametrize("limit", [0.1, 0.5, 0.8, 0.95])
def test_stopping_at_the_best_moment_still_errs_at_most_alpha(limit: float) -> None:
    """The adversary stops as soon as the capital is high enough; the truth lies exactly on the limit."""
    runs, alpha = 2000, 0.1
    right = np.random.default_rng(1).random((runs, 400)) < limit
    ever = betting_log_capital(right - limit, limit).max(axis=1) >= math.log(1 / alpha)
    assert ever.mean() <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def test_groups_of_items_that_go_together_keep_the_error() -> None:
    rng, runs, alpha, limit, size = np.random.default_rng(2), 1500, 0.1, 0.6, 5
    chance = rng.beta(limit * 2, (1 - limit) * 2, (runs, 120, 1))
    sums = (rng.random((runs, 120, size)) < chance).sum(axis=2)
    ever = betting_log_capital((sums - limit * size) / size, limit).max(axis=1) >= math.log(1 / alpha)
    assert ever.mean() <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def test_a_clear_difference_is_seen_after_a_few_dozen_items() -> None:
    rng = np.random.default_rng(3)
    capital = betting_log_capital((rng.random((200, 400)) < 0.95) - 0.8, 0.8)
    assert np.median(np.argmax(capital >= math.log(20), axis=1)) <= 60


def test_a_clear_loser_keeps_most_of_its_capital() -> None:
    rng = np.random.default_rng(4)
    capital = betting_log_capital((rng.random((200, 60)) < 0.3) - 0.8, 0.8)
    assert np.exp(np.minimum(capital[:, -1], 0)).mean() > 0.9


@settings(max_examples=40, deadline=None)
@given(SCORES, SCORES, st.floats(0.05, 0.95))
def test_a_bet_knows_only_the_past(scores: list[float], future: list[float], limit: float) -> None:
    now = log_capital_above(alone(scores), limit)
    later = log_capital_above(alone(scores + future), limit)
    assert later[: len(scores)] == pytest.approx(now)


@settings(max_examples=30, deadline=None)
@given(SCORES, st.sampled_from([0.05, 0.01]))
def test_bounds_enclose_the_mean_and_mirror(scores: list[float], alpha: float) -> None:
    bounds = anytime_bounds(alone(scores), alpha)
    mirrored = anytime_bounds(alone(scores).mirrored(), alpha)
    assert bounds.lower is not None and bounds.upper is not None and bounds.value is not None
    assert 0 <= bounds.lower <= bounds.value <= bounds.upper <= 1
    assert mirrored.lower == pytest.approx(1 - bounds.upper, abs=1e-9)


def test_the_interval_covers_at_every_moment_at_once() -> None:
    rng, missed, truth = np.random.default_rng(5), 0, 0.7
    for _ in range(60):
        scores = [float(x) for x in rng.random(120) < truth]
        seen = (anytime_bounds(alone(scores[:n]), 0.05) for n in (20, 60, 120))
        missed += any((b.lower or 0) > truth or (b.upper or 1) < truth for b in seen)
    assert missed <= 60 * 0.1 + 3 * math.sqrt(60 * 0.1 * 0.9)


def test_nothing_seen_one_item_all_right_and_all_wrong() -> None:
    assert anytime_bounds(alone([]), 0.05).reason == "no items were scored"
    one = anytime_bounds(alone([1.0]), 0.05)
    assert (one.lower, one.value, one.upper) == (0.0, 1.0, 1.0)
    right, wrong = anytime_bounds(alone([1.0] * 100), 0.05), anytime_bounds(alone([0.0] * 100), 0.05)
    assert right.upper == 1.0 and right.lower is not None and 0.9 < right.lower < 1
    assert wrong.lower == 0.0 and wrong.upper is not None and 0 < wrong.upper < 0.1


def test_limits_of_zero_and_one() -> None:
    assert log_capital_above(alone([1.0] * 300), 1.0).max() <= 0  # nothing can lie above 1
    assert log_capital_below(alone([0.0] * 300), 0.0).max() <= 0
    assert log_capital_below(alone([1.0] * 30 + [0.0]), 1.0)[-1] > math.log(20)  # one wrong refutes "all right"


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1])
def test_scores_outside_zero_and_one_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="scores lie in"):
        as_groups([("a", bad)], 1)
    with pytest.raises(ValueError, match="one sum"):
        Groups((bad,), (1,), 1)


def test_pairs_move_differences_between_zero_and_one() -> None:
    before, after = Groups((2.0, 1.0), (2, 1), 2), Groups((1.0, 1.0), (2, 1), 2)
    assert paired_groups(before, after).sums == (0.5, 0.5)
    with pytest.raises(ValueError, match="different groups"):
        paired_groups(before, alone([1.0]))
