"""What recommend, report and gate ask of a store: which tasks, on which machine, and who wins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightsize.decide.objective import Minimize
from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.decide.recommendation import Recommendation
    from rightsize.domain import Record, Threshold
    from rightsize.store import Store


def this_machine() -> str:
    """Fingerprint of this machine: speed, memory and energy of any other one decide nothing here."""
    from rightsize.machine import scan

    return scan(with_bandwidth=False).fingerprint


def chosen_tasks(named: Sequence[str], results: Store) -> list[str]:
    """The named tasks, else the store's only one. Raises UsageError with the list, SuiteError if unknown."""
    from rightsize.checks.variants import is_derived

    stored = [task for task in results.tasks() if not is_derived(task)]
    if named:
        return list(dict.fromkeys(name if name in stored else task_name(name) for name in named))
    if len(stored) == 1:
        return stored
    if not stored:
        raise UsageError(
            f"no results in {results.location} yet", next_step="Measure first: rightsize bench --task NAME"
        )
    raise UsageError("several tasks have results", next_step=f"Add --task with one of {', '.join(stored)}")


def task_paths(named: Sequence[str], tasks: Sequence[str]) -> dict[str, str]:
    """The files and folders among what was ``named``, by the one of ``tasks`` that each stands for: a command
    can find a task of one's own by nothing else."""
    return {task_name(given): given for given in named if given not in tasks}


def task_name(name_or_path: str) -> str:
    """The name of the task that a name, a file or a folder stands for. Raises SuiteError when there is none."""
    from rightsize.suites.loader import find_task_file
    from rightsize.suites.task_yaml import parse_yaml, read_task_yaml

    path = find_task_file(name_or_path)
    name = parse_yaml(path).get("task")  # one of lm-eval's, which it alone can read, has a name as well
    return name if isinstance(name, str) else read_task_yaml(path).name


def decide_on(
    records: Sequence[Record],
    limits: Sequence[Threshold],
    tasks: Sequence[str],
    *,
    minimize: Minimize,
    assumptions: Path | None,
    **terms: Any,
) -> Recommendation:
    """Rank stored records on this machine; ``assumptions`` price them where cost is what is minimised."""
    from rightsize.decide.ranking import recommend as rank
    from rightsize.flows.unfit import unfit_methods

    machine, costs = this_machine(), None
    if minimize is Minimize.COST:
        from rightsize.reports.costs import usd_per_1k_requests

        costs = usd_per_1k_requests(records, tasks, machine, assumptions)
    return rank(
        records,
        limits,
        tasks,
        minimize=minimize,
        costs=costs,
        machine_fingerprint=machine,
        unfit=unfit_methods(records, tasks),
        **terms,
    )
