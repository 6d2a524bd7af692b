"""Betting bounds: valid under grouping, of useful strength, Clopper-Pearson where that is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rightsize.stats.betting import score_bounds
from rightsize.stats.binomial import clopper_pearson_lower, clopper_pearson_upper
from rightsize.stats.paired import paired_drop_bounds

SCORED = st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcdefghij")), min_size=1, max_size=60)


def simulated(seed: int, groups: int, mean: float, spread: float) -> tuple[list[float], list[str]]:
    """Right-or-wrong items in groups of 2 to 8 whose own difficulty varies: Beta with the given mean."""
    rng = np.random.default_rng(seed)
    chances = rng.beta(mean * spread, (1 - mean) * spread, groups)
    scores, names = [], []
    for group, chance in enumerate(chances):
        size = int(rng.integers(2, 9))
        scores += [float(right) for right in rng.random(size) < chance]
        names += [f"g{group}"] * size
    return scores, names


@pytest.mark.parametrize(("groups", "mean", "spread"), [(15, 0.9, 2), (60, 0.5, 1), (60, 0.95, 8)])
def test_grouped_bounds_miss_the_truth_at_most_alpha(groups: int, mean: float, spread: float) -> None:
    alpha, runs = 0.1, 300
    all_bounds = [score_bounds(*simulated(seed, groups, mean, spread), alpha) for seed in range(runs)]
    too_high = sum(bounds.lower is not None and bounds.lower > mean for bounds in all_bounds)
    too_low = sum(bounds.upper is not None and bounds.upper < mean for bounds in all_bounds)
    # 3 standard errors of a share of 0.1 over 300 runs are 0.052.
    assert too_high / runs <= alpha + 0.052
    assert too_low / runs <= alpha + 0.052


def test_ignoring_groups_would_miss_far_more_often() -> None:
    """The reason for all this: items of one template taken as independent break the promised error."""
    alpha, runs, mean = 0.1, 300, 0.5
    data = [simulated(seed, 30, mean, 0.3) for seed in range(runs)]
    naive = sum(clopper_pearson_lower(round(sum(s)), len(s), alpha) > mean for s, _ in data)
    grouped = sum((score_bounds(s, g, alpha).lower or 0) > mean for s, g in data)
    assert naive / runs > 2 * alpha
    assert grouped / runs <= alpha + 0.052


def test_independent_right_or_wrong_items_get_clopper_pearson() -> None:
    scores = [1.0] * 90 + [0.0] * 10
    bounds = score_bounds(scores, [str(i) for i in range(100)], 0.05)
    assert bounds.method == "Clopper-Pearson"
    assert bounds.lower == clopper_pearson_lower(90, 100, 0.05)
    assert bounds.upper == clopper_pearson_upper(90, 100, 0.05)


def test_power_is_near_the_normal_approximation() -> None:
    """Exactness must not cost the tool its use: at 100 groups of 5 the bound lies within 2.3 normal widths."""
    scores, groups = simulated(3, 100, 0.9, 12)
    bounds = score_bounds(scores, groups, 0.05)
    names = sorted(set(groups))
    sums = np.array([sum(s for s, g in zip(scores, groups, strict=True) if g == name) for name in names])
    sizes = np.array([groups.count(name) for name in names])
    mean = sums.sum() / sizes.sum()
    normal = 1.645 * float(np.sqrt(((sums - mean * sizes) ** 2).sum())) / sizes.sum()
    assert bounds.lower is not None and bounds.value is not None
    assert bounds.value - bounds.lower < 2.3 * normal


@settings(max_examples=50)
@given(SCORED, st.floats(0.001, 0.3))
def test_bounds_are_ordered_and_mirror_when_right_and_wrong_swap(
    scored: list[tuple[float, str]], alpha: float
) -> None:
    scores, groups = [score for score, _ in scored], [group for _, group in scored]
    bounds = score_bounds(scores, groups, alpha)
    swapped = score_bounds([1 - score for score in scores], groups, alpha)
    assert bounds.lower is not None and bounds.value is not None and bounds.upper is not None
    assert 0 <= bounds.lower <= bounds.value <= bounds.upper <= 1
    assert swapped.upper == pytest.approx(1 - bounds.lower, abs=1e-6)


def test_the_order_in_which_items_are_stored_does_not_matter() -> None:
    scores, groups = simulated(1, 40, 0.8, 3)
    shuffled = np.random.default_rng(0).permutation(len(scores))
    again = score_bounds([scores[i] for i in shuffled], [groups[i] for i in shuffled], 0.05)
    bounds = score_bounds(scores, groups, 0.05)
    assert again.lower == pytest.approx(bounds.lower)
    assert again.upper == pytest.approx(bounds.upper)


def test_identical_answers_bound_the_drop_below_one_point() -> None:
    scores, groups = [1.0, 0.0] * 300, [str(i) for i in range(600)]
    bounds = paired_drop_bounds(scores, scores, groups, 0.05)
    assert bounds.value == 0
    assert bounds.upper is not None and bounds.upper <= 0.01


def test_a_real_drop_is_found() -> None:
    before, groups = [1.0] * 600, [str(i // 4) for i in range(600)]
    after = [0.0 if i % 8 == 0 else 1.0 for i in range(600)]
    bounds = paired_drop_bounds(before, after, groups, 0.01)
    assert bounds.value == pytest.approx(0.125)
    assert bounds.lower is not None and bounds.lower > 0.05


def test_no_items_no_bounds() -> None:
    assert score_bounds([], [], 0.05).reason == "no items were scored"
    assert paired_drop_bounds([], [], [], 0.05).lower is None
    with pytest.raises(ValueError, match="score"):
        score_bounds([1.2], ["a"], 0.05)
