"""One line of the gate: a score drop on the same items, or an increase of latency, memory or energy.

Every check has two bounds: it PASSes when the upper one, wrong with probability 5%, is within the allowance,
and FAILs only when the lower one, wrong with probability 1%, exceeds it. The lower bound of an increase leaves
room for what an unchanged model differs by from run to run, which the samples of one run cannot show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from rightsize.decide.more_needed import items_needed, scaled
from rightsize.decide.pairs import Pairs
from rightsize.domain import Provenance, Reading, Record, Verdict
from rightsize.metrics import METRICS
from rightsize.stats.bootstrap import median_ratio_bounds
from rightsize.stats.bounds import Bounds
from rightsize.stats.mean import mean_ratio_bounds
from rightsize.stats.paired import paired_drop_bounds
from rightsize.stats.ratio import paired_ratio_bounds

PASS_ALPHA, FAIL_ALPHA = 0.05, 0.01

#: Flag, and the reading it allows to grow.
INCREASES = {
    "--max-latency-increase": "latency_ms",
    "--max-memory-increase": "memory_bytes",
    "--max-energy-increase": "energy_j_per_request",
}
SCORE_FLAG = "--max-accuracy-drop"

#: What an unchanged model's times and energy may come out at in another run: clock, heat and neighbours drift
#: over minutes to hours. Measured in turns both sides feel it, and it cancels.
RUN_TO_RUN = 1.2
#: The same of peak memory: equal runs lay within 0.4% (how much of a file is paged in, where a heap grows); of
#: small models what our own worker keeps of more or fewer requests, up to 1.5 MB, is more than that.
PEAK_TO_PEAK, WORKER_BYTES = 1.01, 2e6


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the gate. ``verdict`` is None for what is only shown.

    ``change`` is a score drop or a relative increase as a ratio (with the flag ``--min-accuracy`` a score),
    with the bounds the verdict was made from. ``more_needed`` items (for an increase: requests) would decide
    it if things stay as they look; None where no number of them is known to. ``before`` and ``after`` are the
    two sides in ``unit``: mean score, median latency, peak memory, mean energy.
    """

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
    more_needed: int | None = None
    before: float | None = None
    after: float | None = None
    unit: str = ""
    provenance: Provenance = Provenance.MEASURED


def score_check(
    pairs: Pairs,
    allowance: float | None,
    record: Record,
    *,
    name: str = "score drop",
    fail_alpha: float = FAIL_ALPHA,
    unchanged: bool = False,
    absent: str = "",
) -> Check:
    """Judge how far the score of these items fell; ``absent`` says why there is no score at all.

    ``unchanged`` (the same model, engine, settings, suite and machine) passes when no item moved either: what
    is the same cannot be worse than itself, however few items there are.
    """
    if problem := absent or pairs.bad_score or ("" if pairs.ids else "no items"):
        return _unjudged(name, SCORE_FLAG, allowance, problem)
    passing = paired_drop_bounds(pairs.before, pairs.after, pairs.groups, PASS_ALPHA)
    failing = paired_drop_bounds(pairs.before, pairs.after, pairs.groups, fail_alpha)
    check = replace(
        _check(name, SCORE_FLAG, passing, failing, allowance),
        before=fmean(pairs.before),
        after=fmean(pairs.after),
        unit="ratio",
    )
    if check.verdict is not Verdict.UNDECIDED or allowance is None:
        return check
    if unchanged and not pairs.worse and not pairs.better:
        return replace(check, verdict=Verdict.PASS, reason="the same measurement, and no item moved")
    more = _items_that_decide(pairs, check, allowance)
    if more is None and not pairs.worse:
        words = "no item scored lower, but no number of items shows that nothing at all was lost"
    else:
        still = "" if pairs.worse else "no item scored lower; "
        words = still + items_needed(more, record, check.n).remark
    return replace(check, reason=words, more_needed=more)


def _items_that_decide(pairs: Pairs, check: Check, allowance: float) -> int | None:
    """How many more items would decide a drop, if the share of items that moved stays as it is."""
    value = check.change or 0.0
    if not pairs.worse and not pairs.better:
        # None moved of n: the bound of what may still move falls as 1 / n, not as its root.
        share = min(allowance, 0.999)
        return max(1, math.ceil(math.log(PASS_ALPHA) / math.log1p(-share)) - check.n) if share > 0 else None
    low, high = check.bound_low or 0.0, check.bound_high or 0.0
    half = high - value if value <= allowance else value - low
    return scaled(check.n, half, abs(value - allowance))


