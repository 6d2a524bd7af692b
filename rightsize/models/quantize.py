"""Making quantized files with llama.cpp's own quantizer, in a worker process, kept by content hash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rightsize.domain import Model
from rightsize.errors import QuantizeError, ResourceError
from rightsize.models.gguf_header import read_header
from rightsize.models.levels import UNQUANTIZED
from rightsize.models.local_file import content_hash, read_model
from rightsize.paths import cache_dir
from rightsize.units import format_bytes

_WITH_IMATRIX = "-imatrix"
_TIME_LIMIT_S = 6 * 3600
_BITS = {"F32": 32, "F16": 16, "BF16": 16, "Q8": 8.5, "Q6": 6.6, "Q5": 6, "Q4": 5, "Q3": 4.5, "Q2": 3.5}


def quantized(
    source: Model,
    level: str,
    *,
    allow_requantize: bool = False,
    imatrix: Path | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Model:
    """The source at another level, from the cache or made now; with an importance matrix where one is given.

    Raises QuantizeError when the source is quantized already (unless allowed) or the quantizer dies, and
    ResourceError when the disk cannot hold the result.
    """
    again = source.quant not in UNQUANTIZED
    if again and not allow_requantize:
        raise QuantizeError(
            f"{source.file.name} is already {source.quant}: making {level} from it loses precision twice",
            next_step="Give the F16 file, or pass --allow-requantize",
        )
    target = cached_path(source, level, imatrix)
    if not target.is_file():
        notify(f"quantizing {source.name} to {level}")
        _make(source, level, target, imatrix)
    made = read_model(target)
    name = f"{source.name}{_WITH_IMATRIX}" if imatrix else source.name
    return replace(
        made, name=name, spec="" if imatrix else source.spec, embedded=source.embedded, requantized=again
    )


def cached_path(source: Model, level: str, imatrix: Path | None = None) -> Path:
    """Where the cache keeps this source at this level. Raises QuantizeError when the matrix cannot be read."""
    folder = cache_dir() / "quantized" / source.sha256[:16]
    if imatrix is None:
        return folder / f"{source.name}-{level}.gguf"
    try:
        return folder / content_hash([imatrix])[:16] / f"{source.name}{_WITH_IMATRIX}-{level}.gguf"
    except OSError as error:
        raise QuantizeError(f"{imatrix}: {error.strerror or error}") from error


def expected_bytes(source: Model, level: str) -> int:
    """A cautious upper estimate of the result's size, for the disk check."""
    bits = next((bits for prefix, bits in _BITS.items() if level.startswith(prefix)), 8.5)
    return round((source.parameters or 0) * bits / 8 * 1.15) + (16 << 20)


def _make(source: Model, level: str, target: Path, imatrix: Path | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    needed, free = expected_bytes(source, level), shutil.disk_usage(target.parent).free
    if needed > free:
        raise ResourceError(
            f"{source.name}:{level} needs about {format_bytes(needed)} of disk, {format_bytes(free)} are free",
            next_step="Free some space or move the cache with RIGHTSIZE_CACHE",
        )
    part = target.with_suffix(".part")
    command = [sys.executable, "-m", "rightsize.models.quantize_worker", str(source.file), str(part), level]
    command += [str(imatrix)] if imatrix else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT_S, check=False)
        if done.returncode != 0:
            raise QuantizeError(f"cannot quantize {source.file.name} to {level}: {_reason(done)}")
        read_header(part)
        part.replace(target)
    except subprocess.TimeoutExpired:
        raise QuantizeError(f"quantizing {source.file.name} to {level} took over {_TIME_LIMIT_S} s") from None
    finally:
        part.unlink(missing_ok=True)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"the quantizer died with signal {-done.returncode}"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"the quantizer stopped with code {done.returncode}"
