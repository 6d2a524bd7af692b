"""Which models of the catalogue would do here, or elsewhere: predicted for all, measured where it is close."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rightsize.bench.speed_client import SpeedWorker
from rightsize.errors import ProfileError, QuantizeError, RightsizeError
from rightsize.flows.calibration import Calibrated, Intervals
from rightsize.flows.residuals import Subject, checked
from rightsize.flows.seen import Seen
from rightsize.machine.profiles import Profile
from rightsize.models.catalogue.entry import CatalogueEntry
from rightsize.models.shapes.quant_mix import QuantMix, quant_mix, quant_mixes, unquantized
from rightsize.models.shapes.shape import Shape
from rightsize.models.shapes.tensors import parameters_of
from rightsize.models.twins.plan import twin_plan
from rightsize.models.twins.write import write_twin
from rightsize.predict.interval import Basis
from rightsize.predict.outlook import (
    Fit,
    Outlook,
    Span,
    Wish,
    judge,
    outlook_elsewhere,
    outlook_here,
)
from rightsize.predict.projection import Elsewhere
from rightsize.predict.rates_fit import typical
from rightsize.predict.speed import MachineRates
from rightsize.store.predictions import Checked

_TIME_LIMIT_S = 600
_POINT_S = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model of the catalogue at one level, with its tensors."""

    entry: CatalogueEntry
    shape: Shape
    mix: QuantMix

    @property
    def id(self) -> str:
        """Name for people."""
        return f"{self.entry.id}:{self.mix.level}"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate, its outlook, whether it meets the wish; ``measured`` is what a twin showed, if any."""

    candidate: Candidate
    outlook: Outlook
    fit: Fit
    reasons: tuple[str, ...]
    measured: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A model that was left out, and why."""

    model: str
    reason: str


def candidates(entries: Sequence[CatalogueEntry], levels: Sequence[str]) -> tuple[list[Candidate], list[Left]]:
    """Every model that runs and has a shape, at every level; and those left out with the reason."""
    left: list[Left] = []
    shaped: list[tuple[CatalogueEntry, Shape]] = []
    for entry in entries:
        reason = entry.runs_on.get("llama_cpp", "") or ("" if entry.shape else entry.no_shape)
        if reason or entry.shape is None:
            left.append(Left(entry.id, reason))
        else:
            shaped.append((entry, entry.shape))
    found = []
    quantized = [level for level in levels if level != "F16"]
    for (entry, shape), mixes in zip(shaped, _mixes([s for _, s in shaped], quantized), strict=True):
        if isinstance(mixes, str):
            left.append(Left(entry.id, mixes))
            continue
        known = {**mixes, "F16": unquantized(shape)}
        found += [Candidate(entry, shape, known[level]) for level in levels]
    return found, left


def _mixes(shapes: Sequence[Shape], levels: Sequence[str]) -> list[dict[str, QuantMix] | str]:
    """Every shape's mixes, or the reason why there are none; one bad shape costs itself alone."""
    if not levels:
        return [{} for _ in shapes]
    try:
        return list(quant_mixes(shapes, levels))
    except QuantizeError:
        return [_mixes_of_one(shape, levels) for shape in shapes]


def _mixes_of_one(shape: Shape, levels: Sequence[str]) -> dict[str, QuantMix] | str:
    try:
        return {level: quant_mix(shape, level) for level in levels}
    except QuantizeError as error:
        return error.problem


def rank(found: Sequence[Candidate], wish: Wish, look: Callable[[Candidate], Outlook]) -> list[Ranked]:
    """Those that meet the wish first, then the border, then the rest; the smallest first."""
    ranked = []
    for candidate in found:
        outlook = look(candidate)
        fit, reasons = judge(outlook, wish, candidate.entry.context)
        ranked.append(Ranked(candidate, outlook, fit, reasons))
    return in_order(ranked)


