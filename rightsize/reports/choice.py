"""A recommendation in words: the sentence on top of a report, and why each smaller candidate was refused."""

from __future__ import annotations

from collections.abc import Iterable

from rightsize.decide.recommendation import CandidateResult, Recommendation
from rightsize.decide.thresholds import flag_of
from rightsize.domain import Judgement, Provenance, Verdict
from rightsize.reports.data import Choice

_LEAST = {
    "size": "smallest candidate",
    "memory": "candidate with the least memory",
    "latency": "fastest candidate",
    "energy": "candidate with the least energy",
    "cost": "cheapest candidate",
}


def choice_of(recommendation: Recommendation) -> Choice:
    """The view of a recommendation that reports render."""
    winner = recommendation.winner
    before = recommendation.candidates
    if winner is not None:
        before = before[: before.index(winner)]
    return Choice(
        thresholds=tuple(f"{flag_of(t.metric)} {t.text}" for t in recommendation.thresholds),
        winner=winner.candidate_id if winner else None,
        sentence=_without_model(recommendation)
        + (_won(recommendation, winner) if winner else _none_won(recommendation)),
        refusals={
            result.candidate_id: _why_not(result, recommendation)
            for result in before
            if result.verdict is not Verdict.PASS
        },
        advice=_advice(recommendation),
    )


def _without_model(recommendation: Recommendation) -> str:
    """What comes first: that a classical method will do."""
    method = recommendation.baseline
    if method is None:
        return ""
    return (
        f"No model needed: {method.candidate_id} passes every threshold: {_evidence(method, recommendation)}. "
    )


def _won(recommendation: Recommendation, winner: CandidateResult) -> str:
    least = _LEAST[recommendation.minimize.value] + _how(winner.objective_provenance)
    if recommendation.baseline is not None:
        least = least.replace("candidate", "language model")
    evidence = _evidence(winner, recommendation)
    return f"{winner.candidate_id} is the {least} that passes every threshold: {evidence}."


def _how(provenance: Provenance | None) -> str:
    """In words what a star says in a table, where a figure that was not measured decides."""
    return "" if provenance in {None, Provenance.MEASURED} else f" ({provenance.value})"


def _evidence(result: CandidateResult, recommendation: Recommendation) -> str:
    return "; ".join(_reasons(result.judgements, recommendation))


def _reasons(judgements: Iterable[Judgement], recommendation: Recommendation) -> list[str]:
    """The reasons in words; of several tasks the first of each says whose they are."""
    by_task: dict[str, list[str]] = {}
    for judgement in judgements:
        by_task.setdefault(judgement.task, []).append(judgement.reason)
    if len(recommendation.tasks) == 1:
        return [reason for reasons in by_task.values() for reason in reasons]
    return [f"on {task}, {'; '.join(reasons)}" for task, reasons in by_task.items()]


def _none_won(recommendation: Recommendation) -> str:
    if recommendation.baseline is not None:
        still = ", and some are undecided" if recommendation.undecided else ""
        return f"No language model that was measured passes{still}."
    if recommendation.undecided:
        return "No candidate passes every threshold yet, and some are undecided: more evidence is needed."
    return "No candidate passes every threshold."


def _why_not(result: CandidateResult, recommendation: Recommendation) -> str:
    """The failed thresholds; where none failed, what is still open."""
    failed = [judgement for judgement in result.judgements if judgement.verdict is Verdict.FAIL]
    if failed:
        return "; ".join(_reasons(failed, recommendation))
    undecided = [judgement for judgement in result.judgements if judgement.verdict is Verdict.UNDECIDED]
    reasons = _reasons(undecided, recommendation)  # with what would settle each, where that is known
    if result.more_needed and not any(judgement.more_needed for judgement in undecided):
        reasons.append(f"about {result.more_needed:,} more would settle it")
    return f"undecided: {'; '.join([*reasons, *result.problems]) or 'nothing was judged'}"


def _advice(recommendation: Recommendation) -> str:
    miss = recommendation.nearest_miss
    if recommendation.winner is not None or recommendation.baseline is not None or miss is None:
        return ""
    changes = ", ".join(f"{flag_of(change.metric)} {change.text}" for change in miss.changes)
    return f"Nearest miss: {miss.candidate_id} would pass with {changes}."
