"""Ratios of what was measured in turns."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightsize.stats.ratio import paired_ratio_bounds

positive = st.floats(min_value=1e-3, max_value=1e6)


@given(st.lists(st.tuples(positive, positive), min_size=7, max_size=60), positive)
def test_what_slows_both_sides_alike_leaves_the_ratio_alone(
    pairs: list[tuple[float, float]], factor: float
) -> None:
    after, before = [p[0] for p in pairs], [p[1] for p in pairs]
    plain = paired_ratio_bounds(after, before, 0.05)
    both = paired_ratio_bounds([factor * a for a in after], [factor * b for b in before], 0.05)
    assert plain.value is not None and plain.lower is not None and plain.upper is not None
    assert plain.lower <= plain.value <= plain.upper
    assert both.value == pytest.approx(plain.value) and both.upper == pytest.approx(plain.upper)


def test_the_bounds_err_no_more_often_than_they_say() -> None:
    draw = random.Random(1)
    errors = 0
    for _ in range(2000):
        ratios = [draw.lognormvariate(0, 0.5) for _ in range(15)]  # the true median is 1
        bounds = paired_ratio_bounds(ratios, [1.0] * 15, 0.05)
        errors += bounds.upper is not None and bounds.upper < 1
    assert errors / 2000 <= 0.05


def test_too_few_turns_and_bad_ones_say_so() -> None:
    few = paired_ratio_bounds([2.0] * 4, [1.0] * 4, 0.05)
    assert (few.value, few.upper, few.least_n) == (2.0, None, 5)
    assert "need 5 turns" in few.reason
    assert paired_ratio_bounds([], [], 0.05).value is None
    assert paired_ratio_bounds([1.0, math.nan], [1.0, 1.0], 0.05).value is None
    assert paired_ratio_bounds([1.0], [0.0], 0.05).value is None
    with pytest.raises(ValueError):
        paired_ratio_bounds([1.0], [], 0.05)
