"""Opening a graph with ONNX Runtime: what is wrong with a file is said in one line, before and after trying."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rightsize.errors import EngineError

DEFAULT_PROVIDER = "CPUExecutionProvider"
_NOISE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : |/\S+/onnxruntime/\S+ |\S+::\S+\(.*?\) ")


@dataclass(frozen=True, slots=True)
class Runtime:
    """An open graph. ``inputs`` maps names to (element type, dimensions)."""

    session: Any
    inputs: Mapping[str, tuple[str, Sequence[Any]]]
    outputs: tuple[str, ...]
    provider: str
    load_ms: float


def open_runtime(path: Path, *, threads: int, provider: str = DEFAULT_PROVIDER) -> Runtime:
    """Open a graph on an execution provider. Raises EngineError with the reason."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    if provider not in onnxruntime.get_available_providers():
        known = ", ".join(onnxruntime.get_available_providers())
        raise EngineError(f"onnxruntime has no {provider} here", next_step=f"It has {known}")
    check_file(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(0, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    started = time.perf_counter()
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # onnxruntime raises types of its own, some of them private
        raise EngineError(f"onnxruntime cannot load {path.name}: {one_line(error)}") from error
    return Runtime(
        session,
        {given.name: (given.type, given.shape) for given in session.get_inputs()},
        tuple(given.name for given in session.get_outputs()),
        session.get_providers()[0],
        (time.perf_counter() - started) * 1e3,
    )


def check_file(path: Path) -> None:
    """Look at a graph without its weights. Raises EngineError for what onnxruntime says less clearly."""
    import onnx

    if not path.is_file():
        raise EngineError(f"{path}: there is no such file")
    try:
        graph = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's errors differ by its implementation
        raise EngineError(
            f"{path.name} is not an ONNX file, or is cut short", next_step="Export it anew"
        ) from error
    if not graph.graph.node:
        raise EngineError(f"{path.name} holds no graph, or is cut short", next_step="Export it anew")
    newest = onnx.defs.onnx_opset_version()
    for opset in graph.opset_import:
        if opset.domain in {"", "ai.onnx"} and not 7 <= opset.version <= newest:
            raise EngineError(
                f"{path.name} is of opset {opset.version}; 7 to {newest} can be run", next_step="Export it anew"
            )
    _check_external(path, graph.graph.initializer)


def _check_external(path: Path, tensors: Iterable[Any]) -> None:
    """External data must lie in the graph's own folder, and be there."""
    folder = path.parent.resolve()
    for tensor in tensors:
        for entry in tensor.external_data:
            if entry.key != "location":
                continue
            data = (folder / entry.value).resolve()
            if not data.is_relative_to(folder):
                raise EngineError(f"{path.name} wants weights from outside its folder: {entry.value}")
            if not data.is_file():
                raise EngineError(
                    f"{path.name} needs {entry.value}, which is not there",
                    next_step="Put the external data beside the graph",
                )


def require_inputs(runtime: Runtime, given: Iterable[str], needed: Iterable[str], path: Path) -> None:
    """Raise EngineError where a graph lacks an input that it must have, or has one that is not known."""
    has = ", ".join(runtime.inputs) or "none"
    for name in needed:
        if name not in runtime.inputs:
            raise EngineError(f"{path.name} has no input {name}; its inputs are {has}")
    known = set(given)
    unknown = [name for name in runtime.inputs if name not in known]
    if unknown:
        raise EngineError(f"{path.name} wants the input {unknown[0]}, which nothing here can give")


def one_line(error: BaseException) -> str:
    """What a library says, in one readable line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return _NOISE.sub("", text)[:300]


def integers(element_type: str) -> Any:
    """numpy's type for an integer input."""
    import numpy as np

    return np.int32 if "int32" in element_type else np.int64


def floats(element_type: str) -> Any:
    """numpy's type for a float input."""
    import numpy as np

    return np.float16 if "float16" in element_type else np.float32
