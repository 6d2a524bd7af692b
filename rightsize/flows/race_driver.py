"""Driving a race: opens each candidate's worker once, asks what the race wants to know, stores what was
heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from rightsize.bench.heat import FactsWanted, Heat
from rightsize.bench.plan import Cell
from rightsize.bench.records import record_of
from rightsize.bench.run import Listener, hold_until_quiet, key_of, known_misfit, misfit
from rightsize.bench.supervise import WorkerFailed
from rightsize.decide.objective import Minimize
from rightsize.decide.race import Race
from rightsize.decide.race_course import AskItems, Confirm, Finished, Probe
from rightsize.decide.race_trace import Cost, Fate, TraceEntry
from rightsize.decide.thresholds import judge
from rightsize.domain import (
    Failed,
    ItemOutcome,
    Judgement,
    Machine,
    Measured,
    Record,
    Threshold,
    Verdict,
)
from rightsize.engines.registry import get_engine
from rightsize.errors import EngineError
from rightsize.flows.race_facts import judged_by_file, largest
from rightsize.flows.race_records import race_outcome, race_record
from rightsize.metrics import METRICS
from rightsize.settings import Settings
from rightsize.stats.order import least_samples

PROBE_REQUESTS = 8
PROBE_REPETITIONS = 3
_SPEED = ("decode_tokens_per_s", "prefill_tokens_per_s")
_OBJECTIVES = {
    Minimize.MEMORY: "memory_bytes",
    Minimize.ENERGY: "energy_j_per_request",
    Minimize.COST: "cost_usd_per_1k_requests",
}


#: What a candidate's requests cost by the records of a probe, in whatever unit is minimised; None: not known.
Price = Callable[[Sequence[Record]], float | None]


class RaceListener(Listener, Protocol):
    """Told what happens, for progress on the terminal."""

    def looked(self, candidate: str, task: str, items: int, of: int, mean: float) -> None:
        """A batch was answered; ``mean`` is over all ``items`` so far."""

    def ended(self, entry: TraceEntry, cost: Cost) -> None:
        """A candidate's race is over."""


class Results(Protocol):
    """A store as the race sees it."""

    def append(self, record: Record) -> int:
        """Store a record and return its id."""

    def records(self, *, suite: str | None = None, races: bool = False) -> list[Record]:
        """Stored cells, oldest first."""


