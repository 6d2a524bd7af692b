"""Two depths to the whole: exact where cost is linear, honest about noise, silent where noise wins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rightsize.bench.extrapolate import extrapolated
from rightsize.domain import Absent, Measured, Provenance, Reading

LABEL = "extrapolated from 2 and 4 of 16 layers"


def measured(latency: tuple[float, ...], rate: tuple[float, ...]) -> Measured:
    readings = (
        Reading("latency_ms", "ms", latency),
        Reading("decode_tokens_per_s", "token/s", rate),
        Reading("output_tokens", "token", (60.0,) * len(latency)),
    )
    return Measured((), readings, (Absent("score", "a twin"),))


@given(
    st.floats(1, 100),
    st.floats(0.1, 10),
    st.integers(1, 8),
    st.integers(9, 30),
    st.integers(31, 200),
)
def test_a_cost_that_is_linear_in_the_weights_is_found_exactly(
    fixed: float, each: float, first: int, second: int, whole: int
) -> None:
    def at(depth: int) -> Measured:
        cost = fixed + each * depth
        return measured((cost,) * 3, (1000 / cost,) * 3)

    made = extrapolated(at(first), at(second), (first, second, whole), LABEL)
    expected = fixed + each * whole
    latency, rate = made.readings[0], made.readings[1]
    assert all(abs(sample / expected - 1) < 1e-6 for sample in latency.samples)
    assert all(abs(sample * expected / 1000 - 1) < 1e-6 for sample in rate.samples)
    assert latency.provenance is Provenance.MODELLED
    assert latency.note == LABEL
    assert made.readings[2].samples == (60.0,) * 3  # counts are no costs
    assert made.absent == (Absent("score", "a twin"),)


def test_noise_at_the_depths_widens_the_bounds() -> None:
    quiet = extrapolated(
        measured((10.0, 10.1), (1.0, 1.0)), measured((20.0, 20.1), (0.5, 0.5)), (2, 4, 16), LABEL
    )
    noisy = extrapolated(
        measured((9.0, 11.0), (1.0, 1.0)), measured((19.0, 21.0), (0.5, 0.5)), (2, 4, 16), LABEL
    )
    assert noisy.readings[0].error_high > quiet.readings[0].error_high > 1
    assert noisy.readings[0].error_low < quiet.readings[0].error_low < 1


def test_where_the_deeper_is_no_slower_there_is_no_figure() -> None:
    made = extrapolated(measured((10.0,), (1.0,)), measured((5.0,), (0.5,)), (2, 4, 16), LABEL)
    assert [reading.metric for reading in made.readings] == ["decode_tokens_per_s", "output_tokens"]
    assert Absent("latency_ms", "noise at the two depths was larger than their difference") in made.absent
