"""Seconds of one computation, from the work in it and a machine's rates.

Decoding: bytes by type, times what reading and unpacking one costs, times how much slower it is than from the cache;
plus attention by depth, plus something for each operation. Prefill: multiplications by type, likewise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rightsize.predict.work import Work

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of work costs on a machine, in seconds, for one way of computing (decoding or prefill).

    ``by_type`` is per byte (decoding) or per multiplication (prefill) of a weight type. ``size_curve`` gives,
    for a model's bytes, the cost relative to that of a large model: weights that fit a cache are read faster.
    """

    by_type: Mapping[str, float]
    attention: float
    state: float
    operation: float
    element: float = 0.0
    size_curve: Curve = ((1.0, 1.0),)


@dataclass(frozen=True, slots=True)
class MachineRates:
    """Both ways of computing at a number of threads, and prompts' batch size."""

    threads: int
    batch_tokens: int
    decode: Rates
    prefill: Rates
    substituted: Mapping[str, str] = field(default_factory=dict)


def size_factor(curve: Curve, size_bytes: float) -> float:
    """The curve at a size: straight lines between its points over the logarithm of the size, flat outside."""
    points = sorted(curve)
    if size_bytes <= points[0][0]:
        return points[0][1]
    for (low, at_low), (high, at_high) in pairwise(points):
        if size_bytes <= high:
            part = (math.log(size_bytes) - math.log(low)) / (math.log(high) - math.log(low))
            return at_low + part * (at_high - at_low)
    return points[-1][1]


def decode_seconds(work: Work, rates: Rates, depth: float) -> float:
    """Seconds to decode one token that sees ``depth`` tokens before it."""
    return sum(decode_terms(work, rates, depth).values())


def decode_terms(work: Work, rates: Rates, depth: float) -> dict[str, float]:
    """The parts of :func:`decode_seconds`, by what they are for."""
    factor = size_factor(rates.size_curve, work.weights.total_bytes)
    read = sum(size * cost_of(rates, kind) for kind, size in work.weights.bytes_by_type.items())
    return {
        "weights": factor * read,
        "attention": work.attended(depth) * rates.attention,
        "state": work.state * rates.state,
        "operations": work.operations * rates.operation,
    }


def batch_seconds(work: Work, rates: MachineRates, tokens: int, depth: float) -> float:
    """Seconds to read ``tokens`` prompt tokens in one batch, of which the first sees ``depth`` tokens."""
    prefill = rates.prefill
    factor = size_factor(prefill.size_curve, work.weights.total_bytes)
    multiplied = sum(n * cost_of(prefill, kind) for kind, n in work.weights.layer_elements.items())
    head = sum(size * cost_of(rates.decode, kind) for kind, size in work.weights.head_bytes.items())
    attended = tokens * work.attended(depth + tokens / 2)
    return (
        tokens * multiplied * factor
        + head
        + attended * prefill.attention
        + tokens * work.state * prefill.state
        + tokens * work.elements * prefill.element
        + work.operations * prefill.operation
    )


def prefill_seconds(work: Work, rates: MachineRates, tokens: int, depth: float = 0) -> float:
    """Seconds to read a prompt of ``tokens``, in batches, after ``depth`` tokens."""
    seconds = 0.0
    for start in range(0, tokens, rates.batch_tokens):
        batch = min(rates.batch_tokens, tokens - start)
        seconds += batch_seconds(work, rates, batch, depth + start)
    return seconds


def answer_seconds(work: Work, rates: MachineRates, prompt_tokens: int, output_tokens: int) -> float:
    """Seconds for a whole request: the prompt, whose last logits are the first token, then one by one."""
    steps = max(0, output_tokens - 1)
    middle = prompt_tokens + steps / 2
    return prefill_seconds(work, rates, prompt_tokens) + steps * decode_seconds(work, rates.decode, middle)


def cost_of(rates: Rates, kind: str) -> float:
    """The cost of a type; of one that was never measured, the largest of those that were."""
    return rates.by_type.get(kind) or max(rates.by_type.values())


def types_without_rates(work: Work, rates: MachineRates) -> Sequence[str]:
    """Types that the model has and no probe has measured."""
    return [kind for kind in work.weights.bytes_by_type if kind not in rates.decode.by_type]
