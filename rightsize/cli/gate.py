"""``rightsize gate``: stored results against a committed baseline, for CI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli import thresholds as options
from rightsize.cli.common import JsonFlag, StoreOption, TaskOption, examples, split_commas
from rightsize.cli.recommend import this_machine
from rightsize.cli.thresholds import LatencyMetric, read_thresholds
from rightsize.decide.on_undecided import OnUndecided
from rightsize.errors import ExitCode, SettingsError, UsageError

if TYPE_CHECKING:
    from rightsize.decide.gate import Allowances
    from rightsize.decide.gate_slices import SliceRule

EPILOG = examples(
    "rightsize gate --task extraction --candidate small:Q8_0 --write-baseline baseline.json",
    "rightsize gate --baseline baseline.json --max-accuracy-drop 1% --max-latency-increase 10%",
    "rightsize gate --baseline baseline.json --candidate small:Q4_K_M --min-accuracy 80% --junit gate.xml",
    "rightsize gate --policy rightsize.toml --on-undecided fail",
)
_PATHS = ("baseline", "junit", "summary", "comment")
_NOT_IN_POLICIES = ("policy", "write_baseline", "task", "as_json")


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
        typer.Option("--candidate", metavar="ID", help="Which candidate.  [default: the baseline's]"),
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
    """Compare the newest stored results with a baseline, item by item; exit 0 passed, 1 failed, 3 undecided.

    Score drops are percentage points on the same items, and a baseline travels between machines; latency,
    memory and energy changes are relative and compared only on the machine that the baseline is from. FAIL
    needs a 99% bound, PASS a 95% bound. Undecided warns and exits 0 unless --on-undecided fail. Without a
    finished run there is nothing to compare: exit 3. Reads the store only.
    """
    from rightsize.cli.gate_output import report, say_unmeasured
    from rightsize.cli.gate_records import newest_like, write
    from rightsize.decide.gate import compare, gate_exit_code
    from rightsize.reports.baseline_file import read_baseline
    from rightsize.store import Store

    chosen, slices = with_policy(context)
    if (chosen["baseline"] is None) == (write_baseline is None):
        raise UsageError("give either --baseline or --write-baseline", next_step="See rightsize gate --help")
    with Store.open(chosen["store"]) as results:
        if write_baseline is not None:
            write(results, split_commas(task), chosen["candidate"], write_baseline, as_json=as_json)
            return
        allowances, limits = read_allowances(chosen, slices), read_thresholds(chosen)
        before = read_baseline(chosen["baseline"])
        name = chosen["candidate"] or before.candidate_id
        record = newest_like(before, results, name, split_commas(task))
    if record is None:
        say_unmeasured(before, name, as_json=as_json)
        raise typer.Exit(int(ExitCode.UNDECIDED))
    result = compare(before, record, allowances, limits, machine_fingerprint=this_machine())
    report(result, chosen, as_json=as_json)
    raise typer.Exit(int(gate_exit_code(result, chosen["on_undecided"])))


def with_policy(context: typer.Context) -> tuple[dict[str, Any], tuple[SliceRule, ...]]:
    """The command's parameters, those that were not given taken from ``--policy``, and its slice rules."""
    from rightsize.cli.gate_policy import read_policy

    given = dict(context.params)
    path = given["policy"]
    if path is None:
        return given, ()
    values, slices = read_policy(path, [name for name in given if name not in _NOT_IN_POLICIES])
    for name, value in values.items():
        source = context.get_parameter_source(name)
        if source is None or source.name.startswith("DEFAULT"):
            given[name] = _typed(name, value, path)
    return given, slices


def _typed(name: str, value: Any, policy: Path) -> Any:
    """A policy's value as the option's own type; files are found from where the policy lies."""
    if name in _PATHS:
        return policy.parent / value
    kinds = {"on_undecided": OnUndecided, "latency_metric": LatencyMetric}
    try:
        return kinds[name](value) if name in kinds else value
    except ValueError:
        known = ", ".join(kinds[name])
        raise SettingsError(f"{policy}: gate.{name} {value!r}", next_step=f"It is one of {known}") from None


def read_allowances(params: Mapping[str, Any], slices: tuple[SliceRule, ...] = ()) -> Allowances:
    """Read the ``--max-...-drop`` and ``--max-...-increase`` among a command's parameters."""
    from rightsize.decide.gate import Allowances
    from rightsize.decide.gate_checks import INCREASES
    from rightsize.units import parse_change

    given = {flag: params[flag.removeprefix("--").replace("-", "_")] for flag in INCREASES}
    return Allowances(
        accuracy_drop=parse_change(params["max_accuracy_drop"], "--max-accuracy-drop"),
        increases={flag: parse_change(text, flag) for flag, text in given.items() if text is not None},
        slices=slices,
    )
