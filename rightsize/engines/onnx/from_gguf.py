"""A llama-architecture GGUF file as an ONNX folder in Optimum's layout: the same weights in single precision.

The graph is built node by node with ``onnx.helper``; nothing is traced and torch is not needed. Rotations: GGUF
turns neighbouring pairs, ONNX graphs by custom two halves, so the rows of the query and key matrices are put in
that order here; attention, being a product of the two, does not see the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rightsize.errors import ModelError

Floats = NDArray[np.float32]

EXPORT_VERSION = "1"
_DEFAULT_ENDS = 11  # what llama.cpp takes for BOS and EOS of a byte-level vocabulary that does not say
_PRE_TOKENIZERS = {
    "qwen2": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a llama-architecture model looks like, from its GGUF metadata."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    context: int
    rope_base: float
    norm_eps: float
    vocab: int


def export(source: Path, folder: Path) -> Path:
    """Write ``model.onnx``, ``config.json`` and ``tokenizer.json`` into ``folder`` in one step and return it.

    Raises ModelError for a file of another architecture, precision or tokenizer.
    """
    import gguf

    reader = gguf.GGUFReader(source)
    facts = _Facts(reader, source)
    shape = facts.shape()
    tensors = {tensor.name: _floats(tensor, source) for tensor in reader.tensors}
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    part.mkdir(parents=True, exist_ok=True)
    (part / "tokenizer.json").write_text(json.dumps(_tokenizer(facts), ensure_ascii=False), encoding="utf-8")
    (part / "config.json").write_text(json.dumps(_config(facts, shape), indent=1), encoding="utf-8")
    _save(shape, tensors, part / "model.onnx")
    if folder.is_dir():  # another process was as quick
        return folder
    part.replace(folder)
    return folder


def _save(shape: Shape, tensors: dict[str, Floats], path: Path) -> None:
    import onnx

    from rightsize.engines.onnx.llama_graph import llama_graph

    onnx.save(llama_graph(shape, tensors), path)


class _Facts:
    """A GGUF file's metadata, with what is missing said in one line."""

    def __init__(self, reader: Any, source: Path) -> None:
        self._fields, self._source = reader.fields, source
        if self.get("general.architecture") != "llama":
            raise self.refusal(
                f"only the llama architecture is exported, this is {self.get('general.architecture')}"
            )

    def get(self, key: str, default: Any = None) -> Any:
        field = self._fields.get(key)
        return default if field is None else field.contents()

    def need(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise self.refusal(f"it has no {key}")
        return value

    def refusal(self, why: str) -> ModelError:
        return ModelError(f"{self._source.name} cannot be exported to ONNX: {why}")

    def shape(self) -> Shape:
        for key in ("llama.rope.scaling.type", "llama.expert_count"):
            if self.get(key) not in (None, "none", 0):
                raise self.refusal(f"{key} is {self.get(key)}, which the exporter does not know")
        heads, width = int(self.need("llama.attention.head_count")), int(self.need("llama.embedding_length"))
        return Shape(
            layers=int(self.need("llama.block_count")),
            width=width,
            heads=heads,
            kv_heads=int(self.get("llama.attention.head_count_kv", heads)),
            head_width=int(self.get("llama.rope.dimension_count", width // heads)),
            context=int(self.need("llama.context_length")),
            rope_base=float(self.get("llama.rope.freq_base", 10_000.0)),
            norm_eps=float(self.need("llama.attention.layer_norm_rms_epsilon")),
            vocab=len(self.need("tokenizer.ggml.tokens")),
        )


def _floats(tensor: Any, source: Path) -> Floats:
    if tensor.tensor_type.name not in {"F32", "F16"}:
        raise ModelError(
            f"{source.name} cannot be exported to ONNX: {tensor.name} is {tensor.tensor_type.name}",
            next_step="Give the F16 file: ONNX levels are made from it",
        )
    return np.asarray(tensor.data, dtype=np.float32)


def _config(facts: _Facts, shape: Shape) -> dict[str, Any]:
    begin, end = (int(facts.get(f"tokenizer.ggml.{which}_token_id", _DEFAULT_ENDS)) for which in ("bos", "eos"))
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_width,
        "max_position_embeddings": shape.context,
        "vocab_size": shape.vocab,
        "bos_token_id": begin,
        "eos_token_id": end,
        "add_bos_token": bool(facts.get("tokenizer.ggml.add_bos_token", False)),
        "chat_template": facts.get("tokenizer.chat_template"),
    }


def _tokenizer(facts: _Facts) -> dict[str, Any]:
    """A byte-level BPE as the ``tokenizers`` library reads it, that splits text just as llama.cpp does."""
    kind, pre = facts.get("tokenizer.ggml.model"), facts.get("tokenizer.ggml.pre")
    if kind != "gpt2" or pre not in _PRE_TOKENIZERS:
        raise facts.refusal(f"its tokenizer ({kind}, {pre}) is not one that can be carried over exactly")
    tokens = facts.need("tokenizer.ggml.tokens")
    split = {
        "type": "Split",
        "pattern": {"Regex": _PRE_TOKENIZERS[pre]},
        "behavior": "Isolated",
        "invert": False,
    }
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, by_bytes]},
        "post_processor": None,
        "decoder": by_bytes,
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in facts.need("tokenizer.ggml.merges")],
            "ignore_merges": False,
            "byte_fallback": False,
        },
    }


def exported(source: Path, sha256: str, cache: Path, notify: Callable[[str], None] = lambda _: None) -> Path:
    """The ONNX folder of a GGUF file, from the cache or made now."""
    folder = cache / "onnx" / f"{sha256[:16]}-{EXPORT_VERSION}"
    if not folder.is_dir():
        notify(f"exporting {source.stem} to ONNX")
        export(source, folder)
    return folder
