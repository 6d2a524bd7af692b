"""Every residual teaches: beside each measurement of a model file or a twin, what was predicted of it.

Arithmetic on the file's header, after the cell is stored; nothing is measured for it. Only what a prediction
speaks of is compared: llama.cpp on the processor with its usual settings, at the number of threads that was
calibrated, in windows that nothing disturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rightsize.bench.candidates import DEFAULT_ENGINE
from rightsize.bench.speed import DECODE_TOKENS, PREFILL_TOKENS
from rightsize.domain import CandidateSettings, Measured, Provenance, Reading, Record, TaskType
from rightsize.flows.calibration import Calibrated, Intervals, engine_text, intervals_from, known_calibration
from rightsize.models.catalogue.load import find_entry
from rightsize.models.gguf_header import read_header
from rightsize.models.local_file import split_parts
from rightsize.models.shapes.from_header import shape_of, typed
from rightsize.models.shapes.gguf_file import TypedTensor
from rightsize.models.shapes.quant_mix import quant_mix
from rightsize.models.shapes.shape import Shape
from rightsize.models.shapes.tensors import parameters_of
from rightsize.models.twins.subject import TwinSubject
from rightsize.predict.cache import CacheSettings
from rightsize.predict.memory import predict_memory
from rightsize.predict.outlook import spreads_for
from rightsize.predict.rates_fit import typical
from rightsize.predict.speed import decode_seconds, prefill_seconds
from rightsize.predict.work import work_of
from rightsize.stats.trust import causes
from rightsize.store import Store
from rightsize.store.predictions import Checked, Predictions

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BATCH_TOKENS = 512  # what a session computes at once
_DEEP = (
    256  # from here on the gaps between a request's tokens say something that generation from nothing does not
)
_USUAL = CandidateSettings()
_MUST_BE_USUAL = ("gpu_layers", "kv_type", "flash_attention", "constrain", "lora")


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured: a model's name and level, its shape, and its tensors with their types."""

    model: str
    level: str
    parameters: int
    shape: Shape
    tensors: Sequence[TypedTensor]


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


def checked(subject: Subject, seen: Sequence[Seen], known: Calibrated, intervals: Intervals) -> list[Checked]:
    """Each measured figure with what is predicted for just that."""
    rates, loading = known.calibration.rates, known.calibration.loading
    work = work_of(subject.shape, subject.tensors)
    spreads = spreads_for(subject.shape, intervals.of(subject.parameters))

    def predicted(each: Seen) -> float:
        if each.metric == "decode":
            return 1 / decode_seconds(work, rates.decode, each.depth)
        if each.metric == "prefill":
            return each.tokens / prefill_seconds(work, rates, each.tokens, each.depth)
        run = CacheSettings(each.tokens, rates.batch_tokens)
        memory = predict_memory(subject.shape, subject.tensors, run, loading, prompt_tokens=each.prompt_tokens)
        return float(memory.peak)

    def check(each: Seen) -> Checked:
        value, factor = predicted(each), spreads[each.metric].factor
        return Checked(
            calibration_id=known.id,
            machine_fingerprint=known.machine_fingerprint,
            engine=known.engine,
            model=subject.model,
            level=subject.level,
            parameters=subject.parameters,
            metric=each.metric,
            unit="byte" if each.metric == "memory" else "token/s",
            tokens=each.tokens,
            depth=each.depth,
            threads=rates.threads,
            predicted=value,
            low=value / factor,
            high=value * factor,
            measured=each.value,
        )

    return [check(each) for each in seen]


class TeachingStore(Store):
    """A store that keeps, beside each record, what was predicted of it.

    Nothing is predicted where this machine was not calibrated. What goes wrong is told to ``tell`` and costs
    the comparison alone.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.tell: Callable[[str], None] = lambda _: None
        self._predictions = Predictions(engine)
        self._compared: set[tuple[str, str]] = set()

    def append(self, record: Record) -> int:
        """Store a record, then what was predicted of it."""
        number = super().append(record)
        try:
            self._learn(record)
        except Exception as error:  # a comparison must never cost a measurement
            self.tell(f"{record.candidate_id}: not compared with its prediction: {error}")
        return number

    def _learn(self, record: Record) -> None:
        """A cell's tasks share its speed, so that only the first of them teaches."""
        key = (record.candidate_id, record.candidate["model"].get("sha256", ""))
        if key in self._compared or not (seen := seen_in(record)):
            return
        known = known_calibration(
            self._predictions,
            record.machine_fingerprint,
            engine_text(record.engine),
            record.candidate["settings"]["threads"],
        )
        if known is None:
            return
        self._compared.add(key)
        subject = _subject(record.candidate["model"])
        stored = self._predictions.checks(known.machine_fingerprint, known.engine)
        self._predictions.keep(checked(subject, seen, known, intervals_from(stored)))


def seen_in(record: Record) -> list[Seen]:
    """The figures of a record that a prediction speaks of, each from windows that nothing disturbed."""
    model, outcome = record.candidate["model"], record.outcome
    settings = record.candidate.get("settings", {})
    usual = all(settings.get(name, getattr(_USUAL, name)) == getattr(_USUAL, name) for name in _MUST_BE_USUAL)
    local = model.get("twin") or model.get("path")
    if record.candidate["engine"] != DEFAULT_ENGINE or not (usual and local and isinstance(outcome, Measured)):
        return []
    readings = {each.metric: each for each in outcome.readings if each.provenance is Provenance.MEASURED}
    generates = record.suite_info["task_type"] == TaskType.GENERATE or model.get("twin")
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


def _subject(model: Mapping[str, Any]) -> Subject:
    """Shape and tensors: of a twin from the catalogue, of a file from its header."""
    if model["twin"]:
        shape = TwinSubject.of(find_entry(model["name"]), model["quant"]).shape
        assert shape is not None
        return Subject(
            model["name"], model["quant"], parameters_of(shape), shape, quant_mix(shape, model["quant"]).tensors
        )
    headers = [read_header(part) for part in split_parts(Path(model["path"]))]
    tensors = [tensor for header in headers for tensor in header.tensors]
    shape = shape_of(headers[0], tensors)
    parameters = sum(tensor.elements for tensor in tensors)
    return Subject(model["name"], model["quant"], parameters, shape, typed(tensors))