class Driver:
    """Holds one worker at a time. ``cells`` maps candidates to what they run."""

    def __init__(
        self,
        cells: Mapping[str, Cell],
        thresholds: Sequence[Threshold],
        *,
        machine: Machine,
        builds: Mapping[str, Mapping[str, Any]],
        settings: Settings,
        store: Results,
        listener: RaceListener,
    ) -> None:
        self._cells, self._machine, self._builds = cells, machine, builds
        self._settings, self._store, self._listener = settings, store, listener
        self._facts = [threshold for threshold in thresholds if not threshold.metric.startswith("score")]
        self._told: dict[str, Any] = {
            "id": datetime.now(UTC).isoformat(),
            "thresholds": [{"metric": t.metric, "limit": t.limit, "text": t.text} for t in thresholds],
        }
        self._outcomes: dict[tuple[str, str], dict[str, ItemOutcome]] = {}
        self._measured: dict[str, dict[str, Record]] = {}
        self._heats: dict[str, list[Heat]] = {}
        self._asked: dict[str, dict[str, list[str]]] = {}
        self._reused: dict[str, int] = {}
        self._open: str | None = None
        self._stack = ExitStack()
        self._ended = 0

    # --- what is known before anything is measured ----------------------------------------------------------

    def remember(self, known: Sequence[tuple[str, Record]]) -> None:
        """Take in what earlier runs answered and measured."""
        for name, record in known:
            outcome = record.outcome
            if not isinstance(outcome, Measured | Failed):
                continue
            if isinstance(outcome, Measured) and outcome.readings and "race" not in record.suite_info:
                self._measured.setdefault(name, {})[record.suite] = record
            items = {item.item_id: item for item in outcome.items if item.error is None}
            self._outcomes.setdefault((name, record.suite), {}).update(items)

    def objectives(
        self, names: Sequence[str], minimize: Minimize, latency_metric: str, price: Price | None = None
    ) -> dict[str, float | None]:
        """What is minimised for the named candidates: file sizes, or a short probe of each."""
        if minimize is Minimize.SIZE:
            sizes = {name: self._cells[name].candidate.model.size_bytes for name in names}
            return {name: None if size is None else float(size) for name, size in sizes.items()}
        metric = latency_metric if minimize is Minimize.LATENCY else _OBJECTIVES[minimize]
        figure: Price = price if price and minimize is Minimize.COST else partial(largest, metric=metric)
        found: dict[str, float | None] = {}
        for name in names:
            try:
                found[name] = figure(self._probed(name, metric))
            except WorkerFailed:
                found[name] = None
        self._close()
        return found

    # --- the race -------------------------------------------------------------------------------------------

    def run(self, races: Sequence[Race]) -> None:
        """Measure what one race after the other asks for, over the same items, until they are over. An
        interrupt stores what was answered first."""
        self._told["order"] = [name for race in races for name in race.candidates]
        self._told["items_of"] = {task: course.items for task, course in races[0].courses.items()}
        try:
            for race in races:
                self._run(race)
        finally:
            self._close()
            self._keep_the_rest(races)

    def _run(self, race: Race) -> None:
        self._ended = 0
        for (name, task), outcomes in self._outcomes.items():
            race.hear_scores(name, task, {item: outcome.score for item, outcome in outcomes.items()})
        while not isinstance(step := race.step(), Finished):
            self._note_ended(race)
            try:
                self._take(race, step)
            except WorkerFailed as death:
                self._broke(race, step.candidate, str(death))
        self._note_ended(race)

    def costs(self, names: Sequence[str]) -> dict[str, Cost]:
        """What each of the named candidates took."""
        return {name: self._cost(name) for name in names}

    def _take(self, race: Race, step: AskItems | Probe | Confirm) -> None:
        match step:
            case AskItems(candidate=candidate, task=task, items=items):
                self._ask(race, candidate, task, items)
            case Probe(candidate=candidate, alpha=alpha):
                race.hear_facts(self._cheap(candidate, alpha))
            case Confirm(candidate=candidate, alpha=alpha):
                race.hear_facts(self._confirmed(candidate, alpha))

    def _ask(self, race: Race, candidate: str, task: str, items: Sequence[str]) -> None:
        known = self._outcomes.setdefault((candidate, task), {})
        new = [item for item in items if item not in known]
        heat = self._heat(candidate)
        try:
            heat.answer(task, new)
        finally:  # what a worker said before it died, or before an interrupt, is kept
            heard = {outcome.item_id: outcome for outcome in heat.heard(task, new)}
            known.update(heard)
            self._asked.setdefault(candidate, {}).setdefault(task, []).extend(heard)
        scores = {item: known[item].score for item in items}
        race.hear_scores(candidate, task, scores)
        total = race.courses[task].items
        self._listener.looked(candidate, task, len(scores), total, sum(scores.values()) / len(scores))

    def _broke(self, race: Race, candidate: str, reason: str) -> None:
        self._close()
        running = race.candidates[len(race.trace)]
        if candidate != running:
            raise EngineError(f"the reference {candidate} could not be measured: {reason}")
        race.hear_failure(candidate, reason)

    # --- facts ----------------------------------------------------------------------------------------------

    def _cheap(self, candidate: str, alpha: float) -> list[Judgement]:
        """Judgements from the file alone; if they do not refuse it, from what is stored or from a short
        probe."""
        known = judged_by_file(self._cells[candidate].candidate, self._facts, alpha)
        if any(judgement.verdict is Verdict.FAIL for judgement in known):
            return known
        stored = self._measured.get(candidate, {})
        records = list(stored.values()) if len(stored) == len(self._cells[candidate].jobs) else None
        return self._judged(records or self._probed(candidate), alpha)

    def _confirmed(self, candidate: str, alpha: float) -> list[Judgement]:
        """Judgements that acceptance may rest on: from what is stored if that settles them, else measured in
        full."""
        stored = self._measured.get(candidate, {})
        if len(stored) == len(self._cells[candidate].jobs):
            known = self._judged(list(stored.values()), alpha)
            if all(judgement.verdict is not Verdict.UNDECIDED for judgement in known):
                return known
        quantiles = [q for t in self._facts if (q := METRICS[t.metric].percentile)]
        requests = max([self._settings.requests, *(least_samples(q, alpha) for q in quantiles)])
        self._close()
        self._heat(candidate, FactsWanted(requests, self._repetitions(self._settings.repetitions)))
        return self._judged(self._readings(candidate), alpha)

    def _probed(self, candidate: str, objective: str = "") -> list[Record]:
        """Records of a short probe, whose worker stays open for the answers."""
        needs = [t.metric for t in self._facts] + [objective]
        requests = 0 if all(metric in {"size_bytes", "", *_SPEED} for metric in needs) else PROBE_REQUESTS
        self._heat(candidate, FactsWanted(requests, self._repetitions(PROBE_REPETITIONS)))
        return self._readings(candidate)

    def _repetitions(self, wanted: int) -> int:
        return wanted if any(t.metric in _SPEED for t in self._facts) else 0

    def _readings(self, candidate: str) -> list[Record]:
        heat = self._heats[candidate][-1]
        build = self._builds[heat.cell.candidate.engine]
        return [
            record_of(
                job, heat.outcome(job.suite.name, (), {}), self._machine, build, key_of(job, self._machine)
            )
            for job in heat.cell.jobs
        ]

    def _judged(self, records: Sequence[Record], alpha: float) -> list[Judgement]:
        return [judge(threshold, record, alpha) for record in records for threshold in self._facts]

    # --- workers --------------------------------------------------------------------------------------------

    def _heat(self, candidate: str, wanted: FactsWanted | None = None) -> Heat:
        """The candidate's open worker; another one is closed first: one model is in memory at a time."""
        if self._open == candidate and wanted is None:
            return self._heats[candidate][-1]
        self._close()
        cell = self._cells[candidate]
        engine = get_engine(cell.candidate.engine)
        misfits = (misfit(engine, job.candidate, job.suite) for job in cell.jobs)
        if reason := known_misfit(cell, self._machine, self._settings) or next(filter(None, misfits), None):
            raise WorkerFailed(reason)
        number = list(self._cells).index(candidate) + 1
        self._listener.cell_started(cell, number, len(self._cells))
        if wanted and (wanted.requests or wanted.repetitions):  # answers do not depend on who else works here
            hold_until_quiet(self._settings, self._listener)
        heat = Heat(cell, self._machine, self._settings, self._listener, wanted or FactsWanted())
        self._stack.enter_context(heat)
        self._open = candidate
        self._heats.setdefault(candidate, []).append(heat)
        heat.start()
        return heat

    def _close(self) -> None:
        self._stack.close()
        self._stack, self._open = ExitStack(), None

    # --- what is kept ---------------------------------------------------------------------------------------

    def _note_ended(self, race: Race) -> None:
        for entry in race.trace[self._ended :]:
            self._ended += 1
            self._reused[entry.candidate] = max(0, entry.items - self._items_asked(entry.candidate))
            self._keep(race, entry)
            self._listener.ended(entry, self._cost(entry.candidate))

    def _keep_the_rest(self, races: Sequence[Race]) -> None:
        """Answers of a candidate that was cut short, and of the reference."""
        ended = {entry.candidate for race in races for entry in race.trace}
        for candidate in set(self._asked) - ended:
            self._keep(
                races[0], TraceEntry(candidate, Fate.INTERRUPTED, "the race ended before its own verdict")
            )

    def _answers(self, race: Race, candidate: str, task: str) -> list[ItemOutcome]:
        """The answers that the race went by, in its order: what other runs answered beside them is theirs."""
        known = self._outcomes.get((candidate, task), {})
        course = race.courses[task]
        went_by = len(course.seen({item: outcome.score for item, outcome in known.items()}))
        asked = self._asked.get(candidate, {}).get(task, [])
        return [known[item] for item in dict.fromkeys([*course.upto(went_by), *asked]) if item in known]

    def _items_asked(self, candidate: str) -> int:
        return sum(len(items) for items in self._asked.get(candidate, {}).values())

    def _keep(self, race: Race, entry: TraceEntry) -> None:
        cost = self._cost(entry.candidate)
        told = {
            **self._told,
            "items_asked": cost.items_asked,
            "items_reused": cost.items_reused,
            "seconds": cost.seconds,
        }
        for job in self._cells[entry.candidate].jobs:
            items = self._answers(race, entry.candidate, job.suite.name)
            outcome = race_outcome(job, items, entry, self._heats.get(entry.candidate, []))
            build = self._builds[job.candidate.engine]
            self._store.append(
                race_record(job, items, outcome, machine=self._machine, build=build, entry=entry, told=told)
            )

    def _cost(self, candidate: str) -> Cost:
        spent = [heat.spent for heat in self._heats.get(candidate, [])]
        return Cost(
            items_asked=self._items_asked(candidate),
            items_reused=self._reused.get(candidate, 0),
            load_s=sum(one.load_s for one in spent),
            facts_s=sum(one.facts_s for one in spent),
            answer_s=sum(one.answer_s for one in spent),
        )
