"""LoRA adapters as files: checked against the model before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rightsize.domain import Model
from rightsize.errors import ModelError
from rightsize.models.gguf_header import read_header
from rightsize.models.local_file import content_hash


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """A LoRA adapter in GGUF, and the architecture it was made for."""

    path: Path
    size_bytes: int
    sha256: str
    architecture: str

    def needed_with(self, model: Model) -> Model:
        """The model with the adapter's bytes counted. Raises ModelError where they do not fit together."""
        if model.architecture != self.architecture:
            raise ModelError(
                f"{self.path.name} is an adapter for {self.architecture or 'no stated architecture'}, "
                f"{model.name} is {model.architecture or 'of none'}",
                next_step="Give the model that it was trained on",
            )
        return replace(model, size_bytes=(model.size_bytes or 0) + self.size_bytes)


def read_adapter(path: Path) -> AdapterFile:
    """Read an adapter's header. Raises ModelError for anything that is no LoRA adapter in GGUF."""
    header = read_header(path)
    kind = (header.text("general.type"), header.text("adapter.type"))
    if kind != ("adapter", "lora"):
        raise ModelError(
            f"{path}: not a LoRA adapter",
            next_step="Make one with llama.cpp's convert_lora_to_gguf.py, or name a model with --model",
        )
    architecture = header.text("general.architecture") or ""
    return AdapterFile(path, path.stat().st_size, content_hash([path]), architecture)
