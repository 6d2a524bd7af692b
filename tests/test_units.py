"""Units as a person writes them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightsize import units
from rightsize.errors import UsageError

POSITIVE = st.floats(min_value=1e-3, max_value=1e9, allow_nan=False)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (units.parse_duration_ms, "500ms", 500),
        (units.parse_duration_ms, "1.5 s", 1500),
        (units.parse_duration_ms, " 2min ", 120_000),
        (units.parse_duration_ms, "2MIN", 120_000),
        (units.parse_size_bytes, "4GB", 4_000_000_000),
        (units.parse_size_bytes, "4gb", 4_000_000_000),
        (units.parse_size_bytes, "3GiB", 3 * 2**30),
        (units.parse_size_bytes, "512 MiB", 512 * 2**20),
        (units.parse_size_bytes, "1_000kB", 1_000_000),
        (units.parse_ratio, "0.9", 0.9),
        (units.parse_ratio, "90%", 0.9),
        (units.parse_ratio, "100 %", 1.0),
        (units.parse_ratio, "0", 0.0),
        (units.parse_change, "1%", 0.01),
        (units.parse_change, "150%", 1.5),
        (units.parse_change, "0", 0.0),
        (units.parse_points, "2%", 0.02),
        (units.parse_points, "0.02", 0.02),
        (units.parse_points, "100%", 1.0),
        (units.parse_energy_j, "0.5J", 0.5),
        (units.parse_energy_j, "2mWh", 7.2),
        (units.parse_energy_j, "3MJ", 3e6),
        (units.parse_energy_j, "3mJ", 3e-3),
        (units.parse_tokens_per_s, "20", 20),
        (units.parse_tokens_per_s, "7.5 tok/s", 7.5),
        (units.parse_usd, "5USD", 5),
        (units.parse_usd, "$0.02", 0.02),
    ],
)
def test_reads_what_people_write(parse: Callable[[str, str], float], text: str, value: float) -> None:
    assert parse(text, "--flag") == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("parse", "text", "why"),
    [
        (units.parse_duration_ms, "banana", "not a number"),
        (units.parse_points, "1", "percent sign"),
        (units.parse_points, "150%", "between 0 and 1"),
        (units.parse_duration_ms, "-5ms", "more than 0"),
        (units.parse_duration_ms, "0ms", "more than 0"),
        (units.parse_duration_ms, "500", "no unit"),
        (units.parse_duration_ms, "500GB", "unknown unit 'GB'"),
        (units.parse_duration_ms, "1e999ms", "too large"),
        (units.parse_duration_ms, "nan ms", "not a number"),
        (units.parse_duration_ms, "", "not a number"),
        (units.parse_size_bytes, "4000000000", "no unit"),
        (units.parse_size_bytes, "0.1B", "more than 0"),
        (units.parse_ratio, "110%", "between 0 and 1"),
        (units.parse_ratio, "90", "between 0 and 1"),
        (units.parse_ratio, "-0.1", "between 0 and 1"),
        (units.parse_change, "1", "percent sign"),
        (units.parse_change, "-1%", "negative"),
        (units.parse_energy_j, "3mj", "unknown unit"),  # millijoule or megajoule: nobody knows
        (units.parse_tokens_per_s, "fast", "not a number"),
        (units.parse_usd, "5EUR", "unknown unit"),
    ],
)
def test_refuses_in_one_line_that_names_flag_value_and_examples(
    parse: Callable[[str, str], float], text: str, why: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "--max-thing")
    message = str(caught.value)
    assert message.startswith(f"--max-thing {text!r}: ")
    assert why in message
    assert "Write it like" in message
    assert "\n" not in message


@given(POSITIVE, st.sampled_from(sorted(units.MS_PER)))
def test_a_duration_is_its_number_times_its_unit(number: float, unit: str) -> None:
    assert math.isclose(units.parse_duration_ms(f"{number!r}{unit}", "-"), number * units.MS_PER[unit])


@pytest.mark.parametrize(
    ("parse", "write"),
    [
        (units.parse_duration_ms, units.format_ms),
        (units.parse_size_bytes, units.format_bytes),
        (units.parse_energy_j, units.format_joules),
        (units.parse_tokens_per_s, units.format_tokens_per_s),
        (units.parse_usd, units.format_usd),
    ],
)
@given(value=st.floats(min_value=100, max_value=1e9))  # below, a byte count has fewer digits to keep
def test_what_is_written_reads_back_within_three_digits(
    parse: Callable[[str, str], float], write: Callable[[float], str], value: float
) -> None:
    assert parse(write(value).replace(",", ""), "-") == pytest.approx(value, rel=6e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01, "1 point"), (0.025, "2.5 points"), (-0.0, "0 points"), (-1e-5, "0 points"), (-0.01, "-1 point")],
)
def test_a_difference_of_scores_is_written_in_points(value: float, text: str) -> None:
    assert units.format_points(value) == text
    assert not units.format_ratio(-1e-5).startswith("-")


@given(st.floats(min_value=0, max_value=1))
def test_a_ratio_reads_back_within_a_twentieth_of_a_point(value: float) -> None:
    assert units.parse_ratio(units.format_ratio(value), "-") == pytest.approx(value, abs=5.1e-4)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (999.96, "ms", "1s"),
        (0.0, "ms", "0ms"),
        (12.345, "ms", "12.3ms"),
        (90_000, "ms", "1.5min"),
        (1.5, "s", "1.5s"),
        (4_683_000_000, "byte", "4.68GB"),
        (0.9, "ratio", "90.0%"),
        (0.0352, "J", "35.2mJ"),
        (1234.0, "token/s", "1230 tokens/s"),
        (1234.5, "USD", "1,234.50 USD"),
        (0.0123, "USD", "0.0123 USD"),
        (3.0, "widget", "3 widget"),
    ],
)
def test_writes_for_people(value: float, unit: str, text: str) -> None:
    assert units.format_value(value, unit) == text


def test_one_of_something_is_written_in_the_singular() -> None:
    assert units.counted(1, "more item") == "1 more item"
    assert [units.counted(n, "item") for n in (0, 1540)] == ["0 items", "1,540 items"]
    assert [units.counted(n, "query", "queries") for n in (1, 2)] == ["1 query", "2 queries"]
