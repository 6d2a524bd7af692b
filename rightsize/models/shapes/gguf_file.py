"""The head of a GGUF file that is written from a shape, and a sparse file with nothing behind it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from rightsize.models.shapes.metadata import MetadataValue

if TYPE_CHECKING:
    import gguf

ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class TypedTensor:
    """A tensor and the type it is stored in (``F16``, ``Q4_K`` ...). ``shape[0]`` is the row width."""

    name: str
    shape: tuple[int, ...]
    type_name: str

    @property
    def elements(self) -> int:
        """Number of weights."""
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of its blocks, without the padding after it."""
        weights, size = block_of(self.type_name)
        return self.elements // weights * size


def block_of(type_name: str) -> tuple[int, int]:
    """Weights and bytes of one block of a type."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    weights, size = GGML_QUANT_SIZES[GGMLQuantizationType[type_name]]
    return int(weights), int(size)


def padded(size_bytes: int) -> int:
    """A tensor's bytes with what fills them up to the next tensor's start."""
    return -(-size_bytes // ALIGNMENT) * ALIGNMENT


def tensor_bytes(tensors: Sequence[TypedTensor]) -> int:
    """Bytes of a file's tensors, padding included: the file less its metadata."""
    return sum(padded(tensor.size_bytes) for tensor in tensors)


def head_bytes(
    architecture: str,
    metadata: Mapping[str, MetadataValue],
    tensors: Sequence[TypedTensor],
    *,
    name: str = "twin",
    file_type: int = 1,
) -> bytes:
    """Everything before the tensors' data: keys and tensor table, padded to the alignment."""
    import gguf

    writer = gguf.GGUFWriter(None, architecture)
    writer.add_name(name)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    for key, value in metadata.items():
        _add(writer, key, value)
    for tensor in tensors:
        _add_tensor(writer, tensor)
    memory = io.BytesIO()
    writer.fout, writer.state = [memory], gguf.gguf_writer.WriterState.EMPTY
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    head = memory.getvalue()
    return head + b"\0" * (padded(len(head)) - len(head))


def write_sparse(path: Path, head: bytes, tensors: Sequence[TypedTensor]) -> None:
    """A file of the full length that holds its head and nothing else; it takes a few kB of disk."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + tensor_bytes(tensors))


def _add(writer: gguf.GGUFWriter, key: str, value: MetadataValue) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


def _add_tensor(writer: gguf.GGUFWriter, tensor: TypedTensor) -> None:
    import gguf
    import numpy as np

    rows_first = list(reversed(tensor.shape))
    kind = gguf.GGMLQuantizationType[tensor.type_name]
    writer.add_tensor_info(tensor.name, rows_first, np.dtype(np.float32), tensor.size_bytes, raw_dtype=kind)
