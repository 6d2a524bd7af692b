"""Models already on this disk: a quick, bounded look where other tools keep their GGUF files."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rightsize.paths import embedded_models_dir

EMBEDDED, CURRENT_FOLDER = "embedded", "current folder"
HUB, LLAMA_CPP, LM_STUDIO, OLLAMA = "Hugging Face cache", "llama.cpp cache", "LM Studio", "Ollama"
_MAX_DEPTH = 6
_MAX_ENTRIES = 20_000
_LAYER = "application/vnd.ollama.image."
_DIGEST = re.compile(r"sha256[:-][0-9a-z]{1,64}")
_SKIPPED_FOLDERS = {".git", ".venv", "venv", "node_modules", "__pycache__", ".locks"}


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model file that was found, and which tool's folder it lies in.

    ``spec`` is what to write after ``--model`` to measure it. ``adapters`` are LoRA files that belong to it.
    """

    name: str
    path: Path
    size_bytes: int
    where: str
    spec: str = ""
    adapters: tuple[Path, ...] = ()


def find_local_models(
    *, home: Path | None = None, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> list[LocalModel]:
    """GGUF models in the package, the current folder and the caches of well-known tools, each file once.

    Looks at most six folders deep and at 20,000 entries a place; opens no model.
    """
    return _once(every_local_model(home=home, cwd=cwd, env=env))


def every_local_model(
    *, home: Path | None = None, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[LocalModel]:
    """The same models under each of their names: tools may have several for one file."""
    home, cwd, env = home or Path.home(), cwd or Path.cwd(), os.environ if env is None else env
    for where, folder in _places(home, cwd, env):
        for path in _gguf_files(folder, 2 if where == CURRENT_FOLDER else _MAX_DEPTH):
            yield from _model(path.stem, path, where, _spec(where, folder, path))
    for folder in _ollama_folders(home, env):
        for name, path, adapters in _ollama_models(folder):
            yield from _model(name, path, OLLAMA, f"ollama:{name}", adapters)


def find_in_folder(folder: Path) -> list[LocalModel]:
    """GGUF models in any folder, named by their path; as deep as in the tools' own folders."""
    paths = _gguf_files(folder, _MAX_DEPTH)
    return _once(model for path in paths for model in _model(path.stem, path, str(folder), str(path)))


def _once(models: Iterable[LocalModel]) -> list[LocalModel]:
    found: dict[Path, LocalModel] = {}
    for model in models:
        found.setdefault(model.path.resolve(), model)
    return list(found.values())


def _spec(where: str, folder: Path, path: Path) -> str:
    """What names this file after ``--model``: its place and its name there, else its path."""
    inside = path.relative_to(folder)
    if where == EMBEDDED:
        return path.stem
    if where == HUB and (repo := hub_repo(inside)):
        return f"hf:{repo}/{'/'.join(inside.parts[3:])}"
    if where == LM_STUDIO:
        return f"lm-studio:{inside.with_suffix('').as_posix()}"
    if where == LLAMA_CPP:
        return f"llama.cpp:{path.stem}"
    return str(path)


def hub_repo(inside: Path) -> str | None:
    """``owner/name`` of a file in the hub's cache, given its path there; None for a file of no snapshot."""
    parts = inside.parts
    if len(parts) < 4 or parts[1] != "snapshots" or not parts[0].startswith("models--"):
        return None
    return parts[0].removeprefix("models--").replace("--", "/", 1)


def _places(home: Path, cwd: Path, env: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
    library = home / "Library" / "Caches" if sys.platform == "darwin" else cache
    hub_home = Path(env.get("HF_HOME") or cache / "huggingface")
    yield EMBEDDED, embedded_models_dir()
    yield HUB, Path(env.get("HF_HUB_CACHE") or hub_home / "hub")
    yield LLAMA_CPP, Path(env.get("LLAMA_CACHE") or library / "llama.cpp")
    yield LM_STUDIO, home / ".lmstudio" / "models"
    yield LM_STUDIO, home / ".cache" / "lm-studio" / "models"
    yield CURRENT_FOLDER, cwd


def _gguf_files(folder: Path, max_depth: int) -> Iterator[Path]:
    seen = 0
    for here, folders, files in os.walk(folder):
        depth = len(Path(here).relative_to(folder).parts)
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS) if depth < max_depth else []
        seen += len(folders) + len(files)
        if seen > _MAX_ENTRIES:
            return
        yield from (Path(here) / name for name in sorted(files) if _is_model(name))


def _is_model(file_name: str) -> bool:
    # An mmproj file is the vision half of a model that lies beside it; it runs on nothing by itself.
    return file_name.lower().endswith(".gguf") and not file_name.lower().startswith("mmproj")


def _ollama_folders(home: Path, env: Mapping[str, str]) -> Iterator[Path]:
    chosen = env.get("OLLAMA_MODELS")
    yield Path(chosen) if chosen else home / ".ollama" / "models"
    yield Path("/usr/share/ollama/.ollama/models")


def _ollama_models(folder: Path) -> Iterator[tuple[str, Path, tuple[Path, ...]]]:
    """Ollama names its files by digest; a manifest per ``model/tag`` says which blob holds what."""
    for manifest in sorted(folder.glob("manifests/*/*/*/*"))[:_MAX_ENTRIES]:
        try:
            layers = json.loads(manifest.read_text(encoding="utf-8"))["layers"]
            blobs = [(layer["mediaType"], _blob(folder, layer["digest"])) for layer in layers]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # another tool's broken file is none of our business
        adapters = tuple(blob for kind, blob in blobs if kind == f"{_LAYER}adapter")
        for kind, blob in blobs:
            if kind == f"{_LAYER}model":
                yield _ollama_name(manifest), blob, adapters


def _blob(folder: Path, digest: str) -> Path:
    if not _DIGEST.fullmatch(digest):  # it comes from a file that others wrote, and becomes a path
        raise ValueError(f"{digest!r} is no digest")
    return folder / "blobs" / digest.replace(":", "-")


def _ollama_name(manifest: Path) -> str:
    """The name that ``ollama list`` shows: without the usual registry, and without ``library``."""
    registry, owner, model, tag = manifest.parts[-4:]
    named = f"{model}:{tag}" if owner == "library" else f"{owner}/{model}:{tag}"
    return f"{registry}/{named}" if "." in registry and registry != "registry.ollama.ai" else named


def _model(
    name: str, path: Path, where: str, spec: str, adapters: tuple[Path, ...] = ()
) -> Iterator[LocalModel]:
    # A dangling link is a download that was removed.
    with suppress(OSError):
        yield LocalModel(name, path, path.stat().st_size, where, spec, adapters)
