from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightsize.stats.sign_flip import sign_flip_p


def test_no_change_is_no_evidence() -> None:
    assert sign_flip_p([0.5, 1.0], [0.5, 1.0], ["a", "b"]) == 1.0


def test_three_groups_give_the_exact_value() -> None:
    # Of the eight patterns of signs two are as far from zero as what was seen.
    p = sign_flip_p([1.0, 1.0, 1.0], [0.5, 0.6, 0.7], ["a", "b", "c"])
    assert p == pytest.approx(2 / 8, abs=0.02)


def test_a_clear_drop_is_seen_and_one_group_is_never_enough() -> None:
    before, after = [0.8] * 200, [0.6] * 200
    assert sign_flip_p(before, after, [str(i) for i in range(200)]) == pytest.approx(1e-4)
    assert sign_flip_p(before, after, ["same"] * 200) == 1.0


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_it_is_a_probability_and_knows_no_direction(pairs: list[tuple[float, float]]) -> None:
    before, after = zip(*pairs, strict=True)
    groups = [str(i // 2) for i in range(len(pairs))]
    p = sign_flip_p(before, after, groups)
    assert 0 < p <= 1
    assert p == pytest.approx(sign_flip_p(after, before, groups))


def test_under_equality_few_are_called() -> None:
    draw = random.Random(1)
    ps = []
    for _ in range(60):
        before, after = ([draw.random() for _ in range(40)] for _ in range(2))
        ps.append(sign_flip_p(before, after, [str(i // 4) for i in range(40)]))
    assert sum(p <= 0.05 for p in ps) <= 8  # expected 3; 9 or more: below 0.5%
