"""The licence that a file states, what it asks for, and whether anything is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rightsize.models.audit.finding import Finding, ok, warn
from rightsize.models.gguf_header import GgufHeader

_CHECK = "licence"


@dataclass(frozen=True, slots=True)
class Terms:
    """``commercial`` is ``yes``, ``no`` or ``limited``."""

    commercial: str
    obligations: str


@cache
def known_licences() -> dict[str, Terms]:
    """Terms by the names that model cards use."""
    import yaml

    rows = yaml.safe_load((Path(__file__).parent / "licences.yaml").read_text(encoding="utf-8"))
    return {name: Terms(row["commercial"], row["obligations"]) for row in rows for name in row["names"]}


def audit_licence(header: GgufHeader) -> list[Finding]:
    """What the file says of its licence. A stated ``other`` counts only with a name."""
    stated = header.text("general.license") or ""
    name = (header.text("general.license.name") or "") if stated.lower() in {"", "other"} else stated
    if not name:
        return [warn(_CHECK, "none is stated: look at where the file is from", "unknown-licence")]
    terms = known_licences().get(name.strip().lower().replace(" ", "-"))
    link = header.text("general.license.link")
    where = f" ({link})" if link else ""
    if terms is None:
        return [warn(_CHECK, f"{name}{where}: nothing is known of it here; read it", "unknown-licence")]
    message = f"{name}{where}: {terms.obligations}"
    if terms.commercial == "no":
        return [warn(_CHECK, message, "non-commercial")]
    return [ok(_CHECK, message)]
