"""The gate: has a candidate become worse than its baseline, item by item and run by run?

Scores are compared on the same items (a paired comparison is far stronger than two percentages); changes of
latency, memory and energy are ratios, and only between equal machines. A check passes when its bound at 5%
error meets the allowance and fails only when the opposite bound at 1% misses it: a gate that cries wolf is
switched off. For the same reason a score check passes, whatever its bound, when no single item scored lower:
an unchanged model must not be stopped because the suite is small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rightsize.decide.baseline import Baseline, BaselineItem
from rightsize.decide.thresholds import judge
from rightsize.domain import Judgement, Measured, Reading, Record, Threshold, Verdict
from rightsize.errors import ExitCode
from rightsize.metrics import METRICS
from rightsize.stats.binomial import mcnemar_p
from rightsize.stats.bootstrap import median_ratio_bounds
from rightsize.stats.bounds import Bounds
from rightsize.stats.mean import mean_ratio_bounds
from rightsize.stats.paired import paired_drop_bounds

PASS_ALPHA, FAIL_ALPHA = 0.05, 0.01

#: Flag, and the reading it allows to grow.
INCREASES = {
    "--max-latency-increase": "latency_ms",
    "--max-memory-increase": "memory_bytes",
    "--max-energy-increase": "energy_j_per_request",
}


#: Of so many independent items at least one would have scored lower, with 95% confidence, had 5% of all got
#: worse. With fewer, "none scored lower" says too little to pass on (docs/decisions/007).
LEAST_UNCHANGED = 59


@dataclass(frozen=True, slots=True)
class Allowances:
    """How much worse it may get: ``accuracy_drop`` in score (0.01 is one percentage point), ``increases`` maps
    flags of :data:`INCREASES` to relative growth. None and absence mean "not judged, only shown"."""

    accuracy_drop: float | None = None
    increases: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the gate. ``verdict`` is None for what is only shown. ``change`` is a score drop or a
    relative increase as a ratio, with the bounds the verdict was made from."""

    name: str
    flag: str
    verdict: Verdict | None
    change: float | None
    bound_low: float | None
    bound_high: float | None
    allowance: float | None
    n: int
    method: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many items changed: ``worse`` and ``better`` in score, of ``n``; ``p`` by McNemar's exact test where
    items are right or wrong and independent, else None."""

    n: int
    worse: int
    better: int
    p: float | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """All checks of one candidate against its baseline."""

    candidate_id: str
    baseline_candidate_id: str
    suite: str
    checks: tuple[Check, ...]
    thresholds: tuple[Judgement, ...]
    moved: Moved

    @property
    def verdict(self) -> Verdict:
        """FAIL if any check failed, else UNDECIDED if any is, else PASS."""
        verdicts = {check.verdict for check in self.checks} | {
            judgement.verdict for judgement in self.thresholds
        }
        return next((v for v in (Verdict.FAIL, Verdict.UNDECIDED) if v in verdicts), Verdict.PASS)


def gate_exit_code(result: GateResult) -> ExitCode:
    """Return 0 for PASS, 1 for FAIL, 3 for UNDECIDED."""
    return {
        Verdict.PASS: ExitCode.PASS,
        Verdict.FAIL: ExitCode.FAIL,
        Verdict.UNDECIDED: ExitCode.UNDECIDED,
    }[result.verdict]


def compare(
    baseline: Baseline,
    record: Record,
    allowances: Allowances,
    thresholds: Sequence[Threshold] = (),
    *,
    machine_fingerprint: str | None = None,
) -> GateResult:
    """Judge a measured ``record`` against ``baseline``, which must be of the same suite and items.

    ``thresholds`` on speed, memory and energy count only for ``machine_fingerprint`` (None: any machine).
    Raises ValueError when the record was not measured or holds other items: callers check and say it better.
    """
    if not isinstance(record.outcome, Measured):
        raise ValueError(f"record {record.id} is not a measurement")
    after = {item.item_id: item.score for item in record.outcome.items}
    if after.keys() != baseline.items.keys():
        raise ValueError("baseline and record hold different items")
    readings = {reading.metric: reading for reading in record.outcome.readings}
    same_machine = baseline.machine_fingerprint == record.machine_fingerprint
    increases = (
        _increase_check(flag, baseline.readings.get(metric), readings.get(metric), allowances, same_machine)
        for flag, metric in INCREASES.items()
    )
    return GateResult(
        candidate_id=record.candidate_id,
        baseline_candidate_id=baseline.candidate_id,
        suite=record.suite,
        checks=(_score_check(baseline.items, record.outcome, allowances.accuracy_drop), *increases),
        thresholds=tuple(
            judge(threshold, record, PASS_ALPHA, machine_fingerprint=machine_fingerprint)
            for threshold in thresholds
        ),
        moved=_moved(baseline.items, after),
    )


def _score_check(before: Mapping[str, BaselineItem], outcome: Measured, allowance: float | None) -> Check:
    name, flag = "score drop", "--max-accuracy-drop"
    if why := next((absent.reason for absent in outcome.absent if absent.metric == "score"), None):
        return _unjudged(name, flag, allowance, why)
    after = {item.item_id: item.score for item in outcome.items}
    ids = list(before)
    old, groups = [before[i].score for i in ids], [before[i].group for i in ids]
    new = [after[i] for i in ids]
    passing = paired_drop_bounds(old, new, groups, PASS_ALPHA)
    failing = paired_drop_bounds(old, new, groups, FAIL_ALPHA)
    check = _check(name, flag, passing, failing, allowance)
    worse = any(new_score < old_score for new_score, old_score in zip(new, old, strict=True))
    if allowance is None or worse or len(ids) < LEAST_UNCHANGED:
        return check
    return replace(check, verdict=Verdict.PASS, reason="no item scored lower")


def _increase_check(
    flag: str, before: Reading | None, after: Reading | None, allowances: Allowances, same_machine: bool
) -> Check:
    metric = INCREASES[flag]
    name = f"{METRICS['latency_p50_ms' if metric == 'latency_ms' else metric].title} increase"
    allowance = (allowances.increases or {}).get(flag)
    if not same_machine:
        return _unjudged(name, flag, allowance, "the baseline is from another machine")
    if before is None or after is None or not after.samples:
        side = "the baseline" if before is None else "this run"
        return _unjudged(name, flag, allowance, f"not measured in {side}")
    if before.provenance is not after.provenance:
        return _unjudged(name, flag, allowance, f"baseline {before.provenance}, now {after.provenance}")
    ratio = _RATIOS[metric]
    passing = _increase(ratio(after.samples, before.samples, PASS_ALPHA))
    failing = _increase(ratio(after.samples, before.samples, FAIL_ALPHA))
    return _check(name, flag, passing, failing, allowance)


def _peak_ratio(after: Sequence[float], before: Sequence[float], alpha: float) -> Bounds:
    """Peaks of memory hardly vary between runs: their ratio is taken as it was observed."""
    ratio = max(after) / max(before)
    return Bounds(ratio, ratio, ratio, len(after), alpha, "observed maxima")


_RATIOS: dict[str, Callable[[Sequence[float], Sequence[float], float], Bounds]] = {
    "latency_ms": median_ratio_bounds,
    "memory_bytes": _peak_ratio,
    "energy_j_per_request": mean_ratio_bounds,
}


def _increase(ratio: Bounds) -> Bounds:
    def less_one(value: float | None) -> float | None:
        return None if value is None else value - 1

    bounds = less_one(ratio.value), less_one(ratio.lower), less_one(ratio.upper)
    return Bounds(*bounds, ratio.n, ratio.alpha, ratio.method, ratio.reason, ratio.least_n)


def _check(name: str, flag: str, passing: Bounds, failing: Bounds, allowance: float | None) -> Check:
    """PASS by the upper bound at 5% error, FAIL by the lower bound at 1%."""
    verdict = None
    if allowance is not None:
        passes = passing.upper is not None and passing.upper <= allowance
        fails = failing.lower is not None and failing.lower > allowance
        verdict = Verdict.PASS if passes else Verdict.FAIL if fails else Verdict.UNDECIDED
    return Check(
        name=name,
        flag=flag,
        verdict=verdict,
        change=passing.value,
        bound_low=failing.lower,
        bound_high=passing.upper,
        allowance=allowance,
        n=passing.n,
        method=passing.method,
        reason=passing.reason,
    )


def _unjudged(name: str, flag: str, allowance: float | None, reason: str) -> Check:
    """Not comparable: undecided if someone asked for this check, otherwise only said."""
    verdict = None if allowance is None else Verdict.UNDECIDED
    return Check(name, flag, verdict, None, None, None, allowance, 0, "none", reason)


def _moved(before: Mapping[str, BaselineItem], after: Mapping[str, float]) -> Moved:
    worse = sum(after[i] < item.score for i, item in before.items())
    better = sum(after[i] > item.score for i, item in before.items())
    binary = {item.score for item in before.values()} | set(after.values()) <= {0.0, 1.0}
    independent = len({item.group for item in before.values()}) == len(before)
    return Moved(len(before), worse, better, mcnemar_p(worse, better) if binary and independent else None)
