"""What one model at one quantization would need and do: memory and speed with intervals, and whether that is
enough.

Here: from a calibration of this machine. Elsewhere: from published figures of another, labelled projected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rightsize.models.shapes.shape import Shape
from rightsize.predict.cache import CacheSettings, cache_bytes, cached_by
from rightsize.predict.calibration import Calibration
from rightsize.predict.interval import Basis, Spread
from rightsize.predict.memory import Loading, Typed, predict_memory
from rightsize.predict.projection import Elsewhere, Range, projected_decode, projected_prefill
from rightsize.predict.speed import MachineRates, decode_seconds, prefill_seconds, types_without_rates
from rightsize.predict.work import Work, work_of

APPROXIMATE = "approximate speed: every token is taken to go through other experts, each as often as the rest"
_OF_EXPERTS = 2.0  # how much wider on a logarithmic scale an interval is then: assumed
_NATIVE = Loading(base_bytes=30_000_000)  # a native server without a model, roughly


class Fit(StrEnum):
    """Whether a model meets what was asked for; near a limit nobody can say without measuring."""

    MEETS = "meets"
    BORDER = "border"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Span:
    """A predicted figure with its 90% interval; ``basis`` says what that rests on. ``n`` measurements on this
    machine were there to teach it."""

    value: float
    low: float
    high: float
    n: int = 0
    basis: Basis = Basis.PUBLISHED


@dataclass(frozen=True, slots=True)
class Wish:
    """What a model must do: one request of so many tokens within a latency, within a memory, with a context."""

    prompt_tokens: int = 800
    output_tokens: int = 60
    max_latency_ms: float | None = None
    max_memory_bytes: float | None = None
    min_context: int | None = None

    @property
    def context_tokens(self) -> int:
        """Cells that a run needs: the request, or the context that was asked for."""
        return max(self.prompt_tokens + self.output_tokens, self.min_context or 0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The figures of one candidate. Prefill and latency are None where nothing published can tell.

    ``parts`` are the predicted bytes of memory by what they are for; ``notes`` say what stands for something
    else.
    """

    memory_bytes: Span
    decode_tokens_s: Span
    prefill_tokens_s: Span | None
    latency_ms: Span | None
    parts: Mapping[str, int]
    projected: bool
    notes: tuple[str, ...] = ()


def outlook_here(
    shape: Shape, tensors: Sequence[Typed], wish: Wish, calibration: Calibration, spreads: Mapping[str, Spread]
) -> Outlook:
    """The outlook on the machine that was calibrated; ``spreads`` by metric."""
    work, rates = work_of(shape, tensors), calibration.rates
    spreads = spreads_for(shape, spreads)
    prefill = prefill_seconds(work, rates, wish.prompt_tokens)
    step = decode_seconds(work, rates.decode, wish.prompt_tokens + wish.output_tokens / 2)
    settings = CacheSettings(wish.context_tokens, rates.batch_tokens)
    memory = predict_memory(shape, tensors, settings, calibration.loading, prompt_tokens=wish.prompt_tokens)
    missing = types_without_rates(work, rates)
    return Outlook(
        memory_bytes=_around(memory.peak, spreads["memory"]),
        decode_tokens_s=_around(1 / step, spreads["decode"]),
        prefill_tokens_s=_around(wish.prompt_tokens / prefill, spreads["prefill"]),
        latency_ms=_latency_here(prefill, step, spreads, wish),
        parts=_parts(memory.weights, memory.packed, memory.cache, memory.compute, memory.base),
        projected=False,
        notes=(
            *(f"no rate was measured for {kind}: a type of similar width stands in" for kind in missing),
            *([APPROXIMATE] if shape.experts else []),
        ),
    )


def spreads_for(shape: Shape, spreads: Mapping[str, Spread]) -> dict[str, Spread]:
    """The intervals of a shape: how long experts take depends on which of them a text asks for, so that their
    speed is approximate.
    """
    power = _OF_EXPERTS if shape.experts else 1.0
    return {metric: each if metric == "memory" else each.wider(power) for metric, each in spreads.items()}


