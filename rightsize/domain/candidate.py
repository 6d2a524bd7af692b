"""What could run: a model, and the settings under which it is a candidate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath

from rightsize.domain.terms import JsonValue


class ModelKind(StrEnum):
    """What answers: a model of language, or a classical method that needs none."""

    LANGUAGE_MODEL = "language_model"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Model:
    """What an engine can open: a file on disk, a folder, a served model, a classical method.

    ``path`` is None where there is no file; ``size_bytes``, ``parameters`` and ``context_length`` are None
    where they are not known, never 0. ``sha256`` identifies what answers: a hash of the file, or of whatever
    stands for it. ``quant`` is the quantization's name (``F16``, ``Q4_K_M`` ...), empty where there is none.
    ``spec`` is what a user types after ``--model`` to name it again (empty: its path). ``runtime`` is shown
    after the name where several engines run one model. ``options`` is what else its engine needs to open it.

    ``fallback_tensors`` counts the tensors that llama.cpp gave another type than the level asks for, because of
    their width. ``requantized`` is true when the file was made from one that had been quantized before.
    ``twin``: the weights are random, so that it can be timed and weighed, and never scored.
    """

    name: str
    path: Path | None = None
    size_bytes: int | None = None
    sha256: str = ""
    architecture: str = ""
    parameters: int | None = None
    quant: str = ""
    context_length: int | None = None
    embedded: bool = False
    licence: str | None = None
    chat_template_sha256: str | None = None
    fallback_tensors: int = 0
    quantizable_tensors: int = 0
    requantized: bool = False
    kind: ModelKind = ModelKind.LANGUAGE_MODEL
    spec: str = ""
    runtime: str = ""
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    twin: bool = False

    @property
    def file(self) -> Path:
        """Its file or folder, for engines whose models have one. Raises ValueError where there is none."""
        if self.path is None:
            raise ValueError(f"{self.name} has no file")
        return self.path


@dataclass(frozen=True, slots=True)
class CandidateSettings:
    """What is chosen about how a model runs; part of the fingerprint. 0 means "let the engine decide".

    ``chat_template`` is ``auto`` (the model's own, solved examples as turns), ``one-turn`` (its own, all in one
    message) or ``none``. ``constrain`` limits what may be generated: nothing (empty), ``json`` for any JSON
    object, a JSON schema as text (it begins with ``{``), or a GBNF grammar (it defines ``root ::=``).
    ``kv_type`` is the type of the KV cache (``f16``, ``q8_0`` or ``q4_0``), ``flash_attention`` is ``auto``,
    ``on`` or ``off``. ``prompt`` is a text with ``{prompt}`` where the task's own prompt goes, ``lora`` the
    path of an adapter.
    """

    threads: int = 0
    context_tokens: int = 0
    gpu_layers: int = 0
    chat_template: str = "auto"
    constrain: str = ""
    kv_type: str = "f16"
    flash_attention: str = "auto"
    prompt: str = ""
    prompt_name: str = ""
    lora: str = ""
    lora_sha256: str = ""

    def stated(self) -> dict[str, JsonValue]:
        """The settings as they are stored: without what came later and was not chosen, so that a measurement
        from before there was a choice is the same as one that leaves it at its default."""
        usual = CandidateSettings()
        since_first = {"kv_type", "flash_attention", "prompt", "prompt_name", "lora", "lora_sha256"}
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in since_first or value != getattr(usual, name)
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model at a quantization, on an engine, with its settings: the thing that is measured and chosen.

    ``varied`` names the settings in which it differs from other candidates of its run: they show in its name.
    """

    model: Model
    engine: str
    settings: CandidateSettings = CandidateSettings()
    varied: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name for people and for ``--candidate``: ``model:quant@runtime``, with what is unusual appended."""
        label = f"{self.model.name}:{self.model.quant}" if self.model.quant else self.model.name
        if self.model.fallback_tensors:
            label += f"+{self.model.fallback_tensors}fb"
        if self.model.requantized:
            label += "+requant"
        if self.model.twin:
            label += "+twin"
        label += "".join(f"+{mark}" for mark in setting_marks(self.settings, self.varied))
        return f"{label}@{self.model.runtime}" if self.model.runtime else label


#: What an id says of its model file alone; ids with different marks stay the same name for a person.
_FILE_MARKS = re.compile(r"\+(?:\d+fb|requant)(?=[+@]|$)")


def name_of_any_file(candidate_id: str) -> str:
    """Return a candidate's id without what it says of its model file: as it is before and after the file is
    replaced by another one of that name."""
    return _FILE_MARKS.sub("", candidate_id)


def setting_marks(settings: CandidateSettings, varied: Sequence[str] = ()) -> list[str]:
    """What a candidate's name says of its settings: what is unusual, and what ``varied`` in its run."""
    marks = {
        "threads": (False, f"{settings.threads}t"),
        "context_tokens": (False, f"ctx{settings.context_tokens}"),
        "gpu_layers": (False, f"ngl{settings.gpu_layers}"),
        "chat_template": (
            settings.chat_template == "one-turn",
            {"none": "raw", "one-turn": "one-turn"}.get(settings.chat_template, "chat"),
        ),
        "kv_type": (settings.kv_type != "f16", f"kv-{settings.kv_type}"),
        "flash_attention": (settings.flash_attention != "auto", f"fa-{settings.flash_attention}"),
        "prompt": (bool(settings.prompt), settings.prompt_name or "prompt"),
        "constrain": (bool(settings.constrain), "json" if settings.constrain == "json" else "constrained"),
        "lora": (bool(settings.lora), f"lora-{PurePath(settings.lora).stem}"),
    }
    default = CandidateSettings()
    return [
        mark
        for name, (unusual, mark) in marks.items()
        if unusual or (name in varied and getattr(settings, name) != getattr(default, name))
    ]
