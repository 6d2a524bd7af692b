"""The other end of the worker that times files: started, asked file by file, and gone when it is no longer
needed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rightsize.errors import EngineError


class SpeedWorker:
    """A process that times one file after another. Killed when one takes longer than ``time_limit_s``."""

    def __init__(self, threads: int, reference: Path | None, *, time_limit_s: float) -> None:
        self._time_limit_s = time_limit_s
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rightsize.bench.speed_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
            # A debugger that ggml would start for a backtrace can hang for minutes.
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
        self._say({"threads": threads, "reference": str(reference or "")})

    def __enter__(self) -> SpeedWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._stderr.close()

    def time(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Time one file. Raises EngineError with the reason when it cannot be timed or the process dies."""
        assert self._process.stdout is not None
        limit = threading.Timer(self._time_limit_s, self._process.kill)
        limit.start()
        try:
            self._say(job)
            text = self._process.stdout.readline()
        finally:
            limit.cancel()
        if not text:
            raise EngineError(f"{job['tag']} cannot be timed: {self._cause_of_death()}")
        answer: dict[str, Any] = json.loads(text)
        if "error" in answer:
            raise EngineError(f"{job['tag']} cannot be timed: {answer['error']}")
        return answer

    def _say(self, document: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(document) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise EngineError(f"the process that times files ended: {self._cause_of_death()}") from None

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        self._stderr.seek(0)
        said = [line.strip() for line in self._stderr.read().splitlines() if line.strip()]
        return said[-1] if said else f"its process ended with code {code}"
