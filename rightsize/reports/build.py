"""From stored records to the view that is rendered: figures, costs, break-evens, carbon, fronts, examples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rightsize import __version__
from rightsize.checks.figures import CheckFigure, check_figures
from rightsize.checks.variants import is_derived
from rightsize.decide.pareto import pareto_front
from rightsize.decide.trust import overall_trust
from rightsize.domain import Absent, Estimate, JsonValue, Measured, Record
from rightsize.errors import StoreError
from rightsize.reports.assumptions import keys_set_in, read_assumptions
from rightsize.reports.corpus import corpus_figures
from rightsize.reports.data import (
    AssumptionRow,
    CandidateView,
    Choice,
    Curve,
    ReportData,
    TaskView,
)
from rightsize.reports.examples import examples_of
from rightsize.reports.facts import (
    DEFAULT_APIS,
    carbon_attribution,
    find_apis,
    find_grid,
    prices_compiled,
)
from rightsize.reports.figures import SHOWN, figures_of
from rightsize.reports.race_view import is_race, newest_race
from rightsize.reports.select import by_task, side_by_side
from rightsize.reports.trust_lines import mark, trust_text
from rightsize.tco.api import ApiCosting, ApiPrice, BreakEven, api_curve, break_even, price_api
from rightsize.tco.assumptions import SPECS, Assumptions, Draws, draw
from rightsize.tco.carbon import Grid, footprint
from rightsize.tco.cost import at_volume, cost_curve, price
from rightsize.tco.demand import Demand, demand_of

_POINTS_PER_DECADE = 8


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a user chose about a report. ``volume`` None: what the assumptions file says."""

    name: str
    volume: float | None = None
    apis: tuple[str, ...] = DEFAULT_APIS
    region: str | None = None
    assumptions: Path | None = None
    include_demo: bool = False


@dataclass(frozen=True, slots=True)
class _Economics:
    """What is the same for every candidate: draws, prices, grid, volume, and whose records count."""

    draws: Draws
    apis: tuple[ApiPrice, ...]
    grid: Grid | None
    volume: float
    machine_fingerprint: str
    include_demo: bool


def build_report(
    records: Sequence[Record],
    options: ReportOptions,
    choice: Choice | None = None,
    created_at: datetime | None = None,
) -> ReportData:
    """Build the view of ``records``. Raises StoreError when there are none, UsageError and ProfileError for
    options and assumptions that cannot be meant."""
    assumptions = read_assumptions(options.assumptions)
    if options.volume is not None:
        assumptions = at_volume(assumptions, options.volume)
    volume = assumptions.monthly_requests.likely
    race, records = newest_race(records), [record for record in records if not is_race(record)]
    if not records:
        raise StoreError("there is nothing to report", next_step="Measure first: rightsize bench --task NAME")
    derived = [record for record in records if is_derived(record.suite)]
    own = [record for record in records if not is_derived(record.suite)]
    newest = max(own or records, key=lambda record: (record.created_at, record.id))
    economics = _Economics(
        draw(assumptions),
        find_apis(options.apis),
        find_grid(options.region),
        volume,
        newest.machine_fingerprint,
        options.include_demo,
    )
    shown = _here(own or records, newest)
    tasks = tuple(_task(stored, economics, choice) for stored in shown.values())
    return ReportData(
        name=options.name,
        created_at=created_at or datetime.now(UTC),
        version=__version__,
        volume=volume,
        basis=assumptions.basis.value,
        choice=choice,
        tasks=tasks,
        assumptions=_assumption_rows(assumptions, options),
        machine=newest.machine,
        engines=_engines(shown),
        prices_compiled=prices_compiled(),
        carbon_attribution=carbon_attribution(economics.grid),
        region=economics.grid.region if economics.grid else None,
        checks=_checks(records, tasks, newest) if derived else (),
        race=race,
    )


def _engines(shown: Mapping[str, Sequence[Record]]) -> tuple[Mapping[str, JsonValue], ...]:
    """Every build of an engine that something shown was measured with, by name."""
    builds = {json.dumps(r.engine, sort_keys=True): r.engine for stored in shown.values() for r in stored}
    return tuple(sorted(builds.values(), key=lambda build: str(build.get("name"))))


def _checks(records: Sequence[Record], tasks: Sequence[TaskView], newest: Record) -> tuple[CheckFigure, ...]:
    """What checks say of the candidates that the report shows."""
    shown = {(task.name, view.id) for task in tasks for view in task.candidates}
    here = [record for record in records if record.machine_fingerprint == newest.machine_fingerprint]
    return tuple(row for row in check_figures(here) if (row.task, row.candidate) in shown)


def _here(records: Sequence[Record], newest: Record) -> dict[str, list[Record]]:
    """Records by task, for the tasks that the newest record's machine has results on."""
    machine = newest.machine_fingerprint
    tasks = by_task(records).items()
    return {name: found for name, found in tasks if any(r.machine_fingerprint == machine for r in found)}


