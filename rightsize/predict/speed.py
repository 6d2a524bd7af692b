"""Seconds of one computation, from the work in it and a machine's rates.

A sum of what is done one after another: reading weights (by the size of all of them, because what fits a
cache is read faster), unpacking them (by type), attending to what is in the cache (by depth), updating
states, and something for each operation. Decoding does it for one token; a prompt does it for each of its
tokens, at other rates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rightsize.models.shapes.gguf_file import block_of
from rightsize.predict.work import Work

Knots = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of work costs on a machine, in seconds, for one way of computing (decoding or prompts).

    ``by_type`` is per byte of a weight type, ``by_size`` per byte of any, by the bytes of the whole model:
    the two add up. ``attention`` is per multiplication with a cached key or value, by head width (llama.cpp's
    kernels are made for multiples of some), ``cached_byte`` per byte of keys and values, ``state`` per number
    of recurrent state, ``element`` per activation, ``operation`` per operation of a computation, ``expert`` per
    byte of the experts, beyond what any byte costs: they are chosen, and their matrices are never packed.
    """

    by_type: Mapping[str, float]
    by_size: Knots
    attention: Knots
    cached_byte: float = 0.0
    state: float = 0.0
    operation: float = 0.0
    element: float = 0.0
    expert: float = 0.0


@dataclass(frozen=True, slots=True)
class MachineRates:
    """Both ways of computing, at a number of threads and a batch size for prompts."""

    threads: int
    batch_tokens: int
    decode: Rates
    prefill: Rates


def hats(knots: Sequence[float], size: float) -> list[float]:
    """How much each knot counts at a size: straight over its logarithm, flat outside. They add up to 1."""
    weights = [0.0] * len(knots)
    if size <= knots[0]:
        weights[0] = 1.0
    elif size >= knots[-1]:
        weights[-1] = 1.0
    else:
        at = next(number for number, knot in enumerate(knots) if size < knot)
        part = math.log(size / knots[at - 1]) / math.log(knots[at] / knots[at - 1])
        weights[at - 1], weights[at] = 1.0 - part, part
    return weights


def width_of(widths: Sequence[int], head_width: int) -> int:
    """Which timed head width stands for one: the largest that divides it, else the narrowest."""
    return max((width for width in widths if head_width % width == 0), default=min(widths))


def attention_seconds(work: Work, rates: Rates, depth: float) -> float:
    """Seconds to attend to ``depth`` tokens, for one token."""
    costs = {int(width): cost for width, cost in rates.attention}
    seconds = work.cached_bytes(depth) * rates.cached_byte
    for each in work.attention:
        seconds += each.multiplications * each.seen(depth) * costs[width_of(list(costs), each.head_width)]
    return seconds


def decode_seconds(work: Work, rates: Rates, depth: float) -> float:
    """Seconds to decode one token that sees ``depth`` tokens before it."""
    return sum(decode_terms(work, rates, depth).values())


def decode_terms(work: Work, rates: Rates, depth: float) -> dict[str, float]:
    """The parts of :func:`decode_seconds`, by what they are for."""
    return {
        "weights": _weights(rates, work.weights.bytes_by_type, work.weights.resident_bytes),
        "attention": attention_seconds(work, rates, depth),
        "state": work.state * rates.state,
        "operations": work.operations * rates.operation,
        "experts": work.weights.expert_bytes * rates.expert,
    }


def head_seconds(work: Work, rates: Rates) -> float:
    """Seconds of the output head for one token: a prompt needs it once, after its last token."""
    return _weights(rates, work.weights.head_bytes, work.weights.resident_bytes)


def batch_seconds(work: Work, rates: MachineRates, tokens: int, depth: float) -> float:
    """Seconds to read ``tokens`` prompt tokens in one batch, of which the first sees ``depth`` tokens."""
    prefill = rates.prefill
    each = (
        _weights(prefill, work.weights.prompt_bytes, work.weights.resident_bytes)
        + attention_seconds(work, prefill, depth + tokens / 2)
        + work.state * prefill.state
        + work.elements * prefill.element
        + work.weights.expert_bytes * prefill.expert
    )
    return tokens * each + work.operations * prefill.operation + head_seconds(work, rates.decode)


def prefill_seconds(work: Work, rates: MachineRates, tokens: int, depth: float = 0) -> float:
    """Seconds to read a prompt of ``tokens``, in batches, after ``depth`` tokens."""
    starts = range(0, tokens, rates.batch_tokens)
    sizes = [min(rates.batch_tokens, tokens - start) for start in starts]
    return sum(batch_seconds(work, rates, n, depth + start) for start, n in zip(starts, sizes, strict=True))


def answer_seconds(work: Work, rates: MachineRates, prompt_tokens: int, output_tokens: int) -> float:
    """Seconds for a whole request: the prompt, whose last logits are the first token, then one by one."""
    steps = max(0, output_tokens - 1)
    middle = prompt_tokens + steps / 2
    return prefill_seconds(work, rates, prompt_tokens) + steps * decode_seconds(work, rates.decode, middle)


def types_without_rates(work: Work, rates: MachineRates) -> list[str]:
    """Types that the model has and no probe has timed; :func:`stand_in` says whose rate is taken for them."""
    return [kind for kind in work.weights.bytes_by_type if kind not in rates.decode.by_type]


@cache
def stand_in(kind: str, timed: tuple[str, ...]) -> str:
    """The timed type whose weights have the most similar number of bits."""
    return min(timed, key=lambda each: abs(_bits(each) - _bits(kind)))


def _bits(kind: str) -> float:
    weights, size = block_of(kind)
    return 8 * size / weights


def _weights(rates: Rates, sizes: Mapping[str, float], total_bytes: float) -> float:
    knots = [size for size, _ in rates.by_size]
    read = sum(w * cost for w, (_, cost) in zip(hats(knots, total_bytes), rates.by_size, strict=True))
    timed = tuple(rates.by_type)
    costs = {kind: rates.by_type[kind if kind in rates.by_type else stand_in(kind, timed)] for kind in sizes}
    return sum(size * (read + costs[kind]) for kind, size in sizes.items())
