"""What the checks showed, as tables for the terminal (80 columns) and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from math import ceil, floor
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rightsize.checks.figures import TITLES, CheckFigure
from rightsize.domain import Absent, Estimate

_PLAIN = frozenset({"auroc", "brier_score"})
_LEGEND = (
    "Drop and flips: the same items, changed against as they are; a drop below 0 is a rise. "
    "AUROC: 0.5 tells own items from foreign ones by chance."
)


def checks_table(figures: Sequence[CheckFigure]) -> RenderableType:
    """One table for each task and candidate, then what the columns mean."""
    blocks = groupby(figures, key=lambda figure: (figure.task, figure.candidate))
    return Group(*(_block(*key, list(rows)) for key, rows in blocks), Text(_LEGEND, style="dim"))


def checks_json(figures: Sequence[CheckFigure]) -> list[dict[str, Any]]:
    """One object a figure, as ``schemas/bench.schema.json`` describes it; an absent one has its reason."""
    return [_json(figure) for figure in figures]


def value_text(figure: Estimate | Absent) -> str:
    """A figure with its interval rounded outwards: ``3.4% [1,7]``, ``0.81 [0.76,0.87]``, or ``absent``."""
    if isinstance(figure, Absent):
        return "absent"
    scale, digits, sign = (1, 2, "") if figure.metric in _PLAIN else (100, 0, "%")
    value = f"{scale * figure.value:.{2 if sign == '' else 1}f}{sign}"
    if figure.low is None or figure.high is None:
        return value
    fine = 10**digits
    low, high = floor(scale * figure.low * fine) / fine, ceil(scale * figure.high * fine) / fine
    return f"{value} [{low:.{digits}f},{high:.{digits}f}]"


def _block(task: str, candidate: str, figures: Sequence[CheckFigure]) -> Table:
    table = Table(title=f"{task}: checks of {candidate}", title_justify="left", box=None, pad_edge=False)
    table.add_column("check", overflow="fold", max_width=34)
    table.add_column("figure", no_wrap=True)
    table.add_column("value [95%]", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for row in figures:
        n = f"{row.figure.n:,}" if isinstance(row.figure, Estimate) else ""
        table.add_row(f"{row.check}: {row.variant}", TITLES[row.figure.metric], value_text(row.figure), n)
    reasons = [f"{TITLES[r.figure.metric]}: {r.figure.reason}" for r in figures if isinstance(r.figure, Absent)]
    table.caption = Text("\n".join(dict.fromkeys(reasons))) if reasons else None
    table.caption_justify = "left"
    return table


def _json(row: CheckFigure) -> dict[str, Any]:
    absent = isinstance(row.figure, Absent)
    return {
        "task": row.task,
        "candidate": row.candidate,
        "check": row.check,
        "variant": row.variant,
        "metric": row.figure.metric,
        "figure": None if absent else asdict(row.figure),
        "absent": row.figure.reason if isinstance(row.figure, Absent) else None,
    }
