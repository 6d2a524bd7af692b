"""The two sides of the twin benchmark: real (or independent) weights, and their twins, timed in turn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path

import numpy as np

from rightsize.bench.protocol import CellRequest, TokenWork
from rightsize.bench.supervise import Limits, run_worker
from rightsize.domain import CandidateSettings, Model
from rightsize.engines.llama_cpp.session import LlamaCppSession
from rightsize.models.shapes.gguf_file import padded
from rightsize.models.twins.ggml import quantize_rows
from rightsize.models.twins.plan import TwinPlan
from rightsize.models.twins.weights import patch_of

_SLAB_WEIGHTS = 1 << 22
_PROBE_TOKENS = 96
_LOADS = 6


@dataclass(frozen=True, slots=True)
class Case:
    """A pair of files of one shape and mix, and how long the speed tests on them are."""

    name: str
    real: Path
    twin: Path
    prefill_tokens: int
    decode_tokens: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Timed:
    """Tokens per second, and what the reference probe gave just before and just after."""

    rate: float
    probes: tuple[float, float]

    @property
    def normalised(self) -> float:
        """The rate in units of the machine's speed at that moment."""
        return self.rate / sqrt(self.probes[0] * self.probes[1])


def write_independent(path: Path, plan: TwinPlan, seed: int) -> Path:
    """The plan's file with every weight drawn on its own, nothing tiled; slow."""
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write(plan.head)
        for tensor in plan.tensors:
            width, rows = tensor.shape[0], prod(tensor.shape[1:])
            if len(tensor.shape) < 2 or tensor.type_name == "F32":
                file.write(patch_of(tensor, seed)[: tensor.size_bytes])
            else:
                step = max(1, _SLAB_WEIGHTS // width)
                for start in range(0, rows, step):
                    count = min(step, rows - start)
                    values = random.standard_normal((count, width), np.float32) / np.float32(sqrt(width))
                    file.write(quantize_rows(values, tensor.type_name))
            file.write(b"\0" * (padded(tensor.size_bytes) - tensor.size_bytes))
    return path


@contextmanager
def opened(path: Path, threads: int) -> Iterator[LlamaCppSession]:
    """A session that is closed again."""
    session = LlamaCppSession(path, CandidateSettings(threads=threads))
    try:
        yield session
    finally:
        session.close()


def timed_pairs(case: Case, reference: LlamaCppSession, threads: int) -> dict[str, list[tuple[Timed, Timed]]]:
    """``(real, twin)`` timings of prefill and decode, each between two probes, the order turned every pair.

    Both are loaded anew every few pairs, the other first each time: where the system happens to put their
    weights makes one of them a few percent faster for as long as they lie there.
    """
    found: dict[str, list[tuple[Timed, Timed]]] = {"prefill": [], "decode": []}
    for number in range(_LOADS):
        with _both(case, threads, twin_first=number % 2 == 1) as (real, twin):
            for pair in range(case.pairs // _LOADS + 1):
                for kind, rows in found.items():
                    sides = (real, twin) if pair % 2 else (twin, real)
                    seen = [_timed(side, kind, case, reference) for side in sides]
                    if pair:  # the first warms both up
                        rows.append((seen[0], seen[1]) if pair % 2 else (seen[1], seen[0]))
    return found


@contextmanager
def _both(case: Case, threads: int, *, twin_first: bool) -> Iterator[tuple[LlamaCppSession, LlamaCppSession]]:
    """Sessions on the real file and on its twin."""
    if twin_first:
        with opened(case.twin, threads) as twin, opened(case.real, threads) as real:
            yield real, twin
    else:
        with opened(case.real, threads) as real, opened(case.twin, threads) as twin:
            yield real, twin


def _timed(session: LlamaCppSession, kind: str, case: Case, reference: LlamaCppSession) -> Timed:
    before = _probe(reference)
    if kind == "prefill":
        (rate,) = session.prefill_tokens_per_s(case.prefill_tokens, 1)
    else:
        (rate,) = session.decode_tokens_per_s(case.decode_tokens, 1)
    return Timed(rate, (before, _probe(reference)))


def _probe(reference: LlamaCppSession) -> float:
    (rate,) = reference.decode_tokens_per_s(_PROBE_TOKENS, 1)
    return rate


def peak_memory_bytes(path: Path, threads: int) -> float:
    """Peak resident memory of a worker that answers two requests with the file."""
    request = CellRequest(
        engine="llama_cpp",
        model=Model(path.stem, path=path, size_bytes=path.stat().st_size),
        settings=CandidateSettings(threads=threads),
        tasks=(),
        requests=2,
        repetitions=1,
        speed=False,
        tokens=TokenWork(64, 8),
    )
    events = run_worker(request, Limits(600, 600, 0))
    return float(next(event.data["memory"]["total"] for event in events if event.kind == "requests"))


def plain_write_s(path: Path, size_bytes: int) -> float:
    """Seconds to write that many bytes that are there already."""
    chunk = np.random.default_rng(0).bytes(4 << 20)
    started = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(size_bytes // len(chunk)):
            file.write(chunk)
        file.write(chunk[: size_bytes % len(chunk)])
    return time.perf_counter() - started
