"""The engine for served models: which one a name means, and what is known before it is asked anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from rightsize.domain import CandidateSettings, JsonValue, Model, Suite, TaskType
from rightsize.engines.interface import Capabilities, Engine, ModelQuery, Session, TaskRules
from rightsize.engines.openai_http.presets import PRESETS

_SCHEMES = ("http", "https")


class OpenAiHttpEngine(Engine):
    """Models behind OpenAI's API: ``http://127.0.0.1:8080/v1#NAME``, ``vllm:NAME``, ``openai:NAME``."""

    name = "openai_http"
    capabilities = Capabilities(
        local=False, settings=frozenset({"chat_template", "constrain", "prompt", "prompt_name"})
    )

    def claims(self, spec: str) -> bool:
        """An address, or the name of a known kind of server before a colon."""
        head, colon, _ = spec.partition(":")
        return bool(colon) and (head in PRESETS or head.rpartition("+")[2] in _SCHEMES)

    def models(self, query: ModelQuery) -> list[Model]:
        """The served models; where an address names none, the server is asked which it has."""
        from rightsize.engines.openai_http.listing import named_model

        return [_model(spec, str(named_model(spec))) for spec in query.specs]

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """No server of this kind tells the probability of a whole text."""
        if rules.task_type is TaskType.ROLLING:
            return "a server does not tell the probability of a whole text"
        return super().misfit(model, suite, rules)

    def build(self) -> Mapping[str, JsonValue]:
        """The way of asking; raise it when the same server could be given another question."""
        return {"name": self.name, "version": "1"}

    def open(self, model: Model, settings: CandidateSettings) -> Session:
        """Reach the server. Raises EngineError when it is away, wants a key, or serves other models."""
        from rightsize.engines.openai_http.address import parse_address
        from rightsize.engines.openai_http.session import OpenAiSession

        return OpenAiSession(parse_address(str(model.options["address"])), settings)


def _model(spec: str, address: str) -> Model:
    from rightsize.engines.openai_http.address import parse_address

    found = parse_address(address)
    where = found.preset.name if found.at_preset or found.is_loopback else f"{found.preset.name}-{found.host}"
    return Model(
        name=found.model,
        sha256=hashlib.sha256(address.encode()).hexdigest(),
        spec=spec if "#" in spec or "://" not in spec else address,
        runtime=where,
        options={"address": address, "hosted": found.preset.hosted},
    )
