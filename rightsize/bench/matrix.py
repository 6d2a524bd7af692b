"""One run of the bench from names to records: look at the machine, expand, plan what is missing, measure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rightsize.bench.candidates import baseline_candidates, expand_candidates
from rightsize.bench.plan import chosen_items, plan_cells
from rightsize.bench.run import Listener, key_of, misfit, run_cells
from rightsize.bench.spending import Budget, account, check_budget
from rightsize.bench.unfinished import EarlierAnswers, Sink, answered_before
from rightsize.bench.variants import Variants
from rightsize.domain import Candidate, ItemOutcome, Job, Machine, Record, Suite
from rightsize.engines.registry import get_engine
from rightsize.machine import scan
from rightsize.settings import Settings


class Results(Sink, EarlierAnswers, Protocol):
    """A store as the bench sees it."""

    def has(self, fingerprint: str, limit: int | None = None, items: Collection[str] = ()) -> bool:
        """Whether this was measured to its end on at least that many items, and on these."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure, in the user's words: none of ``models`` is the embedded family, none of ``levels`` the
    usual ones. ``baselines`` adds the classical methods that suit each task."""

    suites: Sequence[Suite]
    models: Sequence[str] = ()
    levels: Sequence[str] = ()
    limit: int | None = None
    force: bool = False
    allow_requantize: bool = False
    baselines: bool = False
    budget: Budget = field(default_factory=Budget)
    variants: Variants = field(default_factory=dict)
    varied: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Measurements:
    """What a run gave: new records, what was stored already, and what hosted models cost.

    ``known`` are the fingerprints of cells that were not measured again.
    """

    records: tuple[Record, ...]
    known: tuple[str, ...] = ()
    spent_usd: float | None = None

    @property
    def reused(self) -> int:
        """How many cells were stored already."""
        return len(self.known)


@dataclass(slots=True)
class _Earlier:
    """What earlier runs left of the wanted jobs: nothing where everything is to be measured again."""

    wanted: Wanted
    machine: Machine
    store: Results
    notify: Callable[[str], None]
    known: list[str] = field(default_factory=list)

    def measured(self, job: Job) -> bool:
        """Whether the job was measured to its end; its fingerprint is then ``known``."""
        key = key_of(job, self.machine)
        asked = () if job.limit is None else [item.id for item in chosen_items(job.suite, job.limit)]
        stored = not self.wanted.force and self.store.has(key, job.limit, asked)
        if stored:
            self.known.append(key)
        return stored

    def answered(self, job: Job) -> Sequence[ItemOutcome]:
        """The job's items that need not be asked again."""
        if self.wanted.force:
            return ()
        return answered_before(job, key_of(job, self.machine), self.store, self.notify)


def measure(
    wanted: Wanted,
    *,
    settings: Settings,
    store: Results,
    listener: Listener,
    notify: Callable[[str], None] = lambda _: None,
    machine: Machine | None = None,
) -> Measurements:
    """Measure what is missing. ``notify`` hears of slow preparations, such as a quantization, and of items that
    an earlier run answered, which are not asked again.

    Raises what stands in the way before anything is measured; later failures are records.
    """
    here = machine or scan(with_bandwidth=False)
    candidates = expand_candidates(
        wanted.models,
        wanted.levels,
        machine=here,
        settings=settings,
        allow_requantize=wanted.allow_requantize,
        notify=notify,
        variants=wanted.variants,
        varied=wanted.varied,
    )
    check_budget(candidates, wanted.budget)
    beside = [extra for extra in baseline_candidates() if extra not in candidates] if wanted.baselines else []
    earlier = _Earlier(wanted, here, store, notify)

    def is_meant(candidate: Candidate, suite: Suite) -> bool:
        # Nobody named these: where they do not fit, there is nothing to say.
        return candidate not in beside or misfit(get_engine(candidate.engine), candidate, suite) is None

    cells = plan_cells(
        [*candidates, *beside],
        wanted.suites,
        limit=wanted.limit,
        is_stored=earlier.measured,
        is_meant=is_meant,
    )
    with account(settings, wanted.budget) as money:
        records = run_cells(
            cells,
            machine=here,
            settings=settings,
            store=store,
            listener=listener,
            remote_run=money.run_for,
            answered=earlier.answered,
        )
        spent_usd = money.spent_usd()
    return Measurements(tuple(records), tuple(earlier.known), spent_usd)