def in_order(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Those that meet the wish, the border, the rest; within each the smallest first."""
    order = list(Fit)
    return sorted(ranked, key=lambda each: (order.index(each.fit), each.candidate.mix.tensor_bytes))


def here(calibrated: Calibrated, wish: Wish, intervals: Intervals) -> Callable[[Candidate], Outlook]:
    """How a candidate looks on the machine that was calibrated."""

    def look(each: Candidate) -> Outlook:
        spreads = intervals.of(parameters_of(each.shape))
        return outlook_here(each.shape, each.mix.tensors, wish, calibrated.calibration, spreads)

    return look


def elsewhere(profile: Profile, wish: Wish, rates: MachineRates | None) -> Callable[[Candidate], Outlook]:
    """How a candidate looks on a machine of which only a profile is known."""
    machine = machine_of(profile)
    return lambda each: outlook_elsewhere(each.shape, each.mix.tensors, wish, machine, rates)


def machine_of(profile: Profile) -> Elsewhere:
    """What a profile says that speed follows from. Raises ProfileError where it has no bandwidth."""
    facts = {key: fact.value for key, fact in profile.facts.items()}
    tflops = facts.get("gpu_fp16_tflops")
    if "gpu_bandwidth_gb_s" in facts:
        bandwidth, on_gpu = facts["gpu_bandwidth_gb_s"], True
    elif "bandwidth_gb_s" in facts:
        bandwidth, on_gpu = facts["bandwidth_gb_s"], profile.kind in {"apple-unified", "unified-pc"}
    else:
        raise ProfileError(
            f"the profile {profile.name} states no memory bandwidth, and without it no speed can be projected",
            next_step="Add the fact, or name another machine",
        )
    cores = (
        None if on_gpu else facts.get("usable_cores", facts.get("physical_cores", facts.get("logical_cores")))
    )
    operations = tflops * 1e12 if tflops and on_gpu else None
    return Elsewhere(profile.name, bandwidth * 1e9, on_gpu, operations, cores)


@dataclass(frozen=True, slots=True)
class TwinTimes:
    """What a twin showed: tokens/s, and the bytes that the model added to its process."""

    prefill_tokens_s: float
    decode_tokens_s: float
    memory_bytes: float
    prompt_tokens: int
    depth: int


def measure_twin(candidate: Candidate, wish: Wish, rates: MachineRates) -> TwinTimes:
    """Write the twin, time it in a process of its own, remove it.

    Raises ResourceError where the disk has no room, EngineError where llama.cpp cannot run it.
    """
    batch = min(rates.batch_tokens, wish.prompt_tokens)
    depth = wish.prompt_tokens
    with tempfile.TemporaryDirectory(prefix="rightsize-twin-") as folder:
        plan = twin_plan(candidate.shape, candidate.mix, name=candidate.id)
        path = write_twin(Path(folder) / "twin.gguf", plan)
        timings = [
            {"tokens": batch, "depth": 0, "budget_s": _POINT_S},
            {"tokens": 1, "depth": depth, "budget_s": _POINT_S, "steps": 40},
        ]
        job = {
            "tag": candidate.id,
            "path": str(path),
            "context_tokens": max(wish.context_tokens, depth + 64, batch),
            "batch_tokens": rates.batch_tokens,
            "timings": timings,
        }
        with SpeedWorker(rates.threads, None, time_limit_s=_TIME_LIMIT_S) as worker:
            line = worker.time(job)
    prompt, step = (typical(each["samples"]) for each in line["timings"])
    added = line["peak_bytes"] - line["resident_before_bytes"]
    return TwinTimes(batch / prompt, 1 / step, added, batch, depth)


def verify(
    ranked: Sequence[Ranked],
    wish: Wish,
    calibrated: Calibrated,
    intervals: Intervals,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Ranked, list[Checked]]]:
    """Measure those on the border with their twins; each comes back judged anew, with what was predicted of it.

    One that cannot be measured comes back as it was, with the reason in its notes.
    """
    rates = calibrated.calibration.rates
    for each in ranked:
        if each.fit is not Fit.BORDER:
            continue
        tell(each.candidate.id)
        try:
            times = measure_twin(each.candidate, wish, rates)
        except RightsizeError as error:
            notes = (*each.outlook.notes, f"not measured: {error.problem}")
            yield replace(each, outlook=replace(each.outlook, notes=notes)), []
            continue
        yield (
            _judged(each, times, wish, calibrated),
            checks_of(each.candidate, times, wish, calibrated, intervals),
        )


def checks_of(
    candidate: Candidate, times: TwinTimes, wish: Wish, calibrated: Calibrated, intervals: Intervals
) -> list[Checked]:
    """What was predicted for just what was measured, side by side."""
    subject = Subject(
        candidate.entry.id,
        candidate.mix.level,
        parameters_of(candidate.shape),
        candidate.shape,
        candidate.mix.tensors,
    )
    peak = times.memory_bytes + calibrated.calibration.loading.base_bytes
    seen = [
        Seen("prefill", times.prompt_tokens, 0, times.prefill_tokens_s),
        Seen("decode", 1, times.depth, times.decode_tokens_s),
        Seen("memory", wish.context_tokens, 0, peak, times.prompt_tokens),
    ]
    return checked(subject, seen, calibrated, intervals)


def _judged(each: Ranked, times: TwinTimes, wish: Wish, calibrated: Calibrated) -> Ranked:
    """The candidate with measured figures in place of predicted ones."""
    seconds = wish.prompt_tokens / times.prefill_tokens_s
    seconds += max(0, wish.output_tokens - 1) / times.decode_tokens_s
    memory = times.memory_bytes + calibrated.calibration.loading.base_bytes
    outlook = replace(
        each.outlook,
        memory_bytes=_exactly(memory),
        decode_tokens_s=_exactly(times.decode_tokens_s),
        prefill_tokens_s=_exactly(times.prefill_tokens_s),
        latency_ms=_exactly(1e3 * seconds),
    )
    fit, reasons = judge(outlook, wish, each.candidate.entry.context)
    measured: dict[str, Any] = {
        "prefill_tokens_s": times.prefill_tokens_s,
        "decode_tokens_s": times.decode_tokens_s,
        "memory_bytes": memory,
    }
    return Ranked(each.candidate, outlook, fit, reasons, measured)


def _exactly(value: float) -> Span:
    return Span(value, value, value, 1, Basis.MEASURED)
