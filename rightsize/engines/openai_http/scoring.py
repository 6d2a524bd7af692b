"""Log-probabilities of given text, from servers whose completions repeat the prompt with them (``echo``).

The split is lm-eval's: white space at the end of the context belongs to the continuation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rightsize.engines.openai_http.problems import ServerError
from rightsize.engines.openai_http.server import Server

PROBE = "The days of the week are Monday, Tuesday,"
_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Scored:
    """A continuation's summed natural-log probability, whether each token was the likeliest, and tokens."""

    logprob: float
    greedy: bool
    prompt_tokens: int


def offers_echo(server: Server, model: str) -> bool:
    """Whether this server tells the probabilities of a text that it is given, and tells them right.

    It must give the same probabilities to what it has just written itself. llama-cpp-python's server does not:
    it pairs each token with the row after it.
    """
    try:
        written, expected = _written(server, model)
        again = score(server, model, PROBE, written).logprob if written.strip() else None
    except ServerError as problem:
        if problem.fatal and problem.kind not in {"unknown", "garbage"}:
            raise
        return False
    return again is not None and abs(again - expected) < _TOLERANCE * max(1.0, abs(expected))


def _written(server: Server, model: str) -> tuple[str, float]:
    """A few words that the model writes after the probe, and their summed log-probability."""
    body = {"model": model, "prompt": PROBE, "max_tokens": 4, "temperature": 0, "logprobs": 1}
    choices = server.post("/completions", body).get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    values = (choice.get("logprobs") or {}).get("token_logprobs") or []
    return str(choice.get("text") or ""), sum(value for value in values if isinstance(value, float))


def score(server: Server, model: str, context: str, continuation: str) -> Scored:
    """Score one continuation. Raises ServerError when the reply does not cover it."""
    head = context.rstrip()
    text = context + continuation
    logprobs, values = _echo(server, model, text)
    offsets, likeliest = logprobs["text_offset"], logprobs.get("top_logprobs") or []
    # A token that began within the context belongs to it; the last one was generated, not given.
    chosen = [at for at, offset in enumerate(offsets) if len(head) <= offset < len(text)]
    if not chosen or any(values[at] is None for at in chosen):
        raise ServerError("the server gave no log-probability of the continuation", kind="echo")
    greedy = all(_is_likeliest(likeliest, at, values[at]) for at in chosen)
    return Scored(sum(values[at] for at in chosen), greedy, chosen[0])


def _echo(server: Server, model: str, text: str) -> tuple[Mapping[str, Any], Sequence[Any]]:
    body = {"model": model, "prompt": text, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
    choices = server.post("/completions", body).get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    logprobs = choice.get("logprobs") if isinstance(choice, dict) else None
    if not isinstance(logprobs, dict) or not str(choice.get("text", "")).startswith(text[:1]):
        return {"text_offset": []}, ()
    values = logprobs.get("token_logprobs") or ()
    if len(logprobs.get("text_offset") or ()) != len(values):
        return {"text_offset": []}, ()
    return logprobs, values


def _is_likeliest(top: Sequence[Any], at: int, value: float) -> bool:
    best = top[at] if at < len(top) else None
    return isinstance(best, dict) and bool(best) and value >= max(best.values()) - 1e-6
