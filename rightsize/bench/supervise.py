"""Running a worker and surviving it: time, stall and memory limits, and the reason when it dies."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import psutil

from rightsize.bench.protocol import Batch, CellRequest, Event, decode_event, encode_batch, encode_request
from rightsize.units import format_bytes

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """When to give a worker up: wall time in all, silence between events, resident memory."""

    time_s: float
    stall_s: float
    memory_bytes: int


class WorkerFailed(Exception):  # noqa: N818 - it is a value for Failed(reason), not an error for the user
    """The worker did not finish; the message is the reason to store."""


def run_worker(request: CellRequest, limits: Limits) -> Iterator[Event]:
    """Yield the worker's events until it is done. Raises WorkerFailed with the reason when it dies.

    Whatever happens, the process and its children are gone when this ends.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        process = _start(request, stderr)
        try:
            yield from _events(process, limits, stderr)
        finally:
            _kill(process)


class PacedWorker:
    """A worker whose requests come in turns: it measures one window each time it is told to."""

    def __init__(self, process: subprocess.Popen[str], events: Iterator[Event]) -> None:
        self._process, self._events = process, events
        self.pid = process.pid
        self.heard: dict[str, Event] = {}

    def get_ready(self) -> None:
        """Return when the worker stands before its next turn, or has told of all of them."""
        for event in self._events:
            self.heard[event.kind] = event
            if event.kind in {"ready", "requests"}:
                return

    def take_turn(self) -> None:
        """Measure one window. Raises WorkerFailed with the reason when the worker dies."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        self.get_ready()


@contextlib.contextmanager
def paced_worker(request: CellRequest, limits: Limits) -> Iterator[PacedWorker]:
    """Start a worker for a ``request`` with turns; it is gone when the block ends, whatever happens."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        process = _start(request, stderr)
        try:
            yield PacedWorker(process, _events(process, limits, stderr))
        finally:
            _kill(process)


class BatchWorker:
    """A worker that answers items batch by batch while its model stays loaded."""

    def __init__(self, process: subprocess.Popen[str], events: Iterator[Event]) -> None:
        self._process, self._events = process, events

    def until(self, last: str) -> Iterator[Event]:
        """Yield events up to the kind ``last``. Raises WorkerFailed with the reason when the worker dies."""
        for event in self._events:
            yield event
            if event.kind == last:
                return

    def ask(self, batch: Batch) -> Iterator[Event]:
        """Send a batch and yield what comes of it. Raises WorkerFailed with the reason when the worker dies."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(encode_batch(batch) + "\n")
            self._process.stdin.flush()
        yield from self.until("batch_done")


@contextlib.contextmanager
def batch_worker(request: CellRequest, limits: Limits) -> Iterator[BatchWorker]:
    """Start a worker for a ``request`` by batch; it is gone when the block ends, whatever happens."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        process = _start(request, stderr)
        try:
            yield BatchWorker(process, _events(process, limits, stderr))
        finally:
            _kill(process)


def _start(request: CellRequest, stderr: IO[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "rightsize.bench.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        encoding="utf-8",
        # A debugger that ggml would start for a backtrace can hang for minutes.
        env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        start_new_session=True,
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(encode_request(request) + "\n")
        process.stdin.flush()
        if not (request.turns or request.by_batch):
            process.stdin.close()
    return process


def _events(process: subprocess.Popen[str], limits: Limits, stderr: IO[str]) -> Iterator[Event]:
    lines = _lines_of(process)
    started = heard = time.monotonic()
    while True:
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            _check_limits(process, limits, started, heard)
            yield Event("waiting")
            continue
        if line is None:
            raise WorkerFailed(_cause_of_death(process, stderr))
        heard = time.monotonic()
        _check_limits(process, limits, started, heard)
        event = decode_event(line)
        if event.kind == "error":
            raise WorkerFailed(event.data["reason"])
        yield event
        heard = time.monotonic()  # whoever listens may have taken its time
        if event.kind == "done":
            return


def _lines_of(process: subprocess.Popen[str]) -> queue.Queue[str | None]:
    """The worker's lines as a queue, None at the end: a queue can be waited on with a time limit."""
    lines: queue.Queue[str | None] = queue.Queue()

    def pump() -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # the pipe is closed under us when the worker is killed
            for line in process.stdout:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=pump, daemon=True).start()
    return lines


def _check_limits(process: subprocess.Popen[str], limits: Limits, started: float, heard: float) -> None:
    now = time.monotonic()
    if now - started > limits.time_s:
        raise WorkerFailed(f"over the time limit of {limits.time_s:g} s")
    if now - heard > limits.stall_s:
        raise WorkerFailed(f"no sign of life for {limits.stall_s:g} s")
    with contextlib.suppress(psutil.Error):
        resident = psutil.Process(process.pid).memory_info().rss
        if limits.memory_bytes and resident > limits.memory_bytes:
            has, may = format_bytes(resident), format_bytes(limits.memory_bytes)
            raise WorkerFailed(f"out of memory: {has} resident, the limit is {may}")


def _cause_of_death(process: subprocess.Popen[str], stderr: IO[str]) -> str:
    code = process.wait()
    stderr.seek(0)
    said = [line.strip() for line in stderr.read().splitlines() if line.strip()]
    if code == -signal.SIGKILL:
        return "out of memory: the system killed the worker"
    if code < 0:
        telling = next((line for line in said if "ASSERT" in line or "abort" in line), said[-1] if said else "")
        return f"the worker died with {signal.Signals(-code).name}" + (f": {telling}" if telling else "")
    return f"the worker stopped with code {code}" + (f": {said[-1]}" if said else "")


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what was still to be written has no reader
                pipe.close()
