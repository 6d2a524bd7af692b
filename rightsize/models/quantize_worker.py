"""The quantizer's own process: ``python -m rightsize.models.quantize_worker SOURCE TARGET LEVEL [IMATRIX]``.

llama.cpp aborts the process on some broken files; here that costs only this process.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

from rightsize.models.imatrix import Matrix, read_imatrix
from rightsize.models.levels import file_types


def main(source: str, target: str, level: str, imatrix: str = "") -> int:
    """Quantize and return the exit code; the reason of a failure is the last line on stderr."""
    import llama_cpp.llama_cpp as llama

    lines: list[str] = []

    def keep(_level: int, text: bytes, _data: object) -> None:
        lines.append(text.decode("utf-8", "replace"))

    callback = llama.llama_log_callback(keep)  # held here, because C holds no reference to it
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    llama.llama_backend_init()
    params = llama.llama_model_quantize_default_params()
    params.ftype = file_types()[level]
    params.allow_requantize = True
    matrix = read_imatrix(Path(imatrix)) if imatrix else {}  # held here as well
    if matrix:
        params.imatrix = _importance(matrix)
    code = int(llama.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)))
    if code != 0:
        sys.stderr.write("".join(lines))
    return code


def _importance(matrix: Matrix) -> Any:
    """llama.cpp's table of importances, ended by an empty row; it points into ``matrix``."""
    import llama_cpp.llama_cpp as llama

    entries = (llama.llama_model_imatrix_data * (len(matrix) + 1))()
    for entry, (name, values) in zip(entries, matrix.items(), strict=False):
        entry.name = name.encode()
        entry.data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        entry.size = values.size
    return entries


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
