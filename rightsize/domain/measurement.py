"""What was seen: raw readings, what is absent and why, and the record of a cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rightsize.domain.candidate import Candidate, ModelKind
from rightsize.domain.task import ItemOutcome, Suite
from rightsize.domain.terms import JsonValue, Provenance


@dataclass(frozen=True, slots=True)
class Reading:
    """Raw samples of one metric. Statistics are derived from it, never stored in it.

    ``error_low`` and ``error_high`` bound a modelled or configured figure as factors of its value (0.7 and 1.4
    mean "between 70% and 140%"); measured readings leave them at 1. ``source`` names the meter.
    """

    metric: str
    unit: str
    samples: tuple[float, ...]
    provenance: Provenance = Provenance.MEASURED
    source: str = ""
    error_low: float = 1.0
    error_high: float = 1.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """A metric that was not measured, and why. Absence is never zero."""

    metric: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A cell that ran to its end."""

    items: tuple[ItemOutcome, ...]
    readings: tuple[Reading, ...]
    absent: tuple[Absent, ...] = ()
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A cell that was not run, because candidate and task do not fit; known before anything was loaded."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A cell that was tried and broke. It costs itself, never the run. What was measured before is kept."""

    reason: str
    items: tuple[ItemOutcome, ...] = ()
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Interrupted(Failed):
    """A cell whose run was cut short, or still goes on: the items that were answered so far."""


Outcome = Measured | Skipped | Failed


@dataclass(frozen=True, slots=True)
class Job:
    """One cell of the matrix: this candidate on this suite, on at most ``limit`` items (None: all)."""

    candidate: Candidate
    suite: Suite
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One stored cell: what ran, where, when, and what was seen.

    ``fingerprint`` covers machine, engine build, model hash, suite hash and settings: equal fingerprints are
    repetitions of one measurement. ``size_bytes`` is None where the size is not known.
    """

    id: int
    created_at: datetime
    fingerprint: str
    candidate_id: str
    candidate: Mapping[str, JsonValue]
    embedded: bool
    size_bytes: int | None
    suite: str
    suite_sha256: str
    suite_info: Mapping[str, JsonValue]
    limit: int | None
    machine_fingerprint: str
    machine: Mapping[str, JsonValue]
    engine: Mapping[str, JsonValue]
    outcome: Outcome

    @property
    def size_order(self) -> float:
        """Sort key: smaller first, unknown sizes last."""
        return math.inf if self.size_bytes is None else float(self.size_bytes)

    @property
    def kind(self) -> ModelKind:
        """What answered; records from before there was a choice are of language models."""
        return ModelKind(self.candidate.get("model", {}).get("kind", ModelKind.LANGUAGE_MODEL))
