"""Speed on a machine that is not here, from published figures of it: bandwidth, and compute where it is known.

Decoding is bound by reading the weights once a token; what part of the theoretical bandwidth is reached lies
between the bounds below (the sources of ``hardware_profiles`` say 60 to 85% for processors; llmfit assumes
55% and whichllm 40 to 55% for GPUs). Prefill needs a compute rate: of a GPU its published one, of a processor
this machine's own, by cores. Nothing of it was measured there, so the range is wide and the label is
"projected". The eight machines that ``benchmarks/prediction.py`` compares with had been seen when the bounds
were set: that they agree is no independent test.
"""

from __future__ import annotations

from dataclasses import dataclass

from rightsize.predict.speed import MachineRates, prefill_seconds
from rightsize.predict.work import Work


@dataclass(frozen=True, slots=True)
class Reach:
    """Which part of a theoretical rate is reached: what is expected, and the least and most."""

    expected: float
    least: float
    most: float


PROCESSOR_READ = Reach(0.65, 0.45, 0.90)
GPU_READ = Reach(0.65, 0.30, 0.90)
GPU_COMPUTE = Reach(0.30, 0.08, 0.60)
#: One core there against one core here: instruction sets and clocks differ.
CORE = Reach(0.6, 0.1, 1.5)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is published of a machine: bytes/s it can read where the model lies, and operations/s or cores."""

    name: str
    bandwidth_bytes_s: float
    on_gpu: bool
    operations_s: float | None = None
    cores: int | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds: expected, and a range. ``None`` stands for what no published figure can tell."""

    value: float
    low: float
    high: float


def projected_decode(work: Work, machine: Elsewhere, cache_bytes_per_token: float, depth: float) -> Range:
    """Seconds to decode one token: weights and cache are read once."""
    size = work.weights.total_bytes + cache_bytes_per_token * depth
    reach = GPU_READ if machine.on_gpu else PROCESSOR_READ
    return _range(size / machine.bandwidth_bytes_s, reach)


def projected_prefill(work: Work, machine: Elsewhere, tokens: int, here: MachineRates | None) -> Range | None:
    """Seconds to read a prompt; None where neither a compute rate nor cores are published."""
    if machine.operations_s:
        operations = 2 * tokens * (work.parameters + work.attended(tokens / 2))
        return _range(operations / machine.operations_s, GPU_COMPUTE)
    if machine.cores and here:
        seconds = prefill_seconds(work, here, tokens) * here.threads / machine.cores
        return _range(seconds, CORE)
    return None


def _range(seconds: float, reach: Reach) -> Range:
    """``seconds`` is at the full rate; less of it takes longer."""
    return Range(seconds / reach.expected, seconds / reach.most, seconds / reach.least)
