"""What to measure next: the smallest run per undecided candidate that may settle it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rightsize.decide.bench_run import Settling, again, merged, twin_of
from rightsize.decide.more_needed import items_in_suite
from rightsize.decide.recommendation import CandidateResult, Recommendation
from rightsize.decide.thresholds import OTHER_MACHINE
from rightsize.domain import Judgement, Measured, Record, Verdict
from rightsize.metrics import METRICS
from rightsize.stats.order import least_samples
from rightsize.stats.trust import Trust

ITEM_METRICS = {"score", "score_drop", "invalid_rate"}
_REQUEST_READINGS = ("latency", "ttft", "itl", "energy")
_SPEED_READINGS = ("decode_tokens", "prefill_tokens")


def settling(recommendation: Recommendation, store: str = "") -> tuple[Settling, ...]:
    """Return the runs that may settle what is open: none where more of the same would not help.

    With a winner only smaller candidates matter; without any stored result it is what was raced, or the whole
    task. ``store`` is the results database to name, empty for the default one.
    """
    if recommendation.candidates:
        runs = [run for result in recommendation.smaller_undecided for run in _runs(result, recommendation)]
    else:
        raced = [_measured_in_full(records, recommendation.tasks) for records in recommendation.raced.values()]
        runs = raced or [Settling(recommendation.tasks)]
    paths = recommendation.task_paths
    return tuple(
        replace(run, tasks=tuple(paths.get(task, task) for task in run.tasks), store=store)
        for run in merged(runs)
    )


def settles(result: CandidateResult, recommendation: Recommendation) -> bool:
    """Whether there is a run that may settle an undecided candidate."""
    return bool(_runs(result, recommendation))


def _measured_in_full(raced: Mapping[str, Record], tasks: tuple[str, ...]) -> Settling:
    """The run that measures what was raced on all the items that the race could have asked."""
    limits = [_race_limit(record) for record in raced.values()]
    return replace(again(raced, tasks), limit=None if None in limits else max(limit or 0 for limit in limits))


def _race_limit(record: Record) -> int | None:
    """How many items the race was limited to; None: to none."""
    most, total = record.suite_info["race"].get("items_of", {}).get(record.suite), items_in_suite(record)
    return None if most is None or total is None or most >= total else int(most)


def _runs(result: CandidateResult, recommendation: Recommendation) -> list[Settling]:
    """What measures a candidate further, and first the reference that it lacks items of."""
    reference = _reference(result, recommendation)
    own = _run(result, recommendation.tasks)
    if reference is None or reference.candidate_id == result.candidate_id:
        return [own] if own else []
    drops = [j for j in result.judgements if j.threshold.reference and j.verdict is Verdict.UNDECIDED]
    short = [j for j in drops if j.more_needed and _answered(reference, j.task) < j.n + j.more_needed]
    missing = [j for j in drops if not _answered(reference, j.task)]
    found = [own] if own and not missing else []
    if short or missing:
        tasks = tuple(dict.fromkeys(j.task for j in (*short, *missing)))
        run = again(reference.records, tasks)
        found.insert(0, replace(run, limit=None if missing else _limit(short, reference.records)))
    return found


def _reference(result: CandidateResult, recommendation: Recommendation) -> CandidateResult | None:
    """The candidate that a relative threshold of ``result`` is about."""
    named = next((j.threshold.reference for j in result.judgements if j.threshold.reference), "")
    exact = [each for each in recommendation.candidates if each.candidate_id == named]
    fits = exact or [each for each in recommendation.candidates if each.candidate_id.startswith(named)]
    return fits[0] if named and fits else None


def _answered(result: CandidateResult, task: str) -> int:
    record = result.records.get(task)
    return len(record.outcome.items) if record and isinstance(record.outcome, Measured) else 0


def _run(result: CandidateResult, tasks: Sequence[str]) -> Settling | None:
    open_ones = [judgement for judgement in result.judgements if judgement.verdict is Verdict.UNDECIDED]
    unmeasured = [task for task in tasks if _unmeasured(result, task)]
    growing = [judgement for judgement in open_ones if judgement.more_needed is not None]
    if twin_of(result.records):
        # No number of items gives a twin a score; more requests can settle its speed.
        growing = [judgement for judgement in growing if not _is_item(judgement)]
    # Of a drop it may be the reference alone that lacks items.
    growing = [j for j in growing if not j.threshold.reference or _answered(result, j.task) < _asked(j)]
    if not unmeasured and not growing:
        return None
    affected = [task for task in tasks if task in unmeasured or any(j.task == task for j in growing)]
    return replace(
        again(result.records, tuple(affected)),
        limit=_limit(growing, result.records),
        requests=_wanted(growing, _REQUEST_READINGS),
        repetitions=_wanted(growing, _SPEED_READINGS),
        # More items are missing items; more requests are not, and would be taken as measured already.
        force=bool(growing) and not any(_is_item(judgement) for judgement in growing),
        # Too few samples are more samples' to settle: enough of them may pass although they are disturbed.
        quiet=any(j.trust == Trust.CONTAMINATED and not j.more_needed for j in growing),
    )


def _unmeasured(result: CandidateResult, task: str) -> bool:
    judged = [judgement for judgement in result.judgements if judgement.task == task]
    return not judged or any(judgement.reason == OTHER_MACHINE for judgement in judged)


def _limit(growing: Sequence[Judgement], records: Mapping[str, Record]) -> int | None:
    """The largest number of items asked for; None when that is all of them."""
    limits = [record.limit for record in records.values()]
    asked = [_asked(j) for j in growing if _is_item(j)]
    if not asked:
        return None if None in limits else max(limit or 0 for limit in limits)
    totals = [total for record in records.values() if (total := items_in_suite(record)) is not None]
    return None if totals and max(asked) >= max(totals) else max(asked)


def _asked(judgement: Judgement) -> int:
    """How many samples would settle it: of a percentile never fewer than give it an upper bound, without which
    no measurement of it can pass, however quiet."""
    q = METRICS[judgement.threshold.metric].percentile
    least = least_samples(q, judgement.alpha) if q else 0
    return max(judgement.n + (judgement.more_needed or 0), least)


def _is_item(judgement: Judgement) -> bool:
    return judgement.threshold.metric in ITEM_METRICS


def _wanted(growing: Sequence[Judgement], readings: tuple[str, ...]) -> int | None:
    """The most samples that any open threshold on such readings needs."""
    wanted = (_asked(j) for j in growing if j.threshold.metric.startswith(readings))
    return max(wanted, default=None)
