"""Where a file says it is from, and where on this disk it was found."""

from __future__ import annotations

import re
from pathlib import Path

from rightsize.models.audit.finding import Finding, note, ok, warn
from rightsize.models.gguf_header import GgufHeader
from rightsize.paths import embedded_models_dir

_CHECK = "provenance"
_ORIGINS = ("general.source.repo_url", "general.source.url", "general.repo_url", "general.url", "general.doi")
_MAKERS = ("general.organization", "general.author", "general.quantized_by")
_IN_HUB_CACHE = re.compile(r"models--([^/]+?)--([^/]+)/snapshots/([0-9a-f]{7,40})/")


def audit_provenance(header: GgufHeader, path: Path) -> list[Finding]:
    """Origin and makers as the file states them, which proves nothing, and the cache's own record."""
    findings = []
    if found := _IN_HUB_CACHE.search(path.as_posix()):
        owner, name, commit = found.groups()
        findings.append(ok(_CHECK, f"in the hub's cache as {owner}/{name} at {commit[:12]}"))
    if path.resolve().parent == embedded_models_dir():
        findings.append(ok(_CHECK, "ships with rightsize"))
    origin = [text for key in _ORIGINS if (text := header.text(key))]
    makers = [text for key in _MAKERS if (text := header.text(key))]
    bases = [text for key, text in header.metadata.items() if _is_base(key) and isinstance(text, str)]
    if origin or makers or bases:
        said = [
            *origin[:1],
            *(f"by {maker}" for maker in makers[:2]),
            *(f"made from {base}" for base in bases[:2]),
        ]
        findings.append(note(_CHECK, f"the file says: {', '.join(said)}"))
    if not findings:
        findings.append(warn(_CHECK, "the file does not say where it is from", "unknown-provenance"))
    return findings


def _is_base(key: str) -> bool:
    return re.fullmatch(r"general\.base_model\.\d+\.(repo_url|name)", key) is not None
