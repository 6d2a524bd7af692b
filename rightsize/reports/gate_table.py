"""A gate's result for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rightsize.decide.gate import GateResult
from rightsize.reports.gate_lines import cause_text, gate_lines, moved_text
from rightsize.reports.recommend_table import STYLES


def gate_blocks(result: GateResult) -> Iterator[RenderableType]:
    """Who is compared, one row per check, what moved, what changed, and the verdict."""
    against = "" if result.candidate_id == result.baseline_candidate_id else f" {result.baseline_candidate_id}"
    yield Text(f"{result.candidate_id} on {result.suite}, against its baseline{against}", style="bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for line in gate_lines(result):
        word = line.verdict.value if line.verdict else "not judged"
        style = STYLES[line.verdict] if line.verdict else "dim"
        shown = Text(f"{line.change} {line.allowed}".strip())
        table.add_row(Text(word, style=style), Text(line.name), shown, Text(line.detail))
    yield table
    yield Text(moved_text(result))
    for remark in (cause_text(result), *result.remarks):
        if remark:
            yield Text(remark, no_wrap=True, overflow="ignore")  # a command in it stays on its line
    yield Text(f"Gate: {result.verdict.value}", style=f"bold {STYLES[result.verdict]}")
