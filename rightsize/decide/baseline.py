"""A baseline: what one candidate achieved on one suite, kept without any text so that it can be committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rightsize.decide.trust import trust_of
from rightsize.domain import JsonValue, Measured, Reading, Record
from rightsize.stats.trust import Trust

BASELINE_READINGS = ("latency_ms", "memory_bytes", "energy_j_per_request")
_NAMED = 3


@dataclass(frozen=True, slots=True)
class BaselineItem:
    """One item's baseline: its group and score in [0, 1]; its text is not kept."""

    group: str
    score: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a candidate achieved when the baseline was written.

    ``suite_parts`` are hashes of what the suite consists of, ``settings`` those of the candidate;
    ``contaminated`` says of each disturbed reading what disturbed it. All are empty where the baseline is older
    than they are.
    """

    created_at: datetime
    suite: str
    suite_sha256: str
    candidate_id: str
    model_sha256: str
    machine_fingerprint: str
    engine: Mapping[str, JsonValue]
    items: Mapping[str, BaselineItem]
    readings: Mapping[str, Reading]
    suite_parts: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    contaminated: Mapping[str, str] = field(default_factory=dict)


def baseline_of(record: Record) -> Baseline:
    """Return the baseline that ``record`` makes. Raises ValueError when nothing was measured in it."""
    if not isinstance(record.outcome, Measured):
        raise ValueError(f"record {record.id} is not a measurement")
    if not record.outcome.items:
        raise ValueError(f"record {record.id} holds no items")
    kept = {r.metric: r for r in record.outcome.readings if r.metric in BASELINE_READINGS and r.samples}
    return Baseline(
        created_at=record.created_at,
        suite=record.suite,
        suite_sha256=record.suite_sha256,
        candidate_id=record.candidate_id,
        model_sha256=model_sha256(record),
        machine_fingerprint=record.machine_fingerprint,
        engine=record.engine,
        items={item.item_id: BaselineItem(item.group, item.score) for item in record.outcome.items},
        readings=kept,
        suite_parts=suite_parts(record),
        settings=settings(record),
        contaminated=contaminated(record),
    )


def model_sha256(record: Record) -> str:
    """Return the hash of the record's model file, empty where it is not recorded."""
    model = record.candidate.get("model", record.candidate)
    return str(model.get("sha256", "")) if isinstance(model, Mapping) else ""


def suite_parts(record: Record) -> Mapping[str, str]:
    """Return the hashes of what the record's suite consists of, empty where they are not recorded."""
    parts = record.suite_info.get("parts")
    return dict(parts) if isinstance(parts, Mapping) else {}


def settings(record: Record) -> Mapping[str, JsonValue]:
    """Return the candidate's settings, empty where they are not recorded."""
    chosen = record.candidate.get("settings")
    return dict(chosen) if isinstance(chosen, Mapping) else {}


def contaminated(record: Record) -> Mapping[str, str]:
    """Return what disturbed each reading that a gate compares; one that nothing disturbed is not in it."""
    metrics = {"latency_ms": "latency_p50_ms"}
    found = {name: trust_of(record, metrics.get(name, name)) for name in BASELINE_READINGS}
    return {name: said.reason for name, said in found.items() if said and said.label is Trust.CONTAMINATED}


def suite_difference(baseline: Baseline, record: Record) -> str | None:
    """Say why the record's suite cannot be compared with the baseline's; None when it can.

    The questions asked, their gold answers and the scorer must be the same. The wording of the prompt may have
    changed: that is one of the changes a gate is there to judge.
    """
    if baseline.suite != record.suite:
        return f"the baseline is of {baseline.suite}, the results are of {record.suite}"
    if baseline.suite_sha256 == record.suite_sha256:
        return None
    versions = f"{baseline.suite_sha256[:12]} in the baseline, {record.suite_sha256[:12]} in the newest results"
    now = suite_parts(record)
    if not baseline.suite_parts or not now:
        return f"the suite {record.suite} has changed: {versions}"
    names = {"items": "its items", "gold": "its gold answers", "scorer": "its scorer"}
    changed = [words for part, words in names.items() if baseline.suite_parts.get(part) != now.get(part)]
    if not changed:
        return None
    return f"{', '.join(changed)} of the suite {record.suite} changed ({versions})"


def item_difference(baseline: Baseline, record: Record) -> str | None:
    """Say which items only one side holds; None when both hold the same."""
    after = {item.item_id for item in record.outcome.items} if isinstance(record.outcome, Measured) else set()
    gone, new = sorted(baseline.items.keys() - after), sorted(after - baseline.items.keys())
    if not gone and not new:
        return None
    count = f"the baseline holds {len(baseline.items)} items, the newest results {len(after)}"
    only = [_named(gone, "only in the baseline"), _named(new, "only in the results")]
    return f"{count}: {'; '.join(words for words in only if words)}"


def _named(ids: list[str], where: str) -> str:
    if not ids:
        return ""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"{', '.join(ids[:_NAMED])}{more} {where}"
