"""Keeps weights out of llama.cpp's AMX code where that code crashes; run as a script, it is the trial itself.

GCC, up to version 12 at least, compiles ``_tile_loadconfig`` wrongly: it drops most of the tile shapes as if
nobody read them, and the processor refuses the rest. Every batch of two or more tokens of a quantized model
then kills the process. Compiled with ``-fno-dse -fno-tree-dse`` the same code works. So it is tried once, in a
process of its own, and the outcome is kept for that very library file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from rightsize.engines.llama_cpp import library
from rightsize.paths import cache_dir, embedded_models_dir

REMEDY = 'CXXFLAGS="-fno-dse -fno-tree-dse" pip install --force-reinstall --no-cache-dir llama-cpp-python'
_TOKENS = 32
_TIME_LIMIT_S = 60
_WORKS, _CRASHES = "works", "crashes"


def has_amx() -> bool:
    """Whether the library was compiled with AMX code."""
    return "AMX_INT8 = 1" in library.system_info()


@cache
def works() -> bool:
    """Whether quantized weights may go where AMX reads them; True as well where the library has no AMX code."""
    if not has_amx():
        return True
    kept = _outcome_file()
    if kept.is_file():
        return kept.read_text() == _WORKS
    survives = _survives()
    with suppress(OSError):  # a cache that cannot be written costs the trial again, nothing else
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(_WORKS if survives else _CRASHES)
    return survives


def _outcome_file() -> Path:
    """Named after the library file: another build is tried anew."""
    file = library.file()
    stat = file.stat()
    return cache_dir() / "engines" / f"amx-{stat.st_size}-{stat.st_mtime_ns}.txt"


def _survives() -> bool:
    command = [sys.executable, "-m", "rightsize.engines.llama_cpp.amx"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _try() -> None:
    """Decode a batch with the smallest embedded model at Q8_0."""
    import llama_cpp.llama_cpp as llama

    from rightsize.engines.llama_cpp.batch import TokenBatch
    from rightsize.engines.llama_cpp.context import Context, LoadedModel

    library.start()
    source = min(embedded_models_dir().glob("*.gguf"), key=lambda path: path.stat().st_size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q8_0.gguf"
        params = llama.llama_model_quantize_default_params()
        params.ftype = llama.LLAMA_FTYPE_MOSTLY_Q8_0
        if llama.llama_model_quantize(str(source).encode(), str(path).encode(), params):
            raise SystemExit("the trial's model cannot be quantized")
        model = LoadedModel(path, amx=True)
        batch = TokenBatch(_TOKENS)
        batch.add(range(_TOKENS), 0, 0, rows=1)
        with Context(model, tokens=256, threads=1) as context:
            context.decode(batch)
            context.wait()
        model.close()


if __name__ == "__main__":
    _try()
