"""What a context of llama.cpp is made with besides its size: the cache's type, flash attention, an adapter."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama

from rightsize.domain import CandidateSettings
from rightsize.engines.llama_cpp import library
from rightsize.errors import EngineError

_CACHE_TYPES = {"f16": llama.GGML_TYPE_F16, "q8_0": llama.GGML_TYPE_Q8_0, "q4_0": llama.GGML_TYPE_Q4_0}
_FLASH = {
    "auto": llama.LLAMA_FLASH_ATTN_TYPE_AUTO,
    "on": llama.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    "off": llama.LLAMA_FLASH_ATTN_TYPE_DISABLED,
}


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """See :class:`rightsize.domain.CandidateSettings`. Every context over a model is made with the same."""

    kv_type: str = "f16"
    flash_attention: str = "auto"
    lora: str = ""

    @classmethod
    def of(cls, settings: CandidateSettings) -> ContextOptions:
        """The part of a candidate's settings that concerns contexts."""
        return cls(settings.kv_type, settings.flash_attention, settings.lora)

    def apply(self, params: Any) -> None:
        """Set the fields of ``llama_context_params``; llama.cpp's defaults are left as they are."""
        if self.kv_type != "f16":
            params.type_k = params.type_v = _CACHE_TYPES[self.kv_type]
        if self.flash_attention != "auto":
            params.flash_attn_type = _FLASH[self.flash_attention]


class Adapter:
    """A LoRA adapter for one loaded model; freed with the model. Raises EngineError with llama.cpp's reason."""

    def __init__(self, model: Any, path: Path) -> None:
        with library.captured_log() as log:
            self._handle = llama.llama_adapter_lora_init(model, str(path).encode())
        if not self._handle:
            raise EngineError(f"llama.cpp cannot use the adapter {path.name}: {library.last_error(log)}")

    def attach(self, context: Any) -> None:
        """Apply it, at full strength, to everything that this context computes."""
        adapters = (llama.llama_adapter_lora_p_ctypes * 1)(self._handle)
        scales = (ctypes.c_float * 1)(1.0)
        if llama.llama_set_adapters_lora(context, adapters, 1, scales) != 0:
            raise EngineError("llama.cpp cannot apply the adapter to a context")
