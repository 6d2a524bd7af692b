"""Racing: decisions say what to measure next, the bench measures it, and every answer is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from rightsize.bench.candidates import baseline_candidates, expand_candidates
from rightsize.bench.plan import Cell, chosen_items
from rightsize.bench.run import key_of, misfit
from rightsize.bench.spending import Budget, check_budget
from rightsize.decide.objective import Minimize
from rightsize.decide.race import Race
from rightsize.decide.race_course import Course, ScoreTest
from rightsize.decide.race_rules import RaceRules
from rightsize.decide.race_trace import RaceResult
from rightsize.domain import Candidate, Job, Machine, Record, Suite, Threshold
from rightsize.engines.registry import get_engine
from rightsize.errors import UsageError
from rightsize.flows.race_driver import Driver, RaceListener
from rightsize.flows.race_facts import Facts, Price
from rightsize.flows.race_ledger import Ledger, Results
from rightsize.flows.race_records import race_fingerprint
from rightsize.flows.race_workers import Workers
from rightsize.settings import Settings

#: Share of the error for the classical methods. They answer in microseconds and afford every item.
CLASSICAL_SHARE = 0.1
_ORDER_SEED = "race"  # The order of the items must not depend on any answer: it follows from the suite alone.


@dataclass(frozen=True, slots=True)
class RaceWanted:
    """What to race, in the user's words. ``reference`` names the candidate that a relative threshold is about,
    ``limit`` the most items a task, the same that ``bench --limit`` runs. ``price`` is needed to minimise cost.
    ``baselines`` races the classical methods that suit every task beside the models."""

    suites: Sequence[Suite]
    thresholds: Sequence[Threshold]
    models: Sequence[str] = ()
    levels: Sequence[str] = ()
    reference: str = ""
    minimize: Minimize = Minimize.SIZE
    latency_metric: str = "latency_p95_ms"
    allow_requantize: bool = False
    limit: int | None = None
    price: Price | None = None
    baselines: bool = False


def run_race(
    wanted: RaceWanted,
    *,
    machine: Machine,
    settings: Settings,
    store: Results,
    listener: RaceListener,
    notify: Callable[[str], None] = lambda _: None,
    rules: RaceRules | None = None,
    candidates: Sequence[Candidate] = (),
) -> RaceResult:
    """Race the candidates (none given: the ones that ``wanted`` names) and return who won, or why nobody did.

    Raises UsageError, ModelError, QuantizeError or ResourceError before anything is measured, EngineError when
    the reference breaks. An interrupt keeps what was answered, then propagates.
    """
    rules = rules or RaceRules()
    _check(wanted)
    candidates = candidates or expand_candidates(
        wanted.models,
        wanted.levels,
        machine=machine,
        settings=settings,
        allow_requantize=wanted.allow_requantize,
        notify=notify,
    )
    check_budget(candidates, Budget())
    names = [candidate.id for candidate in candidates]
    methods = _methods(wanted.suites, names) if wanted.baselines else []
    everybody = [*candidates, *methods]
    cells = {c.id: Cell(c, tuple(Job(c, suite) for suite in wanted.suites)) for c in everybody}
    reference = _named(wanted.reference, list(cells)) if wanted.reference else ""
    builds = {name: dict(get_engine(name).build()) for name in {c.engine for c in everybody}}
    workers = Workers(cells, machine, settings, listener)
    ledger = Ledger(cells, workers, wanted.thresholds, machine=machine, builds=builds, store=store)
    facts = Facts(cells, workers, ledger, wanted.thresholds, machine=machine, builds=builds, settings=settings)
    ledger.remember(_known(cells, machine, store))
    objectives = facts.objectives(names, wanted.minimize, wanted.latency_metric, wanted.price)
    order = sorted(names, key=lambda name: _rank(objectives[name], cells[name].candidate))
    races = _races(order, methods, wanted, reference, rules, facts=facts.judged)
    Driver(workers, ledger, facts, listener).run(races)
    models, *others = (_result(race, wanted, rules, objectives, ledger) for race in races)
    return replace(models, objective_provenance=facts.order_provenance, classical=others[0] if others else None)


def _races(
    order: Sequence[str],
    methods: Sequence[Candidate],
    wanted: RaceWanted,
    reference: str,
    rules: RaceRules,
    *,
    facts: int,
) -> list[Race]:
    """The race of the models and, after it, that of the methods: what they need of a reference the models have
    asked by then."""
    courses = {suite.name: course_of(suite, wanted.limit) for suite in wanted.suites}
    tests = [test for suite in wanted.suites for test in _tests(wanted.thresholds, suite.name, reference)]
    share = CLASSICAL_SHARE if methods else 0.0
    fields = [(order, 1 - share), ([method.id for method in methods], share)]
    return [
        Race(field, courses, tests, replace(rules, alpha=rules.alpha * part), facts=facts)
        for field, part in fields
        if part
    ]


def _result(
    race: Race, wanted: RaceWanted, rules: RaceRules, objectives: Mapping[str, float | None], ledger: Ledger
) -> RaceResult:
    return RaceResult(
        order=tuple(race.candidates),
        objectives={name: objectives.get(name) for name in race.candidates},
        entries=tuple(race.trace),
        costs={name: ledger.cost(name) for name in race.candidates},
        winner=race.winner,
        alpha=rules.alpha,
        items_each=sum(course.items for course in race.courses.values()),
        items_of={task: course.items for task, course in race.courses.items()},
        suite_items={suite.name: len(suite.items) for suite in wanted.suites},
    )


def _methods(suites: Sequence[Suite], named: Sequence[str]) -> list[Candidate]:
    """The classical methods that suit every task and were not named themselves."""
    return [
        method
        for method in baseline_candidates()
        if method.id not in named
        and all(misfit(get_engine(method.engine), method, suite) is None for suite in suites)
    ]


def course_of(suite: Suite, limit: int | None = None) -> Course:
    """The items that ``limit`` chooses of a suite, whole groups in an order that follows from it alone."""
    groups: dict[str, list[str]] = {}
    for item in chosen_items(suite, limit):
        groups.setdefault(item.group, []).append(item.id)
    names = sorted({item.group for item in suite.items})
    Random(f"{_ORDER_SEED} {suite.sha256}").shuffle(names)  # noqa: S311  no secret
    return Course(suite.name, tuple((name, tuple(groups[name])) for name in names if name in groups))


def _check(wanted: RaceWanted) -> None:
    if wanted.minimize is Minimize.COST and wanted.price is None:
        raise UsageError(
            "this race knows no prices to minimise cost by",
            next_step="Use --minimize size, memory, latency or energy, or recommend without --race",
        )
    about_scores = any(threshold.metric.startswith("score") for threshold in wanted.thresholds)
    scoreless = [suite.name for suite in wanted.suites if not suite.score_name]
    if about_scores and scoreless:
        raise UsageError(
            f"the task {scoreless[0]!r} has no score in [0, 1] to race on", next_step="Name others"
        )


def _named(reference: str, candidates: Sequence[str]) -> str:
    """The candidate that ``--of`` means: its id, or the start of just one."""
    fits = [name for name in candidates if name == reference] or [
        name for name in candidates if name.startswith(reference)
    ]
    if len(fits) != 1:
        problem = f"--of {reference}: " + (
            "no such candidate" if not fits else f"it fits {len(fits)} candidates"
        )
        raise UsageError(problem, next_step=f"Candidates: {', '.join(fits or candidates)}")
    return fits[0]


def _tests(thresholds: Sequence[Threshold], task: str, reference: str) -> list[ScoreTest]:
    absolute = [ScoreTest(task, t.limit) for t in thresholds if t.metric == "score"]
    relative = [ScoreTest(task, t.limit, reference) for t in thresholds if t.metric == "score_drop"]
    return absolute + relative


def _rank(objective: float | None, candidate: Candidate) -> tuple[bool, float, int, str]:
    """Least first; unknown ones last, equal ones by size and name."""
    return objective is None, objective or 0.0, candidate.model.size_bytes or 0, candidate.id


def _known(cells: Mapping[str, Cell], machine: Machine, store: Results) -> list[tuple[str, Record]]:
    """Records of the very same measurements, full ones and those of earlier races, by candidate."""
    owner: dict[str, str] = {}
    for name, cell in cells.items():
        for job in cell.jobs:
            full = key_of(job, machine)
            owner[full] = owner[race_fingerprint(full)] = name
    tasks = {job.suite.name for cell in cells.values() for job in cell.jobs}
    records = [record for task in sorted(tasks) for record in store.records(suite=task, races=True)]
    return [
        (owner[record.fingerprint], record)
        for record in sorted(records, key=_fullest_last)
        if record.fingerprint in owner
    ]


def _fullest_last(record: Record) -> tuple[bool, float, int]:
    """The last one heard wins: of several answers to an item those of the record that ``recommend`` goes by."""
    limit = float("inf") if record.limit is None else float(record.limit)
    return "race" not in record.suite_info, limit, record.id
