"""A soak in one line: how fast it was at first, how fast it stayed, and the ratio."""

from __future__ import annotations

from typing import Any

from rightsize.domain import Measured, Record
from rightsize.stats.soak import Soak, soak_of


def soak_of_record(record: Record) -> Soak | None:
    """Return burst and sustained speed of a record that was soaked, else None."""
    facts = record.outcome.facts.get("soak") if isinstance(record.outcome, Measured) else None
    return soak_of(facts["at_s"], facts["tokens_per_s"]) if facts else None


def soak_json(record: Record) -> dict[str, Any] | None:
    """Return burst and sustained speed in tokens per second with the ratio's 95% interval; None without."""
    soak = soak_of_record(record)
    if soak is None:
        return None
    ratio = {"value": soak.ratio.value, "low": soak.ratio.lower, "high": soak.ratio.upper}
    return {
        "seconds": soak.seconds,
        "burst_tokens_per_s": soak.burst,
        "sustained_tokens_per_s": soak.sustained,
        "ratio": {**ratio, "method": soak.ratio.reason or soak.ratio.method},
    }


def soak_line(record: Record) -> str:
    """Return the line; empty without a soak."""
    soak = soak_of_record(record)
    if soak is None:
        return ""
    low, high = soak.ratio.lower, soak.ratio.upper
    interval = (
        f" [{low:.0%}, {high:.0%}]" if low is not None and high is not None else f" ({soak.ratio.reason})"
    )
    share = "" if soak.ratio.value is None else f": {soak.ratio.value:.0%}{interval} of it lasts"
    return (
        f"soak, {record.candidate_id}: {soak.burst:.3g} tok/s at first, {soak.sustained:.3g} sustained "
        f"over {soak.seconds:.0f} s{share}"
    )
