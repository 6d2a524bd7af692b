"""Classical methods that cannot do a task: no candidates there, however well they do another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rightsize.bench.protocol import candidate_from
from rightsize.bench.run import misfit
from rightsize.domain import ModelKind, Record, Suite
from rightsize.engines.registry import get_engine
from rightsize.errors import RightsizeError
from rightsize.suites.loader import load_suite


def unfit_methods(records: Sequence[Record], tasks: Sequence[str]) -> Mapping[str, str]:
    """Return the stored classical methods that cannot do one of ``tasks``, with the reason.

    Bench leaves a method out where it does not suit a task, so that the store says nothing of it there. A task
    that cannot be loaded by its name here says nothing either.
    """
    methods = {r.candidate_id: r for r in records if r.kind is ModelKind.BASELINE and r.suite in tasks}
    stored = {(record.candidate_id, record.suite) for record in records}
    found: dict[str, str] = {}
    for task in tasks:
        unheard = [name for name in methods if name not in found and (name, task) not in stored]
        if unheard and (suite := _suite(task)):
            why = {name: _misfit(methods[name], suite) for name in unheard}
            found |= {name: f"cannot do {task}: {reason}" for name, reason in why.items() if reason}
    return found


def _suite(task: str) -> Suite | None:
    try:
        return load_suite(task)
    except RightsizeError:
        return None


def _misfit(record: Record, suite: Suite) -> str | None:
    try:
        candidate = candidate_from(record.candidate)
        return misfit(get_engine(candidate.engine), candidate, suite)
    except RightsizeError:  # a method that an earlier version had
        return None
