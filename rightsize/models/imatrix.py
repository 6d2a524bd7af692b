"""Importance matrices as llama.cpp's own tool writes them: how much each input of a weight matters.

Two formats: GGUF (``NAME.in_sum2`` and ``NAME.counts`` a tensor), and the older ``.dat`` or ``.imatrix``. What
the quantizer wants is the mean: sums over counts, as in llama.cpp's quantize tool.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rightsize.errors import QuantizeError

Matrix = Mapping[str, NDArray[np.float32]]

_SUMS, _COUNTS = ".in_sum2", ".counts"
_MAX_ENTRIES = 1 << 20
_HINT = "Make one with llama.cpp's llama-imatrix from this model"


def read_imatrix(path: Path) -> Matrix:
    """The mean squared inputs by tensor name. Raises QuantizeError for what is no importance matrix."""
    try:
        with path.open("rb") as file:
            is_gguf = file.read(4) == b"GGUF"
            file.seek(0)
            found = _from_gguf(path) if is_gguf else _from_old(file, path.stat().st_size)
    except OSError as error:
        raise QuantizeError(f"{path}: {error.strerror or error}", next_step=_HINT) from error
    except (ValueError, KeyError, IndexError, struct.error) as error:
        raise QuantizeError(f"{path}: not an importance matrix ({error})", next_step=_HINT) from error
    if not found:
        raise QuantizeError(f"{path}: holds no importance of any tensor", next_step=_HINT)
    return found


def _from_gguf(path: Path) -> Matrix:
    import gguf

    tensors = {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}
    names = [name.removesuffix(_SUMS) for name in tensors if name.endswith(_SUMS)]
    return {name: _mean(tensors[f"{name}{_SUMS}"], tensors[f"{name}{_COUNTS}"]) for name in names}


def _mean(sums: NDArray[np.float32], counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums over counts, expert by expert; an expert that was never used counts evenly."""
    per_expert = np.asarray(sums, np.float32).reshape(counts.size, -1)
    n = np.rint(np.asarray(counts, np.float32)).reshape(-1, 1)
    means = np.where(n > 0, per_expert / np.maximum(n, 1), np.float32(1))
    return np.ascontiguousarray(means, np.float32).ravel()


def _from_old(file: BufferedReader, size_bytes: int) -> Matrix:
    found: dict[str, NDArray[np.float32]] = {}
    for _ in range(_count(file, _MAX_ENTRIES)):
        name = file.read(_count(file, 1 << 12)).decode()
        calls, values = struct.unpack("<i", file.read(4))[0], _count(file, size_bytes // 4)
        data = np.frombuffer(file.read(4 * values), np.float32)
        if data.size != values:
            raise ValueError("it is cut short")
        found[name] = np.ascontiguousarray(data / calls if calls > 0 else data, np.float32)
    return found


def _count(file: BufferedReader, most: int) -> int:
    count = int(struct.unpack("<i", file.read(4))[0])
    if not 0 < count <= most:
        raise ValueError(f"it claims {count} of something")
    return count
