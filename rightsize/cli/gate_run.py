"""One gate from its parameters to its result: what the command and the pytest plugin share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightsize.cli.common import counting
from rightsize.cli.deciding import this_machine
from rightsize.cli.thresholds import LatencyMetric, read_thresholds
from rightsize.decide.on_undecided import OnUndecided
from rightsize.errors import SettingsError

if TYPE_CHECKING:
    import typer

    from rightsize.decide.baseline import Baseline
    from rightsize.decide.gate import Allowances, GateResult
    from rightsize.decide.gate_slices import SliceRule
    from rightsize.domain import Record, Threshold

_PATHS = ("baseline", "junit", "summary", "comment")
_NOT_IN_POLICIES = ("policy", "write_baseline", "task", "as_json")


@dataclass(frozen=True, slots=True)
class Held:
    """A candidate held against a baseline; ``result`` is None when it was never measured to its end, and
    ``command`` then measures it."""

    baseline: Baseline
    candidate: str
    result: GateResult | None
    command: str = ""


def hold(chosen: Mapping[str, Any], slices: tuple[SliceRule, ...], tasks: Sequence[str] = ()) -> Held:
    """Hold the newest stored run against the baseline that the command's parameters ``chosen`` name.

    Raises what the command exits 2 with: BaselineError, UsageError, SettingsError, StoreError.
    """
    from rightsize.cli.gate_records import check_comparable, check_name, check_task, measuring, newest_run
    from rightsize.domain import Measured
    from rightsize.reports.baseline_file import read_baseline
    from rightsize.store import Store

    allowances, limits = read_allowances(chosen, slices), read_thresholds(chosen)
    before, store = read_baseline(chosen["baseline"]), chosen["store"] or ""
    check_task(before, tasks)
    with Store.existing(chosen["store"]) as results:
        run = newest_run(before, results, chosen["candidate"])
        name = run.candidate_id if run else chosen["candidate"] or before.candidate_id
        # A run that broke has nothing to say, and no older one speaks for it.
        if run is None or not isinstance(run.outcome, Measured):
            if name != before.candidate_id:
                check_name(name, before.suite, results)
            return Held(before, name, None, measuring(name, before, results, store))
        check_comparable(before, run, store)
        known = results.records(newest=False) if chosen["remeasure_baseline"] else None
    return Held(before, name, _judged(before, run, allowances, limits, known, store=store))


def _judged(
    before: Baseline,
    record: Record,
    allowances: Allowances,
    limits: Sequence[Threshold],
    known: Sequence[Record] | None,
    *,
    store: str,
) -> GateResult:
    """Hold the record against the baseline, with both measured in turns first where ``known`` says where the
    models lie."""
    from rightsize.decide.gate import compare

    if known is None:
        return compare(before, record, allowances, limits, machine_fingerprint=this_machine(), store=store)
    from rightsize.flows.remeasure import remeasure_baseline
    from rightsize.settings import resolve_settings

    with counting("Measuring both in turns") as progress:
        turns, remark = remeasure_baseline(
            before, record, known, settings=resolve_settings({}), progress=progress
        )
    result = compare(before, record, allowances, limits, machine_fingerprint=this_machine(), in_turns=turns)
    return replace(result, remarks=(*result.remarks, remark))


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


def by_policy(path: Path) -> tuple[dict[str, Any], tuple[SliceRule, ...]]:
    """The command's parameters as a policy alone gives them, and its slice rules."""
    from inspect import signature

    from rightsize.cli.gate import gate
    from rightsize.cli.gate_policy import read_policy

    chosen = {name: each.default for name, each in signature(gate).parameters.items() if name != "context"}
    values, slices = read_policy(path, [name for name in chosen if name not in _NOT_IN_POLICIES])
    chosen.update({name: _typed(name, value, path) for name, value in values.items()})
    if chosen["baseline"] is None:
        raise SettingsError(f"{path}: gate.baseline is missing", next_step='Such as baseline = "baseline.json"')
    return chosen, slices


def _typed(name: str, value: Any, policy: Path) -> Any:
    """A policy's value as the option's own type; files are found from where the policy lies."""
    if name in _PATHS:
        return policy.parent / value
    if (name == "remeasure_baseline") != isinstance(value, bool):
        raise SettingsError(
            f"{policy}: gate.{name} cannot be {value!r}", next_step="Only switches are true or false"
        )
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
    from rightsize.units import parse_change, parse_points

    given = {flag: params[flag.removeprefix("--").replace("-", "_")] for flag in INCREASES}
    return Allowances(
        accuracy_drop=parse_points(params["max_accuracy_drop"], "--max-accuracy-drop"),
        increases={flag: parse_change(text, flag) for flag, text in given.items() if text is not None},
        slices=slices,
    )
