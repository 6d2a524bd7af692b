"""The nouns of rightsize: frozen values that every other module speaks in.

Units are in the names (``latency_ms``, ``size_bytes``, ``energy_j``). Nothing here does I/O and nothing here
imports another rightsize module.
"""

from __future__ import annotations

from rightsize.domain.candidate import (
    Candidate,
    CandidateSettings,
    Model,
    ModelKind,
    name_of_any_file,
    setting_marks,
)
from rightsize.domain.machine import EnergySource, Gpu, Machine
from rightsize.domain.measurement import (
    Absent,
    Failed,
    Interrupted,
    Job,
    Measured,
    Outcome,
    Reading,
    Record,
    Skipped,
)
from rightsize.domain.task import (
    Answer,
    Conversation,
    Item,
    ItemOutcome,
    ItemScore,
    Message,
    Request,
    SolvedExample,
    Suite,
)
from rightsize.domain.terms import Direction, JsonValue, Provenance, TaskType, Verdict
from rightsize.domain.verdict import Estimate, Judgement, Threshold

__all__ = [
    "Absent",
    "Answer",
    "Candidate",
    "CandidateSettings",
    "Conversation",
    "Direction",
    "EnergySource",
    "Estimate",
    "Failed",
    "Gpu",
    "Interrupted",
    "Item",
    "ItemOutcome",
    "ItemScore",
    "Job",
    "JsonValue",
    "Judgement",
    "Machine",
    "Measured",
    "Message",
    "Model",
    "ModelKind",
    "Outcome",
    "Provenance",
    "Reading",
    "Record",
    "Request",
    "Skipped",
    "SolvedExample",
    "Suite",
    "TaskType",
    "Threshold",
    "Verdict",
    "name_of_any_file",
    "setting_marks",
]
