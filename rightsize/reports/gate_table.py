"""A gate's result for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from rightsize.decide.gate import GateResult
from rightsize.reports.gate_lines import BOUNDS, cause_text, gate_lines, moved_text
from rightsize.reports.recommend_table import STYLES

_VERDICT = 12  # Columns for the verdict; what a check says goes on below its name.


def gate_blocks(result: GateResult) -> Iterator[RenderableType]:
    """Who is compared, every check with its bounds, what moved, what changed, and the verdict."""
    against = "" if result.candidate_id == result.baseline_candidate_id else f" {result.baseline_candidate_id}"
    yield Text(f"{result.candidate_id} on {result.suite}, against its baseline{against}", style="bold")
    for line in gate_lines(result):
        word = line.verdict.value if line.verdict else "not judged"
        style = STYLES[line.verdict] if line.verdict else "dim"
        yield Text.assemble((f"{word:<{_VERDICT}}", style), f"{line.name}: {line.stated}")
        if line.detail:
            yield Padding(Text(line.detail), (0, 0, 0, _VERDICT))
    yield Text(BOUNDS, style="dim")
    yield Text(moved_text(result))
    for remark in (cause_text(result), *result.remarks):
        if remark:
            yield Text(remark, no_wrap=True, overflow="ignore")  # a command in it stays on its line
    yield Text(f"Gate: {result.verdict.value}", style=f"bold {STYLES[result.verdict]}")
