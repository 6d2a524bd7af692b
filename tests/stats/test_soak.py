"""Burst against sustained."""

from __future__ import annotations

import pytest

from rightsize.stats.soak import soak_of


def test_a_machine_that_slows_down_is_seen_with_an_interval() -> None:
    at_s = [float(t) for t in range(1, 601)]
    speeds = [100.0 + t % 3 if t <= 60 else 70.0 + t % 3 for t in at_s]
    soak = soak_of(at_s, speeds)
    assert soak is not None
    assert (soak.burst, soak.sustained, soak.seconds) == (101.0, 71.0, 600.0)
    assert soak.ratio.value == pytest.approx(71 / 101)
    assert soak.ratio.lower is not None and soak.ratio.upper is not None
    assert soak.ratio.lower <= 71 / 101 <= soak.ratio.upper < 0.75


def test_a_short_soak_has_no_interval_and_one_too_short_nothing() -> None:
    short = soak_of([1.0, 2.0, 3.0], [10.0, 10.0, 9.0])
    assert short is not None and short.ratio.lower is None and short.ratio.reason
    assert soak_of([1.0, 2.0], [10.0, 10.0]) is None
