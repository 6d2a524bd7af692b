"""One audit of one model file: every check in turn, each independent of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rightsize.errors import UsageError
from rightsize.models.audit.finding import FLAGS, Finding
from rightsize.models.audit.licence import audit_licence
from rightsize.models.audit.loadable import audit_loadable
from rightsize.models.audit.provenance import audit_provenance
from rightsize.models.audit.template import audit_template
from rightsize.models.audit.tensors import audit_tensors
from rightsize.models.audit.texts import audit_texts
from rightsize.models.gguf_header import read_header
from rightsize.models.local_file import content_hash, split_parts


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found of one model."""

    path: Path
    sha256: str
    size_bytes: int
    findings: tuple[Finding, ...]

    def failed(self, flags: Sequence[str]) -> list[Finding]:
        """The findings that carry one of these flags."""
        return [finding for finding in self.findings if finding.flag in flags]


def audit_file(path: Path, *, weights: bool = True, progress: Callable[[int], None] = lambda _: None) -> Audit:
    """Audit a GGUF file with all its parts; without ``weights`` their numbers are not read.

    Raises ModelError for what is no GGUF file, or is cut short.
    """
    header = read_header(path)
    parts = split_parts(path)
    architecture = header.text("general.architecture") or "no architecture"
    findings = [
        *audit_licence(header),
        *audit_provenance(header, path),
        *audit_template(header),
        *audit_texts(header),
        *audit_loadable(path, architecture),
        *(audit_tensors(parts, progress) if weights else []),
    ]
    return Audit(path, content_hash(parts), sum(part.stat().st_size for part in parts), tuple(findings))


def check_flags(flags: Sequence[str]) -> tuple[str, ...]:
    """The flags as given. Raises UsageError for one that there is not; American spelling is understood."""
    known = {**{flag: flag for flag in FLAGS}, "unknown-license": "unknown-licence"}
    unknown = next((flag for flag in flags if flag not in known), None)
    if unknown is not None:
        raise UsageError(f"--fail-on {unknown}: there is no such flag", next_step=f"Use {', '.join(FLAGS)}")
    return tuple(dict.fromkeys(known[flag] for flag in flags))
