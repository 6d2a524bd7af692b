"""``rightsize recommend --race``: measure only until the evidence settles which candidate is the smallest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rightsize.cli.common import out, print_json, split_commas, talk
from rightsize.cli.durations import quiet_s
from rightsize.cli.progress import BenchProgress
from rightsize.units import counted

if TYPE_CHECKING:
    from rightsize.decide.race_trace import Cost, RaceResult, TraceEntry
    from rightsize.domain import Machine, Record, Threshold
    from rightsize.errors import ExitCode


class RaceProgress(BenchProgress):
    """Progress of a race: one line for each candidate that is out; implements ``RaceListener``."""

    def looked(self, candidate: str, task: str, items: int, of: int, mean: float) -> None:
        """Show the score so far."""
        self._bar.update(
            self._row, description=f"{self._name} {task} {mean:.3f}", completed=items, total=of, left=""
        )

    def ended(self, entry: TraceEntry, cost: Cost) -> None:
        """Say what came of a candidate, why, and what it took."""
        took = f"{counted(cost.items_asked, 'item')}, {cost.seconds:.1f} s"
        self._console.print(
            f"  {entry.candidate:<30} {entry.fate.value}: {entry.reason} ({took})", markup=False
        )


def race(params: Mapping[str, Any], limits: Sequence[Threshold]) -> ExitCode:
    """Race what the options name, show it, and return the exit code."""
    from rightsize.cli.tasks import load_suites
    from rightsize.decide.race_trace import race_exit_code
    from rightsize.flows.race import RaceWanted, run_race
    from rightsize.flows.residuals import TeachingStore
    from rightsize.machine import scan
    from rightsize.settings import resolve_settings

    settings = resolve_settings({"store": params["store"], "quiet_timeout_s": quiet_s(params["require_quiet"])})
    suites = load_suites(params["task"], trusted=params["trust_suite"])
    machine = scan(with_bandwidth=False)
    wanted = RaceWanted(
        suites=suites,
        thresholds=limits,
        models=split_commas(params["model"]),
        levels=split_commas(params["quant"]),
        reference=params["of"] or "",
        minimize=params["minimize"],
        latency_metric=f"latency_{params['latency_metric']}_ms",
        limit=params["limit"],
        price=_price([suite.name for suite in suites], machine, params),
        baselines=True,
    )
    with TeachingStore.open(settings.store) as store, RaceProgress(talk()) as progress:
        store.tell = progress.note
        result = run_race(
            wanted,
            machine=machine,
            settings=settings,
            store=store,
            listener=progress,
            notify=progress.note,
        )
    _show(result, [suite.name for suite in suites], params)
    return race_exit_code(result, strict=params["strict"])


def _price(
    tasks: Sequence[str], machine: Machine, params: Mapping[str, Any]
) -> Callable[[Sequence[Record]], float | None] | None:
    """What prices a probe's records where cost is what is minimised."""
    from rightsize.decide.objective import Minimize
    from rightsize.reports.assumptions import read_assumptions
    from rightsize.reports.costs import usd_per_1k_requests

    if params["minimize"] is not Minimize.COST:
        return None

    def price(records: Sequence[Record]) -> float | None:
        costs = usd_per_1k_requests(records, tasks, machine.fingerprint, params["assumptions"])
        return costs.get(records[0].candidate_id)

    read_assumptions(params["assumptions"])  # an unreadable file is said before anything is measured
    return price


def _show(result: RaceResult, tasks: Sequence[str], params: Mapping[str, Any]) -> None:
    arguments = sys.argv[1:]
    if params["as_json"]:
        print_json(payload(result, tasks, params["minimize"].value, arguments))
        return
    from rightsize.reports.race_table import race_lines

    for part in race_lines(result, arguments, params["minimize"]):
        # A command to be copied stays on its line; printing a Text forgets by itself that it must not wrap.
        out().print(part, soft_wrap=bool(getattr(part, "no_wrap", False)))


def payload(
    result: RaceResult, tasks: Sequence[str], minimize: str, arguments: Sequence[str]
) -> dict[str, Any]:
    """What ``--json`` prints, in the shape of ``recommend`` with the race beside it."""
    from rightsize.decide.race_settling import settling
    from rightsize.decide.race_trace import race_exit_code
    from rightsize.errors import ExitCode

    advice = settling(result, arguments)
    words = {ExitCode.PASS: "PASS", ExitCode.FAIL: "FAIL"}
    return {
        "schema_version": 1,
        "command": "recommend",
        "tasks": list(tasks),
        "minimize": minimize,
        "alpha": result.alpha,
        "alpha_each": max((entry.stake for entry in result.all_entries), default=result.alpha),
        "verdict": words.get(race_exit_code(result), "UNDECIDED"),
        "winner": result.winner,
        "baseline": result.baseline,
        "smaller_undecided": [entry.candidate for entry in result.undecided],
        "nearest_miss": None,
        "settle": [advice.command] if advice and advice.helps else [],
        "stuck": [],
        "candidates": [_candidate_json(result, entry) for entry in result.all_entries],
        "notes": [],
        "race": {
            "order": list(result.order),
            "items_asked": result.items_asked,
            "exhaustive_items": result.exhaustive_items,
            "seconds": result.seconds,
            "exhaustive_seconds": result.exhaustive_seconds,
            "trace": [_trace_json(entry, result.cost(entry.candidate)) for entry in result.all_entries],
        },
    }


def _candidate_json(result: RaceResult, entry: TraceEntry) -> dict[str, Any]:
    from rightsize.cli.recommend_json import judgement_json
    from rightsize.decide.race_trace import Fate

    verdicts = {Fate.WON: "PASS", Fate.REFUSED: "FAIL"}
    objective = result.objectives.get(entry.candidate)
    return {
        "candidate": entry.candidate,
        "verdict": verdicts.get(entry.fate, "UNDECIDED"),
        "objective": objective,
        "objective_provenance": None if objective is None else result.objective_provenance.value,
        "embedded": False,
        "skipped": False,
        "more_needed": entry.more_items,
        "problems": [entry.reason] if entry.fate is Fate.FAILED else [],
        "judgements": [judgement_json(entry.judgement)] if entry.judgement else [],
    }


def _trace_json(entry: TraceEntry, cost: Cost) -> dict[str, Any]:
    bounds = entry.bounds
    return {
        "candidate": entry.candidate,
        "fate": entry.fate.value,
        "reason": entry.reason,
        "items": entry.items,
        **asdict(cost),
        "stake": entry.stake,
        "value": bounds.value if bounds else None,
        "bound_low": bounds.lower if bounds else None,
        "bound_high": bounds.upper if bounds else None,
        "method": bounds.method if bounds else None,
        "more_items": entry.more_items,
        "looks": [asdict(look) for look in entry.looks],
        "scores": [asdict(score) for score in entry.scores],
        "drop_below": entry.reference or None,
    }
