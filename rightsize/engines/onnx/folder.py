"""A model folder as Optimum writes it: ``model.onnx`` with ``config.json`` and ``tokenizer.json`` beside it.

Reading is lenient: a broken graph must cost its own cell and not the run, so what is wrong is said when it is
opened (:mod:`rightsize.engines.onnx.runtime`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rightsize.domain import JsonValue
from rightsize.errors import EngineError, ModelError

LABEL_MAP = "label_map.json"
_SMALL_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
    LABEL_MAP,
)


class Task(StrEnum):
    """What a graph is for."""

    CLASSIFY_TEXT = "sequence-classification"
    CLASSIFY_TOKENS = "token-classification"
    GENERATE = "text-generation"
    GENAI = "genai"


@dataclass(frozen=True, slots=True)
class OnnxFolder:
    """Where a model's parts lie."""

    path: Path

    @property
    def graph(self) -> Path:
        """The graph's file: in the folder itself, or in ``onnx/`` below it."""
        usual = (self.path / "model.onnx", self.path / "onnx" / "model.onnx")
        return next((path for path in usual if path.is_file()), usual[0])

    @property
    def is_genai(self) -> bool:
        """Whether it has the layout of onnxruntime-genai."""
        return (self.path / "genai_config.json").is_file()

    def small_files(self) -> list[Path]:
        """What belongs to the model beside its graph."""
        return [path for name in _SMALL_FILES if (path := self.path / name).is_file()]

    def files(self) -> list[Path]:
        """Every file that the model needs, its external data included where they lie in the folder."""
        beside = {path for path in self.graph.parent.glob("*") if path.is_file() and _is_weights(path)}
        return sorted({*beside, *self.small_files()})

    def json(self, name: str) -> Mapping[str, JsonValue]:
        """One of the JSON files, empty where there is none. Raises EngineError for one that is not JSON."""
        path = self.path / name
        if not path.is_file():
            return {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(f"{path}: cannot be read: {error}") from error
        if not isinstance(content, dict):
            raise EngineError(f"{path}: must hold a JSON object, not {type(content).__name__}")
        return content

    def task(self) -> Task:
        """What the model is for, by the architecture that ``config.json`` names."""
        if self.is_genai:
            return Task.GENAI
        names = " ".join(map(str, self.json("config.json").get("architectures") or ()))
        if "ForSequenceClassification" in names:
            return Task.CLASSIFY_TEXT
        if "ForTokenClassification" in names:
            return Task.CLASSIFY_TOKENS
        if "CausalLM" in names or "LMHead" in names:
            return Task.GENERATE
        raise EngineError(
            f"{self.path / 'config.json'}: architectures {names or 'are not named'}: not one that can be run",
            next_step="It takes ...ForSequenceClassification, ...ForTokenClassification or ...ForCausalLM",
        )

    def labels(self) -> tuple[str, ...]:
        """The labels by number, as ``config.json`` gives them in ``id2label``."""
        declared = self.json("config.json").get("id2label") or {}
        try:
            by_number = {int(number): str(label) for number, label in declared.items()}
        except (AttributeError, ValueError) as error:
            raise EngineError(f"{self.path / 'config.json'}: id2label is no mapping of numbers") from error
        if sorted(by_number) != list(range(len(by_number))) or not by_number:
            raise EngineError(f"{self.path / 'config.json'}: id2label does not name the labels from 0 on")
        return tuple(by_number[number] for number in range(len(by_number)))

    def label_map(self) -> Mapping[str, str]:
        """What a user says the model's labels are called in the task: ``label_map.json``, empty without it."""
        return {str(label): str(meant) for label, meant in self.json(LABEL_MAP).items()}


def find_folder(spec: str) -> OnnxFolder:
    """The folder that a path stands for. Raises ModelError when there is no such model."""
    path = Path(spec).expanduser()
    if path.is_file() and path.suffix == ".onnx":
        return OnnxFolder(path.parent.parent if path.parent.name == "onnx" else path.parent)
    folder = OnnxFolder(path)
    if not path.is_dir():
        raise ModelError(f"{spec}: there is no such folder")
    if not folder.is_genai and not folder.graph.is_file():
        raise ModelError(
            f"{spec}: holds no model.onnx",
            next_step="Export it first, for example with: optimum-cli export onnx",
        )
    return folder


def is_folder(spec: str) -> bool:
    """Whether a path is an ONNX model, seen from outside."""
    path = Path(spec).expanduser()
    if path.suffix == ".onnx":
        return path.is_file()
    folder = OnnxFolder(path)
    return path.is_dir() and (folder.is_genai or (folder.graph.is_file() and (path / "config.json").is_file()))


def _is_weights(path: Path) -> bool:
    return (
        path.name.startswith("model") or path.suffix in {".onnx", ".data"} or path.name == "genai_config.json"
    )
