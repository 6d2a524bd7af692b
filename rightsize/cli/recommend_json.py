"""What ``recommend --json`` prints; ``schemas/recommend.schema.json`` describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rightsize.errors import ExitCode

if TYPE_CHECKING:
    from rightsize.decide.recommendation import CandidateResult, Recommendation
    from rightsize.domain import Judgement


def payload(answer: Recommendation, store: str = "") -> dict[str, Any]:
    """A decision with every candidate's judgements; ``store`` goes into the commands that would settle it."""
    from rightsize.decide.settling import settling
    from rightsize.decide.stuck import stuck

    miss = answer.nearest_miss
    return {
        "schema_version": 1,
        "command": "recommend",
        "tasks": list(answer.tasks),
        "minimize": answer.minimize.value,
        "alpha": answer.alpha,
        "alpha_each": answer.alpha_each,
        "verdict": _verdict(answer),
        "winner": answer.winner.candidate_id if answer.winner else None,
        "baseline": answer.baseline.candidate_id if answer.baseline else None,
        "smaller_undecided": [result.candidate_id for result in answer.smaller_undecided],
        "nearest_miss": asdict(miss) if miss else None,
        "settle": [run.command for run in settling(answer, store)],
        "stuck": [asdict(found) for found in stuck(answer)],
        "candidates": [_candidate_json(result) for result in answer.candidates],
        "notes": list(answer.notes),
    }


def _verdict(answer: Recommendation) -> str:
    from rightsize.decide.recommendation import exit_code

    return {ExitCode.PASS: "PASS", ExitCode.FAIL: "FAIL"}.get(exit_code(answer), "UNDECIDED")


def _candidate_json(result: CandidateResult) -> dict[str, Any]:
    return {
        "candidate": result.candidate_id,
        "verdict": result.verdict.value,
        "objective": result.objective,
        "objective_provenance": result.objective_provenance.value if result.objective_provenance else None,
        "embedded": result.embedded,
        "skipped": result.skipped,
        "more_needed": result.more_needed,
        "problems": list(result.problems),
        "judgements": [judgement_json(judgement) for judgement in result.judgements],
    }


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """One judged threshold in base units."""
    from rightsize.decide.thresholds import flag_of
    from rightsize.metrics import METRICS

    threshold = judgement.threshold
    return {
        "task": judgement.task,
        "metric": threshold.metric,
        "unit": METRICS[threshold.metric].unit,
        "flag": flag_of(threshold.metric),
        "limit": threshold.limit,
        "verdict": judgement.verdict.value,
        "value": judgement.value,
        "bound_low": judgement.bound_low,
        "bound_high": judgement.bound_high,
        "n": judgement.n,
        "alpha": judgement.alpha,
        "method": judgement.method,
        "provenance": judgement.provenance.value if judgement.provenance else None,
        "reason": judgement.reason,
        "more_needed": judgement.more_needed,
        "trust": judgement.trust or None,
    }
