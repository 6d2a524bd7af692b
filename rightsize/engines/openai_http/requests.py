"""From prompts to request bodies: chat or completions, limits on the output, and what this server refuses.

Servers differ in the fields they know. A field that a server refuses by name is left out from then on, or takes
the name that the server asks for; both are recorded.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from rightsize.domain import Conversation, Message
from rightsize.engines.openai_http.presets import Preset
from rightsize.engines.openai_http.problems import ServerError
from rightsize.errors import EngineError

_MAX_STOPS = 4  # OpenAI takes no more; the rest is looked for on this side
_OPTIONAL = ("stream_options", "logprobs", "seed", "stop", "temperature", "cache_prompt", "cache_salt")
_REFUSAL = re.compile(
    r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|extra (?:inputs|fields)|not permitted|"
    r"only the default|not allowed|does not accept|forbidden",
    re.IGNORECASE,
)
ANY_JSON = "json"


@dataclass(slots=True)
class Dialect:
    """The fields that this server takes, learned from its refusals. Shared by threads."""

    preset: Preset
    model: str
    chat: bool
    constrain: str = ""
    left_out: set[str] = field(default_factory=set)
    length_field: str = "max_tokens"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def path(self) -> str:
        """Where requests go."""
        return "/chat/completions" if self.chat else "/completions"

    def body(
        self,
        prompt: str,
        stop: Sequence[str],
        max_output_tokens: int,
        *,
        logprobs: bool,
        constrain: str | None = None,
        chat: Conversation = (),
    ) -> dict[str, Any]:
        """One streamed, greedy request; ``chat`` is how the prompt reads as a conversation."""
        said = self._messages(prompt, chat) if self.chat else {"prompt": prompt}
        wanted: dict[str, Any] = {
            "model": self.model,
            **said,
            self.length_field: max(1, max_output_tokens),
            "temperature": 0,
            "seed": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            **self.preset.extra,
            **constraint_fields(self.preset, self.constrain if constrain is None else constrain, self.chat),
        }
        if stop:
            wanted["stop"] = list(stop[:_MAX_STOPS])
        if logprobs:
            wanted["logprobs"] = True if self.chat else 1
        if self.preset.salt_field:
            wanted[self.preset.salt_field] = uuid4().hex
        return {name: value for name, value in wanted.items() if name not in self.left_out}

    def _messages(self, prompt: str, chat: Conversation) -> dict[str, Any]:
        messages = chat or (Message("user", prompt),)
        begun = self.preset.continues if messages[-1].role == "assistant" else {}
        return {"messages": [asdict(message) for message in messages], **begun}

    def learn(self, problem: ServerError, sent: Mapping[str, Any]) -> bool:
        """Adapt to a refusal. Returns whether asking again makes sense."""
        if problem.kind != "status" or problem.passing:
            return False
        said = problem.problem
        with self._lock:
            if (
                "max_completion_tokens" in said
                and self.length_field in sent
                and self.length_field == "max_tokens"
            ):
                self.length_field = "max_completion_tokens"
                return True
            named = [name for name in _OPTIONAL if name in sent and re.search(rf"\b{name}\b", said)]
            if not named or not _REFUSAL.search(said):
                return False
            self.left_out.update(named)
        return True


def constraint_fields(preset: Preset, constrain: str, chat: bool) -> dict[str, Any]:
    """The body fields that limit what may be generated. Raises EngineError where the server has none."""
    if not constrain:
        return {}
    if constrain == ANY_JSON:
        if not preset.response_format or not chat:
            return _own_schema(preset, {"type": "object"}, "JSON")
        return {"response_format": {"type": "json_object"}}
    if not constrain.lstrip().startswith("{"):
        if not preset.grammar_field:
            raise EngineError(f"{preset.name} takes no GBNF grammar", next_step="Use a JSON schema instead")
        return nested(preset.grammar_field, constrain)
    return _schema_fields(preset, _schema(constrain), chat)


def _schema_fields(preset: Preset, schema: Mapping[str, Any], chat: bool) -> dict[str, Any]:
    if not chat or preset.response_format not in {"json_schema", "json_object_schema"}:
        return _own_schema(preset, schema, "a JSON schema")
    if preset.response_format == "json_object_schema":
        return {"response_format": {"type": "json_object", "schema": schema}}
    named = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def nested(path: str, value: object) -> dict[str, Any]:
    """A value under a dotted path: ``a.b`` gives ``{"a": {"b": value}}``."""
    head, _, rest = path.partition(".")
    return {head: nested(rest, value) if rest else value}


def _schema(text: str) -> Mapping[str, Any]:
    try:
        schema: Mapping[str, Any] = json.loads(text)
    except ValueError as error:
        raise EngineError(f"the JSON schema cannot be read: {error}") from error
    return schema


def _own_schema(preset: Preset, schema: Mapping[str, Any], what: str) -> dict[str, Any]:
    if not preset.schema_field:
        raise EngineError(f"{preset.name} cannot be held to {what} this way", next_step="Leave out --constrain")
    return nested(preset.schema_field, schema)
