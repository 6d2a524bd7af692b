"""Reading a GGUF header: metadata and tensor table, without touching the weights.

Our own reader, because the ``gguf`` package builds an array object for every vocabulary entry (seconds for
128k tokens) and does not check that the file is as long as its header claims. Format: the GGUF specification,
versions 2 and 3, little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from rightsize.errors import ModelError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_DEFAULT_ALIGNMENT = 32
_MAX_COUNT = 1 << 24  # no honest header has more strings, keys or tensors than this
_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_WHOLE = frozenset({0, 1, 2, 3, 4, 5, 7, 10, 11})
_MOST_LAYERS = 512  # an array of at most so many numbers may say something of each layer


@dataclass(frozen=True, slots=True)
class Tensor:
    """One row of the tensor table. ``shape`` is in GGUF order: ``shape[0]`` is the row width."""

    name: str
    shape: tuple[int, ...]
    type_id: int
    offset: int

    @property
    def elements(self) -> int:
        """Number of weights."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says of itself. Arrays are kept as their length (``lengths``); those that may have a
    whole number for each layer as their values, too (``numbers``)."""

    metadata: Mapping[str, Any]
    lengths: Mapping[str, int]
    tensors: tuple[Tensor, ...]
    data_start: int
    numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def text(self, key: str) -> str | None:
        """A string value, or None."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | None:
        """An integer value, or None."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_header(path: Path) -> GgufHeader:
    """Read and check a header. Raises ModelError naming the file and what is wrong with it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _Reader(file, path, size).header()
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    except (struct.error, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise _broken(path, "its header is cut short or corrupted") from error


def parse_header(file: BinaryIO, path: Path, size: int) -> GgufHeader:
    """A header from bytes that may end too early, of a file that is ``size`` bytes long and called ``path``.

    Raises ModelError for what is no sound header, struct.error where the bytes end before it does.
    """
    return _Reader(file, path, size).header()


def _broken(path: Path, what: str) -> ModelError:
    return ModelError(f"{path}: {what}", next_step="Download the file again and compare its checksum")


class _Reader:
    """A cursor over the header's bytes."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self._file, self._path, self._size = file, path, size

    def header(self) -> GgufHeader:
        if self._size == 0:
            raise _broken(self._path, "the file is empty")
        if self._file.read(4) != _MAGIC:
            raise ModelError(f"{self._path}: not a GGUF file", next_step="rightsize runs GGUF models")
        version = self._scalar(4)
        if version not in _VERSIONS:
            raise ModelError(
                f"{self._path}: GGUF version {version} is not supported", next_step="Convert it anew"
            )
        tensor_count, key_count = self._count(), self._count()
        metadata: dict[str, Any] = {}
        lengths: dict[str, int] = {}
        numbers: dict[str, tuple[int, ...]] = {}
        for _ in range(key_count):
            self._pair(metadata, lengths, numbers)
        tensors = tuple(self._tensor() for _ in range(tensor_count))
        alignment = int(metadata.get("general.alignment") or _DEFAULT_ALIGNMENT)
        data_start = -(-self._file.tell() // alignment) * alignment
        header = GgufHeader(metadata, lengths, tensors, data_start, numbers)
        self._check_length(header)
        return header

    def _pair(
        self, metadata: dict[str, Any], lengths: dict[str, int], numbers: dict[str, tuple[int, ...]]
    ) -> None:
        key = self._text()
        kind = self._scalar(4)
        if kind != _ARRAY:
            metadata[key] = self._value(kind)
            return
        kind, lengths[key] = self._scalar(4), self._count()
        if kind in _WHOLE and lengths[key] <= _MOST_LAYERS:
            numbers[key] = tuple(int(self._scalar(kind)) for _ in range(lengths[key]))
        else:
            self._skip_array(kind, lengths[key])

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._text()
        return self._scalar(kind)

    def _skip_array(self, kind: int, count: int) -> None:
        if kind == _STRING:
            for _ in range(count):
                self._skip(self._scalar(10))
        else:
            self._skip(count * struct.calcsize(self._format(kind)))

    def _tensor(self) -> Tensor:
        name = self._text()
        dimensions = self._scalar(4)
        if not 0 < dimensions <= 4:
            raise _broken(self._path, f"tensor {name!r} claims {dimensions} dimensions")
        shape = tuple(self._scalar(10) for _ in range(dimensions))
        return Tensor(name, shape, self._scalar(4), self._scalar(10))

    def _check_length(self, header: GgufHeader) -> None:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        sizes = {
            int(kind): block
            for kind, block in GGML_QUANT_SIZES.items()
            if isinstance(kind, GGMLQuantizationType)
        }
        needed = header.data_start if header.tensors else 0
        for tensor in header.tensors:
            if tensor.type_id not in sizes:
                raise _broken(self._path, f"tensor {tensor.name!r} has the unknown type {tensor.type_id}")
            weights, size = sizes[tensor.type_id]
            needed = max(needed, header.data_start + tensor.offset + tensor.elements // weights * size)
        if needed > self._size:
            raise _broken(self._path, f"the file is cut short: {self._size} bytes of at least {needed}")

    def _format(self, kind: int) -> str:
        try:
            return _SCALARS[kind]
        except KeyError:
            raise _broken(self._path, f"its header holds a value of unknown type {kind}") from None

    def _scalar(self, kind: int) -> Any:
        layout = self._format(kind)
        return struct.unpack(layout, self._file.read(struct.calcsize(layout)))[0]

    def _count(self) -> int:
        count = int(self._scalar(10))
        if count > _MAX_COUNT:
            raise _broken(self._path, f"its header claims {count} entries")
        return count

    def _text(self) -> str:
        length = int(self._scalar(10))
        if length > self._size:
            raise _broken(self._path, "its header is corrupted")
        return self._file.read(length).decode("utf-8", "replace")

    def _skip(self, count: int) -> None:
        if self._file.tell() + count > self._size:
            raise _broken(self._path, "its header is cut short or corrupted")
        self._file.seek(count, 1)


def count_where(header: GgufHeader, wanted: Callable[[Tensor], bool]) -> int:
    """How many tensors satisfy a condition."""
    return sum(1 for tensor in header.tensors if wanted(tensor))
