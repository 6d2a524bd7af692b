"""The probe: small files of every weight type, timed on this machine in under a minute; raw samples stay."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rightsize.bench.probe_files import ProbeFile, llama_shape, mamba_shape
from rightsize.bench.speed_client import SpeedWorker
from rightsize.models.shapes.shape import Shape

TYPES = ("Q4_K", "Q6_K", "Q8_0", "Q5_0", "F16", "Q5_K", "Q3_K", "Q4_0", "Q2_K", "Q5_1")
BATCH_TOKENS = 512
PROMPT_TOKENS = 256
_POINT_S = 0.2
_TIME_LIMIT_S = 240
_CURVE_TYPE = "Q4_K"
_FIRST_TYPES = 3
_NEEDED_FILES = 9  # without these there is no calibration, however long they take
_BUDGET_S = 50.0


@dataclass(frozen=True, slots=True)
class ProbeTiming:
    """One timed point: the file it was timed on, tokens at once (1: decoding), depth, and raw seconds."""

    file: ProbeFile
    tokens: int
    depth: int
    seconds: tuple[float, ...]
    reference_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """All timings, how the build packed each file's weights, and how long the probe took."""

    timings: tuple[ProbeTiming, ...]
    packed: dict[str, float]
    base_bytes: int
    threads: int
    took_s: float


def probe_files(types: Sequence[str] = TYPES) -> list[ProbeFile]:
    """Files in the order of their worth: some types, how size matters, depth, operations, then the rest."""
    one, long = (1, 0), (PROMPT_TOKENS, 0)
    every = (one, (64, 0), long)
    deep = (one, (PROMPT_TOKENS, 1024), (1, 1536))
    narrow = llama_shape(layers=24, width=256, heads=2, kv_heads=2, feed_forward=512)
    of_type = [ProbeFile(f"type-{kind}", _layers(4), kind, (one, long), kind == _CURVE_TYPE) for kind in types]
    of_size = [ProbeFile(f"size-{n}", _layers(n), _CURVE_TYPE, (one, long), True) for n in (1, 12, 2)]
    of_depth = [
        ProbeFile(f"heads-{heads}-{kv_heads}", _attending(heads, kv_heads), _CURVE_TYPE, deep)
        for heads, kv_heads in ((32, 8), (16, 4), (16, 16))
    ]
    of_operations = [ProbeFile("operations", narrow, "Q8_0", every)]
    of_state = [ProbeFile("state", mamba_shape(layers=8, width=768), _CURVE_TYPE, every)]
    first, rest = of_type[:_FIRST_TYPES], of_type[_FIRST_TYPES:]
    return [*first, *of_size[:2], *of_depth, *of_operations, *rest[:3], *of_state, *of_size[2:], *rest[3:]]


def reference_file() -> ProbeFile:
    """What is decoded for a moment before and after each timing: large enough to feel the memory's state."""
    return ProbeFile("reference", _layers(4), _CURVE_TYPE, ())


def run_probe(
    threads: int,
    *,
    files: Sequence[ProbeFile] | None = None,
    reference: ProbeFile | None = None,
    budget_s: float = _BUDGET_S,
    tell: Callable[[str], None] = lambda _: None,
) -> ProbeResult:
    """Write each file, time it in a worker process, remove it. Raises EngineError with the reason.

    One file at a time: what is removed at once need not be written to the disk behind our back while we time.
    """
    chosen = list(files if files is not None else probe_files())
    started = time.perf_counter()
    timings: list[ProbeTiming] = []
    packed: dict[str, float] = {}
    base = 0
    with tempfile.TemporaryDirectory(prefix="rightsize-probe-") as folder:
        usual = reference or reference_file()
        with SpeedWorker(threads, usual.write(Path(folder)), time_limit_s=_TIME_LIMIT_S) as worker:
            for number, file in enumerate(chosen):
                if number >= _NEEDED_FILES and time.perf_counter() - started > budget_s:
                    break  # a busy machine: what is left out is named where a prediction needs it
                tell(file.tag)
                path = file.write(Path(folder))
                line = worker.time(_job(file, path))
                path.unlink()
                timings += _timings(file, line)
                packed |= _packed(file, line)
                base = base or int(line["base_bytes"])
    return ProbeResult(tuple(timings), packed, base, threads, time.perf_counter() - started)


def _layers(count: int) -> Shape:
    return llama_shape(layers=count, width=2048, heads=16, kv_heads=4, feed_forward=8192)


def _attending(heads: int, kv_heads: int) -> Shape:
    return llama_shape(layers=6, width=2048, heads=heads, kv_heads=kv_heads, feed_forward=256)


def _job(file: ProbeFile, path: Path) -> dict[str, Any]:
    deepest = max(depth for _, depth in file.points)
    timings = [{"tokens": tokens, "depth": depth, "budget_s": _POINT_S} for tokens, depth in file.points]
    return {
        "tag": file.tag,
        "path": str(path),
        "context_tokens": deepest + 2 * BATCH_TOKENS,
        "batch_tokens": BATCH_TOKENS,
        "timings": timings,
    }


def _timings(file: ProbeFile, line: dict[str, Any]) -> list[ProbeTiming]:
    return [
        ProbeTiming(file, each["tokens"], each["depth"], tuple(each["samples"]), tuple(each["reference"]))
        for each in line["timings"]
    ]


def _packed(file: ProbeFile, line: dict[str, Any]) -> dict[str, float]:
    """Bytes that the build copied into a packed form, over the bytes of what it multiplies with."""
    from rightsize.predict.memory import multiplied

    if not file.tag.startswith("type-"):
        return {}
    copied = sum(size for place, size in line["buffers"].items() if not place.startswith(("CPU_Mapped", "CPU")))
    copied += line["buffers"].get("CPU_REPACK", 0)
    original = sum(tensor.size_bytes for tensor in multiplied(file.tensors))
    return {file.type_name: copied / original} if copied else {}
