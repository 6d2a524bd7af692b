"""Live progress of a bench on stderr: the cell, its phase, and the time remaining."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from rightsize.bench.plan import Cell
from rightsize.cli.common import in_ci
from rightsize.domain import Failed, Measured, Record, Skipped

_PHASES = {
    "requests": "timing requests",
    "answers": "answering items",
    "soak": "sustained speed",
    "prefill_tokens_per_s": "prompt speed",
    "decode_tokens_per_s": "generation speed",
}


class BenchProgress:
    """A bar on a terminal, one line a cell elsewhere; implements :class:`rightsize.bench.run.Listener`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._done, self._of = 0, 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[left]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal or in_ci(),
        )
        self._row = self._bar.add_task("starting", total=None, left="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._bar.stop()

    def cell_started(self, cell: Cell, number: int, of: int) -> None:
        """Show which cell runs and how much time the rest may take."""
        self._done, self._of = number - 1, of
        self._name = f"[{number}/{of}] {cell.candidate.id}"
        self._bar.update(self._row, description=self._name, completed=0, total=None, left=self._remaining())

    def progressed(self, task: str, phase: str, done: int, of: int) -> None:
        """Show how far the phase is."""
        label = " ".join(part for part in (self._name, task, _PHASES.get(phase, phase)) if part)
        self._bar.update(self._row, description=label, completed=done, total=of, left=self._remaining())

    def note(self, text: str) -> None:
        """Say that something slow is being prepared."""
        self._bar.update(self._row, description=text)
        self._console.print(f"  {text}", markup=False)

    def stored(self, record: Record) -> None:
        """Say in one line what came of a task."""
        self._console.print(f"  {record.candidate_id:<30} {record.suite:<15} {describe(record)}", markup=False)

    def _remaining(self) -> str:
        """Time for the cells left, judged by those done; nothing is promised before the first is."""
        if not self._done:
            return ""
        seconds = (time.monotonic() - self._started) / self._done * (self._of - self._done)
        minutes, rest = divmod(round(seconds), 60)
        return f"about {minutes}:{rest:02d} left"


def describe(record: Record) -> str:
    """The outcome of one record in a few words."""
    match record.outcome:
        case Measured(items=items) if not items or not record.suite_info["score_name"]:
            return f"no score (n={len(items)})"
        case Measured(items=items):
            mean = sum(item.score for item in items) / len(items) if items else 0.0
            return f"{record.suite_info['score_name']} {mean:.3f} (n={len(items)})"
        case Failed(reason=reason):
            return f"failed: {reason}"
        case Skipped(reason=reason):
            return f"skipped: {reason}"
