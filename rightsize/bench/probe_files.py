"""The small files that a machine is calibrated with: real widths, few layers, one weight type each, random
weights.

Blocks are valid: a patch of normal numbers is quantized once by ggml and tiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rightsize.models.shapes.gguf_file import TypedTensor, head_bytes, padded, write_sparse
from rightsize.models.shapes.metadata import metadata_of
from rightsize.models.shapes.shape import Layer, Mixer, Rope, Shape, StateSpace
from rightsize.models.shapes.tensors import TensorShape, tensors_of

_PATCH_ROWS = 16
_VOCABULARY = 1024
_CONTEXT = 8192
_WIDEST_BLOCK = 256


@dataclass(frozen=True, slots=True)
class ProbeFile:
    """One file of a probe: a shape with all its matrices in one type, and which points are timed.

    ``points`` are (tokens, depth): one token is decoding, more are a prompt. ``repeats`` orders what is left
    out first when time is short.
    """

    tag: str
    shape: Shape
    type_name: str
    points: tuple[tuple[int, int], ...]

    @property
    def tensors(self) -> tuple[TypedTensor, ...]:
        """The tensors with their types: what stays F32, and what is too narrow for blocks, keeps its own."""
        return tuple(TypedTensor(each.name, each.shape, self._type_of(each)) for each in tensors_of(self.shape))

    def _type_of(self, tensor: TensorShape) -> str:
        fits = tensor.unquantized_type == "F16" and tensor.shape[0] % _WIDEST_BLOCK == 0
        return self.type_name if fits else tensor.unquantized_type

    def write(self, folder: Path) -> Path:
        """Write the file, a hundred MB in a tenth of a second, and return its path."""
        path = folder / f"{self.tag}.gguf"
        metadata = {**metadata_of(self.shape), "tokenizer.ggml.model": "no_vocab"}
        head = head_bytes(self.shape.architecture, metadata, self.tensors, name=self.tag)
        write_sparse(path, head, self.tensors)
        _fill(path, len(head), self.tensors)
        return path


def llama_shape(*, layers: int, width: int, heads: int, kv_heads: int, feed_forward: int) -> Shape:
    """A small decoder with a small vocabulary: what is timed is its layers."""
    layer = Layer(heads=heads, kv_heads=kv_heads, head_width=width // heads, feed_forward=feed_forward)
    return Shape("llama", width, _VOCABULARY, True, _CONTEXT, (layer,) * layers, rope=Rope(base=10000.0))


def mamba_shape(*, layers: int, width: int) -> Shape:
    """A small recurrent model."""
    space = StateSpace(inner=2 * width, state=16, kernel=4, rank=width // 16)
    layer = Layer(Mixer.MAMBA)
    return Shape("mamba", width, _VOCABULARY, True, _CONTEXT, (layer,) * layers, state_space=space)


def _fill(path: Path, start: int, tensors: Sequence[TypedTensor]) -> None:
    import numpy as np

    with path.open("r+b") as file:
        file.seek(start)
        for tensor in tensors:
            columns = tensor.shape[0]
            rows = tensor.elements // columns
            patch = _vector(columns) if len(tensor.shape) == 1 else _patch(tensor.type_name, columns)
            tiled = np.tile(patch, (-(-rows // len(patch)), 1))[:rows].tobytes()
            file.write(tiled + b"\0" * (padded(len(tiled)) - len(tiled)))


@cache
def _vector(columns: int) -> Any:
    import numpy as np

    return np.ones((1, columns), np.float32).view(np.uint8)


@cache
def _patch(type_name: str, columns: int) -> Any:
    """Rows of one type as bytes, of shape (16, bytes of a row)."""
    import ctypes

    import gguf
    import llama_cpp
    import numpy as np

    values = (np.random.default_rng(0).standard_normal((_PATCH_ROWS, columns)) / columns**0.5).astype(
        np.float32
    )
    if type_name == "F32":
        return values.view(np.uint8)
    kind = gguf.GGMLQuantizationType[type_name]
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = np.zeros((_PATCH_ROWS, columns // weights * size), np.uint8)
    folder = Path(llama_cpp.__file__).parent / "lib"
    library = ctypes.CDLL(str(next(folder.glob("*ggml-base.*"))))
    quantize = library.ggml_quantize_chunk
    quantize.restype = ctypes.c_size_t
    quantize.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    importance = np.ones(columns, np.float32)
    quantize(int(kind), values.ctypes.data, blocks.ctypes.data, 0, _PATCH_ROWS, columns, importance.ctypes.data)
    return blocks
