"""Tiny random GGUF models that tests make themselves: real files, real engine, no meaning."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from rightsize.models.twins.tokenizer import byte_level_alphabet

EOS = "<eos>"


def make_tiny_llama(
    path: Path,
    *,
    width: int = 64,
    layers: int = 2,
    heads: int = 4,
    kv_heads: int = 0,
    context: int = 512,
    seed: int = 0,
    chat_template: str | None = None,
    vocabulary: bool = True,
) -> Path:
    """Write an F16 llama-architecture model with random weights and a byte-level vocabulary.

    Without ``kv_heads`` every head has its own keys and values.
    """
    random = np.random.default_rng(seed)
    tokens = [*byte_level_alphabet(), EOS, "Ġt", "Ġth", "Ġthe", "in", "er"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(path.stem)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads or heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    if vocabulary:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list(tokens)
        writer.add_token_types([1] * 256 + [3] + [1] * (len(tokens) - 257))
        writer.add_token_merges(["Ġ t", "Ġt h", "Ġth e", "i n", "e r"])
        writer.add_eos_token_id(256)
        writer.add_add_bos_token(False)
    else:
        writer.add_tokenizer_model("no_vocab")
    if chat_template:
        writer.add_chat_template(chat_template)

    def matrix(name: str, rows: int, columns: int) -> None:
        writer.add_tensor(name, (random.standard_normal((rows, columns)) / columns**0.5 * 2).astype(np.float16))

    def vector(name: str) -> None:
        writer.add_tensor(name, np.ones(width, np.float32))

    matrix("token_embd.weight", len(tokens), width)
    vector("output_norm.weight")
    for layer in range(layers):
        prefix = f"blk.{layer}"
        vector(f"{prefix}.attn_norm.weight")
        vector(f"{prefix}.ffn_norm.weight")
        narrow = width // heads * (kv_heads or heads)
        for part, rows in (("attn_q", width), ("attn_k", narrow), ("attn_v", narrow), ("attn_output", width)):
            matrix(f"{prefix}.{part}.weight", rows, width)
        matrix(f"{prefix}.ffn_gate.weight", 2 * width, width)
        matrix(f"{prefix}.ffn_up.weight", 2 * width, width)
        matrix(f"{prefix}.ffn_down.weight", width, 2 * width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
