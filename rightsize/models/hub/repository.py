"""What a repository of the hub holds: its commit, licence and GGUF files with sizes and checksums."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rightsize.errors import ModelError
from rightsize.models.hub.names import HubName, check_file_name
from rightsize.models.hub.problems import explained, refuse_offline
from rightsize.models.levels import file_types, precision_order
from rightsize.units import format_bytes

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART_NUMBER = re.compile(r"-(\d{5})-of-(\d{5})$")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file; ``sha256`` is what the hub says its bytes have, and the name of its blob in the cache."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit. ``licence`` is what its card states, None where it states none."""

    name: str
    commit: str
    licence: str | None
    gated: bool
    files: tuple[HubFile, ...]
    others: tuple[str, ...]

    @property
    def by_level(self) -> Mapping[str, tuple[HubFile, ...]]:
        """The GGUF files of each level, parts of a split model together, most precise first."""
        levels: dict[str, list[HubFile]] = {}
        for file in sorted(self.files, key=lambda file: file.name):
            levels.setdefault(level_of(file.name), []).append(file)
        return {level: tuple(levels[level]) for level in sorted(levels, key=precision_order)}


def look_up(name: HubName, *, endpoint: str | None = None) -> Repository:
    """Ask the hub. Raises ModelError: unknown, gated, offline, away, or without GGUF files (it says which)."""
    from huggingface_hub import HfApi, constants

    where = (endpoint or constants.ENDPOINT).rstrip("/")
    refuse_offline(name.repo)
    with explained(name.repo, where):
        info = HfApi(endpoint=where).model_info(name.repo, revision=name.revision, files_metadata=True)
    commit = str(info.sha or "")
    if not _COMMIT.fullmatch(commit):
        raise ModelError(f"{where} named no commit of {name.repo}", next_step="Is HF_ENDPOINT a hub?")
    card = dict(info.card_data.to_dict()) if info.card_data else {}
    siblings = [(file.rfilename, file.size, file.lfs) for file in info.siblings or ()]
    files = tuple(
        _hub_file(path, size, lfs.sha256 if lfs else "", name.repo)
        for path, size, lfs in siblings
        if _is_model(path)
    )
    others = tuple(path for path, _, _ in siblings if not _is_model(path))
    repository = Repository(name.repo, commit, _licence(card), bool(info.gated), files, others)
    if not files:
        raise _without_gguf(repository)
    return repository


def _is_model(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return name.endswith(".gguf") and not name.startswith("mmproj")


def _hub_file(path: str, size: int | None, sha256: str, repo: str) -> HubFile:
    check_file_name(path, repo)
    if size is None or size < 0 or not _SHA256.fullmatch(sha256 or ""):
        raise ModelError(f"{repo} gives no size or checksum of {path}", next_step="Do not use it")
    return HubFile(path, size, sha256)


def _licence(card: Mapping[str, object]) -> str | None:
    """The card's licence; ``other`` says nothing unless it is named."""
    stated = card.get("license")
    if stated == "other":
        stated = card.get("license_name") or stated
    return str(stated) if stated else None


def _without_gguf(repository: Repository) -> ModelError:
    shown = ", ".join(repository.others[:_SHOWN]) or "nothing"
    more = f" and {len(repository.others) - _SHOWN} more" if len(repository.others) > _SHOWN else ""
    return ModelError(
        f"{repository.name} has no GGUF file; it has {shown}{more}",
        next_step="Look for one that ends in -GGUF, or convert it with llama.cpp's convert_hf_to_gguf.py",
    )


def level_of(file_name: str) -> str:
    """The level in a file's name: its longest ending, or folder, that is one; else ``unknown``."""
    path = PurePosixPath(file_name)
    stem = _PART_NUMBER.sub("", path.name[: -len(".gguf")]).upper()
    known = sorted(file_types(), key=len, reverse=True)
    ending = next((level for level in known if re.search(rf"(?:^|[-._]){re.escape(level)}$", stem)), None)
    folder = next((level for level in known if level in (part.upper() for part in path.parts[:-1])), None)
    return ending or folder or "unknown"


def choose_files(repository: Repository, level: str | None) -> tuple[HubFile, ...]:
    """The files of one level, all parts of a split model; a repository with one level needs none named.

    Raises ModelError naming the levels there are.
    """
    levels = repository.by_level
    wanted = level.upper() if level else (next(iter(levels)) if len(levels) == 1 else None)
    files = levels.get(wanted or "", ())
    if not files or len(_models(files)) > 1:
        raise _ambiguous(repository, level, files)
    _check_parts(files)
    return files


def _models(files: Sequence[HubFile]) -> set[str]:
    return {_PART_NUMBER.sub("", file.name[: -len(".gguf")]) for file in files}


def _ambiguous(repository: Repository, level: str | None, files: Sequence[HubFile]) -> ModelError:
    if files:
        names = ", ".join(sorted(_models(files))[:_SHOWN])
        return ModelError(
            f"{repository.name} has several models at this level: {names}", next_step="Pull another"
        )
    sizes = {name: sum(f.size_bytes for f in group) for name, group in repository.by_level.items()}
    has = ", ".join(f"{name} ({format_bytes(size)})" for name, size in sizes.items())
    what = f"has no level {level}" if level else "has several levels"
    first = next(iter(sizes))
    return ModelError(f"{repository.name} {what}", next_step=f"It has {has}; as {repository.name}:{first}")


def _check_parts(files: Sequence[HubFile]) -> None:
    found = [_PART_NUMBER.search(file.name[: -len(".gguf")]) for file in files]
    if any(found) and len(files) != int(next(f for f in found if f)[2]):
        raise ModelError(f"{files[0].name}: the repository has only {len(files)} of its parts")
