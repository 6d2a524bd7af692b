"""How far measurements can be trusted, as marks beside figures and a line for each that was disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rightsize.decide.trust import overall_trust, trust_of, worse_of
from rightsize.domain import Provenance, Record
from rightsize.metrics import METRICS
from rightsize.stats.trust import Trust, TrustVerdict

MARKS = {Trust.CONTAMINATED: "!", Trust.NOISY: "~"}
_SHOWN = 4


def mark(record: Record, metric: str) -> str:
    """``!`` beside a contaminated figure, ``~`` beside a noisy one, nothing beside any other."""
    verdict = trust_of(record, metric)
    return MARKS.get(verdict.label, "") if verdict and verdict.label else ""


def joint_trust(records: Sequence[Record], metric: str) -> Trust | None:
    """The worse label of what a figure was made from; None where a quiet machine does not matter to it."""
    verdict = worse_of([trust_of(record, metric) for record in records])
    return verdict.label if verdict else None


def marks_of(label: Trust | None, provenance: Provenance | None) -> str:
    """``*`` beside what is no measurement, then the mark of how far it can be trusted."""
    star = "" if provenance in {None, Provenance.MEASURED} else "*"
    return star + (MARKS.get(label, "") if label else "")


def marks_legend(marks: str) -> str:
    """What the marks that occur among ``marks`` mean, in words; empty where none does."""
    words = {
        "*": "* modelled or configured",
        "!": "! contaminated: something else disturbed it",
        "~": "~ noisy",
    }
    return "; ".join(word for sign, word in words.items() if sign in marks)


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


#: The overall verdict on a cell, beside its figures.
TRUST_COLUMNS = ("trust", "trust_reason")


def trust_columns(record: Record) -> dict[str, str | None]:
    """The overall verdict on a record and its reason, by column; None where none applies."""
    overall = overall_trust(record)
    if overall is None:
        return dict.fromkeys(TRUST_COLUMNS)
    return {"trust": overall.label.value if overall.label else None, "trust_reason": overall.reason}


def _plain(verdict: TrustVerdict) -> dict[str, Any]:
    return {"label": verdict.label.value if verdict.label else None, "reason": verdict.reason}
