"""What a person writes, read into base units and written back: ``500ms``, ``4GB``, ``90%``, ``0.5J``, ``5USD``.

Base units are milliseconds, bytes, ratios, joules, tokens per second and US dollars. ``GB`` is 10^9 bytes and
``GiB`` is 2^30, as everywhere in rightsize. Each parser raises :class:`UsageError` with one line that names the
flag, what was given and what would have been right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from rightsize.errors import UsageError

_QUANTITY = re.compile(r"(?P<number>-?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>\S.*)?")

MS_PER = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "sec": 1e3, "min": 60e3, "h": 3600e3}
BYTES_PER = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
JOULES_PER = {"uJ": 1e-6, "mJ": 1e-3, "J": 1.0, "kJ": 1e3, "MJ": 1e6, "mWh": 3.6, "Wh": 3600.0, "kWh": 3.6e6}
USD_PER = {"USD": 1.0, "$": 1.0}
TOKENS_PER_S = {"": 1.0, "tokens/s": 1.0, "token/s": 1.0, "tok/s": 1.0, "t/s": 1.0, "/s": 1.0}
PERCENT = {"": 1.0, "%": 0.01}

_DURATION_EXAMPLES = "500ms, 1.5s or 2min"
_SIZE_EXAMPLES = "512MiB, 4GB or 3GiB"
_RATIO_EXAMPLES = "0.9 or 90%"
_CHANGE_EXAMPLES = "1%, 0.5% or 0.01"
_POINTS_EXAMPLES = "2% or 0.02, both two points of score"


def parse_duration_ms(text: str, flag: str) -> float:
    """Read a duration above zero, in milliseconds: ``500ms``, ``1.5 s``, ``2min``."""
    return _positive(_scaled(text, flag, MS_PER, _DURATION_EXAMPLES), text, flag, _DURATION_EXAMPLES)


def parse_size_bytes(text: str, flag: str) -> int:
    """Read an amount of memory or disk above zero, in bytes: ``4GB`` is 4e9, ``3GiB`` is 3 * 2**30."""
    value = _scaled(text, flag, BYTES_PER, _SIZE_EXAMPLES)
    return int(_positive(float(round(value)), text, flag, _SIZE_EXAMPLES))


def parse_ratio(text: str, flag: str) -> float:
    """Read a ratio in [0, 1]: ``0.9`` or ``90%``."""
    value = _scaled(text, flag, PERCENT, _RATIO_EXAMPLES)
    if not 0 <= value <= 1:
        _refuse(text, flag, "must lie between 0 and 1 (0% and 100%)", _RATIO_EXAMPLES)
    return value


def parse_change(text: str, flag: str) -> float:
    """Read an allowed change as a ratio of at least 0: ``1%`` or ``0.01``; above 100% only with the ``%``."""
    value = _scaled(text, flag, PERCENT, _CHANGE_EXAMPLES)
    if value < 0:
        _refuse(text, flag, "must not be negative", _CHANGE_EXAMPLES)
    if value >= 1 and "%" not in text:
        # A bare 1 could mean 1% or 100%; guessing wrong would open the gate wide.
        _refuse(text, flag, "needs a percent sign from 1 upwards", _CHANGE_EXAMPLES)
    return value


def parse_points(text: str, flag: str) -> float:
    """Read a loss of score as a ratio in [0, 1]: ``2%`` or ``0.02`` are two percentage points."""
    value = _scaled(text, flag, PERCENT, _POINTS_EXAMPLES)
    if value >= 1 and "%" not in text:
        # A bare 1 could mean one point or a hundred; guessing wrong would let anything pass.
        _refuse(text, flag, "needs a percent sign from 1 upwards", _POINTS_EXAMPLES)
    if not 0 <= value <= 1:
        _refuse(text, flag, "must lie between 0 and 1 (0% and 100%)", _POINTS_EXAMPLES)
    return value


def parse_energy_j(text: str, flag: str) -> float:
    """Read an energy above zero, in joules: ``0.5J``, ``200mJ``, ``2mWh``."""
    examples = "0.5J, 200mJ or 2mWh"
    return _positive(_scaled(text, flag, JOULES_PER, examples), text, flag, examples)


def parse_tokens_per_s(text: str, flag: str) -> float:
    """Read a rate above zero, in tokens per second: ``20`` or ``20 tokens/s``."""
    examples = "20 or 7.5"
    return _positive(_scaled(text, flag, TOKENS_PER_S, examples), text, flag, examples)


def parse_usd(text: str, flag: str) -> float:
    """Read an amount of money above zero, in US dollars: ``5USD``, ``0.02 USD``, ``$5``."""
    examples = "5USD or 0.02USD"
    stripped = text.strip()
    moved = f"{stripped[1:]}$" if stripped.startswith("$") else stripped
    return _positive(_scaled(moved, flag, USD_PER, examples, given=text), text, flag, examples)


def _scaled(
    text: str, flag: str, factors: Mapping[str, float], examples: str, *, given: str | None = None
) -> float:
    """Return number times unit; a unit is matched exactly, else without regard to case when only one fits."""
    given = text if given is None else given
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        _refuse(
            given, flag, "is not a number with a unit" if "" not in factors else "is not a number", examples
        )
    unit = match["unit"] or ""
    factor = factors.get(unit)
    if factor is None:
        alike = {value for name, value in factors.items() if name.casefold() == unit.casefold()}
        if len(alike) != 1:
            _refuse(given, flag, f"has an unknown unit {unit!r}" if unit else "has no unit", examples)
        factor = alike.pop()
    value = float(match["number"]) * factor
    if not math.isfinite(value):
        _refuse(given, flag, "is too large", examples)
    return value


def _positive(value: float, text: str, flag: str, examples: str) -> float:
    if value <= 0:
        _refuse(text, flag, "must be more than 0", examples)
    return value


def _refuse(text: str, flag: str, why: str, examples: str) -> NoReturn:
    raise UsageError(f"{flag} {text!r}: {why}", next_step=f"Write it like {examples}")


# --- and back to text -------------------------------------------------------------------------------------


def format_ms(value: float) -> str:
    """Write a duration given in milliseconds, three significant digits: ``12.3ms``, ``1.5s``, ``2min``."""
    return _with_unit(value, {"us": 1e-3, "ms": 1.0, "s": 1e3, "min": 60e3, "h": 3600e3})


def format_bytes(value: float) -> str:
    """Write an amount given in bytes with decimal units, three significant digits: ``4.68GB``."""
    return _with_unit(value, {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12})


def format_ratio(value: float) -> str:
    """Write a ratio as a percentage with one decimal: ``90.0%``, never ``-0.0%``."""
    return f"{round(100 * value, 1) + 0.0:.1f}%"


def format_points(value: float) -> str:
    """Write a difference of scores in percentage points, one decimal at most: ``1 point``, ``2.5 points``."""
    number = f"{round(100 * value, 1) + 0.0:g}"
    return f"{number} point{'' if number in {'1', '-1'} else 's'}"


def format_joules(value: float) -> str:
    """Write an energy given in joules, three significant digits: ``35.2mJ``."""
    return _with_unit(value, {"uJ": 1e-6, "mJ": 1e-3, "J": 1.0, "kJ": 1e3, "MJ": 1e6})


def format_tokens_per_s(value: float) -> str:
    """Write a rate in tokens per second, three significant digits: ``41.3 tokens/s``."""
    return f"{_three_digits(value)} tokens/s"


def format_usd(value: float) -> str:
    """Write an amount of US dollars: cents from a dollar upwards, three significant digits below."""
    return f"{value:,.2f} USD" if abs(value) >= 1 else f"{_three_digits(value)} USD"


def format_seconds(value: float) -> str:
    """Write a duration given in seconds: ``1.5s``."""
    return format_ms(1e3 * value)


_FORMATTERS: dict[str, Callable[[float], str]] = {
    "ms": format_ms,
    "s": format_seconds,
    "byte": format_bytes,
    "ratio": format_ratio,
    "J": format_joules,
    "token/s": format_tokens_per_s,
    "USD": format_usd,
}


def format_value(value: float, unit: str) -> str:
    """Write a value in the way of its unit (the units of :data:`rightsize.metrics.METRICS`)."""
    formatter = _FORMATTERS.get(unit)
    return formatter(value) if formatter else f"{_three_digits(value)} {unit}".strip()


def counted(n: int, noun: str, plural: str = "") -> str:
    """``1 row``, ``1,540 rows``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def _with_unit(value: float, factors: Mapping[str, float]) -> str:
    """Write three digits with the largest unit that leaves at least 1 before the point once rounded."""
    rounded = float(f"{value:.3g}")
    fitting = [unit for unit, factor in factors.items() if abs(rounded) >= factor]
    unit = fitting[-1] if fitting else next(iter(factors))
    if value == 0:
        unit = next(name for name, factor in factors.items() if factor == 1)
    return f"{_three_digits(value / factors[unit])}{unit}"


def _three_digits(value: float) -> str:
    digits = f"{value:.3g}"
    return f"{float(digits):.0f}" if "e+" in digits else digits
