"""Undecided candidates that no further measurement of the same suite can settle, and what would."""

from __future__ import annotations

from dataclasses import dataclass

from rightsize.decide.more_needed import items_in_suite
from rightsize.decide.nearest import miss
from rightsize.decide.recommendation import CandidateResult, Change, Recommendation
from rightsize.decide.settling import ITEM_METRICS, settles
from rightsize.domain import Verdict


@dataclass(frozen=True, slots=True)
class Stuck:
    """A candidate that stays undecided: ``changes`` of the thresholds would make it pass.

    ``items`` is what its suite holds, too few even if all are run; None when items are not what it lacks.
    """

    candidate_id: str
    items: int | None
    changes: tuple[Change, ...]


def stuck(recommendation: Recommendation) -> tuple[Stuck, ...]:
    """Return the undecided candidates that matter and that no run of ``bench`` can settle."""
    return tuple(
        _stuck(result)
        for result in recommendation.smaller_undecided
        if not result.problems and not settles(result, recommendation)
    )


def _stuck(result: CandidateResult) -> Stuck:
    found = miss(result)
    short = [
        judgement
        for judgement in result.judgements
        if judgement.verdict is Verdict.UNDECIDED and judgement.threshold.metric in ITEM_METRICS
    ]
    totals = [items_in_suite(result.records[judgement.task]) for judgement in short if judgement.task]
    known = [total for total in totals if total is not None]
    return Stuck(result.candidate_id, max(known, default=None), found.changes if found else ())
