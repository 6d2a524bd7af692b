"""Holm's adjustment: its worked steps, order kept, nothing that is no probability."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rightsize.stats.multiple import holm


def test_the_steps_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.04: times 3, 2, 1, never below the one before.
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([]) == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusting_never_helps_and_bonferroni_is_the_most_it_costs(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw - 1e-12 <= adjusted <= min(1.0, raw * len(p_values)) + 1e-12 or adjusted <= 1.0


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1])
def test_no_probability(bad: float) -> None:
    with pytest.raises(ValueError, match="lie in"):
        holm([0.5, bad])
