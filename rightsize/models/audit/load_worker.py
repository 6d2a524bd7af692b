"""``python -m rightsize.models.audit.load_worker FILE``: load a header with llama.cpp; why not on stdout."""

from __future__ import annotations

import ctypes
import re
import sys

_TELLING = re.compile(r"error|unknown|invalid|missing|wrong|fail", re.IGNORECASE)


def main(path: str) -> int:
    """0 when llama.cpp takes the file; nothing is allocated for its weights."""
    import llama_cpp.llama_cpp as llama

    lines: list[str] = []

    def keep(_level: int, text: bytes, _data: object) -> None:
        lines.append(text.decode("utf-8", "replace"))

    callback = llama.llama_log_callback(keep)  # held here, because C holds no reference to it
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    llama.llama_backend_init()
    params = llama.llama_model_default_params()
    params.no_alloc = True
    params.use_extra_bufts = False
    params.load_mode = llama.LLAMA_LOAD_MODE_NONE
    if llama.llama_model_load_from_file(path.encode(), params):
        return 0
    telling = [line for line in "".join(lines).splitlines() if _TELLING.search(line)]
    print(re.sub(r"^\w+: ", "", telling[0]) if telling else "it gave no reason")  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
