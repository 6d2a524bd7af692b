"""The worker process that times files: decoding and prompts at given depths, each between two reference
timings.

It reads JSON lines on stdin and writes one for each file on stdout. The reference is a file of its own, decoded
for a moment before and after each timing: what slows the machine slows both.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rightsize.bench.budget import Budget
from rightsize.bench.process_memory import PeakMemory, resident_bytes
from rightsize.engines.llama_cpp import library
from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.context import Context, LoadedModel
from rightsize.errors import RightsizeError

_REFERENCE_STEPS = 12
_MAX_STEPS, _MIN_STEPS = 200, 8
_STEADY = 0.02  # the middle half of some steps as close as this: more of them would say the same
_ATTEMPTS, _DISTURBED = 2, 1.3
_RECENT_S = 0.3  # a reference as young as this still tells how fast the machine is


def main() -> int:
    """Time every file that is asked for, one a line; a file that fails yields a line with its reason.

    The first line says with how many threads, and which file is the reference (none: an empty string).
    """
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    asked = json.loads(sys.stdin.readline())
    base, threads = resident_bytes()["resident"], asked["threads"]
    reference = Reference(Stopwatch(Path(asked["reference"]), 256, threads, 32) if asked["reference"] else None)
    for text in sys.stdin:
        job = json.loads(text)
        try:
            line = {**_time_file(job, threads, reference), "base_bytes": base}
        except RightsizeError as error:
            line = {"tag": job["tag"], "error": str(error)}
        events.write(json.dumps(line) + "\n")
        events.flush()
    return 0


class Stopwatch:
    """A file held open in one context, and how long its computations take."""

    def __init__(self, path: Path, context_tokens: int, threads: int, batch_tokens: int) -> None:
        self.model = LoadedModel(path)
        self.context = Context(self.model, tokens=context_tokens, threads=threads, batch_tokens=batch_tokens)
        self._batch = TokenBatch(batch_tokens)
        self._context_tokens = context_tokens
        self._filled = 0
        self.read(min(8, batch_tokens))  # the first computation touches every weight and buffer

    def fill(self, tokens: int) -> None:
        """Read tokens until so many are in the cache; fewer than there are starts over."""
        if tokens < self._filled:
            self._keep(0)
        while self._filled < tokens:
            self.read(min(self._batch.capacity, tokens - self._filled), keep=True)

    def read(self, tokens: int, *, keep: bool = False) -> float:
        """Seconds to read ``tokens`` more, at most one batch."""
        self._batch.clear()
        self._batch.add(
            [token % self.model.vocab_size for token in range(1, tokens + 1)], self._filled, 0, rows=1
        )
        before = self._filled
        started = time.perf_counter()
        self.context.decode(self._batch)
        self.context.wait()
        seconds = time.perf_counter() - started
        self._filled += tokens
        if not keep:
            self._keep(before)
        return seconds

    def steps(self, count: int, budget_s: float) -> list[float]:
        """Seconds of each of some single-token steps: at most ``count``, until they are steady or budget or
        context are spent.
        """
        before, until = self._filled, time.perf_counter() + budget_s
        count = min(count, self._context_tokens - before)
        seconds: list[float] = []
        while len(seconds) < count and (
            len(seconds) < _MIN_STEPS or (time.perf_counter() < until and not is_steady(seconds))
        ):
            seconds.append(self.read(1, keep=True))
        self._keep(before)
        return seconds

    def _keep(self, tokens: int) -> None:
        if tokens and self.context.cut(0, tokens):
            self._filled = tokens
            return
        # A recurrent state cannot be cut back: begin again.
        self.context.clear()
        self._filled = 0
        self.fill(tokens)

    def close(self) -> None:
        """Free everything."""
        self.context.close()
        self.model.close()


class Reference:
    """What is decoded for a moment around each timing; ``seen`` is what it took, each time."""

    def __init__(self, watch: Stopwatch | None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._watch, self._clock = watch, clock
        self._latest: Sequence[float] = []
        self._at_s = -math.inf
        self.seen: list[float] = []

    def before(self) -> Sequence[float]:
        """Its steps just before a timing: those after the last one, where that is hardly past."""
        return self._latest if self._clock() - self._at_s < _RECENT_S else self.after()

    def after(self) -> Sequence[float]:
        """Its steps now; none where there is no reference."""
        if self._watch is None:
            return []
        self._latest, self._at_s = self._watch.steps(_REFERENCE_STEPS, 1.0)[1:], self._clock()
        self.seen.append(_lower(self._latest))
        return self._latest


def is_steady(seconds: Sequence[float]) -> bool:
    """Whether the middle half of some timings, the first aside, lies so close that more need not be taken."""
    ordered = sorted(seconds[1:])
    if len(ordered) < _MIN_STEPS - 1:
        return False
    low, high = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    return high <= low * (1 + _STEADY)


def _time_file(job: Mapping[str, Any], threads: int, reference: Reference) -> dict[str, Any]:
    memory = PeakMemory()
    memory.start()
    before = dict(resident_bytes())
    started = time.perf_counter()
    watch = Stopwatch(Path(job["path"]), job["context_tokens"], threads, job["batch_tokens"])
    loaded_s = time.perf_counter() - started
    try:
        timings = timed_within(job, lambda asked: _timing(watch, asked, reference))
        peak = memory.peak_bytes()
    finally:
        watch.close()
    return {
        "tag": job["tag"],
        "loaded_s": loaded_s,
        "timings": timings,
        "resident_before_bytes": before["resident"],
        "peak_bytes": peak["total"],
        "buffers": dict(library.buffer_places(watch.model.load_log)),
    }


def timed_within(
    job: Mapping[str, Any],
    time_one: Callable[[Mapping[str, Any]], dict[str, Any]],
    clock: Callable[[], float] = time.perf_counter,
) -> list[dict[str, Any]]:
    """The job's points in order while its ``left_s`` lasts (absent or None: all); the first in any case."""
    left_s = job.get("left_s")
    budget = Budget(math.inf if left_s is None else left_s, clock)
    timings: list[dict[str, Any]] = []
    for asked in job["timings"]:
        if timings and budget.left_s <= 0:
            break
        timings.append(time_one(asked))
    return timings


