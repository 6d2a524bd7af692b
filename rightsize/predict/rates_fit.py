"""From timed points to a machine's rates: non-negative least squares on relative errors.

Each timing is first divided by what the reference took just before and after it, over what it took in the
median of the probe, so that a slow minute does not become a slow type. All rates of one way of computing are
then solved for at once; none can be negative, hence Lawson and Hanson's algorithm (1974), as scipy has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rightsize.predict.speed import (
    MachineRates,
    Rates,
    batch_seconds,
    decode_seconds,
    hats,
    head_seconds,
    width_of,
)
from rightsize.predict.work import Work

_ROUNDS, _USUAL_ERROR = 20, 0.05
QUANTILE = 0.25  # of repeated timings: other work only ever adds time


@dataclass(frozen=True, slots=True)
class Point:
    """One timed computation: its work, how many tokens at once (1: decoding), at which depth, and seconds.

    ``knot`` is true for files that were timed to learn what size costs: their sizes become the knots.
    """

    work: Work
    tokens: int
    depth: int
    seconds: float
    knot: bool = False


def typical(samples: Sequence[float]) -> float:
    """One figure for repeated timings: their lower quartile, because what disturbs a timing makes it longer."""
    return float(np.quantile(samples, QUANTILE))


def normalised(seconds: Sequence[float], reference: Sequence[float], usual_reference: float) -> float:
    """A timing at the machine's usual speed, by what the reference took around it; as it is where there is
    none.
    """
    if not reference or not usual_reference:
        return typical(seconds)
    return typical(seconds) * usual_reference / typical(reference)


def fit_rates(points: Sequence[Point], *, threads: int, batch_tokens: int) -> MachineRates:
    """All rates of a machine from its timed points, of which some must be decoding and some prompts."""
    decode = _fit([point for point in points if point.tokens == 1], None)
    prefill = _fit([point for point in points if point.tokens > 1], decode)
    return MachineRates(threads, batch_tokens, decode, prefill)


def predicted_seconds(point: Point, rates: MachineRates) -> float:
    """What the rates say of a point."""
    if point.tokens == 1:
        return decode_seconds(point.work, rates.decode, point.depth)
    return batch_seconds(point.work, rates, point.tokens, point.depth)


def log_ratio(point: Point, rates: MachineRates) -> float:
    """Logarithm of measured over predicted seconds."""
    return math.log(point.seconds / predicted_seconds(point, rates))


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns of the least squares stand for."""

    kinds: list[str]
    knots: list[float]
    widths: list[int]

    def row(self, point: Point, *, decoding: bool) -> list[float]:
        """The work of a point, in order: types, sizes, head widths, then the single rates."""
        work, n = point.work, point.tokens
        sizes = work.weights.bytes_by_type if decoding else work.weights.prompt_bytes
        depth = point.depth if decoding else point.depth + n / 2
        attended = dict.fromkeys(self.widths, 0.0)
        for each in work.attention:
            attended[width_of(self.widths, each.head_width)] += each.multiplications * each.seen(depth)
        return [
            *(n * sizes.get(kind, 0.0) for kind in self.kinds),
            *(n * sum(sizes.values()) * share for share in hats(self.knots, work.weights.resident_bytes)),
            *(n * each for each in attended.values()),
            n * work.cached_bytes(depth),
            n * work.state,
            float(work.operations),
            0.0 if decoding else n * work.elements,
            n * work.weights.expert_bytes,
        ]

    def rates(self, costs: Sequence[float]) -> Rates:
        """The solved columns as rates."""
        rest = iter(costs)
        by_type = {kind: next(rest) for kind in self.kinds}
        by_size = tuple((knot, next(rest)) for knot in self.knots)
        attention = tuple((float(width), next(rest)) for width in self.widths)
        return Rates(by_type, by_size, attention, *rest)


def _fit(points: Sequence[Point], decode: Rates | None) -> Rates:
    """Rates of one way of computing; ``decode`` prices the output head of a prompt, which is decoded."""
    from scipy.optimize import nnls

    columns = _Columns(
        kinds=sorted({kind for point in points for kind in point.work.weights.layer_bytes}),
        knots=sorted({point.work.weights.resident_bytes for point in points if point.knot}),
        widths=sorted({each.head_width for point in points for each in point.work.attention}),
    )
    heads = [head_seconds(point.work, decode) if decode else 0.0 for point in points]
    seconds = np.array([point.seconds for point in points]) - heads
    rows = np.array([columns.row(point, decoding=decode is None) for point in points])
    largest = rows.max(axis=0)
    scale = np.where(largest > 0, largest, 1.0)
    relative = rows / scale / seconds[:, None]
    weights = np.ones(len(points))
    for _ in range(_ROUNDS):
        solved, _residual = nnls(relative * weights[:, None], weights)
        # Huber's weights: a point that was disturbed after all counts by how far it is off, not by its square.
        weights = np.sqrt(np.minimum(1.0, _USUAL_ERROR / np.maximum(np.abs(relative @ solved - 1), 1e-9)))
    return columns.rates([float(cost) for cost in solved / scale])
