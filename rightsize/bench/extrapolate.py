"""From two shallow twins to the whole model: every layer costs the same, so time, memory and energy grow
linearly with the weights. Pure: readings in, readings out."""

from __future__ import annotations

from collections.abc import Sequence

from rightsize.domain import Absent, Measured, Provenance, Reading

_RATES = {"prefill_tokens_per_s", "decode_tokens_per_s"}
_COUNTS = {"prompt_tokens", "output_tokens"}


def extrapolated(shallow: Measured, deep: Measured, weights: tuple[int, int, int], label: str) -> Measured:
    """What a model of ``weights[2]`` weights would show, from two with ``weights[0]`` and ``weights[1]``.

    Samples are paired by rank. Every reading becomes modelled; ``error_low`` and ``error_high`` are what the
    spread of the samples allows: the line from a high shallow sample to a low deep one, and its opposite.
    """
    readings, absent = [], list(deep.absent)
    for reading in deep.readings:
        other = next((each for each in shallow.readings if each.metric == reading.metric), None)
        if reading.metric in _COUNTS:
            readings.append(reading)
        elif other is None or len(other.samples) != len(reading.samples):
            absent.append(Absent(reading.metric, "it was not measured at both depths"))
        elif made := _line(other, reading, weights, label):
            readings.append(made)
        else:
            absent.append(Absent(reading.metric, "noise at the two depths was larger than their difference"))
    return Measured((), tuple(readings), tuple(absent), {**deep.facts, "extrapolated": label})


def _line(shallow: Reading, deep: Reading, weights: tuple[int, int, int], label: str) -> Reading | None:
    first, second, whole = weights
    stretch = (whole - first) / (second - first)
    rate = deep.metric in _RATES
    low, high = (sorted(_costs(reading, rate)) for reading in (shallow, deep))

    def at(left: float, right: float) -> float:
        return left + (right - left) * stretch

    costs = [at(left, right) for left, right in zip(low, high, strict=True)]
    middle = sorted(costs)[len(costs) // 2]
    best, worst = at(low[-1], high[0]), at(low[0], high[-1])
    if min(costs) <= 0:
        return None
    factors = (max(best, 0.0) / middle, worst / middle)
    if rate:
        factors = (middle / worst, middle / best if best > 0 else 2 * middle / min(costs))
    return Reading(
        deep.metric,
        deep.unit,
        tuple(1 / cost for cost in costs) if rate else tuple(costs),
        Provenance.MODELLED,
        deep.source,
        min(1.0, factors[0]) * deep.error_low,
        max(1.0, factors[1]) * deep.error_high,
        label,
    )


def _costs(reading: Reading, rate: bool) -> Sequence[float]:
    return [1 / sample for sample in reading.samples] if rate else reading.samples
