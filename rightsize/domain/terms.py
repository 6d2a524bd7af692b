"""The words that values are made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

JsonValue = Any


class Provenance(StrEnum):
    """How a figure was got; printed beside every figure."""

    MEASURED = "measured"
    MODELLED = "modelled"
    CONFIGURED = "configured"


class Direction(StrEnum):
    """Which way a metric is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Verdict(StrEnum):
    """What evidence says about one threshold. Uncertain is never PASS."""

    PASS = "PASS"  # noqa: S105  a verdict, no password
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"


class TaskType(StrEnum):
    """What a task asks of an engine; the values are lm-eval's ``output_type`` names.

    ``MIXED`` stands for items that ask in several ways; engines get their requests kind by kind.
    """

    GENERATE = "generate_until"
    CHOICE = "multiple_choice"
    LOGLIKELIHOOD = "loglikelihood"
    ROLLING = "loglikelihood_rolling"
    MIXED = "mixed"
