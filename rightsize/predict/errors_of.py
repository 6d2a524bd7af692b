"""How wrong predictions were, by metric and by size, quantization and depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

_ENOUGH_FOR_P90 = 10
_SIZES = (
    (1e8, "under 0.1B"),
    (5e8, "0.1B to 0.5B"),
    (2e9, "0.5B to 2B"),
    (5e9, "2B to 5B"),
    (float("inf"), "5B and more"),
)
_DEPTHS = ((0, "at the beginning"), (1024, "up to 1,024"), (float("inf"), "deeper than 1,024"))


class Compared(Protocol):
    """A prediction with what was measured, as :class:`rightsize.store.predictions.Checked` is one."""

    @property
    def metric(self) -> str: ...  # noqa: D102
    @property
    def level(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> int: ...  # noqa: D102
    @property
    def depth(self) -> int: ...  # noqa: D102
    @property
    def predicted(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102
    @property
    def measured(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Errors of one group, as |predicted - measured| / measured. ``bias`` is the median of the signed error,
    ``inside`` the part that lay in its interval. No 90th percentile is stated of fewer than ten."""

    metric: str
    group: str
    n: int
    median_error: float
    p90_error: float | None
    bias: float
    inside: float


def error_rows(checks: Sequence[Compared]) -> list[ErrorRow]:
    """For each metric a row over all, then one for each size, quantization and, for decoding, depth."""
    return list(_rows(checks))


def _rows(checks: Sequence[Compared]) -> Iterator[ErrorRow]:
    for metric in ("decode", "prefill", "memory"):
        chosen = [check for check in checks if check.metric == metric]
        if not chosen:
            continue
        yield _row(metric, "all", chosen)
        yield from _by(metric, chosen, lambda check: _named(check.parameters, _SIZES), [n for _, n in _SIZES])
        yield from _by(metric, chosen, lambda check: check.level, sorted({check.level for check in chosen}))
        if metric == "decode":
            yield from _by(metric, chosen, lambda check: _named(check.depth, _DEPTHS), [n for _, n in _DEPTHS])


def _by(
    metric: str, checks: Sequence[Compared], key: Callable[[Compared], str], groups: Sequence[str]
) -> Iterator[ErrorRow]:
    for group in groups:
        chosen = [check for check in checks if key(check) == group]
        if chosen:
            yield _row(metric, group, chosen)


def _row(metric: str, group: str, checks: Sequence[Compared]) -> ErrorRow:
    signed = np.array([check.predicted / check.measured - 1 for check in checks])
    inside = np.mean([check.low <= check.measured <= check.high for check in checks])
    n = len(checks)
    p90 = float(np.quantile(np.abs(signed), 0.9)) if n >= _ENOUGH_FOR_P90 else None
    return ErrorRow(
        metric, group, n, float(np.median(np.abs(signed))), p90, float(np.median(signed)), float(inside)
    )


def _named(value: float, steps: Sequence[tuple[float, str]]) -> str:
    return next(name for limit, name in steps if value <= limit)
