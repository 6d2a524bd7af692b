"""Which type llama.cpp's quantizer gives each tensor of a shape at a level, asked of the quantizer itself.

The question is a dry run over a sparse file: the shape's own header with nothing behind it. It runs in a worker
process and is remembered by what was asked and of which build.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rightsize.errors import QuantizeError
from rightsize.models.levels import file_types
from rightsize.models.line_worker import ask_worker
from rightsize.models.shapes.gguf_file import TypedTensor, head_bytes, tensor_bytes, write_sparse
from rightsize.models.shapes.metadata import metadata_of
from rightsize.models.shapes.shape import Shape
from rightsize.models.shapes.tensors import tensors_of
from rightsize.paths import cache_dir

_TIME_LIMIT_S = 300


@dataclass(frozen=True, slots=True)
class QuantMix:
    """A shape's tensors with the type each has at a level, in the file's order.

    ``fallback_tensors`` counts those that llama.cpp gave another type because of their width.
    """

    level: str
    tensors: tuple[TypedTensor, ...]
    fallback_tensors: int = 0

    @property
    def tensor_bytes(self) -> int:
        """Bytes of the tensors with their padding: a file of this mix less its metadata."""
        return tensor_bytes(self.tensors)


def unquantized(shape: Shape) -> QuantMix:
    """What llama.cpp's converter writes for F16: matrices as F16, vectors and what is tiny as F32."""
    typed = (TypedTensor(t.name, t.shape, t.unquantized_type) for t in tensors_of(shape))
    return QuantMix("F16", tuple(typed))


def quant_mix(shape: Shape, level: str) -> QuantMix:
    """The mix of one shape at one level. Raises QuantizeError with llama.cpp's own reason."""
    return quant_mixes([shape], [level])[0][level]


def quant_mixes(shapes: Sequence[Shape], levels: Sequence[str]) -> list[dict[str, QuantMix]]:
    """Every shape's mix at every level, asked in one worker process; what was asked before is remembered.

    Raises QuantizeError for the first question that llama.cpp refuses.
    """
    asked = [_Question(shape, level) for shape in shapes for level in levels]
    known = {question.key: question.remembered() for question in asked}
    missing = {q.key: q for q in asked if known[q.key] is None}
    for question, answer in _answers(list(missing.values())):
        known[question.key] = question.mix(answer)
        question.remember(answer)
    answered = iter([known[question.key] for question in asked])
    return [{level: mix for level in levels if (mix := next(answered))} for _ in shapes]


class _Question:
    """One shape at one level. What it depends on is its key: keys, tensors, level and llama.cpp's build."""

    def __init__(self, shape: Shape, level: str) -> None:
        self.shape, self.level = shape, level
        self.tensors = tensors_of(shape)
        named = [[tensor.name, tensor.shape] for tensor in self.tensors]
        asked = [_llama_cpp_version(), level, metadata_of(shape), named]
        self.key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        self._file = cache_dir() / "mixes" / f"{self.key[:32]}.json"

    def remembered(self) -> QuantMix | None:
        """The mix that was learned before; None when nothing, or nothing whole, is remembered."""
        try:
            return self.mix(json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, QuantizeError):
            return None

    def remember(self, answer: Mapping[str, Any]) -> None:
        """Keep an answer for the next time."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(answer), encoding="utf-8")
        part.replace(self._file)

    def mix(self, answer: Any) -> QuantMix:
        """The answer as a mix. Raises QuantizeError where it does not speak of every tensor."""
        try:
            types, fallback = answer["types"], int(answer["fallback"])
            typed = tuple(TypedTensor(t.name, t.shape, types[t.name]) for t in self.tensors)
        except (KeyError, TypeError, ValueError):
            raise QuantizeError(f"llama.cpp's dry run at {self.level} did not speak of every tensor") from None
        return QuantMix(self.level, typed, fallback)


def _answers(questions: Sequence[_Question]) -> Iterator[tuple[_Question, dict[str, Any]]]:
    if not questions:
        return
    with tempfile.TemporaryDirectory(prefix="rightsize-mix-") as folder:
        jobs = list(_jobs(questions, Path(folder)))
        try:
            heard = ask_worker("rightsize.models.shapes.mix_worker", jobs, _TIME_LIMIT_S)
        except TimeoutError:
            raise QuantizeError(f"llama.cpp's dry run took over {_TIME_LIMIT_S} s") from None
    for question, answer in zip(questions, heard.answers, strict=False):
        if "error" in answer:
            raise _refused(question, answer["error"])
        yield question, answer
    if len(heard.answers) < len(questions):
        raise _refused(questions[len(heard.answers)], heard.last_words)


def _jobs(questions: Iterable[_Question], folder: Path) -> Iterator[str]:
    paths: dict[int, Path] = {}
    for question in questions:
        shape = question.shape
        if id(shape) not in paths:
            path = paths[id(shape)] = folder / f"{len(paths)}.gguf"
            tensors = unquantized(shape).tensors
            write_sparse(path, head_bytes(shape.architecture, metadata_of(shape), tensors), tensors)
        yield json.dumps({"path": str(paths[id(shape)]), "file_type": file_types()[question.level]})


def _refused(question: _Question, why: str) -> QuantizeError:
    return QuantizeError(
        f"llama.cpp will not quantize this {question.shape.architecture} shape to {question.level}: {why}",
        next_step="Check the shape's numbers, or name another level",
    )


@cache
def _llama_cpp_version() -> str:
    from importlib.metadata import version

    return version("llama-cpp-python")
