"""Files of any shape with a header and no data, for what llama.cpp can say without weights."""

from __future__ import annotations

from pathlib import Path

from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.shapes.gguf_file import TypedTensor, head_bytes, write_sparse
from rightsize.models.shapes.metadata import metadata_of
from rightsize.models.shapes.quant_mix import unquantized
from rightsize.models.shapes.shape import Shape
from tests.models.shape_documents import SHAPES

NO_VOCABULARY = {"tokenizer.ggml.model": "no_vocab"}


def tiny_shape(name: str) -> Shape:
    return shape_from(SHAPES[name], 4096)


def sparse_file(path: Path, shape: Shape) -> tuple[TypedTensor, ...]:
    tensors = unquantized(shape).tensors
    write_sparse(path, head_bytes(shape.architecture, metadata_of(shape) | NO_VOCABULARY, tensors), tensors)
    return tensors


def sparse_latent_file(path: Path, *, layers: int, kv_rank: int, rope_width: int) -> None:
    """DeepSeek 2's shape, whose attention keeps one compressed vector a token."""
    width, heads, query_rank, plain, value, inner = 256, 4, 128, 64, 64, 512
    metadata = {
        "block_count": layers,
        "context_length": 4096,
        "embedding_length": width,
        "feed_forward_length": inner,
        "attention.head_count": heads,
        "attention.head_count_kv": 1,
        "attention.layer_norm_rms_epsilon": 1e-6,
        "attention.q_lora_rank": query_rank,
        "attention.kv_lora_rank": kv_rank,
        "attention.key_length": kv_rank + rope_width,
        "attention.value_length": kv_rank,
        "attention.key_length_mla": plain + rope_width,
        "attention.value_length_mla": value,
        "rope.dimension_count": rope_width,
        "leading_dense_block_count": layers,
        "expert_feed_forward_length": inner,
        "expert_shared_count": 1,
        "vocab_size": 300,
    }
    matrices = {
        "attn_q_a": (width, query_rank),
        "attn_q_b": (query_rank, heads * (plain + rope_width)),
        "attn_kv_a_mqa": (width, kv_rank + rope_width),
        "attn_k_b": (plain, kv_rank, heads),
        "attn_v_b": (kv_rank, value, heads),
        "attn_output": (heads * value, width),
        "ffn_gate": (width, inner),
        "ffn_up": (width, inner),
        "ffn_down": (inner, width),
    }
    norms = {"attn_norm": width, "attn_q_a_norm": query_rank, "attn_kv_a_norm": kv_rank, "ffn_norm": width}
    tensors = [
        TypedTensor("token_embd.weight", (width, 300), "F16"),
        TypedTensor("output_norm.weight", (width,), "F32"),
    ]
    for layer in range(layers):
        tensors += [TypedTensor(f"blk.{layer}.{name}.weight", (size,), "F32") for name, size in norms.items()]
        tensors += [TypedTensor(f"blk.{layer}.{name}.weight", size, "F16") for name, size in matrices.items()]
    keys = {f"deepseek2.{key}": value for key, value in metadata.items()} | NO_VOCABULARY
    write_sparse(path, head_bytes("deepseek2", keys, tensors), tensors)
