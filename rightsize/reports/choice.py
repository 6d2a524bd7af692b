"""A recommendation in words: the sentence on top of a report, and why each smaller candidate was refused."""

from __future__ import annotations

from rightsize.decide.recommendation import CandidateResult, Recommendation
from rightsize.decide.thresholds import flag_of
from rightsize.domain import Provenance, Verdict
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
            result.candidate_id: _why_not(result) for result in before if result.verdict is not Verdict.PASS
        },
        advice=_advice(recommendation),
    )


def _without_model(recommendation: Recommendation) -> str:
    """What comes first: that a classical method will do."""
    method = recommendation.baseline
    if method is None:
        return ""
    return f"No model needed: {method.candidate_id} passes every threshold: {_evidence(method)}. "


def _won(recommendation: Recommendation, winner: CandidateResult) -> str:
    least = _LEAST[recommendation.minimize.value] + _how(winner.objective_provenance)
    if recommendation.baseline is not None:
        least = least.replace("candidate", "language model")
    return f"{winner.candidate_id} is the {least} that passes every threshold: {_evidence(winner)}."


def _how(provenance: Provenance | None) -> str:
    """In words what a star says in a table, where a figure that was not measured decides."""
    return "" if provenance in {None, Provenance.MEASURED} else f" ({provenance.value})"


def _evidence(result: CandidateResult) -> str:
    return "; ".join(judgement.reason for judgement in result.judgements)


def _none_won(recommendation: Recommendation) -> str:
    if recommendation.baseline is not None:
        still = ", and some are undecided" if recommendation.undecided else ""
        return f"No language model that was measured passes{still}."
    if recommendation.undecided:
        return "No candidate passes every threshold yet, and some are undecided: more evidence is needed."
    return "No candidate passes every threshold."


def _why_not(result: CandidateResult) -> str:
    """The failed thresholds; where none failed, what is still open."""
    failed = [judgement.reason for judgement in result.judgements if judgement.verdict is Verdict.FAIL]
    if failed:
        return "; ".join(failed)
    undecided = [judgement for judgement in result.judgements if judgement.verdict is Verdict.UNDECIDED]
    reasons = [judgement.reason for judgement in undecided]  # with what would settle each, where that is known
    if result.more_needed and not any(judgement.more_needed for judgement in undecided):
        reasons.append(f"about {result.more_needed:,} more would settle it")
    return f"undecided: {'; '.join([*reasons, *result.problems]) or 'nothing was judged'}"


def _advice(recommendation: Recommendation) -> str:
    miss = recommendation.nearest_miss
    if recommendation.winner is not None or recommendation.baseline is not None or miss is None:
        return ""
    changes = ", ".join(f"{flag_of(change.metric)} {change.text}" for change in miss.changes)
    return f"Nearest miss: {miss.candidate_id} would pass with {changes}."
