"""What llama.cpp itself would allocate for a file: loaded with ``no_alloc``, which reads the header and
nothing else.

The file's data is never touched, so a sparse file with a header is enough. It runs in a process of its own: a
header that llama.cpp dislikes can end the process.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rightsize.errors import EngineError
from rightsize.models.line_worker import ask_worker

_TIME_LIMIT_S = 60
_MIB = 1 << 20
_CACHE_LINE = re.compile(r"^\w+: size = +([\d.]+) MiB \(")
_COMPUTE_LINE = re.compile(r"compute buffer size = +([\d.]+) MiB")


@dataclass(frozen=True, slots=True)
class Allocation:
    """Bytes that llama.cpp would allocate: weights, cache (keys, values and states), and compute buffers.

    Cache and compute buffers are as its log gives them, to 0.01 MiB. ``compute_bytes`` is the largest
    computation it reserves room for: a whole batch with an answer wanted after every token.
    """

    weight_bytes: int
    cache_bytes: int
    compute_bytes: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Question:
    """A file and how it would be run; llama.cpp's defaults where nothing is said."""

    path: Path
    context_tokens: int
    batch_tokens: int = 512
    sequences: int = 1
    full_windows: bool = True


def ask(questions: Sequence[Question], *, time_limit_s: float = _TIME_LIMIT_S) -> list[Allocation]:
    """Ask llama.cpp, in one process. Raises EngineError with its reason for the first file it refuses."""
    lines = [json.dumps({**asdict(question), "path": str(question.path)}) for question in questions]
    try:
        heard = ask_worker("rightsize.engines.llama_cpp.no_alloc", lines, time_limit_s)
    except TimeoutError:
        raise EngineError(f"llama.cpp took over {time_limit_s:g} s to plan its memory") from None
    for question, answer in zip(questions, heard.answers, strict=False):
        if "error" in answer:
            raise EngineError(f"llama.cpp refuses {question.path.name}: {answer['error']}")
    if len(heard.answers) < len(questions):
        raise EngineError(f"llama.cpp died on {questions[len(heard.answers)].path.name}: {heard.last_words}")
    return [Allocation(**answer) for answer in heard.answers]


def main() -> int:
    """The worker: one question a line on stdin, one answer a line on stdout."""
    for line in sys.stdin:
        asked = json.loads(line)
        asked["path"] = Path(asked["path"])
        try:
            answer: dict[str, Any] = asdict(_allocation(Question(**asked)))
        except EngineError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


def _allocation(question: Question) -> Allocation:
    import llama_cpp.llama_cpp as llama

    from rightsize.engines.llama_cpp import library

    library.start()
    params = llama.llama_model_default_params()
    params.no_alloc = True
    params.load_mode = 0  # none: llama.cpp cannot map a file and allocate nothing
    params.use_extra_bufts = False  # packed copies are not planned for without data, and some operations fail
    with library.captured_log() as log:
        model = llama.llama_model_load_from_file(str(question.path).encode(), params)
    if not model:
        raise EngineError(library.last_error(log))
    try:
        weights = int(llama.llama_model_size(model))
        cells, lines = _context_log(llama, library, model, question)
    finally:
        llama.llama_model_free(model)
    return Allocation(weights, _sum(_CACHE_LINE, lines), _sum(_COMPUTE_LINE, lines), cells)


def _context_log(llama: Any, library: Any, model: Any, question: Question) -> tuple[int, list[str]]:
    params = llama.llama_context_default_params()
    params.n_ctx = question.context_tokens
    params.n_batch = params.n_ubatch = question.batch_tokens
    params.n_seq_max = question.sequences
    params.kv_unified = True
    params.swa_full = question.full_windows
    with library.captured_log() as log:
        context = llama.llama_init_from_model(model, params)
    if not context:
        raise EngineError(library.last_error(log))
    cells = int(llama.llama_n_ctx(context))
    llama.llama_free(context)
    return cells, log


def _sum(pattern: re.Pattern[str], lines: list[str]) -> int:
    found = (pattern.search(line) for line in lines)
    return round(sum(float(each[1]) for each in found if each) * _MIB)


if __name__ == "__main__":
    sys.exit(main())
