"""The llama.cpp engine: what it can do, what build it is, and how it finds and opens a model."""

from __future__ import annotations

from collections.abc import Mapping

from rightsize.domain import CandidateSettings, JsonValue, Model
from rightsize.engines.interface import Engine, ModelQuery, Session
from rightsize.errors import UsageError


class LlamaCppEngine(Engine):
    """GGUF models through llama-cpp-python, in this process."""

    name = "llama_cpp"

    def level(self, text: str) -> str | None:
        """llama.cpp's own names."""
        from rightsize.models.levels import parse_level

        try:
            return parse_level(text)
        except UsageError:
            return None

    def models(self, query: ModelQuery) -> list[Model]:
        """GGUF files from paths, folders, globs and embedded names; none: the embedded family."""
        from rightsize.models.expand import at_levels, find_models

        found = find_models(query.specs)
        return at_levels(found, query.levels, allow_requantize=query.allow_requantize, notify=query.notify)

    def build(self) -> Mapping[str, JsonValue]:
        """Version of llama-cpp-python and the features its library was built with."""
        from importlib.metadata import version

        from rightsize.engines.llama_cpp import amx
        from rightsize.engines.llama_cpp.library import system_info

        features = system_info().strip(" |")
        if not amx.works():
            features += f" | AMX left out: it crashes as compiled here; {amx.REMEDY}"
        return {"name": self.name, "version": version("llama-cpp-python"), "features": features}

    def open(self, model: Model, settings: CandidateSettings) -> Session:
        """Load a GGUF file. Raises EngineError with llama.cpp's own reason."""
        from rightsize.engines.llama_cpp.session import LlamaCppSession

        return LlamaCppSession(model.file, settings)
