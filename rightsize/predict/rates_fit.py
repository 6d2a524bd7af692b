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
)
from rightsize.predict.work import Work

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


def _fit(points: Sequence[Point], decode: Rates | None) -> Rates:
    """Rates of one way of computing; ``decode`` prices the output head of a prompt, which is decoded."""
    from scipy.optimize import nnls

    kinds = sorted({kind for point in points for kind in point.work.weights.layer_bytes})
    knots = sorted({point.work.weights.total_bytes for point in points if point.knot})
    seconds = np.array(
        [point.seconds - (head_seconds(point.work, decode) if decode else 0) for point in points]
    )
    rows = np.array([_row(point, kinds, knots, decoding=decode is None) for point in points])
    scale = np.where(rows.max(axis=0) > 0, rows.max(axis=0), 1.0)
    solved, _ = nnls(rows / scale / seconds[:, None], np.ones(len(points)))
    costs = [float(cost) for cost in solved / scale]
    types, sizes, rest = costs[: len(kinds)], costs[len(kinds) : len(kinds) + len(knots)], costs[-4:]
    return Rates(dict(zip(kinds, types, strict=True)), tuple(zip(knots, sizes, strict=True)), *rest)


def _row(point: Point, kinds: Sequence[str], knots: Sequence[float], *, decoding: bool) -> list[float]:
    """The work of a point, in the order: types, sizes, attention, state, operations, elements."""
    work, n = point.work, point.tokens
    sizes = work.weights.bytes_by_type if decoding else work.weights.layer_bytes
    read = sum(sizes.values())
    return [
        *(n * sizes.get(kind, 0.0) for kind in kinds),
        *(n * read * share for share in hats(knots, work.weights.total_bytes)),
        n * work.attended(point.depth if decoding else point.depth + n / 2),
        n * work.state,
        float(work.operations),
        0.0 if decoding else n * work.elements,
    ]
