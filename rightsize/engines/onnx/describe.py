"""One ONNX folder as a :class:`rightsize.domain.Model`, without reading its weights.

A graph that cannot be read is described as far as it can be: its cell will say what is wrong.
"""

from __future__ import annotations

from contextlib import suppress
from math import prod
from typing import Any

from rightsize.domain import Model
from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.errors import EngineError
from rightsize.models.local_file import content_hash

_TINY = 1024  # constants of a graph are smaller than any matrix of weights


def describe(folder: OnnxFolder, *, spec: str) -> Model:
    """Read what a folder says of itself."""
    files = folder.files()
    config, task = {}, ""
    with suppress(EngineError):
        config = dict(folder.json("config.json"))
        task = folder.task().value
    quant, parameters = _weights(folder)
    return Model(
        name=folder.path.resolve().name,
        path=folder.path,
        size_bytes=sum(path.stat().st_size for path in files),
        sha256=content_hash(files),
        architecture=str(config.get("model_type", "")),
        parameters=parameters,
        quant=quant,
        context_length=config.get("max_position_embeddings"),
        spec=spec,
        runtime="onnx",
        options={"task": task} if task else {},
    )


def _weights(folder: OnnxFolder) -> tuple[str, int | None]:
    """The level that a graph is at, and the number of its weights where they are whole numbers of values."""
    import onnx

    if folder.is_genai:
        return "", None
    try:
        graph = onnx.load(str(folder.graph), load_external_data=False).graph
    except Exception:  # whatever protobuf raises, opening it will say it better
        return "", None
    kinds = {node.op_type for node in graph.node}
    if "MatMulNBits" in kinds:
        return "INT4", None
    if kinds & {"MatMulInteger", "DynamicQuantizeLinear", "DequantizeLinear"}:
        return "INT8", None
    weights = [tensor for tensor in graph.initializer if prod(tensor.dims) >= _TINY]
    halves = sum(1 for tensor in weights if tensor.data_type == onnx.TensorProto.FLOAT16)
    return ("FP16" if halves * 2 > len(weights) else "FP32"), _elements(weights)


def _elements(weights: list[Any]) -> int | None:
    return sum(prod(tensor.dims) for tensor in weights) or None
