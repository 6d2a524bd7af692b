"""Recommending: the candidate with the least of what is minimised among those that pass every threshold.

A candidate is recommended only if all its thresholds pass, so its thresholds share no error (an
intersection-union test: Berger, Technometrics 24, 1982). Trying many candidates is what could go wrong by luck,
so the error is split evenly over those tried (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rightsize.decide.evidence import MACHINE_FREE, evidence
from rightsize.decide.nearest import nearest_miss
from rightsize.decide.objective import Minimize
from rightsize.decide.recommendation import CandidateResult, Recommendation
from rightsize.decide.relative import METRIC, judge_drop, reference_among
from rightsize.decide.selection import select
from rightsize.decide.thresholds import OTHER_MACHINE, judge
from rightsize.domain import (
    Absent,
    Failed,
    Judgement,
    Measured,
    ModelKind,
    Provenance,
    Record,
    Skipped,
    Threshold,
    Verdict,
)

_OBJECTIVES = {
    Minimize.SIZE: "size_bytes",
    Minimize.MEMORY: "memory_bytes",
    Minimize.ENERGY: "energy_j_per_request",
    Minimize.COST: "cost_usd_per_1k_requests",
}


@dataclass(frozen=True, slots=True)
class _Terms:
    """What every candidate is judged by. ``alpha`` is the error of each; ``metric`` is what is minimised."""

    tasks: Sequence[str]
    thresholds: Sequence[Threshold]
    metric: str
    alpha: float
    machine_fingerprint: str | None
    costs: Mapping[str, float]
    references: Mapping[str, Record]

    def is_elsewhere(self, record: Record) -> bool:
        return self.machine_fingerprint not in {None, record.machine_fingerprint}


@dataclass(frozen=True, slots=True)
class _Objective:
    """What is minimised, and how it was got."""

    value: float
    provenance: Provenance


def recommend(
    records: Iterable[Record],
    thresholds: Sequence[Threshold],
    tasks: Sequence[str],
    *,
    minimize: Minimize = Minimize.SIZE,
    alpha: float = 0.05,
    latency_metric: str = "latency_p95_ms",
    machine_fingerprint: str | None = None,
    include_demo: bool = False,
    costs: Mapping[str, float] | None = None,
    unfit: Mapping[str, str] | None = None,
) -> Recommendation:
    """Judge every candidate that has a record on one of ``tasks`` and name the winner.

    Figures that depend on the machine count only from ``machine_fingerprint`` (None: from any). ``costs`` maps
    candidate to US dollars per 1,000 requests and is needed to minimise cost. ``unfit`` maps classical methods
    that cannot do one of the tasks to the reason: they are no candidates.
    """
    chosen = select(
        records, tasks, machine_fingerprint=machine_fingerprint, include_demo=include_demo, unfit=unfit
    )
    tried = sum(any(_measured(r) for r in by_task.values()) for by_task in chosen.records.values())
    metric = objective_metric(minimize, latency_metric)
    references = _references(thresholds, chosen.records)
    each = alpha / max(1, tried)
    terms = _Terms(tasks, thresholds, metric, each, machine_fingerprint, costs or {}, references)
    results = (_result(candidate, by_task, terms) for candidate, by_task in chosen.records.items())
    ranked = tuple(sorted(results, key=_rank))
    passing = [result for result in ranked if result.verdict is Verdict.PASS]
    winner = next((result for result in passing if result.kind is not ModelKind.BASELINE), None)
    smaller = ranked[: ranked.index(winner)] if winner else ranked
    return Recommendation(
        tasks=tuple(tasks),
        thresholds=tuple(thresholds),
        minimize=minimize,
        alpha=alpha,
        alpha_each=terms.alpha,
        candidates=ranked,
        winner=winner,
        smaller_undecided=tuple(r for r in smaller if r.verdict is Verdict.UNDECIDED and not r.skipped),
        nearest_miss=nearest_miss(smaller),
        notes=chosen.notes,
        objective_metric=metric,
        baseline=next((result for result in passing if result.kind is ModelKind.BASELINE), None),
    )


def objective_metric(minimize: Minimize, latency_metric: str) -> str:
    """Return the metric that is minimised."""
    return latency_metric if minimize is Minimize.LATENCY else _OBJECTIVES[minimize]


def _references(
    thresholds: Sequence[Threshold], records: Mapping[str, Mapping[str, Record]]
) -> Mapping[str, Record]:
    """The records of the candidate that a relative threshold names, by task."""
    named = next((t.reference for t in thresholds if t.metric == METRIC), "")
    return records[reference_among(named, records)] if named and records else {}


def _result(candidate: str, by_task: Mapping[str, Record], terms: _Terms) -> CandidateResult:
    judgements = tuple(
        _judged(threshold, by_task[task], terms)
        for task in terms.tasks
        if task in by_task and _measured(by_task[task])
        for threshold in terms.thresholds
    )
    objective = _objective(candidate, by_task, terms)
    known = None if isinstance(objective, Absent) else objective
    problems = [problem for task in terms.tasks if (problem := _problem(task, by_task.get(task)))]
    if isinstance(objective, Absent) and not problems:
        problems.append(f"cannot be ranked: {objective.reason}")
    return CandidateResult(
        candidate_id=candidate,
        verdict=_verdict([judgement.verdict for judgement in judgements], bool(problems)),
        judgements=judgements,
        objective=known.value if known else None,
        objective_provenance=known.provenance if known else None,
        problems=tuple(problems),
        records=by_task,
        embedded=any(record.embedded for record in by_task.values()),
        skipped=any(isinstance(record.outcome, Skipped) for record in by_task.values()),
        kind=next(iter(by_task.values())).kind,
    )


def _judged(threshold: Threshold, record: Record, terms: _Terms) -> Judgement:
    if threshold.metric == METRIC:
        return judge_drop(threshold, record, terms.references.get(record.suite), terms.alpha)
    return judge(threshold, record, terms.alpha, machine_fingerprint=terms.machine_fingerprint)


def _verdict(verdicts: Sequence[Verdict], has_problems: bool) -> Verdict:
    """One failed threshold refuses a candidate, whatever else is open; passing takes all of them."""
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    if has_problems or not verdicts or Verdict.UNDECIDED in verdicts:
        return Verdict.UNDECIDED
    return Verdict.PASS


def _problem(task: str, record: Record | None) -> str:
    """Why the candidate has no results on ``task``; empty when it has."""
    if record is None:
        return f"{task} was not measured"
    match record.outcome:
        case Skipped(reason=reason):
            return f"skipped: {reason}"
        case Failed(reason=reason):
            return f"failed: {reason}"
        case Measured():
            return ""


def _objective(candidate: str, by_task: Mapping[str, Record], terms: _Terms) -> _Objective | Absent:
    """What is minimised: the worst task's figure, or why it is not known. One that was not measured makes the
    worst of them one that was not measured."""
    if terms.metric == "cost_usd_per_1k_requests":
        cost = terms.costs.get(candidate)
        missing = Absent(terms.metric, "its cost is not known")
        return missing if cost is None else _Objective(cost, Provenance.MODELLED)
    figures = [_figure(record, terms) for record in by_task.values()]
    known = [figure for figure in figures if not isinstance(figure, Absent)]
    absent = next((figure for figure in figures if isinstance(figure, Absent)), None)
    others = (figure.provenance for figure in known if figure.provenance is not Provenance.MEASURED)
    provenance = next(others, Provenance.MEASURED)
    return absent or _Objective(max(figure.value for figure in known), provenance)


def _figure(record: Record, terms: _Terms) -> _Objective | Absent:
    if terms.metric not in MACHINE_FREE and terms.is_elsewhere(record):
        return Absent(terms.metric, OTHER_MACHINE)
    found = evidence(record, terms.metric, terms.alpha)
    if isinstance(found, Absent):
        return found
    value = found.bounds.value
    return Absent(terms.metric, found.bounds.reason) if value is None else _Objective(value, found.provenance)


def _rank(result: CandidateResult) -> tuple[bool, float, float, str]:
    """Classical methods first, then least first; candidates whose figure is not known come last, and equal ones
    by size and name."""
    size = max((record.size_order for record in result.records.values()), default=math.inf)
    figure = math.inf if result.objective is None else result.objective
    return result.kind is not ModelKind.BASELINE, figure, size, result.candidate_id


def _measured(record: Record) -> bool:
    return isinstance(record.outcome, Measured)
