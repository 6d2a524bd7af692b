"""The dry run's own process: ``python -m rightsize.models.shapes.mix_worker`` reads jobs from stdin.

A job is a JSON line ``{"path": ..., "file_type": ...}``; each is answered with a JSON line
``{"types": {tensor: type}, "fallback": count}`` or ``{"error": ...}``. llama.cpp
aborts the process on some shapes; here that costs only this process, and the jobs answered before are kept.
"""

from __future__ import annotations

import ctypes
import json
import re
import sys

# What llama.cpp's quantizer says of one tensor: "[   1/ 147] token_embd.weight - [64, 262, 1, 1], type = f16,
# size = 0.03 MiB -> 0.01 MiB (q8_0)"; the arrow is missing where the type stays.
_LINE = re.compile(r"\[\s*\d+/\s*\d+\]\s+(\S+)\s+- \[[^\]]*\], type =\s*(\w+), size =[^(\n]*(?:\((\w+)\))?")

_FALLBACK = re.compile(r"(\d+) of \d+ tensor\(s\) required fallback quantization")


def main() -> int:
    """Answer jobs until stdin ends."""
    import llama_cpp.llama_cpp as llama

    said: list[str] = []

    def keep(_level: int, text: bytes, _data: object) -> None:
        said.append(text.decode("utf-8", "replace"))

    callback = llama.llama_log_callback(keep)  # held here, because C holds no reference to it
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    llama.llama_backend_init()
    for line in sys.stdin:
        said.clear()
        job = json.loads(line)
        params = llama.llama_model_quantize_default_params()
        params.ftype, params.dry_run, params.nthread = job["file_type"], True, 1
        code = llama.llama_model_quantize(job["path"].encode(), b"", ctypes.byref(params))
        text = "".join(said)
        answer = {"error": _last_line(text)} if code else {"types": _types(text), "fallback": _fallback(text)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


def _types(text: str) -> dict[str, str]:
    return {name: (new or old).upper() for name, old, new in _LINE.findall(text)}


def _fallback(text: str) -> int:
    """How many tensors got another type because their width does not fit the level's blocks."""
    found = _FALLBACK.search(text)
    return int(found[1]) if found else 0


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "llama.cpp did not say why"


if __name__ == "__main__":
    sys.exit(main())
