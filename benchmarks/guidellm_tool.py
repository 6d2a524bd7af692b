"""guidellm, beside which our figures of a server are shown: in an environment of its own, where it is installed."""

from __future__ import annotations

from collections.abc import Sequence


def guidellm_rows(url: str, prompts: Sequence[str], output_tokens: int) -> list[tuple[str, str]]:
    return []
