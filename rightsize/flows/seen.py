"""What a measurement showed that a prediction speaks of: speed and memory of llama.cpp on the processor, with
its usual settings, in windows that nothing disturbed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

from rightsize.bench.candidates import DEFAULT_ENGINE
from rightsize.bench.speed import DECODE_TOKENS, PREFILL_TOKENS
from rightsize.domain import CandidateSettings, Measured, Outcome, Provenance, Reading, TaskType
from rightsize.predict.rates_fit import typical
from rightsize.stats.trust import causes

_BATCH_TOKENS = 512  # what a session computes at once
_DEEP = 256  # from here on the gaps between a request's tokens tell of depth
_USUAL = CandidateSettings()
_MUST_BE_USUAL = ("gpu_layers", "kv_type", "flash_attention", "constrain", "lora")


@dataclass(frozen=True, slots=True)
class Seen:
    """One measured figure: tokens/s of ``decode`` or ``prefill``, or peak bytes of ``memory``.

    ``tokens`` is how many at once, for memory the context's size; ``prompt_tokens`` the longest prompt.
    """

    metric: str
    tokens: int
    depth: int
    value: float
    prompt_tokens: int = 0


class Cell(Protocol):
    """What was measured of a candidate, as :class:`rightsize.domain.Record` is one."""

    @property
    def candidate_id(self) -> str: ...  # noqa: D102
    @property
    def candidate(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def outcome(self) -> Outcome: ...  # noqa: D102
    @property
    def machine_fingerprint(self) -> str: ...  # noqa: D102
    @property
    def engine(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def suite_info(self) -> Mapping[str, Any]: ...  # noqa: D102


def seen_in(record: Cell) -> list[Seen]:
    """The figures of a record that a prediction speaks of, each from windows that nothing disturbed."""
    model, outcome = record.candidate["model"], record.outcome
    settings = record.candidate.get("settings", {})
    usual = all(settings.get(name, getattr(_USUAL, name)) == getattr(_USUAL, name) for name in _MUST_BE_USUAL)
    local = model.get("twin") or model.get("path")
    if record.candidate["engine"] != DEFAULT_ENGINE or not (usual and local and isinstance(outcome, Measured)):
        return []
    readings = {each.metric: each for each in outcome.readings if each.provenance is Provenance.MEASURED}
    generates = model.get("twin") or record.suite_info["task_type"] == TaskType.GENERATE
    found = _speeds(readings, outcome.facts)
    return [*found, *_of_requests(readings, outcome.facts)] if generates else found


def _speeds(readings: Mapping[str, Reading], facts: Mapping[str, Any]) -> list[Seen]:
    found = []
    for metric, tokens, depth, at_once in (
        ("prefill", PREFILL_TOKENS, 0, PREFILL_TOKENS),
        ("decode", DECODE_TOKENS, DECODE_TOKENS // 2, 1),
    ):
        name = f"{metric}_tokens_per_s"
        reading = readings.get(name)
        windows = facts.get("windows", {}).get(name, ())
        if reading is None or len(windows) != len(reading.samples):
            continue
        quiet = [
            tokens / speed for speed, window in zip(reading.samples, windows, strict=True) if not causes(window)
        ]
        if quiet:
            found.append(Seen(metric, at_once, depth, tokens / typical(quiet)))
    return found


def _of_requests(readings: Mapping[str, Reading], facts: Mapping[str, Any]) -> list[Seen]:
    """Peak memory; and decoding deep in a context, where requests were long."""
    prompts, memory, gaps = (readings.get(name) for name in ("prompt_tokens", "memory_bytes", "itl_ms"))
    context = facts.get("context_tokens")
    if prompts is None or not context:
        return []
    found = []
    if memory is not None:
        longest = round(max(prompts.samples))
        found.append(Seen("memory", int(context), 0, max(memory.samples), min(longest, _BATCH_TOKENS)))
    depth = round(median(prompts.samples) + median(readings["output_tokens"].samples) / 2)
    quiet = not any(causes(window) for window in facts.get("windows", {}).get("requests", ()))
    if gaps is not None and quiet and depth >= _DEEP:
        found.append(Seen("decode", 1, depth, 1e3 / typical(gaps.samples)))
    return found
