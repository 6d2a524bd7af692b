"""``rightsize bench --check``: what it runs beside the named tasks, and what it reads back from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rightsize.cli.common import talk

if TYPE_CHECKING:
    from rightsize.checks.figures import CheckFigure
    from rightsize.domain import Suite
    from rightsize.settings import Settings

CheckOption = Annotated[
    list[str] | None,
    typer.Option(
        "--check",
        metavar="NAME",
        help="Also vary each task: robustness, bias, ood, calibration, consistency.",
    ),
]


def extra_suites(suites: Sequence[Suite], checks: Sequence[str], limit: int | None) -> list[Suite]:
    """What the named checks run beside ``suites``.

    Raises:
        UsageError: there is no such check.
        SuiteError: the items of a task cannot be varied.
    """
    if not checks:
        return []
    from rightsize.flows.checks import check_suites, read_checks

    return check_suites(suites, read_checks(checks), limit, notify=talk().print)


def stored_figures(settings: Settings, suites: Sequence[Suite], checks: Sequence[str]) -> list[CheckFigure]:
    """What the named checks say of every candidate that this machine has measured on these tasks."""
    if not checks:
        return []
    from rightsize.checks.figures import check_figures
    from rightsize.machine import scan
    from rightsize.store import Store

    here, names = scan(with_bandwidth=False).fingerprint, {suite.name for suite in suites}
    with Store.open(settings.store) as store:
        records = [record for name in sorted(names) for record in store.records(suite=name)]
    return check_figures([record for record in records if record.machine_fingerprint == here], checks)
