"""ggml's own quantizer, called without loading llama.cpp: valid blocks of any type from numbers."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rightsize.errors import QuantizeError
from rightsize.models.shapes.gguf_file import block_of

_FLOATS = ctypes.POINTER(ctypes.c_float)
_NAMES = {"linux": "libggml-base.so", "darwin": "libggml-base.dylib", "win32": "ggml-base.dll"}


def quantize_rows(rows: NDArray[np.float32], type_name: str) -> bytes:
    """The rows as blocks of a type; ``rows`` has shape (rows, width), the width a multiple of the block's.

    Raises QuantizeError where the installed ggml does not know the type.
    """
    import gguf

    count, width = rows.shape
    weights, size = block_of(type_name)
    kind = int(gguf.GGMLQuantizationType[type_name])
    out = ctypes.create_string_buffer(count * (width // weights) * size)
    values = np.ascontiguousarray(rows, np.float32)
    library = _library()
    # Some types are only made with an importance matrix; here every column matters alike.
    weight = np.ones(width, np.float32) if library.ggml_quantize_requires_imatrix(kind) else None
    importance = weight.ctypes.data_as(_FLOATS) if weight is not None else None
    written = library.ggml_quantize_chunk(
        kind, values.ctypes.data_as(_FLOATS), out, 0, count, width, importance
    )
    if written != len(out):
        raise QuantizeError(f"the installed ggml wrote {written} of {len(out)} bytes of {type_name}")
    return out.raw


@cache
def _library() -> ctypes.CDLL:
    from importlib.util import find_spec

    spec = find_spec("llama_cpp")
    if spec is None or not spec.origin:
        raise QuantizeError("llama-cpp-python is not installed", next_step="pip install llama-cpp-python")
    path = Path(spec.origin).parent / "lib" / _NAMES.get(sys.platform, _NAMES["linux"])
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise QuantizeError(f"cannot load ggml from {path}: {error}") from error
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [
        ctypes.c_int,
        _FLOATS,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
        _FLOATS,
    ]
    library.ggml_quantize_requires_imatrix.restype = ctypes.c_bool
    library.ggml_quantize_requires_imatrix.argtypes = [ctypes.c_int]
    return library
