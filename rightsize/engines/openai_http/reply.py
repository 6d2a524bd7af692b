"""One streamed answer as it grows: text, thoughts, when each piece came, usage, log-probabilities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rightsize.engines.openai_http.problems import ServerError, message_of

_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_PASSING_CODES = {429, 500, 502, 503, 504, 529}
DONE = b"[DONE]"


@dataclass(slots=True)
class Reply:
    """What has come so far. ``stamps`` are clock readings in seconds, one for each piece of text or thought;
    the first stands for the first token. ``ended`` is when the server said why it stopped. ``usage`` is its own
    count, unchecked."""

    started: float
    text: str = ""
    thoughts: str = ""
    stamps: list[float] = field(default_factory=list)
    ended: float = 0.0
    finish_reason: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    logprobs: list[float] = field(default_factory=list)
    done: bool = False
    model: str = ""

    def take(self, data: bytes, now: float) -> str:
        """Take in one event that came at ``now``; return its new text (not its thoughts).

        Raises ServerError when it is no event of this API, or reports an error.
        """
        if data == DONE:
            self.done = True
            return ""
        event = _event(data)
        self.model = self.model or str(event.get("model") or "")
        usage = event.get("usage")
        if isinstance(usage, dict):
            self.usage = usage
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices:
            return ""
        choice = choices[0]
        if not isinstance(choice, dict):
            raise _garbage(data)
        return self._choice(choice, now)

    def _choice(self, choice: Mapping[str, Any], now: float) -> str:
        delta = choice.get("delta") or {}
        text = _text(choice.get("text")) + _text(delta.get("content")) + _tool_text(delta)
        thought = next((_text(delta[key]) for key in _THOUGHTS if delta.get(key)), "")
        if text or thought:
            self.stamps.append(now)
            self.text += text
            self.thoughts += thought
        if choice.get("logprobs"):
            self.logprobs += _logprobs(choice["logprobs"])
        if choice.get("finish_reason") and not self.finish_reason:
            self.finish_reason = str(choice["finish_reason"])
            self.ended = now
        return text

    @property
    def pieces(self) -> int:
        """How many pieces came; most servers send one a token."""
        return len(self.stamps)


def _event(data: bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _garbage(data) from error
    if not isinstance(event, dict):
        raise _garbage(data)
    if event.get("error"):
        error_body = event["error"]
        code = error_body.get("code") if isinstance(error_body, dict) else None
        raise ServerError(
            f"the server broke off with an error: {message_of(json.dumps(event))}",
            kind="error event",
            passing=code in _PASSING_CODES or not isinstance(code, int),
            billed=True,
        )
    return event


def _garbage(data: bytes) -> ServerError:
    shown = data[:60].decode("utf-8", "replace")
    return ServerError(
        f"the server sent something that is no event: {shown!r}", kind="garbage", passing=True, billed=True
    )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # some gateways send content as typed parts
        return "".join(_text(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def _tool_text(delta: Mapping[str, Any]) -> str:
    calls = delta.get("tool_calls") or []
    functions = (call.get("function") or {} for call in calls if isinstance(call, dict))
    return "".join(_text(function.get("arguments")) for function in functions)


def _logprobs(value: Mapping[str, Any]) -> list[float]:
    """Natural-log probabilities of the tokens, from the form of chat or of completions."""
    if not isinstance(value, dict):
        return []
    content = value.get("content")
    if isinstance(content, list):
        return [float(t["logprob"]) for t in content if isinstance(t.get("logprob"), int | float)]
    return [float(v) for v in value.get("token_logprobs") or [] if isinstance(v, int | float)]