def _timing(watch: Stopwatch, asked: Mapping[str, Any], reference: Reference) -> dict[str, Any]:
    """One point: ``tokens`` 1 is decoding, more is a prompt. Raw samples, between two of the reference.

    A point during which the reference was much slower than it can be is timed again, a few times at most.
    """
    watch.fill(asked["depth"])
    best: dict[str, Any] = {}
    for _ in range(_ATTEMPTS):
        before = reference.before()
        samples = _samples(watch, asked)
        around = [*before, *reference.after()]
        if not best or (around and _lower(around) < _lower(best["reference"])):
            best = {**asked, "samples": samples, "reference": around}
        if not around or _lower(around) < _DISTURBED * _lower(reference.seen):
            break
    return best


def _samples(watch: Stopwatch, asked: Mapping[str, Any]) -> list[float]:
    if asked["tokens"] == 1:
        return watch.steps(asked.get("steps", _MAX_STEPS), asked["budget_s"])[1:]
    return _prompts(watch, asked["tokens"], asked["budget_s"])


def _lower(samples: Sequence[float]) -> float:
    return sorted(samples)[len(samples) // 4]


def _prompts(watch: Stopwatch, tokens: int, budget_s: float) -> list[float]:
    until = time.perf_counter() + budget_s
    samples: list[float] = []
    while not samples or (time.perf_counter() < until and len(samples) < _MAX_STEPS and not is_steady(samples)):
        samples.append(watch.read(tokens))
    return samples


if __name__ == "__main__":
    sys.exit(main())
