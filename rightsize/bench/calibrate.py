"""The probe: time small files of every weight type on this machine, in under a minute; raw samples out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rightsize.bench.probe_files import ProbeFile, llama_shape, mamba_shape
from rightsize.errors import EngineError, ResourceError

TYPES = ("Q4_K", "Q6_K", "Q8_0", "Q5_K", "F16", "Q4_0", "Q5_0", "Q3_K", "Q2_K")
BATCH_TOKENS = 512
PROMPT_TOKENS = 256
_POINT_S = 0.25
_TIME_LIMIT_S = 240
_CURVE_TYPE = "Q4_K"


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
    """Files by what they tell: each type; how size matters; what depth costs; what operations and states
    cost.
    """
    one, short, long = (1, 0), (64, 0), (PROMPT_TOKENS, 0)
    every = (one, short, long)
    deep = ((1, 1024), (PROMPT_TOKENS, 1024), (1, 3072))
    narrow = llama_shape(layers=24, width=256, heads=4, kv_heads=2, feed_forward=512)
    files = [ProbeFile(f"type-{kind}", _layers(4), kind, every) for kind in types]
    files += [ProbeFile(f"size-{n}", _layers(n), _CURVE_TYPE, (one, long)) for n in (1, 2, 16)]
    files += [ProbeFile(f"depth-{64 * 32 // n}", _layers(1, heads=n), _CURVE_TYPE, deep) for n in (32, 16)]
    files += [
        ProbeFile("operations", narrow, "Q8_0", every),
        ProbeFile("state", mamba_shape(layers=8, width=768), _CURVE_TYPE, every),
    ]
    return files


def run_probe(
    threads: int,
    *,
    files: Sequence[ProbeFile] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> ProbeResult:
    """Write the files, time them in one worker process, remove them. Raises EngineError with the reason."""
    chosen = list(files if files is not None else probe_files())
    started = time.perf_counter()
    timings: list[ProbeTiming] = []
    packed: dict[str, float] = {}
    base = 0
    with tempfile.TemporaryDirectory(prefix="rightsize-probe-") as folder:
        paths = _written(chosen, Path(folder))
        reference = paths[chosen[0].tag]
        for file, line in _lines(chosen, paths, reference, threads):
            tell(file.tag)
            timings += _timings(file, line)
            packed |= _packed(file, line)
            base = base or int(line["resident_before_bytes"])
    return ProbeResult(tuple(timings), packed, base, threads, time.perf_counter() - started)


def _layers(count: int, *, heads: int = 32) -> Any:
    return llama_shape(layers=count, width=2048, heads=heads, kv_heads=heads // 4, feed_forward=8192)


def _written(files: Sequence[ProbeFile], folder: Path) -> dict[str, Path]:
    try:
        return {file.tag: file.write(folder) for file in files}
    except OSError as error:
        raise ResourceError(
            f"no room for the probe's files in {folder}: {error.strerror}", next_step="Free 3 GB, or set TMPDIR"
        ) from error


def _lines(
    files: Sequence[ProbeFile], paths: dict[str, Path], reference: Path, threads: int
) -> Sequence[tuple[ProbeFile, dict[str, Any]]]:
    jobs = [_job(file, paths[file.tag]) for file in files]
    asked = json.dumps({"reference": str(reference), "threads": threads, "jobs": jobs})
    answers = run_worker(asked, time_limit_s=_TIME_LIMIT_S)
    return list(zip(files, answers, strict=True))


def run_worker(asked: str, *, time_limit_s: float) -> list[dict[str, Any]]:
    """One answer a job. Raises EngineError with the reason when the worker dies or a file cannot be timed."""
    command = [sys.executable, "-m", "rightsize.bench.speed_worker"]
    try:
        done = subprocess.run(
            command,
            input=asked,
            capture_output=True,
            text=True,
            timeout=time_limit_s,
            check=False,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"timing took over {time_limit_s:g} s") from None
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer in answers:
        if "error" in answer:
            raise EngineError(f"{answer['tag']} cannot be timed: {answer['error']}")
    if done.returncode or not answers:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = said[-1] if said else f"code {done.returncode}"
        raise EngineError(f"the process that times files ended: {reason}")
    return answers


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
