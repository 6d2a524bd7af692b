"""Tiny random models of the other kinds of memory: sliding windows, recurrent state, and both kinds in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np

from rightsize.models.twins.tokenizer import byte_level_alphabet
from tests.tiny_models import EOS

WIDTH, HEADS, FEED_FORWARD, CONTEXT = 64, 4, 128, 512
WINDOW = 32
_INNER, _STATE, _KERNEL, _RANK = 128, 16, 4, 4


class TinyWriter:
    """A GGUF file with a byte-level vocabulary, and random tensors by their GGUF names."""

    def __init__(self, path: Path, architecture: str, layers: int, *, seed: int = 0) -> None:
        self.path, self.layers = path, layers
        self.random = np.random.default_rng(seed)
        self.tokens = [*byte_level_alphabet(), EOS, "Ġt", "Ġth", "Ġthe", "in", "er"]
        self.gguf = gguf.GGUFWriter(path, architecture)
        self.gguf.add_name(path.stem)
        self.gguf.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
        self.gguf.add_context_length(CONTEXT)
        self.gguf.add_embedding_length(WIDTH)
        self.gguf.add_block_count(layers)
        self.gguf.add_feed_forward_length(FEED_FORWARD)
        self.gguf.add_head_count(HEADS)
        self.gguf.add_layer_norm_rms_eps(1e-5)
        self.gguf.add_vocab_size(len(self.tokens))
        self.gguf.add_tokenizer_model("gpt2")
        self.gguf.add_tokenizer_pre("gpt-2")
        self.gguf.add_token_list(self.tokens)
        self.gguf.add_token_types([1] * 256 + [3] + [1] * (len(self.tokens) - 257))
        self.gguf.add_token_merges(["Ġ t", "Ġt h", "Ġth e", "i n", "e r"])
        self.gguf.add_eos_token_id(256)
        self.gguf.add_add_bos_token(False)
        self.matrix("token_embd.weight", len(self.tokens), WIDTH)
        self.vector("output_norm.weight", WIDTH)

    def matrix(self, name: str, rows: int, columns: int, kind: type = np.float16, scale: float = 2.0) -> None:
        values = self.random.standard_normal((rows, columns)) / columns**0.5 * scale
        self.gguf.add_tensor(name, values.astype(kind))

    def vector(self, name: str, size: int, value: float = 1.0) -> None:
        self.gguf.add_tensor(name, np.full(size, value, np.float32))

    def attention(self, block: str) -> None:
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            self.matrix(f"{block}.{part}.weight", WIDTH, WIDTH)

    def feed_forward(self, block: str) -> None:
        self.vector(f"{block}.ffn_norm.weight", WIDTH)
        self.matrix(f"{block}.ffn_gate.weight", FEED_FORWARD, WIDTH)
        self.matrix(f"{block}.ffn_up.weight", FEED_FORWARD, WIDTH)
        self.matrix(f"{block}.ffn_down.weight", WIDTH, FEED_FORWARD)

    def state_space_keys(self) -> None:
        self.gguf.add_ssm_conv_kernel(_KERNEL)
        self.gguf.add_ssm_inner_size(_INNER)
        self.gguf.add_ssm_state_size(_STATE)
        self.gguf.add_ssm_time_step_rank(_RANK)

    def state_space(self, block: str, *, norms: bool = False) -> None:
        """Mamba's tensors; Jamba has norms on the step and the two state matrices besides."""
        self.matrix(f"{block}.ssm_in.weight", 2 * _INNER, WIDTH)
        self.matrix(f"{block}.ssm_conv1d.weight", _INNER, _KERNEL, np.float32)
        self.vector(f"{block}.ssm_conv1d.bias", _INNER, 0.1)
        # Small, because Mamba has no norm here: the state would grow without bound.
        self.matrix(f"{block}.ssm_x.weight", _RANK + 2 * _STATE, _INNER, scale=0.3)
        self.matrix(f"{block}.ssm_dt.weight", _INNER, _RANK, np.float32)
        self.vector(f"{block}.ssm_dt.bias", _INNER, 0.1)
        decay = -np.tile(np.arange(1, _STATE + 1, dtype=np.float32), (_INNER, 1))
        self.gguf.add_tensor(f"{block}.ssm_a", decay)
        self.vector(f"{block}.ssm_d", _INNER)
        self.matrix(f"{block}.ssm_out.weight", WIDTH, _INNER)
        if norms:
            self.vector(f"{block}.ssm_dt_norm.weight", _RANK)
            self.vector(f"{block}.ssm_b_norm.weight", _STATE)
            self.vector(f"{block}.ssm_c_norm.weight", _STATE)

    def write(self) -> Path:
        self.gguf.write_header_to_file()
        self.gguf.write_kv_data_to_file()
        self.gguf.write_tensors_to_file()
        self.gguf.close()
        return self.path


def make_sliding_window(path: Path) -> Path:
    """Gemma 3's shape: five layers that see ``WINDOW`` tokens back, then one that sees all."""
    writer = TinyWriter(path, "gemma3", 6)
    writer.gguf.add_head_count_kv(HEADS)
    writer.gguf.add_key_length(WIDTH // HEADS)
    writer.gguf.add_value_length(WIDTH // HEADS)
    writer.gguf.add_sliding_window(WINDOW)
    for layer in range(6):
        block = f"blk.{layer}"
        writer.attention(block)
        writer.feed_forward(block)
        for norm in ("attn_norm", "post_attention_norm", "post_ffw_norm"):
            writer.vector(f"{block}.{norm}.weight", WIDTH)
        for norm in ("attn_q_norm", "attn_k_norm"):
            writer.vector(f"{block}.{norm}.weight", WIDTH // HEADS)
    return writer.write()


def make_recurrent(path: Path) -> Path:
    """Mamba: no attention at all."""
    writer = TinyWriter(path, "mamba", 2)
    writer.state_space_keys()
    for layer in range(2):
        writer.vector(f"blk.{layer}.attn_norm.weight", WIDTH)
        writer.state_space(f"blk.{layer}")
    return writer.write()


def make_hybrid(path: Path) -> Path:
    """Jamba: recurrent layers (those without key-value heads) and attention in turn."""
    writer = TinyWriter(path, "jamba", 4)
    writer.state_space_keys()
    writer.gguf.add_head_count_kv([0, HEADS, 0, HEADS])
    for layer in range(4):
        block = f"blk.{layer}"
        writer.vector(f"{block}.attn_norm.weight", WIDTH)
        if layer % 2:
            writer.attention(block)
        else:
            writer.state_space(block, norms=True)
        writer.feed_forward(block)
    return writer.write()


ARCHITECTURES: dict[str, Callable[[Path], Path]] = {
    "sliding_window": make_sliding_window,
    "recurrent": make_recurrent,
    "hybrid": make_hybrid,
}
