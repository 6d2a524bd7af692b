"""A gate's result as tidy lines, one per check: what the table, JUnit and the summaries all show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rightsize.decide.gate import GateResult
from rightsize.decide.gate_checks import SCORE_FLAG, Check
from rightsize.decide.thresholds import flag_of
from rightsize.domain import Judgement, Provenance, Verdict
from rightsize.stats.trust import Trust
from rightsize.units import format_value

#: What the two bounds of a check are, to stand below its lines.
BOUNDS = (
    "Bounds: the lower one errs in 1% at most, it fails; the upper one in 5% at most, it passes. "
    "n: items, requests or turns."
)
_LEAST_SCORE_FLAG = "--min-accuracy"


@dataclass(frozen=True, slots=True)
class GateLine:
    """One check in words. ``verdict`` is None for what is shown and not judged."""

    name: str
    verdict: Verdict | None
    change: str
    allowed: str
    detail: str

    @property
    def stated(self) -> str:
        """The change and what is allowed of it, as ``+36.7 pp, allowed ≤ 1 pp``."""
        if not self.change or not self.allowed:
            return self.change or f"limit {self.allowed}"
        return f"{self.change}, allowed {self.allowed}"


def gate_lines(result: GateResult) -> tuple[GateLine, ...]:
    """Every check and threshold of the gate, in order."""
    checks = tuple(_check_line(check) for check in result.checks)
    return checks + tuple(_threshold_line(judgement) for judgement in result.thresholds)


def moved_text(result: GateResult) -> str:
    """What moved, item by item."""
    moved = result.moved
    text = f"{moved.n} items: {moved.worse} scored lower, {moved.better} higher"
    return text if moved.p is None else f"{text} (McNemar p = {moved.p:.3g})"


def cause_text(result: GateResult) -> str:
    """What changed since the baseline; a likely cause where something got worse, else just what is new."""
    if not result.changes:
        same = "the model file, engine, settings, suite and machine are the baseline's"
        return f"Nothing changed: {same}" if result.unchanged else ""
    words = "Likely cause" if result.verdict is not Verdict.PASS else "Changed since the baseline"
    return f"{words}: {'; '.join(str(change) for change in result.changes)}"


def undecided_text(result: GateResult) -> str:
    """What is open in an undecided gate and what would decide it, in one sentence; empty when it is decided."""
    if result.verdict is not Verdict.UNDECIDED:
        return ""
    return f"Undecided: {'; '.join([*_told(result), *_counted(result)])}"


def _told(result: GateResult) -> Iterator[str]:
    """The open checks, with the reason of each that no number of items or requests would decide."""
    counted = [each.name for each in result.checks if _is_counted(each)]
    counted += [flag_of(j.threshold.metric).removeprefix("--") for j in result.thresholds if _is_counted(j)]
    if counted:
        yield ", ".join(counted)
    for line in gate_lines(result):
        if line.verdict is Verdict.UNDECIDED and line.name not in counted:
            yield f"{line.name}: {line.detail}" if line.detail else line.name


def _is_counted(each: Check | Judgement) -> bool:
    disturbed = isinstance(each, Judgement) and each.trust == Trust.CONTAMINATED
    return each.verdict is Verdict.UNDECIDED and bool(each.more_needed) and not disturbed


def _counted(result: GateResult) -> Iterator[str]:
    wanted = {"items": result.more_items, "requests": result.more_requests}
    known = [f"{more:,} more {what}" for what, more in wanted.items() if more]
    if known:
        yield f"about {' and '.join(known)} would decide"


def _check_line(check: Check) -> GateLine:
    least = check.flag == _LEAST_SCORE_FLAG
    points = check.flag == SCORE_FLAG
    bounds = f"{_change(check.bound_low, points, least)} to {_change(check.bound_high, points, least)}"
    known = check.bound_low is not None or check.bound_high is not None
    words = [
        check.reason,
        f"bounds {bounds}" if known and check.bound_low != check.bound_high else "",
        _sides(check),
        "" if check.provenance is Provenance.MEASURED else check.provenance.value,
    ]
    sign = "≥" if least else "≤"
    return GateLine(
        name=check.name,
        verdict=check.verdict,
        change=_change(check.change, points, least) if check.change is not None else "not known",
        allowed="" if check.allowance is None else f"{sign} {_change(check.allowance, points, True)}",
        detail="; ".join(word for word in words if word),
    )


def _sides(check: Check) -> str:
    """``38.3% before, 40.0% now, n=60``."""
    if check.before is None or check.after is None:
        return f"n={check.n:,}" if check.n else ""
    before, after = (format_value(value, check.unit) for value in (check.before, check.after))
    return f"{before} before, {after} now, n={check.n:,}"


def _threshold_line(judgement: Judgement) -> GateLine:
    threshold = judgement.threshold
    flag = flag_of(threshold.metric)
    return GateLine(flag.removeprefix("--"), judgement.verdict, "", threshold.text, judgement.reason)


def _change(value: float | None, points: bool, plain: bool = False) -> str:
    """A drop in percentage points or a change in percent, with its sign unless ``plain``."""
    if value is None:
        return "?"
    number = f"{100 * value + 0.0:.3g}" if plain else f"{round(100 * value, 1) + 0.0:+.1f}"
    return f"{number} pp" if points else f"{number}%"