def increase_check(
    flag: str,
    before: Reading | None,
    after: Reading | None,
    allowance: float | None,
    *,
    same_machine: bool,
    in_turns: bool = False,
) -> Check:
    """Judge how far latency, memory or energy grew; ``in_turns``: the samples pair up, turn by turn."""
    metric = INCREASES[flag]
    name = f"{METRICS['latency_p50_ms' if metric == 'latency_ms' else metric].title} increase"
    if problem := _incomparable(before, after, same_machine):
        return _unjudged(name, flag, allowance, problem)
    assert before is not None and after is not None
    ratio = paired_ratio_bounds if in_turns and metric != "memory_bytes" else _RATIOS[metric]
    passing = _increase(ratio(after.samples, before.samples, PASS_ALPHA))
    room = _room(metric, before, in_turns=in_turns)
    failing = _increase(_with_room(ratio(after.samples, before.samples, FAIL_ALPHA), room))
    check = replace(
        _check(name, flag, passing, failing, allowance),
        before=_FIGURES[metric](before.samples),
        after=_FIGURES[metric](after.samples),
        unit=after.unit,
        provenance=after.provenance,
    )
    if check.verdict is not Verdict.UNDECIDED or check.change is None or allowance is None or check.reason:
        return check
    value = check.change
    if value > allowance:
        # What the lower bound comes to with ever more samples: they take nothing off the room.
        value = (1 + value) / room - 1
        if value <= allowance:
            return replace(check, reason=_within_room(room))
    half = (check.bound_high or value) - value if value <= allowance else value - (check.bound_low or value)
    more = scaled(check.n, half, abs(value - allowance))
    what = "turns" if in_turns else "requests"
    words = f"about {more:,} more {what} would decide" if more else "too close to the allowance to tell"
    return replace(check, reason=words, more_needed=None if in_turns else more)


def _room(metric: str, before: Reading, *, in_turns: bool) -> float:
    """The ratio up to which an unchanged model may come out worse in another run."""
    if metric == "memory_bytes":
        return max(PEAK_TO_PEAK, 1 + WORKER_BYTES / max(before.samples))
    return 1.0 if in_turns else RUN_TO_RUN


def _with_room(ratio: Bounds, room: float) -> Bounds:
    return ratio if ratio.lower is None else replace(ratio, lower=ratio.lower / room)


def _within_room(room: float) -> str:
    advice = "; --remeasure-baseline measures both in turns" if room == RUN_TO_RUN else ""
    return f"an unchanged model may differ by {room - 1:.0%} from run to run{advice}"


def _incomparable(before: Reading | None, after: Reading | None, same_machine: bool) -> str:
    if not same_machine:
        return "the baseline is from another machine; --remeasure-baseline measures it here"
    if before is None or not before.samples:
        return "not measured in the baseline"
    if after is None or not after.samples:
        return "not measured in this run"
    if before.provenance is not after.provenance:
        return f"baseline {before.provenance}, now {after.provenance}"
    if not all(math.isfinite(sample) for sample in (*before.samples, *after.samples)):
        return "a sample is not a number"
    return "" if max(before.samples) > 0 else "the baseline is zero: there is no ratio"


def _peak_ratio(after: Sequence[float], before: Sequence[float], alpha: float) -> Bounds:
    """Peaks of memory have no samples to resample: their ratio is taken as it was observed."""
    ratio = max(after) / max(before)
    return Bounds(ratio, ratio, ratio, len(after), alpha, "observed maxima")


_RATIOS: dict[str, Callable[[Sequence[float], Sequence[float], float], Bounds]] = {
    "latency_ms": median_ratio_bounds,
    "memory_bytes": _peak_ratio,
    "energy_j_per_request": mean_ratio_bounds,
}


_FIGURES: dict[str, Callable[[Sequence[float]], float]] = {
    "latency_ms": median,
    "memory_bytes": max,
    "energy_j_per_request": fmean,
}


def _increase(ratio: Bounds) -> Bounds:
    def less_one(value: float | None) -> float | None:
        return None if value is None else value - 1

    bounds = less_one(ratio.value), less_one(ratio.lower), less_one(ratio.upper)
    return Bounds(*bounds, ratio.n, ratio.alpha, ratio.method, ratio.reason, ratio.least_n)


def _check(name: str, flag: str, passing: Bounds, failing: Bounds, allowance: float | None) -> Check:
    """PASS by the upper bound of ``passing``, FAIL by the lower one of ``failing``."""
    verdict = None
    if allowance is not None:
        passes = passing.upper is not None and passing.upper <= allowance
        fails = failing.lower is not None and failing.lower > allowance
        # Failing comes first: it needs the stronger evidence, so both at once would be a fault of the bounds.
        verdict = Verdict.FAIL if fails else Verdict.PASS if passes else Verdict.UNDECIDED
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
