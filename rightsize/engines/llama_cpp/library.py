"""The llama.cpp library: loaded once, its log kept where we can read it instead of on the terminal."""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama

_LOG_LINES: deque[str] = deque(maxlen=5000)
_BUFFER_LINE = re.compile(
    r"^\S+: +(?P<where>\S.*?) +(?P<kind>model|KV|RS|compute|output) buffer size = +(?P<mib>[\d.]+) MiB"
)
_MIB = 1 << 20


def _keep(level: int, text: bytes, _user_data: Any) -> None:
    piece = text.decode("utf-8", "replace")
    if level == _CONTINUES and _LOG_LINES:
        _LOG_LINES[-1] += piece
    else:
        _LOG_LINES.append(piece)


_keep_log = llama.llama_log_callback(_keep)  # kept in a name: llama.cpp holds only a pointer to it
_CONTINUES = 5  # GGML_LOG_LEVEL_CONT: the text continues the line before


@cache
def start() -> None:
    """Initialise the backend once and take over the log."""
    llama.llama_log_set(_keep_log, ctypes.c_void_p(0))
    llama.llama_backend_init()


@contextmanager
def captured_log() -> Iterator[list[str]]:
    """Collect the lines that llama.cpp logs inside the block; the list is filled when the block ends."""
    _LOG_LINES.clear()
    lines: list[str] = []
    try:
        yield lines
    finally:
        lines.extend("".join(_LOG_LINES).splitlines())


def last_error(lines: list[str]) -> str:
    """The most telling line of a failed load: the last one that speaks of an error."""
    speaks = re.compile(r"error|fail|unknown|invalid|unable|requires|not enough", re.IGNORECASE)
    telling = [line for line in lines if speaks.search(line)]
    # The last lines only say that loading failed; the first error says why.
    return re.sub(r"^\w+: ", "", telling[0]).strip() if telling else "llama.cpp gave no reason"


def buffer_sizes(lines: list[str]) -> Mapping[str, int]:
    """Bytes of each kind of buffer in a log: ``{"model": ..., "KV": ..., "compute": ..., "output": ...}``."""
    sizes: dict[str, int] = {}
    for line in lines:
        if found := _BUFFER_LINE.match(line):
            kind = found["kind"]
            sizes[kind] = sizes.get(kind, 0) + round(float(found["mib"]) * _MIB)
    return sizes


def file() -> Path:
    """The file of the library that computes."""
    folder = Path(llama._lib._name).parent
    return next(iter(sorted(folder.glob("*ggml-cpu*"))), Path(llama._lib._name))


def buffer_places(lines: list[str]) -> Mapping[str, int]:
    """Bytes of a model's weights by where they lie: ``{"CPU_Mapped": ..., "CPU_REPACK": ...}``."""
    places: dict[str, int] = {}
    for line in lines:
        found = _BUFFER_LINE.match(line)
        if found and found["kind"] == "model":
            places[found["where"]] = places.get(found["where"], 0) + round(float(found["mib"]) * _MIB)
    return places


def system_info() -> str:
    """The instruction sets and back ends that this llama.cpp was built with and found."""
    start()
    return str(llama.llama_print_system_info().decode())
