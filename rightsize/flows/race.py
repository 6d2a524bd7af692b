"""Racing: decisions say what to measure next, the bench measures it, and every answer is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from rightsize.bench.candidates import expand_candidates
from rightsize.bench.plan import Cell
from rightsize.bench.run import key_of
from rightsize.bench.spending import Budget, check_budget
from rightsize.decide.objective import Minimize
from rightsize.decide.race import Race
from rightsize.decide.race_course import Course, ScoreTest
from rightsize.decide.race_rules import RaceRules
from rightsize.decide.race_trace import RaceResult
from rightsize.domain import Candidate, Job, Machine, Record, Suite, Threshold
from rightsize.engines.registry import get_engine
from rightsize.errors import UsageError
from rightsize.flows.race_driver import Driver, RaceListener, Results
from rightsize.flows.race_records import race_fingerprint
from rightsize.settings import Settings

_ORDER_SEED = "race"  # The order of the items must not depend on any answer: it follows from the suite alone.


@dataclass(frozen=True, slots=True)
class RaceWanted:
    """What to race, in the user's words. ``reference`` names the candidate that a relative threshold is
    about."""

    suites: Sequence[Suite]
    thresholds: Sequence[Threshold]
    models: Sequence[str] = ()
    levels: Sequence[str] = ()
    reference: str = ""
    minimize: Minimize = Minimize.SIZE
    latency_metric: str = "latency_p95_ms"
    allow_requantize: bool = False


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
    cells = {c.id: Cell(c, tuple(Job(c, suite) for suite in wanted.suites)) for c in candidates}
    reference = _named(wanted.reference, list(cells)) if wanted.reference else ""
    builds = {name: dict(get_engine(name).build()) for name in {c.engine for c in candidates}}
    driver = Driver(
        cells,
        wanted.thresholds,
        machine=machine,
        builds=builds,
        settings=settings,
        store=store,
        listener=listener,
    )
    driver.remember(_known(cells, machine, store))
    objectives = driver.objectives(wanted.minimize, wanted.latency_metric)
    order = sorted(cells, key=lambda name: _rank(objectives[name], cells[name].candidate))
    courses = {suite.name: course_of(suite) for suite in wanted.suites}
    tests = [test for suite in wanted.suites for test in _tests(wanted.thresholds, suite.name, reference)]
    facts = [threshold for threshold in wanted.thresholds if not threshold.metric.startswith("score")]
    race = Race(order, courses, tests, rules, facts_matter=bool(facts))
    driver.run(race)
    return RaceResult(
        order=tuple(order),
        objectives=objectives,
        entries=tuple(race.trace),
        costs=driver.costs(),
        winner=race.winner,
        alpha=rules.alpha,
        items_each=sum(course.items for course in courses.values()),
    )


def course_of(suite: Suite) -> Course:
    """The items of a suite, whole groups in an order that follows from the suite alone."""
    groups: dict[str, list[str]] = {}
    for item in suite.items:
        groups.setdefault(item.group, []).append(item.id)
    names = sorted(groups)
    Random(f"{_ORDER_SEED} {suite.sha256}").shuffle(names)  # noqa: S311  no secret
    return Course(suite.name, tuple((name, tuple(groups[name])) for name in names))


def _check(wanted: RaceWanted) -> None:
    if wanted.minimize is Minimize.COST:
        raise UsageError(
            "--race cannot minimise cost, which is known only once everything is measured",
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
    return [(owner[record.fingerprint], record) for record in records if record.fingerprint in owner]
