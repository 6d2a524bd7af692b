"""The tasks that a command names, loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rightsize.cli.common import split_commas, working
from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.domain import Suite


def load_suites(
    tasks: list[str] | None, *, trusted: bool = False, allow_code_execution: bool = False
) -> list[Suite]:
    """Load the named suites, of a group all its tasks.

    Raises:
        UsageError: none is named, two share a name, or one runs code and nobody allowed it.
    """
    from rightsize.suites.consent import with_consent
    from rightsize.suites.lm_eval_tasks import open_suites
    from rightsize.suites.loader import list_suites

    names = split_commas(tasks)
    if not names:
        raise UsageError("no task was named", next_step=f"Add --task with one of {', '.join(list_suites())}")
    with working("Loading tasks"):
        found = [suite for name in dict.fromkeys(names) for suite in open_suites(name, trusted=trusted)]
    suites = {suite.name: suite for suite in found}
    for suite in found:
        if suite.sha256 != suites[suite.name].sha256:
            raise UsageError(
                f"two different tasks are called {suite.name!r}", next_step="Measure one at a time"
            )
    return [with_consent(suite, allow_code_execution) for suite in suites.values()]
