"""How far measurements can be trusted, as marks beside figures and a line for each that was disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rightsize.decide.trust import overall_trust, trust_of
from rightsize.domain import Record
from rightsize.metrics import METRICS
from rightsize.stats.trust import Trust, TrustVerdict

MARKS = {Trust.CONTAMINATED: "!", Trust.NOISY: "~"}
_SHOWN = 4


def mark(record: Record, metric: str) -> str:
    """``!`` beside a contaminated figure, ``~`` beside a noisy one, nothing beside any other."""
    verdict = trust_of(record, metric)
    return MARKS.get(verdict.label, "") if verdict and verdict.label else ""


def trust_lines(records: Sequence[Record], most: int = _SHOWN) -> list[str]:
    """What the marks mean, the worst first; one line that says so when nothing was disturbed."""
    found = [(record, verdict) for record in records if (verdict := overall_trust(record)) is not None]
    lines = [
        f"{MARKS[label]} {label.value}: {record.candidate_id} on {record.suite}, {verdict.reason}"
        for label in MARKS
        for record, verdict in found
        if verdict.label is label
    ]
    hidden = len(lines) - most
    if hidden > 0:
        lines = [*lines[:most], f"and {hidden} more; --json has all of them"]
    if not lines and found and all(verdict.label is Trust.TRUSTED for _, verdict in found):
        lines = ["trusted: nothing else was seen to disturb these times"]
    return lines


def trust_text(verdict: TrustVerdict | None) -> str:
    """The label and its reason in words; empty where none applies."""
    if verdict is None:
        return ""
    return f"{verdict.label.value}: {verdict.reason}" if verdict.label else verdict.reason


def trust_json(record: Record) -> dict[str, Any] | None:
    """The overall verdict and one for every metric that a quiet machine matters to; None without any."""
    overall = overall_trust(record)
    if overall is None:
        return None
    each = {name: verdict for name in METRICS if (verdict := trust_of(record, name)) is not None}
    return {**_plain(overall), "metrics": {name: _plain(verdict) for name, verdict in each.items()}}


def _plain(verdict: TrustVerdict) -> dict[str, Any]:
    return {"label": verdict.label.value if verdict.label else None, "reason": verdict.reason}
