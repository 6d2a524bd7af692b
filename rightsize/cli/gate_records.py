"""Which stored record a gate speaks of: the one a baseline is written from, and the one held against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from rightsize.cli.common import print_json, talk
from rightsize.cli.deciding import chosen_tasks, this_machine
from rightsize.errors import BaselineError, UsageError

if TYPE_CHECKING:
    from rightsize.decide.baseline import Baseline
    from rightsize.domain import Record
    from rightsize.store import Store


def write(results: Store, tasks: Sequence[str], candidate: str | None, path: Path, *, as_json: bool) -> None:
    """Write the baseline of one candidate on one task, and say so."""
    from rightsize.decide.baseline import baseline_of
    from rightsize.reports.baseline_file import write_baseline

    chosen = chosen_tasks(tasks, results)
    if len(chosen) > 1:
        raise UsageError("a baseline holds one task", next_step=f"Name one of {', '.join(chosen)}")
    record = _measured_one(results, chosen[0], candidate)
    try:
        baseline = baseline_of(record)
    except ValueError as error:
        raise UsageError(str(error), next_step=f"Measure it: rightsize bench --task {chosen[0]}") from error
    write_baseline(baseline, path)
    if as_json:
        print_json({"schema_version": 1, "command": "gate", "written_baseline": str(path)})
    talk().print(f"Wrote {path}: {record.candidate_id} on {record.suite}", soft_wrap=True, markup=False)


def _measured_one(results: Store, task: str, candidate: str | None) -> Record:
    """The candidate's newest measurement on this machine, else on any; the only candidate unless named.

    The newest and not the fullest one: it is what the gate will judge by.
    """
    from rightsize.domain import Measured

    here = this_machine()
    stored = results.records(suite=task, newest=False)
    ordered = sorted(stored, key=lambda record: record.machine_fingerprint == here)
    measured = {record.candidate_id: record for record in ordered if isinstance(record.outcome, Measured)}
    if candidate is None and len(measured) == 1:
        return next(iter(measured.values()))
    if candidate in measured:
        return measured[candidate]
    if candidate is not None and measured:
        raise _no_such(candidate, task, measured)
    known = f"Measured on {task}: {', '.join(sorted(measured)) or 'nothing yet'}"
    problem = f"no results of {candidate!r}" if candidate else "which candidate? Add --candidate"
    raise UsageError(problem, next_step=known)


def check_name(candidate: str, task: str, results: Store) -> None:
    """Raise UsageError with the nearest names where the task has results, but none of ``candidate``."""
    stored = {record.candidate_id for record in results.records(suite=task, newest=False)}
    if stored and candidate not in stored:
        raise _no_such(candidate, task, stored)


def _no_such(candidate: str, task: str, stored: Iterable[str]) -> UsageError:
    near = get_close_matches(candidate, sorted(stored), n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Measured on {task}: {', '.join(sorted(stored))}"
    return UsageError(f"--candidate {candidate}: no results of it on {task}", next_step=hint)


def measuring(candidate: str, before: Baseline, results: Store, store: str) -> str:
    """The command that measures ``candidate`` on the baseline's suite, as it was measured before if it was."""
    from rightsize.decide.bench_run import Settling, rerun

    known = results.records(candidate=candidate, newest=False)
    if known:
        of_task = [record for record in known if record.suite == before.suite]
        record = (of_task or known)[-1]
        limit = record.limit if of_task else None
        return replace(rerun(record, store=store), tasks=(before.suite,), limit=limit).command
    name, _, level = candidate.partition(":")
    model = name if name.startswith("rightsize-") else "PATH"  # a baseline does not say where its file lies
    quants = (level.partition("+")[0],) if level else ()
    return Settling((before.suite,), models=(model,), quants=quants, store=store).command


def check_task(before: Baseline, tasks: Sequence[str]) -> None:
    """Raise BaselineError when other tasks were asked for than the baseline's."""
    if tasks and list(tasks) != [before.suite]:
        problem = f"the baseline is of {before.suite}, not of {', '.join(tasks)}"
        raise BaselineError(problem, next_step=f"Leave --task out, or write a baseline of {tasks[0]}")


def newest_run(before: Baseline, results: Store, candidate: str | None) -> Record | None:
    """The newest run on the baseline's suite of ``candidate``; None where there is none.

    Not named, it is the baseline's candidate with whatever model file it has now: a file of other tensors has
    other marks in its name, and judging a file that was replaced is what a gate is for.
    """
    from rightsize.domain import name_of_any_file

    of_task = results.records(suite=before.suite, candidate=candidate, newest=False)
    if candidate is None:
        name = name_of_any_file(before.candidate_id)
        of_task = [record for record in of_task if name_of_any_file(record.candidate_id) == name]
    return of_task[-1] if of_task else None


def check_comparable(before: Baseline, run: Record, store: str) -> None:
    """Raise BaselineError when the suite of ``run``, or its items, are others than the baseline's.

    An older run that fits does not stand in for it: it is not what was measured last.
    """
    from rightsize.decide.baseline import item_difference, suite_difference
    from rightsize.decide.bench_run import rerun
    from rightsize.decide.more_needed import items_in_suite

    if problem := suite_difference(before, run):
        raise BaselineError(problem, next_step="Write a baseline of the new one with --write-baseline")
    if problem := item_difference(before, run):
        count = len(before.items)
        limit = None if count == items_in_suite(run) else count
        # A run of more items counts as one of fewer: without --force nothing would be measured.
        same = replace(rerun(run, force=True, store=store), limit=limit).command
        next_step = f"Measure the baseline's items with {same}, or write a new baseline with --write-baseline"
        raise BaselineError(problem, next_step=next_step)
