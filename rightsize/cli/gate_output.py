"""Everything a gate says: the table or JSON, JUnit, the summaries, annotations, and what would decide it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightsize.cli.common import out, print_json, talk
from rightsize.cli.recommend_json import judgement_json
from rightsize.decide.on_undecided import OnUndecided

if TYPE_CHECKING:
    from rightsize.decide.baseline import Baseline
    from rightsize.decide.gate import GateResult


def report(result: GateResult, chosen: Mapping[str, Any], *, as_json: bool) -> None:
    """Write what was asked for: files first, so that they exist whatever happens to the terminal."""
    from rightsize.reports.gate_table import gate_blocks
    from rightsize.reports.github import append_step_summary, workflow_commands, write_comment
    from rightsize.reports.junit import write_junit

    if chosen["junit"] is not None:
        write_junit(result, chosen["junit"], chosen["on_undecided"])
    if summary := chosen["summary"] or os.environ.get("GITHUB_STEP_SUMMARY"):
        append_step_summary(result, Path(summary))
    if chosen["comment"] is not None:
        write_comment(result, chosen["comment"])
    if as_json:
        print_json(payload(result, chosen["on_undecided"]))
    else:
        for block in gate_blocks(result):
            # Printing a Text forgets by itself that it must not wrap.
            out().print(block, soft_wrap=bool(getattr(block, "no_wrap", False)))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        # The runner reads commands from both streams; stdout may be JSON.
        sys.stdout.flush()
        for line in workflow_commands(result):
            sys.stderr.write(f"{line}\n")
    else:
        _say_undecided(result, chosen["on_undecided"])


def _say_undecided(result: GateResult, on_undecided: OnUndecided) -> None:
    from rightsize.reports.gate_lines import undecided_text

    if text := undecided_text(result):
        end = "The build goes on (--on-undecided warn)." if on_undecided is OnUndecided.WARN else ""
        talk().print(f"{text}. {end}".strip(), soft_wrap=True, markup=False)


def say_unmeasured(before: Baseline, candidate: str, command: str, *, as_json: bool) -> None:
    """Say that there is nothing to hold against the baseline yet, and the ``command`` that measures it."""
    if as_json:
        print_json(
            {
                "schema_version": 1,
                "command": "gate",
                "verdict": "UNDECIDED",
                "suite": before.suite,
                "candidate": candidate,
                "settle": [command],
            }
        )
    talk().print(
        f"Undecided: no finished run of {candidate} on {before.suite}. Measure it: {command}",
        soft_wrap=True,
        markup=False,
    )


def payload(result: GateResult, on_undecided: OnUndecided) -> dict[str, Any]:
    """What ``--json`` prints; ``schemas/gate.schema.json`` describes it."""
    from rightsize.decide.gate import gate_exit_code

    return {
        "schema_version": 1,
        "command": "gate",
        "verdict": result.verdict.value,
        "on_undecided": on_undecided.value,
        "exit_code": int(gate_exit_code(result, on_undecided)),
        "suite": result.suite,
        "candidate": result.candidate_id,
        "baseline_candidate": result.baseline_candidate_id,
        "more_items": result.more_items,
        "more_requests": result.more_requests,
        "unchanged": result.unchanged,
        "changes": [asdict(change) for change in result.changes],
        "moved": asdict(result.moved),
        "checks": [asdict(check) for check in result.checks],
        "thresholds": [judgement_json(judgement) for judgement in result.thresholds],
        "remarks": list(result.remarks),
    }
