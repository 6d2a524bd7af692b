"""Quantization levels of ONNX models, made with onnxruntime's own quantizer in its own process, and cached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from rightsize.domain import Model
from rightsize.engines.interface import ModelQuery
from rightsize.engines.onnx.describe import describe
from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.engines.onnx.runtime import check_file
from rightsize.errors import EngineError, QuantizeError
from rightsize.paths import cache_dir

UNQUANTIZED = ("FP32", "FP16")
MADE = ("INT8", "INT4")
LEVELS = (*UNQUANTIZED, *MADE)
_TIME_LIMIT_S = 3600


def at_levels(model: Model, query: ModelQuery) -> Iterator[Model]:
    """The model at the query's levels; without any at its own and, if it is unquantized, at those made of it.

    A broken graph comes as it is: its cell will say what is wrong with it, and the run goes on.

    Raises QuantizeError when a level cannot be made from this model.
    """
    if _is_broken(model):
        yield model
        return
    made = MADE if model.quant in UNQUANTIZED else ()
    for level in query.levels or (model.quant, *made):
        if level == model.quant:
            yield model
        elif level in MADE and model.quant in UNQUANTIZED:
            yield quantized(model, level, query.notify)
        else:
            raise QuantizeError(
                f"{model.name} is {model.quant or 'of no known level'}: {level} cannot be made from it",
                next_step=f"Levels that can be made are {', '.join(MADE)}, from FP32",
            )


def _is_broken(model: Model) -> bool:
    folder = OnnxFolder(model.file)
    try:
        if not folder.is_genai:
            check_file(folder.graph)
    except EngineError:
        return True
    return False


def quantized(model: Model, level: str, notify: Callable[[str], None]) -> Model:
    """The model at another level, from the cache or made now."""
    target = cache_dir() / "onnx-quantized" / model.sha256[:16] / level
    if not (target / "model.onnx").is_file():
        notify(f"quantizing {model.name} to {level} (ONNX)")
        _make(model, level, OnnxFolder(target))
    found = describe(OnnxFolder(target), spec=model.spec)
    return replace(
        found,
        name=model.name,
        quant=level,
        parameters=model.parameters,
        embedded=model.embedded,
        licence=model.licence,
        options=model.options,
    )


def _make(model: Model, level: str, target: OnnxFolder) -> None:
    source = OnnxFolder(model.file)
    part = target.path.with_name(f"{level}.{os.getpid()}.part")
    part.mkdir(parents=True, exist_ok=True)
    try:
        command = [sys.executable, "-m", "rightsize.engines.onnx.quantize_worker"]
        arguments = [str(source.graph), str(part / "model.onnx"), level]
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=_TIME_LIMIT_S, check=False
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["it died"])[-1]
            raise QuantizeError(f"cannot quantize {model.name} to {level}: {reason}")
        for file in source.small_files():
            shutil.copyfile(file, part / file.name)
        if not target.path.is_dir():
            part.replace(target.path)
    except subprocess.TimeoutExpired:
        raise QuantizeError(f"quantizing {model.name} to {level} took over {_TIME_LIMIT_S} s") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
