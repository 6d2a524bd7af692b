"""Token counts: the server's own where they can be true, else what was counted, and which it was."""

from __future__ import annotations

from dataclasses import dataclass

from rightsize.engines.openai_http.reply import Reply

_LONGEST_TOKEN_BYTES = 128  # vocabularies hold runs of blanks about that long
_TEMPLATE_TOKENS = 4096  # what a chat template and a hidden system prompt may add


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens of one request; ``prompt`` is None where nothing told them. ``doubt`` says why the server's
    figure was not taken, empty when it was or there was none."""

    prompt: int | None
    output: int
    from_usage: bool
    doubt: str = ""


def count_tokens(reply: Reply, prompt_bytes: int, max_output_tokens: int) -> Counts:
    """Prefer ``usage``; where it cannot be true, count the pieces that came."""
    prompt, output = _whole(reply.usage.get("prompt_tokens")), _whole(reply.usage.get("completion_tokens"))
    prompt_doubt = "" if prompt is None else _prompt_doubt(prompt, prompt_bytes)
    output_doubt = "" if output is None else _output_doubt(output, reply, max_output_tokens)
    return Counts(
        prompt=None if prompt_doubt else prompt,
        output=reply.pieces if output is None or output_doubt else output,
        from_usage=output is not None and not output_doubt,
        doubt="; ".join(doubt for doubt in (prompt_doubt, output_doubt) if doubt),
    )


def prompt_tokens_bound(prompt_bytes: int) -> int:
    """More tokens than any prompt of so many bytes has: a token is at least one byte, and a template adds."""
    return prompt_bytes + _TEMPLATE_TOKENS


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _prompt_doubt(tokens: int, prompt_bytes: int) -> str:
    if tokens < 1 or tokens * _LONGEST_TOKEN_BYTES < prompt_bytes:
        return f"{tokens} prompt tokens for {prompt_bytes} bytes"
    if tokens > prompt_tokens_bound(prompt_bytes):
        return f"{tokens} prompt tokens for {prompt_bytes} bytes"
    return ""


def _output_doubt(tokens: int, reply: Reply, max_output_tokens: int) -> str:
    size = len((reply.text + reply.thoughts).encode("utf-8", "replace"))
    if tokens < 0 or tokens * _LONGEST_TOKEN_BYTES < size:
        return f"{tokens} output tokens for {size} bytes"
    if tokens > max(max_output_tokens, reply.pieces) + 1:
        return f"{tokens} output tokens where at most {max_output_tokens} were allowed"
    return ""
