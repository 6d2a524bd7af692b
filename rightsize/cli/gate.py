"""``rightsize gate``: stored results against a committed baseline, for CI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rightsize.cli import thresholds as options
from rightsize.cli.common import JsonFlag, StoreOption, TaskOption, examples, split_commas
from rightsize.cli.thresholds import LatencyMetric
from rightsize.decide.on_undecided import OnUndecided
from rightsize.errors import ExitCode, UsageError

EPILOG = examples(
    "rightsize gate --task extraction --candidate small:Q8_0 --write-baseline baseline.json",
    "rightsize gate --baseline baseline.json --max-accuracy-drop 1% --max-latency-increase 10%",
    "rightsize gate --baseline baseline.json --candidate small:Q4_K_M --min-accuracy 80% --junit gate.xml",
    "rightsize gate --policy rightsize.toml --on-undecided fail",
    "rightsize gate --baseline baseline.json --max-latency-increase 10% --remeasure-baseline",
)


def gate(  # noqa: PLR0917  one parameter per option
    context: typer.Context,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Compare with this baseline.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write a baseline and stop.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Rules from the [gate] table of a TOML file; flags win."),
    ] = None,
    candidate: Annotated[
        str | None,
        typer.Option(
            "--candidate", metavar="ID", help="Which one.  [default: the baseline's, whatever its model file]"
        ),
    ] = None,
    task: TaskOption = None,
    max_accuracy_drop: Annotated[
        str, typer.Option(metavar="POINTS", help="Allowed score drop in percentage points.")
    ] = "1%",
    max_latency_increase: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Allowed growth of median latency.")
    ] = None,
    max_memory_increase: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Allowed growth of peak memory.")
    ] = None,
    max_energy_increase: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Allowed growth of energy per request.")
    ] = None,
    max_latency: options.MaxLatency = None,
    max_ttft: options.MaxTtft = None,
    min_accuracy: options.MinAccuracy = None,
    max_memory: options.MaxMemory = None,
    max_size: options.MaxSize = None,
    min_tokens_per_s: options.MinTokensPerS = None,
    max_energy_per_request: options.MaxEnergy = None,
    latency_metric: options.LatencyMetricOption = LatencyMetric.P95,
    on_undecided: Annotated[
        OnUndecided,
        typer.Option(help="When noise and change cannot be told apart: warn and exit 0, or fail and exit 3."),
    ] = OnUndecided.WARN,
    remeasure_baseline: Annotated[
        bool,
        typer.Option(
            "--remeasure-baseline",
            help="Measure the baseline's candidate and this one here in turns, and judge the ratio.",
        ),
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append a Markdown summary.  [default: $GITHUB_STEP_SUMMARY]"),
    ] = None,
    comment: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the Markdown of a pull request's comment.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare the newest stored results with a baseline, item by item: passed, failed or undecided.

    The newest run is judged; one of another suite version or other items is refused, not passed over.
    Score drops are percentage points on the same items, and a baseline travels between machines; latency,
    memory and energy changes are relative and compared only on the machine that the baseline is from. FAIL
    needs a 99% bound, and for latency and energy 20% on top: by that much runs of an unchanged model may
    differ, unless both are measured in turns. PASS needs a 95% bound. Undecided warns and exits 0 unless
    --on-undecided fail. Without a finished run there is nothing to compare: exit 3. Reads the store; only
    --remeasure-baseline measures.
    """
    from rightsize.cli.gate_output import report, say_unmeasured
    from rightsize.cli.gate_records import write
    from rightsize.cli.gate_run import hold, with_policy
    from rightsize.decide.gate import gate_exit_code
    from rightsize.store import Store

    chosen, slices = with_policy(context)
    if (chosen["baseline"] is None) == (write_baseline is None):
        raise UsageError("give either --baseline or --write-baseline", next_step="See rightsize gate --help")
    if write_baseline is not None:
        with Store.existing(chosen["store"]) as results:
            write(results, split_commas(task), chosen["candidate"], write_baseline, as_json=as_json)
        return
    held = hold(chosen, slices, split_commas(task))
    if held.result is None:
        say_unmeasured(held.baseline, held.candidate, held.command, as_json=as_json)
        raise typer.Exit(int(ExitCode.UNDECIDED))
    report(held.result, chosen, as_json=as_json)
    raise typer.Exit(int(gate_exit_code(held.result, chosen["on_undecided"])))
