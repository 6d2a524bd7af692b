"""From what a user types after ``--model`` and ``--quant`` to the files that will be measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path

from rightsize.domain import Model
from rightsize.errors import ModelError, UsageError
from rightsize.models.levels import UNQUANTIZED, precision_order
from rightsize.models.local_file import read_model
from rightsize.models.named import NamedFile, hub_files, resolve
from rightsize.models.quantize import quantized
from rightsize.paths import embedded_models_dir

DEFAULT_LEVELS = ("F16", "Q8_0", "Q4_K_M")


def embedded_family() -> list[Path]:
    """The model files that ship with rightsize, smallest first."""
    return sorted(embedded_models_dir().glob("*.gguf"), key=lambda path: path.stat().st_size)


def find_models(specs: Sequence[str]) -> list[Model]:
    """Read the models that paths, folders, globs or embedded names stand for; none: the embedded family.

    Raises ModelError or UsageError for a name that stands for nothing.
    """
    if not specs:
        return [read_model(path) for path in embedded_family()]
    files = {file.path: file for spec in specs for file in _files_for(spec)}
    if not files:
        raise ModelError("no model files were found", next_step="Name a GGUF file with --model")
    return [_read(file) for file in files.values()]


def _read(file: NamedFile) -> Model:
    model = read_model(file.path)
    # A blob of Ollama goes by the name that was asked for, now and when it is measured again.
    return replace(model, name=file.name or model.name, spec=file.spec)


def _files_for(spec: str) -> list[NamedFile]:
    """The files of a spec: first what is on this disk by that path, then what other tools call so."""
    if not Path(spec).expanduser().exists():
        for found in (resolve(spec), hub_files(spec)):
            if found:
                first = set(_first_parts(file.path for file in found))
                return [file for file in found if file.path in first]
    return [NamedFile(path, None, "") for path in _paths_for(spec)]


def _paths_for(spec: str) -> list[Path]:
    path = Path(spec).expanduser()
    if path.is_dir():
        return _from_folder(path)
    if path.is_file():
        return [path]
    if has_magic(spec):
        found = sorted(glob(str(path), recursive=True))  # noqa: PTH207  the pattern may be absolute
        return _first_parts(map(Path, found))
    known = {file.stem: file for file in embedded_family()}
    if spec in known:
        return [known[spec]]
    if path.suffix == ".gguf" or "/" in spec:
        hint = "" if path.suffix == ".gguf" else f"If it is a repository: rightsize models pull {spec}"
        raise ModelError(f"{spec}: there is no such file or folder", next_step=hint)
    near = get_close_matches(spec, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"Give a GGUF path, or one of {', '.join(known)}"
    raise UsageError(f"there is no model {spec!r}", next_step=hint)


def _from_folder(folder: Path) -> list[Path]:
    found = _first_parts(sorted(folder.rglob("*.gguf")))
    if not found:
        raise ModelError(f"{folder}: there is no GGUF file in this folder")
    return found


def _first_parts(paths: Iterable[Path]) -> list[Path]:
    """Of a split model only the first part stands for it; projector files are no language models."""
    return [p for p in paths if p.is_file() and not _later_part(p) and not p.name.startswith("mmproj")]


def _later_part(path: Path) -> bool:
    head, _, _ = path.stem.rpartition("-of-")
    return bool(head) and head[-5:].isdigit() and int(head[-5:]) > 1


def at_levels(
    models: Sequence[Model],
    levels: Sequence[str],
    *,
    allow_requantize: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Model]:
    """Every model at every level: files that exist as they are, missing ones made from the most precise.

    Without ``levels`` an unquantized model gets the default ones and a quantized file is taken as it is.
    """
    chosen: list[Model] = []
    for variants in _same_model(models):
        best = min(variants, key=lambda model: precision_order(model.quant))
        have = {model.quant: model for model in variants}
        for level in levels or _default_levels(best, have):
            if level not in have:
                have[level] = quantized(best, level, allow_requantize=allow_requantize, notify=notify)
            chosen.append(have[level])
    return chosen


def _same_model(models: Sequence[Model]) -> list[list[Model]]:
    groups: dict[tuple[str, str, int | None], list[Model]] = {}
    for model in models:
        groups.setdefault((model.name, model.architecture, model.parameters), []).append(model)
    return list(groups.values())


def _default_levels(best: Model, have: dict[str, Model]) -> list[str]:
    if best.quant not in UNQUANTIZED:
        return list(have)
    return list(dict.fromkeys([*have, *DEFAULT_LEVELS[1:]]))
