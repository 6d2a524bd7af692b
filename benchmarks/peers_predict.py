"""What other tools predict for a model on a processor, by the formulas in their own code.

llmfit: llmfit-core/src/{fit,models,hardware}.rs @3f44fd3 (2026-08-22). whichllm: engine/{performance,vram}.py
@a897551 (2026-06-29). llm-checker: src/models/deterministic-selector.js @238b0df (2026-06-22). gguf-parser-go:
file_estimate__llamacpp.go @8dc7a62 (2026-07-13); it predicts no speed without figures that the user must bring.
"""

from __future__ import annotations

from dataclasses import dataclass

from rightsize.models.shapes.shape import Shape
from rightsize.predict.cache import CacheSettings, cache_bytes, cached_by

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Question:
    """A model as these formulas see it: billions of parameters, level, bytes of the file, context, cores."""

    shape: Shape
    level: str
    parameters_b: float
    file_bytes: int
    context: int
    cores: int


_LLMFIT_K = {"x86_64": 70.0, "aarch64": 90.0}
_LLMFIT_SPEED = {
    "F16": 0.6,
    "Q8_0": 0.8,
    "Q6_K": 0.95,
    "Q5_K_M": 1.0,
    "Q4_K_M": 1.15,
    "Q4_0": 1.15,
    "Q3_K_M": 1.25,
}
_LLMFIT_BYTES = {
    "F16": 2.0,
    "Q8_0": 1.05,
    "Q6_K": 0.8,
    "Q5_K_M": 0.68,
    "Q4_K_M": 0.58,
    "Q4_0": 0.58,
    "Q3_K_M": 0.48,
}
_CHECKER_SPEED = {"Q8_0": 0.8, "Q6_K": 0.95, "Q5_K_M": 1.0, "Q4_K_M": 1.15}
_WHICHLLM = {"F16": 0.4, "Q8_0": 0.45, "Q6_K": 0.5, "Q5_K_M": 0.52, "Q4_K_M": 0.55, "Q4_0": 0.53, "Q3_K_M": 0.5}
_CPU_ONLY, _MANY_CORES = 0.3, 1.1


def llmfit_decode(asked: Question, architecture: str) -> float:
    """Tokens/s: parameters, level, instruction set, and whether there are 8 cores."""
    many = _MANY_CORES if asked.cores >= 8 else 1.0
    rate = _LLMFIT_K[architecture] / max(0.1, asked.parameters_b) * _LLMFIT_SPEED.get(asked.level, 1.0)
    return max(0.1, rate * many * _CPU_ONLY)


def whichllm_decode(asked: Question) -> float:
    """Tokens/s: parameters and level; the machine is not asked."""
    return max(0.3, 18 / max(asked.parameters_b, 0.5) * _WHICHLLM.get(asked.level, 0.45) / 0.45)


def llm_checker_decode(asked: Question, architecture: str) -> float:
    """Tokens/s, of its ranking command: llmfit's without the factor for processors."""
    many = _MANY_CORES if asked.cores >= 8 else 1.0
    return max(1.0, _LLMFIT_K[architecture] / asked.parameters_b * _CHECKER_SPEED.get(asked.level, 1.0) * many)


def llmfit_memory(asked: Question) -> float:
    """Bytes: parameters by level, a cache that knows no windows, and half a gigabyte."""
    layers, first = len(asked.shape.layers), next(iter(asked.shape.attention_layers), None)
    cache = 2 * layers * first.kv_width * asked.context * 2 / GIB if first else 0.0
    return 1e9 * (asked.parameters_b * _LLMFIT_BYTES.get(asked.level, 0.58) + cache + 0.5)


def whichllm_memory(asked: Question) -> float:
    """Bytes: the file, a cache by parameters, activations by parameters, and half a gigabyte."""
    cache = asked.parameters_b * asked.context / 1024 * 3_670_016
    activations = 4e8 + 0.08 * asked.parameters_b * 1e9 + asked.context / 4096 * 1.5e8
    return asked.file_bytes + cache + activations + 5e8


def llm_checker_memory(asked: Question) -> float:
    """Bytes, with the file's size known."""
    return asked.file_bytes + 1e9 * (0.000008 * asked.parameters_b * asked.context + 0.35)


def gguf_parser_memory(asked: Question) -> float:
    """Bytes without mapping: weights, cache, computing buffers and its platform's footprint of 150 MiB."""
    shape, tokens = asked.shape, min(asked.context, 512)
    output = 4 * tokens * (shape.width + shape.vocabulary)
    footprint = 5 * 2**20 + shape.vocabulary * 96 + output
    compute = 4 * 2**20 + 4 * tokens * (shape.width + asked.context + 3) + 4 * tokens * shape.vocabulary
    cache = cache_bytes(cached_by(shape), CacheSettings(asked.context))
    return footprint + asked.file_bytes + cache + compute + 150 * 2**20
