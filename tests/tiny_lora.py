"""A tiny real LoRA adapter for the models of ``tiny_models``: random low-rank changes to the attention."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np


def make_tiny_lora(
    path: Path,
    *,
    width: int = 64,
    layers: int = 2,
    rank: int = 4,
    strength: float = 1.0,
    architecture: str = "llama",
    seed: int = 7,
) -> Path:
    """Write an adapter of that rank; with ``strength`` 0 it changes nothing."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(rank))
    for layer in range(layers):
        for part in ("attn_q", "attn_v", "attn_output"):
            down = random.standard_normal((rank, width)) / width**0.5
            up = random.standard_normal((width, rank)) * strength
            writer.add_tensor(f"blk.{layer}.{part}.weight.lora_a", down.astype(np.float32))
            writer.add_tensor(f"blk.{layer}.{part}.weight.lora_b", up.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
