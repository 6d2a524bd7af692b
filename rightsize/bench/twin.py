"""Measuring a shape twin: written, measured in a worker of its own, removed; in parts where it does not fit.

A twin's weights are random, so it never has a score; its speed, memory and energy are those of the model.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rightsize.bench.candidates import DEFAULT_ENGINE, candidate_settings
from rightsize.bench.collect import token_readings, watched_facts
from rightsize.bench.extrapolate import extrapolated
from rightsize.bench.protocol import CellRequest, Event, TokenWork
from rightsize.bench.supervise import Limits, WorkerFailed, run_worker
from rightsize.domain import Absent, Machine, Measured, Model
from rightsize.errors import EngineError, ResourceError
from rightsize.models.twins.depths import depths_that_fit
from rightsize.models.twins.plan import TwinPlan
from rightsize.models.twins.subject import TwinSubject
from rightsize.models.twins.write import SPARE_BYTES, check_disk, write_twin
from rightsize.settings import Settings
from rightsize.units import format_bytes

NO_SCORE = "a shape twin has random weights: its answers mean nothing"
_OVERHEAD_BYTES = 300 << 20  # the worker itself, caches and compute buffers, beside the weights
_MEMORY_SHARE = 0.9

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TwinResult:
    """What a twin showed. ``size_bytes`` is the whole twin's file; ``depths`` are the numbers of layers that
    were measured where the whole did not fit, else empty. ``write_s`` is how long writing took."""

    measured: Measured
    size_bytes: int
    mix: str
    approximate: str
    depths: tuple[int, ...]
    why_reduced: str
    write_s: float
    kept: Path | None


def measure_twin(
    subject: TwinSubject,
    tokens: TokenWork,
    *,
    machine: Machine,
    settings: Settings,
    keep: Path | None = None,
    notify: Notify = lambda _: None,
) -> TwinResult:
    """Measure the twin of a model, whole where disk and memory allow it, else at two depths.

    Raises ResourceError where not even two layers fit, EngineError where the engine cannot run the twin. The
    files are removed, unless ``keep`` names a folder for them.
    """
    plan = subject.plan()
    with _folder(keep) as folder:
        why = _why_not_whole(plan, folder, machine, settings)
        run = _Run(subject.model(), folder, tokens, machine, settings, notify)
        if not why:
            try:
                measured = run.measure(plan, subject.level)
            except _OutOfMemoryError as death:
                why = str(death)
            else:
                kept = run.written[0] if keep else None
                return TwinResult(
                    measured, plan.size_bytes, plan.mix, plan.approximate, (), "", run.write_s, kept
                )
        return _reduced(subject, plan, run, why)


class _OutOfMemoryError(EngineError):
    """The worker needed more memory than there is."""


def _reduced(subject: TwinSubject, plan: TwinPlan, run: _Run, why: str) -> TwinResult:
    """Two shallow twins, and the line through them."""
    shape = subject.shape
    if shape is None:
        raise ResourceError(why, next_step="A twin by a file's header cannot be cut: free some space")
    budget = _budget(run.folder, run.machine, run.settings)
    depths = depths_that_fit(subject, budget)
    if depths is None:
        raise ResourceError(f"{why}, nor do two of its layers", next_step="Free some disk or memory")
    run.notify(f"{why}; measuring {depths[0]} and {depths[1]} of {len(shape.layers)} layers instead")
    label = f"extrapolated from {depths[0]} and {depths[1]} of {len(shape.layers)} layers"
    parts = [subject.cut(depth) for depth in depths]
    run.remove()
    seen = [
        run.measure(part.plan(), f"{subject.level}-{depth}") for part, depth in zip(parts, depths, strict=True)
    ]
    run.remove()
    weights = (parts[0].weights, parts[1].weights, subject.weights)
    measured = extrapolated(seen[0], seen[1], weights, label)
    return TwinResult(measured, plan.size_bytes, plan.mix, plan.approximate, depths, why, run.write_s, None)


@dataclass(slots=True)
class _Run:
    """Writes and measures files one after the other in one folder."""

    model: Model
    folder: Path
    tokens: TokenWork
    machine: Machine
    settings: Settings
    notify: Notify
    written: list[Path] = field(default_factory=list)
    write_s: float = 0.0

    def measure(self, plan: TwinPlan, label: str) -> Measured:
        path = self.folder / f"{self.model.name}-twin-{label}.gguf"
        self.notify(f"writing a twin of {format_bytes(plan.size_bytes)}")
        started = time.perf_counter()
        self.written.append(write_twin(path, plan))
        self.write_s += time.perf_counter() - started
        self.notify("measuring it")
        model = replace(self.model, path=path, size_bytes=plan.size_bytes)
        return _measured(model, self.tokens, self.machine, self.settings)

    def remove(self) -> None:
        """Remove what was written."""
        for path in self.written:
            path.unlink(missing_ok=True)


def _measured(model: Model, tokens: TokenWork, machine: Machine, settings: Settings) -> Measured:
    request = CellRequest(
        engine=DEFAULT_ENGINE,
        model=model,
        settings=candidate_settings(machine, settings),
        tasks=(),
        requests=settings.requests,
        repetitions=settings.repetitions,
        watts_idle=settings.watts_idle,
        watts_load=settings.watts_load,
        remeasure=settings.remeasure,
        tokens=tokens,
    )
    limit = settings.memory_limit_bytes or machine.memory_limit_bytes
    heard: dict[str, Mapping[str, Any]] = {}
    try:
        for event in run_worker(request, Limits(settings.time_limit_s, settings.stall_limit_s, limit)):
            _hear(event, heard)
    except WorkerFailed as death:
        kind = _OutOfMemoryError if "out of memory" in str(death) else EngineError
        raise kind(f"the twin could not be measured: {death}") from death
    readings, absent = token_readings(heard["requests"], heard["loaded"], heard["speed"], NO_SCORE)
    watched = watched_facts(heard["requests"], heard["speed"])
    facts = {**heard["loaded"], **heard["requests"].get("facts", {}), **watched}
    return Measured(
        (), tuple(readings), (*absent, Absent("score", NO_SCORE), Absent("invalid_rate", NO_SCORE)), facts
    )


def _hear(event: Event, heard: dict[str, Mapping[str, Any]]) -> None:
    if event.kind in {"loaded", "speed", "requests"}:
        heard[event.kind] = event.data


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder for the files: the user's own, or one that is gone afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="rightsize-twin-") as name:
        yield Path(name)


def _why_not_whole(plan: TwinPlan, folder: Path, machine: Machine, settings: Settings) -> str:
    try:
        check_disk(folder, plan.size_bytes)
    except ResourceError as error:
        return error.problem
    limit = settings.memory_limit_bytes or machine.memory_limit_bytes
    if plan.size_bytes + _OVERHEAD_BYTES > limit * _MEMORY_SHARE:
        return f"a twin of {format_bytes(plan.size_bytes)} does not fit into {format_bytes(limit)} of memory"
    return ""


def _budget(folder: Path, machine: Machine, settings: Settings) -> int:
    """Bytes that a file may have. Two are on disk at a time."""
    limit = settings.memory_limit_bytes or machine.memory_limit_bytes
    disk = shutil.disk_usage(folder).free - SPARE_BYTES
    # While a model is loaded, its file and what llama.cpp lays out anew may both be resident.
    memory = int(limit * _MEMORY_SHARE / 2) - _OVERHEAD_BYTES
    return min(int(disk / 1.6), memory)
