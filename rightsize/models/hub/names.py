"""What a user calls a model of the hub, and which file names are safe to write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from rightsize.errors import ModelError, UsageError

_PART = r"[A-Za-z0-9][\w.-]*"
_NAME = re.compile(rf"(?:hf:)?(?P<repo>{_PART}/{_PART})(?::(?P<level>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True, slots=True)
class HubName:
    """``owner/repo``, and which level and revision of it; both may be left open."""

    repo: str
    level: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        level = f":{self.level}" if self.level else ""
        return f"{self.repo}{level}" + (f"@{self.revision}" if self.revision else "")


def parse_name(text: str) -> HubName:
    """Read ``owner/repo[:LEVEL][@REVISION]``. Raises UsageError."""
    found = _NAME.fullmatch(text.strip())
    if not found or ".." in text or "--" in found["repo"]:
        raise UsageError(
            f"{text!r} is no model of the hub", next_step="Write it like owner/repo or owner/repo:Q4_K_M"
        )
    return HubName(found["repo"], found["level"], found["revision"])


def check_file_name(name: str, repo: str) -> None:
    """Raise ModelError for a file name that could lead out of the folder it is written to."""
    path = PurePosixPath(name)
    plain = "\\" not in name and ":" not in name and name.isprintable() and bool(name)
    if path.is_absolute() or ".." in path.parts or not plain:
        problem = f"{repo} names a file {name!r}, which would lie outside the cache"
        raise ModelError(problem, next_step="Do not use it")
