"""Tiny ONNX model folders that tests make with ``onnx.helper``: real graphs, real tokenizers, known answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def word_tokenizer(words: Sequence[str], path: Path) -> None:
    """Whole words, lower case; [PAD] is 0, [UNK] is 1."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(path))


def make_classifier(
    folder: Path,
    words: Mapping[str, Sequence[float]],
    labels: Sequence[str],
    *,
    architecture: str = "TinyForSequenceClassification",
    pooled: bool = True,
    opset: int = OPSET,
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
) -> Path:
    """A folder whose graph adds up each word's scores, one per label; not ``pooled`` it leaves them apart."""
    folder.mkdir(parents=True, exist_ok=True)
    word_tokenizer(list(words), folder / "tokenizer.json")
    config = {
        "architectures": [architecture],
        "model_type": "tiny",
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "max_position_embeddings": 16,
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config))
    table = np.array([[0.0] * len(labels)] * 2 + [list(scores) for scores in words.values()], np.float32)
    # Padding would change the answer, were it not masked.
    table[0] = np.arange(1, len(labels) + 1) * 7.0
    save_graph(folder / "model.onnx", _score_nodes(inputs, pooled), inputs, {"table": table}, opset)
    return folder


def _score_nodes(inputs: Sequence[str], pooled: bool) -> list[Any]:
    nodes = [helper.make_node("Gather", ["table", inputs[0]], ["each" if pooled else "logits"])]
    if not pooled:
        return nodes
    return [
        *nodes,
        helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["kept", "two"], ["wide"]),
        helper.make_node("Mul", ["each", "wide"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "one"], ["logits"], keepdims=0),
    ]


def save_graph(
    path: Path, nodes: Sequence[Any], inputs: Sequence[str], tables: Mapping[str, Any], opset: int
) -> None:
    """Write a graph whose inputs are integers (batch, steps) and whose output is ``logits``."""
    constants = {"one": np.array([1]), "two": np.array([2]), **tables}
    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "steps"]) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