def outlook_elsewhere(
    shape: Shape, tensors: Sequence[Typed], wish: Wish, machine: Elsewhere, here: MachineRates | None
) -> Outlook:
    """The outlook on a machine of which only published figures are known."""
    work = work_of(shape, tensors)
    settings = CacheSettings(wish.context_tokens)
    per_token = cache_bytes(cached_by(shape), settings) / settings.cells
    depth = wish.prompt_tokens + wish.output_tokens / 2
    step = projected_decode(work, machine, per_token, depth)
    prefill = projected_prefill(work, machine, wish.prompt_tokens, here)
    memory = predict_memory(shape, tensors, settings, _NATIVE, prompt_tokens=wish.prompt_tokens)
    # A build there may copy its weights into a packed form, or not.
    highest = memory.peak + memory.weights
    parts = _parts(memory.weights, memory.packed, memory.cache, memory.compute, memory.base)
    return Outlook(
        memory_bytes=Span(memory.peak, memory.peak, highest),
        decode_tokens_s=_inverse(step, 1),
        prefill_tokens_s=_inverse(prefill, wish.prompt_tokens) if prefill else None,
        latency_ms=_latency(prefill, step, wish) if prefill else None,
        parts=parts,
        projected=True,
    )


def judge(outlook: Outlook, wish: Wish, context: int) -> tuple[Fit, tuple[str, ...]]:
    """Whether a candidate with that much context meets the wish, and which limits it fails or is near to."""
    verdicts: dict[str, Fit] = {}
    if wish.max_latency_ms is not None:
        verdicts["latency"] = _below(outlook.latency_ms, wish.max_latency_ms)
    if wish.max_memory_bytes is not None:
        verdicts["memory"] = _below(outlook.memory_bytes, wish.max_memory_bytes)
    if wish.context_tokens > context:
        verdicts["context"] = Fit.FAILS
    for worst in (Fit.FAILS, Fit.BORDER):
        if reasons := tuple(name for name, verdict in verdicts.items() if verdict is worst):
            return worst, reasons
    return Fit.MEETS, ()


def work_and_memory(
    shape: Shape, tensors: Sequence[Typed], calibration: Calibration, settings: CacheSettings, prompt: int
) -> tuple[Work, int]:
    """Work of a candidate, and the bytes it adds to a process, for comparing with what is measured."""
    memory = predict_memory(shape, tensors, settings, calibration.loading, prompt_tokens=prompt)
    return work_of(shape, tensors), memory.peak - memory.base


def _below(span: Span | None, limit: float) -> Fit:
    if span is None:
        return Fit.BORDER
    if span.high <= limit:
        return Fit.MEETS
    return Fit.FAILS if span.low > limit else Fit.BORDER


def _latency(prefill: Range, step: Range, wish: Wish) -> Span:
    """A prompt and every token after the first, in ms."""
    steps = max(0, wish.output_tokens - 1)

    def total(prompt_s: float, step_s: float) -> float:
        return 1e3 * (prompt_s + steps * step_s)

    return Span(total(prefill.value, step.value), total(prefill.low, step.low), total(prefill.high, step.high))


def _latency_here(prefill_s: float, step_s: float, spreads: Mapping[str, Spread], wish: Wish) -> Span:
    """A latency's interval is learned where both of its parts' are."""
    parts = spreads["prefill"], spreads["decode"]
    span = _latency(_spread(prefill_s, parts[0]), _spread(step_s, parts[1]), wish)
    basis = Basis.ASSUMED if Basis.ASSUMED in {each.basis for each in parts} else Basis.LEARNED
    return replace(span, n=min(each.n for each in parts), basis=basis)


def _around(value: float, spread: Spread) -> Span:
    return Span(value, value / spread.factor, value * spread.factor, spread.n, spread.basis)


def _spread(seconds: float, spread: Spread) -> Range:
    return Range(seconds, seconds / spread.factor, seconds * spread.factor)


def _inverse(seconds: Range, tokens: int) -> Span:
    return Span(tokens / seconds.value, tokens / seconds.high, tokens / seconds.low)


def _parts(weights: int, packed: int, cache: int, compute: int, process: int) -> dict[str, int]:
    return {"weights": weights, "packed": packed, "cache": cache, "compute": compute, "process": process}
