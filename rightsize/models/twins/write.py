"""Writing a twin to disk as a stream: no more memory than a patch, and no more time than the disk needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import BinaryIO

from rightsize.errors import ResourceError
from rightsize.models.shapes.gguf_file import TypedTensor, padded
from rightsize.models.twins.plan import TwinPlan
from rightsize.models.twins.weights import patch_of
from rightsize.units import format_bytes

_CHUNK_BYTES = 4 << 20
SPARE_BYTES = 64 << 20  # what a disk should keep free for everybody else


def write_twin(
    path: Path, plan: TwinPlan, *, seed: int = 0, progress: Callable[[int], None] = lambda _: None
) -> Path:
    """Write the file; ``progress`` hears of the bytes written so far.

    Raises ResourceError, before anything is written, where the disk has no room. What was written is removed
    when something goes wrong on the way.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    check_disk(path.parent, plan.size_bytes)
    try:
        with path.open("wb") as file:
            file.write(plan.head)
            for tensor in plan.tensors:
                _write_tensor(file, tensor, seed)
                progress(file.tell())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ResourceError(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def check_disk(folder: Path, size_bytes: int) -> None:
    """Raises ResourceError where a file of that size would not fit."""
    free = shutil.disk_usage(folder).free
    if size_bytes + SPARE_BYTES > free:
        raise ResourceError(
            f"a twin of {format_bytes(size_bytes)} does not fit: {format_bytes(free)} are free in {folder}",
            next_step="Free some space, or name another folder with --keep",
        )


def _write_tensor(file: BinaryIO, tensor: TypedTensor, seed: int) -> None:
    patch = patch_of(tensor, seed)
    needed = tensor.size_bytes
    row_bytes = needed // prod(tensor.shape[1:])
    if len(patch) < needed:
        chunk = patch * max(1, _CHUNK_BYTES // len(patch))
        whole, rest = divmod(needed, len(chunk))
        for _ in range(whole):
            file.write(chunk)
        file.write(memoryview(chunk)[: rest // row_bytes * row_bytes])
    else:
        file.write(memoryview(patch)[:needed])
    file.write(b"\0" * (padded(needed) - needed))
