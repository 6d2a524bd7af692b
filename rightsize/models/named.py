"""Models by the name that another tool gave them: ``ollama:llama3.2``, ``hf:owner/repo:Q4_K_M``.

ollama:NAME[:TAG]          a model of Ollama, from its manifests; without a tag the latest
hf:OWNER/REPO[:LEVEL]      a repository in the Hugging Face cache; without a level all its GGUF files
lm-studio:NAME             a model of LM Studio, by any end of its path
llama.cpp:NAME             a file in llama.cpp's own cache
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rightsize.errors import ModelError
from rightsize.models.levels import file_types
from rightsize.models.local import HUB, LLAMA_CPP, LM_STUDIO, OLLAMA, LocalModel, every_local_model

_SHOWN = 5
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file, what to call the model in it (None: what its file name says), and the spec that names it."""

    path: Path
    name: str | None
    spec: str


def resolve(spec: str, models: Sequence[LocalModel] | None = None) -> list[NamedFile] | None:
    """The files that such a name stands for; None when the spec is not of this kind.

    Raises ModelError when the tool has no model of that name, naming those it has.
    """
    place, _, name = spec.partition(":")
    if place not in _PLACES or not name:
        return None
    where, match = _PLACES[place]
    every = every_local_model() if models is None else models
    known = [model for model in every if model.where == where]
    found = [model for model in known if match(model, name)]
    if not found:
        raise _unknown(place, where, name, known)
    return [NamedFile(model.path, _name(model), model.spec) for model in found]


def hub_files(repo: str, models: Sequence[LocalModel] | None = None) -> list[NamedFile]:
    """GGUF files of ``owner/repo[:LEVEL]`` in the Hugging Face cache; empty when there are none."""
    if not _REPO.fullmatch(repo.partition(":")[0]):
        return []
    known = every_local_model() if models is None else models
    found = [model for model in known if model.where == HUB and _is_hub(model, repo)]
    return [NamedFile(model.path, None, model.spec) for model in found]


def _is_ollama(model: LocalModel, name: str) -> bool:
    tagged = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return model.name == tagged


def _is_hub(model: LocalModel, name: str) -> bool:
    repo, _, level = name.partition(":")
    inside = model.spec.removeprefix("hf:")
    if not level:
        return inside == repo or inside.startswith(f"{repo}/")
    file_name = inside.rpartition("/")[2].removesuffix(".gguf")
    stem = re.sub(r"-\d{5}-of-\d{5}$", "", file_name)
    same_level = re.search(rf"(?:^|[-._]){re.escape(level)}$", stem, re.IGNORECASE)
    return inside.startswith(f"{repo}/") and bool(same_level)


def _is_path_end(model: LocalModel, name: str) -> bool:
    path = model.spec.partition(":")[2]
    return path == name or path.endswith(f"/{name}") or f"/{name}/" in f"/{path}/"


def _is_stem(model: LocalModel, name: str) -> bool:
    return name in {model.path.stem, model.path.name}


_PLACES: dict[str, tuple[str, Callable[[LocalModel, str], bool]]] = {
    "ollama": (OLLAMA, _is_ollama),
    "hf": (HUB, _is_hub),
    "lm-studio": (LM_STUDIO, _is_path_end),
    "llama.cpp": (LLAMA_CPP, _is_stem),
}


def _name(model: LocalModel) -> str | None:
    """Ollama's files are called by their digest: there the model's own name is taken."""
    if model.where != OLLAMA:
        return None
    if model.adapters:
        raise ModelError(
            f"ollama:{model.name} is a model with an adapter",
            next_step=f"Name them apart: --model {model.path} --lora {model.adapters[0]}",
        )
    name, _, tag = model.name.rpartition(":")
    return name if tag == "latest" or tag.upper() in file_types() else f"{name}-{tag}"


def _unknown(place: str, where: str, name: str, known: Sequence[LocalModel]) -> ModelError:
    names = [model.spec.partition(":")[2] for model in known]
    near = get_close_matches(name, names, n=_SHOWN, cutoff=0.4) or names[:_SHOWN]
    has = f"It has {', '.join(near)}" if near else "It has none"
    hint = {
        "ollama": f"or get it: ollama pull {name}",
        "hf": f"or get it: rightsize models pull {name}",
    }.get(place, "see rightsize models discover")
    return ModelError(f"{where} has no model {name!r} on this disk", next_step=f"{has}; {hint}")
