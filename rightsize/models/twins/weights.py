"""Random weights for a twin, by tensor: large matrices are one random patch, tiled; what is small is its own.

Values are such that a forward pass stays finite: matrices keep the size of what they multiply, norms lie around
1, decays are those of an untrained Mamba. None is zero and none is NaN, because both could be faster or slower
than real weights.
"""

from __future__ import annotations

import math
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from rightsize.models.shapes.gguf_file import TypedTensor
from rightsize.models.twins.ggml import quantize_rows

_PATCH_WEIGHTS = 1 << 17
_SMALL_WEIGHTS = 1 << 16
# Mamba has no norm before these: its state would grow without bound.
_QUIET = ("ssm_x.weight", "ssm_dt.weight")


def patch_of(tensor: TypedTensor, seed: int) -> bytes:
    """Blocks to fill a tensor with, again and again; a whole number of rows, at most what the tensor needs."""
    width, rows = tensor.shape[0], prod(tensor.shape[1:])
    if len(tensor.shape) < 2 or not tensor.name.endswith(".weight"):
        return quantize_rows(_vector(tensor, seed), tensor.type_name)
    if "ffn_gate_inp" in tensor.name or tensor.elements <= _SMALL_WEIGHTS:
        return quantize_rows(_matrix(tensor, rows, seed), tensor.type_name)
    wanted = min(rows, max(16, _PATCH_WEIGHTS // width) | 1)  # odd: no head is the same as the next
    return _large(width, wanted, tensor.type_name, _gain(tensor.name), seed)


@lru_cache(maxsize=64)
def _large(width: int, rows: int, type_name: str, gain: float, seed: int) -> bytes:
    values = np.random.default_rng(seed).standard_normal((rows, width), np.float32)
    return quantize_rows(values * np.float32(gain / math.sqrt(width)), type_name)


def forget() -> None:
    """Drop the patches that are kept for the next tensor of the same kind."""
    _large.cache_clear()


def _gain(name: str) -> float:
    return 0.3 if name.endswith(_QUIET) else 1.0


def _random(tensor: TypedTensor, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *tensor.name.encode()])


def _matrix(tensor: TypedTensor, rows: int, seed: int) -> NDArray[np.float32]:
    width = tensor.shape[0]
    values: NDArray[np.float32] = _random(tensor, seed).standard_normal((rows, width), np.float32)
    if "ffn_gate_inp" in tensor.name:
        # Experts of equal weight: none is chosen more often for being larger.
        values /= np.linalg.norm(values, axis=1, keepdims=True) / math.sqrt(width)
    if tensor.name.endswith("_norm.weight"):
        return np.float32(1) + values * np.float32(1 / 16)
    return values * np.float32(_gain(tensor.name) / math.sqrt(width))


def _vector(tensor: TypedTensor, seed: int) -> NDArray[np.float32]:
    """Norms, biases, decays and rotation factors, with shape (rows, width)."""
    name, width, rows = tensor.name, tensor.shape[0], prod(tensor.shape[1:])
    if name.startswith("rope_"):
        return np.linspace(1, 8, width, dtype=np.float32)[None, :]
    if name.endswith("ssm_a"):
        decay = np.arange(1, max(width, rows) + 1, dtype=np.float32) % 16 + 1
        return -(np.tile(decay[:width], (rows, 1)) if width > 1 else decay[:rows, None])
    noise: NDArray[np.float32] = np.clip(
        _random(tensor, seed).standard_normal((rows, width), np.float32), -3, 3
    )
    if name.endswith(("norm.weight", "ssm_d")):
        return np.float32(1) + noise * np.float32(1 / 16)
    return (noise + np.copysign(np.float32(0.1), noise)) * np.float32(1 / 50)
