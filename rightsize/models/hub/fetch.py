"""Getting files of the hub: resumed where it stopped, and checked before they are let in.

huggingface_hub's own download forgets a half-read file when the process ends, and does not compare checksums.
So its parts are used (addresses, headers, the transfer itself), and a file becomes a blob of its cache, where
other tools find it too, only once its bytes are those that the repository named.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from rightsize.errors import ModelError, ResourceError
from rightsize.models.hub.problems import explained
from rightsize.models.hub.repository import HubFile, Repository
from rightsize.paths import cache_dir
from rightsize.units import format_bytes

_CHUNK = 1 << 22
_HEADROOM_BYTES = 64 << 20
_DEFAULT_REVISION = "main"


class HubCache:
    """Where huggingface_hub keeps a repository: ``blobs/`` by checksum, ``snapshots/COMMIT/`` with links to
    them, ``refs/`` with the commit of a branch."""

    def __init__(self, repository: Repository, root: Path | None = None) -> None:
        from huggingface_hub import constants

        self._root = (root or Path(constants.HF_HUB_CACHE)).expanduser()
        self._repository = repository
        self.folder = self._root / f"models--{repository.name.replace('/', '--')}"

    def blob(self, file: HubFile) -> Path:
        """Where its bytes lie, or will."""
        return self._inside(self.folder / "blobs" / file.sha256)

    def link(self, file: HubFile) -> Path:
        """Under which name it is opened."""
        return self._inside(self.folder / "snapshots" / self._repository.commit / file.name)

    def _inside(self, path: Path) -> Path:
        """The path, unless a link on the way to it leads out of the cache."""
        root = self._root.resolve()
        if root not in path.parent.resolve().parents:
            hint = f"Remove the link in {self.folder}"
            raise ModelError(f"{path} leads out of the cache {root}", next_step=hint)
        return path

    def missing(self, files: Sequence[HubFile]) -> list[HubFile]:
        """Those that are not here in full."""
        return [f for f in files if not self.blob(f).is_file() or self.blob(f).stat().st_size != f.size_bytes]

    def publish(self, file: HubFile, revision: str | None) -> Path:
        """Give a blob its name in the snapshot, and note which commit the revision stands for."""
        link, blob = self.link(file), self.blob(file)
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink() or link.exists():
            link.unlink()
        try:
            link.symlink_to(os.path.relpath(blob, link.parent))
        except OSError:  # a system without links
            shutil.copyfile(blob, link)
        ref = self._inside(self.folder / "refs" / (revision or _DEFAULT_REVISION))
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(self._repository.commit)
        return link


def check_disk(cache: HubCache, files: Sequence[HubFile]) -> None:
    """Raise ResourceError when what is still missing does not fit."""
    partial = sum(part_of(file).stat().st_size for file in files if part_of(file).is_file())
    needed = sum(file.size_bytes for file in files) - partial + _HEADROOM_BYTES
    folder = next(parent for parent in (cache.folder, *cache.folder.parents) if parent.is_dir())
    free = shutil.disk_usage(folder).free
    if files and needed > free:
        raise ResourceError(
            f"{format_bytes(needed)} are needed in {folder}, {format_bytes(free)} are free",
            next_step="Free some space, or move the hub's cache with HF_HOME",
        )


def fetch(
    repository: Repository,
    files: Sequence[HubFile],
    *,
    revision: str | None = None,
    endpoint: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
    root: Path | None = None,
) -> list[Path]:
    """Get what is missing and return the files' paths in the cache. ``progress`` hears of bytes as they come.

    Raises ModelError when the hub cannot be reached or sends other bytes than it named; what came stays for the
    next try, unless it is wrong.
    """
    from huggingface_hub import constants

    cache = HubCache(repository, root)
    missing = cache.missing(files)
    check_disk(cache, missing)
    source = _Source(repository, (endpoint or constants.ENDPOINT).rstrip("/"), progress)
    for file in files:
        if file in missing:
            _into(cache, file, source)
        else:
            progress(file.size_bytes)
    return [cache.publish(file, revision) for file in files]


def part_of(file: HubFile) -> Path:
    """Where a file lies while it is incomplete: by checksum, so that nothing else can be continued with it."""
    return cache_dir() / "partial" / f"{file.sha256}.part"


def _into(cache: HubCache, file: HubFile, source: _Source) -> None:
    part, blob = part_of(file), cache.blob(file)
    part.parent.mkdir(parents=True, exist_ok=True)
    if part.exists() and part.stat().st_size > file.size_bytes:
        part.unlink()
    part.touch()
    with part.open("r+b") as stream:
        source.send(file, stream, have=stream.seek(0, os.SEEK_END))
    if (found := _sha256(part)) != file.sha256:
        part.unlink()
        raise ModelError(
            f"{file.name}: what came has the checksum {found[:12]}, the repository names {file.sha256[:12]}",
            next_step="It was thrown away: pull it again",
        )
    blob.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(part, blob)


@dataclass(frozen=True, slots=True)
class _Source:
    """A repository at a hub, and who hears of the bytes that come."""

    repository: Repository
    endpoint: str
    progress: Callable[[int], None]

    def send(self, file: HubFile, stream: BinaryIO, *, have: int) -> None:
        """Write what comes after the first ``have`` bytes of a file."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers

        self.progress(have)
        with explained(self.repository.name, self.endpoint):
            url = hf_hub_url(
                self.repository.name, file.name, revision=self.repository.commit, endpoint=self.endpoint
            )
            location = get_hf_file_metadata(url, endpoint=self.endpoint).location
            headers = build_hf_headers()
            if _origin(location) != _origin(url):
                headers.pop("authorization", None)  # the token is for the hub, not for where its files lie
            http_get(
                location,
                stream,
                resume_size=have,
                headers=headers,
                expected_size=file.size_bytes,
                displayed_filename=file.name,
                tqdm_class=_told(self.progress),
            )


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _told(progress: Callable[[int], None]) -> Any:
    """A progress bar for huggingface_hub that draws nothing and passes on what it hears."""
    from huggingface_hub.utils import tqdm

    class Told(tqdm):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            progress(int(n or 0))
            return None

    return Told


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
