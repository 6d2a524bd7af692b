"""What an audit found: one line a check, with the flag that a CI job can fail on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"


#: Every flag that ``--fail-on`` takes, and what raises it.
FLAGS = {
    "unknown-licence": "no licence is stated, or none that is known here",
    "non-commercial": "the licence forbids commercial use",
    "unknown-provenance": "the file does not say where it is from",
    "unsafe-template": "the chat template tries what no template needs, or cannot be rendered in time",
    "embedded-url": "a text in the file holds an address that is no statement of its origin",
    "embedded-code": "a text in the file holds what looks like program code",
    "bad-numbers": "weights that are not numbers, or infinite",
    "zero-tensors": "a whole matrix is zero",
    "unsupported": "llama.cpp cannot load it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """``flag`` is one of FLAGS, empty for what nobody needs to fail on."""

    check: str
    level: Level
    message: str
    flag: str = ""


def ok(check: str, message: str) -> Finding:
    """Nothing to worry about."""
    return Finding(check, Level.OK, message)


def note(check: str, message: str) -> Finding:
    """Worth knowing."""
    return Finding(check, Level.NOTE, message)


def warn(check: str, message: str, flag: str) -> Finding:
    """Something to act on."""
    return Finding(check, Level.WARNING, message, flag)