def _task(stored: Sequence[Record], economics: _Economics, choice: Choice | None) -> TaskView:
    records, left_out = side_by_side(stored, economics.machine_fingerprint, include_demo=economics.include_demo)
    views = _on_fronts(
        [_candidate(number, record, economics) for number, record in enumerate(records, start=1)]
    )
    focus = _focus(views, choice)
    record = records[focus.number - 1] if focus else records[0]
    demand = demand_of(record)
    volumes = _volumes(focus, economics.volume)
    info = record.suite_info
    counts = [len(r.outcome.items) for r in records if isinstance(r.outcome, Measured)]
    return TaskView(
        name=record.suite,
        title=str(info.get("title") or record.suite),
        items=max(counts, default=0),
        fewest_items=min(counts, default=0),
        sha256=record.suite_sha256,
        source=str(info.get("source") or ""),
        licence=str(info.get("licence") or ""),
        score_name=str(info.get("score_name") or "score"),
        candidates=views,
        focus=focus,
        api_costs=_api_costs(demand, economics),
        volumes=volumes,
        curves=_curves(focus, demand, economics, volumes),
        examples=examples_of(record),
        left_out=left_out,
    )


def _candidate(number: int, record: Record, economics: _Economics) -> CandidateView:
    demand = demand_of(record)
    absent = demand if isinstance(demand, Absent) else Absent("cost", "")
    verdict = overall_trust(record)
    view = CandidateView(
        number=number,
        id=record.candidate_id,
        embedded=record.embedded,
        size_bytes=record.size_bytes,
        problem="" if isinstance(record.outcome, Measured) else record.outcome.reason,
        figures=figures_of(record),
        energy_source="",
        costing=absent,
        break_evens=absent,
        footprint=absent,
        corpus=corpus_figures(record),
        marks={name: sign for name in SHOWN if (sign := mark(record, name))},
        trust=trust_text(verdict),
        trust_label=verdict.label.value if verdict and verdict.label else "",
    )
    return view if isinstance(demand, Absent) else _priced(view, demand, economics)


def _priced(view: CandidateView, demand: Demand, economics: _Economics) -> CandidateView:
    return replace(
        view,
        energy_source="" if isinstance(demand.energy, Absent) else demand.energy.source,
        costing=price(demand, economics.draws),
        break_evens=_break_evens(demand, economics),
        footprint=footprint(demand, economics.grid, economics.draws),
    )


def _break_evens(demand: Demand, economics: _Economics) -> tuple[BreakEven, ...] | Absent:
    found = [break_even(demand, api, economics.draws) for api in economics.apis]
    missing = next((entry for entry in found if isinstance(entry, Absent)), None)
    return missing or tuple(entry for entry in found if isinstance(entry, BreakEven))


def _on_fronts(views: Sequence[CandidateView]) -> tuple[CandidateView, ...]:
    """The views with their places on the two Pareto fronts filled in."""
    latency = pareto_front([_point(view, "latency_p95_ms") for view in views])
    size = pareto_front([_point(view, "size_bytes") for view in views])
    fronts = zip(views, latency, size, strict=True)
    return tuple(replace(view, on_latency_front=fast, on_size_front=small) for view, fast, small in fronts)


def _point(view: CandidateView, cost: str) -> tuple[float, float] | None:
    x, y = view.figures.get(cost), view.figures.get("score")
    return (x.value, y.value) if isinstance(x, Estimate) and isinstance(y, Estimate) else None


def _focus(views: Sequence[CandidateView], choice: Choice | None) -> CandidateView | None:
    """The recommended candidate; without one the best score, the smaller one of equals."""
    measured = [view for view in views if isinstance(view.figures.get("score"), Estimate)]
    winner = next((view for view in measured if choice and view.id == choice.winner), None)
    return winner or max(measured, key=_score, default=None)  # smallest first


def _score(view: CandidateView) -> float:
    figure = view.figures["score"]
    return figure.value if isinstance(figure, Estimate) else 0.0


def _api_costs(demand: Demand | Absent, economics: _Economics) -> tuple[ApiCosting, ...]:
    if isinstance(demand, Absent) or isinstance(demand.tokens, Absent):
        return ()
    tokens = demand.tokens
    return tuple(price_api(tokens, api, economics.draws) for api in economics.apis)


def _volumes(focus: CandidateView | None, stated: float) -> tuple[float, ...]:
    """Volumes for the break-even chart: a decade around the stated volume and every break-even."""
    import numpy as np

    crossings = focus.break_evens if focus and isinstance(focus.break_evens, tuple) else ()
    marks = [stated, *(mark for c in crossings for mark in (c.low, c.likely, c.high) if mark)]
    low, high = min(marks) / 10, max(marks) * 10
    points = max(2, round(np.log10(high / low) * _POINTS_PER_DECADE))
    return tuple(float(volume) for volume in np.geomspace(low, high, points))


def _curves(
    focus: CandidateView | None, demand: Demand | Absent, economics: _Economics, volumes: tuple[float, ...]
) -> tuple[Curve, ...]:
    if focus is None or isinstance(demand, Absent) or isinstance(demand.tokens, Absent):
        return ()
    local = Curve(focus.id, cost_curve(demand, economics.draws, volumes), local=True)
    tokens = demand.tokens
    hosted = (
        Curve(api.model, api_curve(tokens, api, economics.draws, volumes), local=False)
        for api in economics.apis
    )
    return (local, *hosted)


def _assumption_rows(assumptions: Assumptions, options: ReportOptions) -> tuple[AssumptionRow, ...]:
    yours = keys_set_in(options.assumptions) | ({"monthly_requests"} if options.volume is not None else set())
    return tuple(
        AssumptionRow(name, SPECS[name].title, SPECS[name].unit, r.low, r.likely, r.high, name in yours)
        for name, r in assumptions.ranges().items()
    )
