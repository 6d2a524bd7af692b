"""From stored records to what the checks say: an estimate, or why there is none, for each of their figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rightsize.checks.confidence import auroc_bounds, brier_bounds, calibration_bounds
from rightsize.checks.pairs import flip_rate, paired, score_drop
from rightsize.checks.variants import FEWSHOT, FOREIGN, ORDER, Variant, parse_name
from rightsize.domain import Absent, Estimate, ItemOutcome, Measured, Record
from rightsize.stats.betting import score_bounds
from rightsize.stats.bounds import Bounds

CONFIDENCE = 0.95
TITLES = {
    "score_drop": "score drop",
    "flip_rate": "answers flipped",
    "abstain_rate": "abstains",
    "auroc": "AUROC of confidence",
    "calibration_error": "calibration error",
    "brier_score": "Brier score",
}


@dataclass(frozen=True, slots=True)
class CheckFigure:
    """One figure of one check of one candidate on one task; ``variant`` is in words."""

    task: str
    candidate: str
    check: str
    variant: str
    figure: Estimate | Absent


def check_figures(records: Sequence[Record], checks: Iterable[str] = ()) -> list[CheckFigure]:
    """What the checks among ``records`` say, by task and candidate; of ``checks`` only, if any are named.

    Calibration needs no run of its own: it is given when named, or when another check of the task was run.

    A derived task is compared only with its own: same machine, candidate, engine and version of the task.
    """
    asked = set(checks)
    own_tasks = [record for record in records if parse_name(record.suite) is None]
    bases = _fullest(record for record in own_tasks if isinstance(record.outcome, Measured))
    derived = _fullest(record for record in records if parse_name(record.suite) is not None)
    found: list[CheckFigure] = []
    for base in sorted(
        bases.values(), key=lambda record: (record.suite, record.size_order, record.candidate_id)
    ):
        own = [other for other in derived.values() if _belongs(other, base)]
        for other in own:
            found += _of_variant(base, other, own)
        if own or "calibration" in asked:
            found += _calibration(base)
    return [figure for figure in found if not asked or figure.check in asked]


def _fullest(records: Iterable[Record]) -> dict[tuple[str, str, str], Record]:
    """One record for each machine, candidate and task: of the newest version, the one with most items."""
    chosen: dict[tuple[str, str, str], Record] = {}
    for record in sorted(records, key=lambda record: record.id):
        key = (record.machine_fingerprint, record.candidate_id, record.suite)
        old = chosen.get(key)
        if old is None or old.suite_sha256 != record.suite_sha256 or len(_items(record)) >= len(_items(old)):
            chosen[key] = record
    return chosen


def _belongs(derived: Record, base: Record) -> bool:
    name = parse_name(derived.suite)
    return (
        name is not None
        and name[0] == base.suite
        and derived.suite_info.get("derived_from") == base.suite_sha256
        and derived.machine_fingerprint == base.machine_fingerprint
        and derived.candidate == base.candidate
        and derived.engine == base.engine
    )


def _of_variant(base: Record, derived: Record, own: Sequence[Record]) -> list[CheckFigure]:
    name = parse_name(derived.suite)
    assert name is not None
    variant = name[1]
    if variant == FEWSHOT:
        return []
    if not isinstance(derived.outcome, Measured):
        return [_figure(base, variant, "flip_rate", derived.outcome.reason)]
    if variant == FOREIGN:
        return _foreign(base, derived)
    before = base
    if variant == ORDER:
        before = next((record for record in own if record.suite == FEWSHOT.task(base.suite)), base)
    pairs = paired(_items(before), _items(derived))
    flips = _figure(base, variant, "flip_rate", flip_rate(pairs, CONFIDENCE))
    if variant == ORDER:
        return [flips]
    return [_figure(base, variant, "score_drop", score_drop(pairs, CONFIDENCE)), flips]


def _foreign(base: Record, derived: Record) -> list[CheckFigure]:
    """Whether foreign items are declined where the task has an answer for that, and are told by confidence.

    The task's own items whose right answer is to decline count as foreign too.
    """
    foreign = [item for item in _items(derived) if item.error is None]
    declines = {item.target for item in foreign} - {""}
    out = [*foreign, *(item for item in _items(base) if item.error is None and item.target in declines)]
    own = [item for item in _items(base) if item.error is None and item.target not in declines]
    reason = "the task has no answer that declines" if not declines else "no foreign item could be asked"
    abstains: Bounds | str = reason
    if declines and out:
        scores = [item.score for item in out]
        abstains = score_bounds(scores, [item.group for item in out], (1 - CONFIDENCE) / 2)
    told = [(item, True) for item in own if item.confidence is not None]
    told += [(item, False) for item in out if item.confidence is not None]
    ranked: Bounds | str = "the engine tells no confidence"
    if told:
        judged = [(item.confidence or 0.0, is_own) for item, is_own in told]
        ranked = auroc_bounds(judged, [f"{is_own}/{item.group}" for item, is_own in told], CONFIDENCE)
    return [
        _figure(base, FOREIGN, "abstain_rate", abstains),
        _figure(base, FOREIGN, "auroc", ranked),
    ]


def _calibration(base: Record) -> list[CheckFigure]:
    told = [item for item in _items(base) if item.confidence is not None and item.error is None]
    variant = Variant("calibration", "own", "confidence")
    metrics = {"calibration_error": calibration_bounds, "brier_score": brier_bounds}
    if not told:
        return [_figure(base, variant, metric, "the engine tells no confidence") for metric in metrics]
    judged = [(item.confidence or 0.0, item.score >= 1.0) for item in told]
    groups = [item.group for item in told]
    return [
        _figure(base, variant, name, bounds(judged, groups, CONFIDENCE)) for name, bounds in metrics.items()
    ]


def _figure(base: Record, variant: Variant, metric: str, bounds: Bounds | str) -> CheckFigure:
    return CheckFigure(base.suite, base.candidate_id, variant.check, variant.title, _estimate(metric, bounds))


def _estimate(metric: str, bounds: Bounds | str) -> Estimate | Absent:
    if isinstance(bounds, str):
        return Absent(metric, bounds)
    if bounds.value is None or bounds.value != bounds.value:
        return Absent(metric, bounds.reason or "all items are of one kind")
    method = bounds.reason or bounds.method
    return Estimate(
        metric, "ratio", bounds.value, bounds.lower, bounds.upper, bounds.n, method, confidence=CONFIDENCE
    )


def _items(record: Record) -> tuple[ItemOutcome, ...]:
    return record.outcome.items if isinstance(record.outcome, Measured) else ()
