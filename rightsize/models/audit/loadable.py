"""Whether this llama.cpp knows the architecture: asked of itself, without reading the weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rightsize.models.audit.finding import Finding, ok, warn

_CHECK = "architecture"
_TIME_LIMIT_S = 120


def audit_loadable(path: Path, architecture: str) -> list[Finding]:
    """Load the header alone, in a process of its own: a broken file can end it."""
    command = [sys.executable, "-m", "rightsize.models.audit.load_worker", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return [warn(_CHECK, f"llama.cpp was not done with it after {_TIME_LIMIT_S} s", "unsupported")]
    if done.returncode == 0:
        return [ok(_CHECK, f"{architecture}: llama.cpp loads it")]
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    reason = lines[-1] if lines else f"the loader died with code {done.returncode}"
    return [warn(_CHECK, f"{architecture}: llama.cpp cannot load it: {reason}", "unsupported")]
