"""Asking a worker process line by line: what llama.cpp does to a process then costs that process alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Heard:
    """The answers that came, in the order of the questions. Where they are fewer than those, ``last_words``
    say why."""

    answers: tuple[dict[str, Any], ...]
    last_words: str


def ask_worker(module: str, questions: Sequence[str], time_limit_s: float) -> Heard:
    """Run ``python -m MODULE`` with the questions as lines on stdin; each answer is a line of JSON on stdout.

    Raises TimeoutError when it takes longer than ``time_limit_s``.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input="\n".join(questions),
            capture_output=True,
            text=True,
            timeout=time_limit_s,
            check=False,
            # A debugger that ggml would start for a backtrace can hang for minutes.
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{module} took over {time_limit_s:g} s") from None
    # llama.cpp writes a debugger's words to stdout when it aborts.
    answers = tuple(json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"'))
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return Heard(answers, said[-1] if said else f"its process ended with code {done.returncode}")
