"""What CI does about a gate that cannot tell."""

from __future__ import annotations

from enum import StrEnum


class OnUndecided(StrEnum):
    """``warn`` lets the build go on and says so, ``fail`` stops it."""

    WARN = "warn"
    FAIL = "fail"
