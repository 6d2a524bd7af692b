"""Chat templates: programs in Jinja that come with a model. Read, and rendered only in a sandbox.

The sandbox is Jinja's own immutable one, in a process of its own with limits on time and memory: one that
loops for ever, or fills the memory, costs that process.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

from rightsize.models.audit.finding import Finding, note, ok, warn
from rightsize.models.audit.texts import suspicious
from rightsize.models.gguf_header import GgufHeader
from rightsize.units import counted

_CHECK = "template"
_KEY = "tokenizer.chat_template"
_TIME_LIMIT_S = 10.0
_REACHES_OUT = re.compile(
    r"__\w+__|\|\s*attr\b|\battr\s*\(|\bmro\b|\b(?:lipsum|cycler|joiner|get_flashed_messages|url_for|request|config)\s*[.(\[]|"
    r"\bself\s*[._\[]|\{%-?\s*(?:import|include|extends|from)\b"
)
_JUDGES_USERS = re.compile(r"(?:if|elif)\b[^%]*['\"][^'\"]{4,}['\"]\s+in\s+[^%]*content", re.IGNORECASE)


def audit_template(header: GgufHeader, *, time_limit_s: float = _TIME_LIMIT_S) -> list[Finding]:
    """Every chat template of the file: what it reaches for, and what becomes of it in the sandbox."""
    templates = {k: v for k, v in header.metadata.items() if k.startswith(_KEY) and isinstance(v, str)}
    if not templates:
        return [ok(_CHECK, "none: prompts are asked as they are")]
    findings = [finding for key, text in templates.items() for finding in _one(key, text, time_limit_s)]
    return findings or [ok(_CHECK, f"{counted(len(templates), 'template')}, scanned and rendered in a sandbox")]


def _one(key: str, text: str, time_limit_s: float) -> Iterator[Finding]:
    name = "the chat template" if key == _KEY else f"the template {key.removeprefix(_KEY).strip('.')}"
    if found := _REACHES_OUT.search(text):
        yield warn(_CHECK, f"{name} reaches for what no template needs: {found[0].strip()}", "unsafe-template")
    yield from suspicious(text, name)
    if found := _JUDGES_USERS.search(text):
        yield note(_CHECK, f"{name} acts on certain words of users: {' '.join(found[0].split())[:80]}")
    outcome = _rendered(text, time_limit_s)
    if outcome.startswith("unsafe"):
        yield warn(_CHECK, f"{name}, rendered in a sandbox: {outcome}", "unsafe-template")
    elif outcome:
        yield note(_CHECK, f"{name} cannot be rendered for one question: {outcome}")


def _rendered(text: str, time_limit_s: float) -> str:
    """Empty when it could be rendered, else why not; ``unsafe`` begins what no honest template does."""
    command = [sys.executable, "-m", "rightsize.models.audit.template_worker"]
    try:
        done = subprocess.run(
            command, input=json.dumps(text), capture_output=True, text=True, timeout=time_limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"unsafe: it was not done after {time_limit_s:g} s"
    if done.returncode != 0:
        return "unsafe: it ended the process, or wanted too much memory"
    return done.stdout.strip()
