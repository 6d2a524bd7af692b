"""The llama.cpp engine: what it can do, what build it is, and how it opens a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rightsize.domain import CandidateSettings, JsonValue
from rightsize.engines.interface import Capabilities, Session


class LlamaCppEngine:
    """GGUF models through llama-cpp-python, in this process."""

    name = "llama_cpp"
    capabilities = Capabilities()

    def build(self) -> Mapping[str, JsonValue]:
        """Version of llama-cpp-python and the features its library was built with."""
        from importlib.metadata import version

        from rightsize.engines.llama_cpp import amx
        from rightsize.engines.llama_cpp.library import system_info

        features = system_info().strip(" |")
        if not amx.works():
            features += f" | AMX left out: it crashes as compiled here; {amx.REMEDY}"
        return {"name": self.name, "version": version("llama-cpp-python"), "features": features}

    def open(self, path: Path, settings: CandidateSettings) -> Session:
        """Load a GGUF file. Raises EngineError with llama.cpp's own reason."""
        from rightsize.engines.llama_cpp.session import LlamaCppSession

        return LlamaCppSession(path, settings)
