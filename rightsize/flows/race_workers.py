"""The workers of a race: started when a candidate is asked, one at a time, so that one model is in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from rightsize.bench.heat import FactsWanted, Heat
from rightsize.bench.plan import Cell
from rightsize.bench.run import Listener, hold_until_quiet, known_misfit, misfit
from rightsize.bench.supervise import WorkerFailed
from rightsize.domain import Machine
from rightsize.engines.registry import get_engine
from rightsize.settings import Settings


class Workers:
    """Holds at most one open worker, and remembers those that were. ``cells`` maps candidates to what they
    run."""

    def __init__(
        self, cells: Mapping[str, Cell], machine: Machine, settings: Settings, listener: Listener
    ) -> None:
        self._cells, self._machine, self._settings, self._listener = cells, machine, settings, listener
        self._heats: dict[str, list[Heat]] = {}
        self._open: str | None = None
        self._stack = ExitStack()

    def of(self, candidate: str) -> Sequence[Heat]:
        """Every worker that the candidate has had, the latest last."""
        return self._heats.get(candidate, [])

    def listening(self, candidate: str) -> Heat:
        """The candidate's open worker, or a new one that measures no facts. Raises WorkerFailed."""
        if self._open == candidate:
            return self._heats[candidate][-1]
        return self.measured(candidate, FactsWanted())

    def measured(self, candidate: str, wanted: FactsWanted) -> Heat:
        """A new worker that has measured what is wanted and listens. Raises WorkerFailed."""
        self.close()
        cell = self._cells[candidate]
        if reason := self._unfit(cell):
            raise WorkerFailed(reason)
        self._listener.cell_started(cell, list(self._cells).index(candidate) + 1, len(self._cells))
        if wanted.requests or wanted.repetitions:  # answers do not depend on who else works here
            hold_until_quiet(self._settings, self._listener)
        heat = Heat(cell, self._machine, self._settings, self._listener, wanted)
        self._stack.enter_context(heat)
        self._open = candidate
        self._heats.setdefault(candidate, []).append(heat)
        heat.start()
        return heat

    def close(self) -> None:
        """End the open worker, if there is one."""
        self._stack.close()
        self._stack, self._open = ExitStack(), None

    def _unfit(self, cell: Cell) -> str | None:
        engine = get_engine(cell.candidate.engine)
        misfits = (misfit(engine, job.candidate, job.suite) for job in cell.jobs)
        return known_misfit(cell, self._machine, self._settings) or next(filter(None, misfits), None)
