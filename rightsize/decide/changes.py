"""What changed between a baseline and the results held against it: the likely causes, most telling first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rightsize.decide.baseline import Baseline, model_sha256, settings, suite_parts
from rightsize.domain import JsonValue, Record


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was: ``what`` it is, and how it reads before and now."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what} ({self.before} before, {self.after} now)"


def changes(baseline: Baseline, record: Record) -> tuple[Change, ...]:
    """Return what is known to have changed, in the order in which it is likely to explain a difference.

    A kind of fact that an older baseline did not keep at all is not called changed.
    """
    return tuple(_changes(baseline, record))


def is_unchanged(baseline: Baseline, record: Record) -> bool:
    """Whether both are the same measurement: same model file, engine build, settings, suite and machine.

    True only where everything is recorded on both sides: then no score can have become worse.
    """
    known = bool(baseline.model_sha256 and baseline.settings and baseline.suite_sha256 and baseline.engine)
    same_suite = baseline.suite_sha256 == record.suite_sha256
    return known and same_suite and not changes(baseline, record) and settings(record) == baseline.settings


def _changes(baseline: Baseline, record: Record) -> Iterator[Change]:
    if baseline.candidate_id != record.candidate_id:
        yield Change("the candidate", baseline.candidate_id, record.candidate_id)
    old, new = baseline.model_sha256, model_sha256(record)
    if old and new and old != new:
        yield Change("the model file", old[:12], new[:12])
    parts = suite_parts(record)
    for part, words in (("prompt", "the prompt"), ("rules", "how answers are cut off")):
        if part in parts and parts[part] != baseline.suite_parts.get(part, parts[part]):
            yield Change(words, baseline.suite_parts[part], parts[part])
    if baseline.engine:
        yield from _differing("the engine's", baseline.engine, record.engine, missing="not recorded")
    now = settings(record)
    if baseline.settings and now:
        # Settings that were left alone are not recorded.
        yield from _differing("the setting", baseline.settings, now, missing="left alone")
    if baseline.machine_fingerprint != record.machine_fingerprint:
        yield Change("the machine", baseline.machine_fingerprint, record.machine_fingerprint)


def _differing(
    whose: str, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], *, missing: str
) -> Iterator[Change]:
    """What differs, with ``missing`` for what only the other side has."""
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key, missing), after.get(key, missing)
        if old != new:
            yield Change(f"{whose} {key}", _short(old), _short(new))


def _short(value: JsonValue) -> str:
    text = str(value)
    return f"{text[:36]}..." if len(text) > 40 else text or "none"
