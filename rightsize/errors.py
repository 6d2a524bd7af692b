"""Every error a user can meet, drawn as a tree.

    RightsizeError            exit 2, one line: what is wrong, where, what to do next
    |-- UsageError            a flag, a threshold or a combination that cannot be meant
    |-- SettingsError         rightsize.toml or RIGHTSIZE_* holds something unreadable
    |-- ModelError            a model file is missing, truncated, corrupted or unsupported
    |   `-- QuantizeError     the quantizer refused or died
    |-- SuiteError            a task is unknown, malformed, or its data is missing
    |-- StoreError            the results database cannot be opened, migrated or written
    |-- BaselineError         a gate baseline is unreadable or belongs to another test
    |-- ProfileError          a hardware profile or an assumptions file is unreadable
    |-- ResourceError         not enough disk or memory, known before the expensive part
    `-- EngineError           the engine could not load or decode (becomes Failed(reason) in a cell)

Exit codes: 0 pass, 1 a threshold or gate failed, 2 usage or set-up error, 3 undecided, 130 interrupted.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell sees; documented in the README."""

    PASS = 0
    FAIL = 1
    ERROR = 2
    UNDECIDED = 3
    INTERRUPTED = 130


class RightsizeError(Exception):
    """What is wrong and where, plus the next step a person can take."""

    exit_code = ExitCode.ERROR

    def __init__(self, problem: str, *, next_step: str = "") -> None:
        self.problem = problem
        self.next_step = next_step
        super().__init__(f"{problem}. {next_step}" if next_step else problem)


class UsageError(RightsizeError):
    """A flag, a threshold or a combination that cannot be meant."""


class SettingsError(RightsizeError):
    """A settings file or environment variable holds something unreadable."""


class ModelError(RightsizeError):
    """A model file is missing, truncated, corrupted or unsupported."""


class QuantizeError(ModelError):
    """The quantizer refused or died."""


class SuiteError(RightsizeError):
    """A task is unknown, malformed, or its data is missing."""


class StoreError(RightsizeError):
    """The results database cannot be opened, migrated or written."""


class BaselineError(RightsizeError):
    """A gate baseline is unreadable or belongs to another test."""


class ProfileError(RightsizeError):
    """A hardware profile or an assumptions file is unreadable."""


class ResourceError(RightsizeError):
    """Not enough disk or memory, known before the expensive part."""


class EngineError(RightsizeError):
    """The engine could not load or decode."""


def why_unreadable(error: Exception) -> str:
    """Why a text file could not be read, in words a person would use."""
    match error:
        case UnicodeDecodeError():
            return f"it is not UTF-8 text (byte {error.start})"
        case OSError(strerror=str(reason)):
            return reason[:1].lower() + reason[1:]
        case _:
            return " ".join(str(error).split())
