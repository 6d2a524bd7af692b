"""The probe: small files of every weight type, timed on this machine in under a minute; raw samples stay."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from rightsize.bench.budget import Budget
from rightsize.bench.probe_files import ProbeFile, expert_shape, llama_shape, mamba_shape, named
from rightsize.bench.speed_client import SpeedWorker
from rightsize.models.shapes.shape import Shape

TYPES = ("Q4_K", "Q6_K", "Q8_0", "Q5_0", "F16", "Q5_K", "Q3_K", "Q4_0", "Q2_K", "Q5_1")
BATCH_TOKENS = 512
PROMPT_TOKENS, SHORT_PROMPT_TOKENS = BATCH_TOKENS, 128
_POINT_S = 0.2
_TIME_LIMIT_S = 240
_CURVE_TYPE = "Q4_K"
BUDGET_S = 42.0


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
    """All timings, how the build packed each file's weights, how long the probe took, and what it had no time
    for.
    """

    timings: tuple[ProbeTiming, ...]
    packed: dict[str, float]
    base_bytes: int
    threads: int
    took_s: float
    left_out: tuple[str, ...] = ()


def probe_files(types: Sequence[str] = TYPES) -> list[ProbeFile]:
    """Files in the order of their worth: some types, how size matters, depth, operations, then the rest."""
    one, long = (1, 0), (PROMPT_TOKENS, 0)
    every = (one, (64, 0), long)
    deep = (one, (SHORT_PROMPT_TOKENS, 512), (1, 1024))
    narrow = llama_shape(layers=24, width=256, heads=2, kv_heads=2, feed_forward=512)
    curve = ProbeFile(f"type-{_CURVE_TYPE}", _layers(4), _CURVE_TYPE, (one, long), is_knot=True)
    others = (kind for kind in types if kind != _CURVE_TYPE)
    of_type = [ProbeFile(f"type-{kind}", _layers(4), kind, (one, long)) for kind in others]
    of_size = [ProbeFile(f"size-{n}", _layers(n), _CURVE_TYPE, (one, long), is_knot=True) for n in (1, 12, 2)]
    # Beyond what any cache holds, as most models are; its prompts would take long and tell nothing new.
    large = [ProbeFile("size-large", _wide_layers(10), _CURVE_TYPE, (one,), is_knot=True)]
    of_depth = [
        ProbeFile(f"heads-{heads}-{kv_heads}", _attending(heads, kv_heads), _CURVE_TYPE, deep)
        for heads, kv_heads in ((32, 8), (16, 4), (16, 16))
    ]
    of_operations = [ProbeFile("operations", narrow, "Q8_0", every)]
    of_state = [ProbeFile("state", mamba_shape(layers=8, width=768), _CURVE_TYPE, every)]
    of_experts = [ProbeFile("experts", expert_shape(), _CURVE_TYPE, (one, long))]
    first, usual, rest = of_type[:2], of_type[2:6], of_type[6:]
    begin = [curve, *first, *of_size, *of_depth, *of_operations, *large, *usual]
    return [*begin, *of_state, *of_experts, *rest]


def reference_file() -> ProbeFile:
    """What is decoded for a moment before and after each timing: large enough to feel the memory's state."""
    return ProbeFile("reference", _layers(4), _CURVE_TYPE, ())


def run_probe(
    threads: int,
    *,
    files: Sequence[ProbeFile] | None = None,
    reference: ProbeFile | None = None,
    budget_s: float = BUDGET_S,
    tell: Callable[[str], None] = lambda _: None,
) -> ProbeResult:
    """Write each file, time it in a worker process, remove it. Raises EngineError with the reason.

    One file at a time: what is removed at once need not be written to the disk behind our back while we time.
    """
    budget = Budget(budget_s)
    packed: dict[str, float] = {}
    bases: list[int] = []
    with tempfile.TemporaryDirectory(prefix="rightsize-probe-") as folder:
        usual = reference or reference_file()
        with SpeedWorker(threads, usual.write(Path(folder)), time_limit_s=_TIME_LIMIT_S) as worker:

            def time_one(file: ProbeFile, left_s: float | None) -> list[ProbeTiming]:
                tell(file.tag)
                path = file.write(Path(folder))
                line = worker.time(_job(file, path, left_s))
                path.unlink()
                packed.update(_packed(file, line))
                bases.append(int(line["base_bytes"]))
                return _timings(file, line)

            chosen = list(files if files is not None else probe_files())
            # The first is tried in any case: without it there is no calibration, and its error says why.
            fitting = [*chosen[:1], *(file for file in chosen[1:] if _has_room(file, Path(folder)))]
            timings, left_out = in_time(fitting, budget, time_one)
            left_out += [file.title for file in chosen if file not in fitting]
    return ProbeResult(tuple(timings), packed, bases[0], threads, budget.spent_s, tuple(left_out))


def _has_room(file: ProbeFile, folder: Path) -> bool:
    """Whether disk and memory hold a file, which may lie in memory twice, without pushing anything else out."""
    size = sum(tensor.size_bytes for tensor in file.tensors)
    return size < shutil.disk_usage(folder).free / 2 and size < psutil.virtual_memory().available / 4


def in_time(
    files: Sequence[ProbeFile], budget: Budget, time_one: Callable[[ProbeFile, float | None], list[ProbeTiming]]
) -> tuple[list[ProbeTiming], list[str]]:
    """Time files in their order while the budget lasts; and the names of what it did not last for.

    ``time_one`` is told how many seconds are left, after which it may leave a file's later points out. The
    first file is timed however long it takes (None): without it there is no calibration. No file is begun when
    less is left than files took on average.
    """
    timings: list[ProbeTiming] = []
    left_out: list[str] = []
    for number, file in enumerate(files):
        before_s = budget.left_s
        if number and before_s < budget.spent_s / number:
            left_out += [each.title for each in files[number:]]
            break
        found = time_one(file, before_s if number else None)
        timings += found
        left_out += [f"{file.title}, {named(*point)}" for point in file.points[len(found) :]]
    return timings, left_out


def _layers(count: int) -> Shape:
    return llama_shape(layers=count, width=2048, heads=16, kv_heads=4, feed_forward=8192)


def _wide_layers(count: int) -> Shape:
    return llama_shape(layers=count, width=4096, heads=32, kv_heads=8, feed_forward=14336)


def _attending(heads: int, kv_heads: int) -> Shape:
    return llama_shape(layers=3, width=2048, heads=heads, kv_heads=kv_heads, feed_forward=256)


def _job(file: ProbeFile, path: Path, left_s: float | None) -> dict[str, Any]:
    deepest = max(depth for _, depth in file.points)
    timings = [{"tokens": tokens, "depth": depth, "budget_s": _POINT_S} for tokens, depth in file.points]
    return {
        "tag": file.tag,
        "path": str(path),
        "context_tokens": deepest + 2 * BATCH_TOKENS,
        "batch_tokens": BATCH_TOKENS,
        "timings": timings,
        "left_s": left_s,
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
