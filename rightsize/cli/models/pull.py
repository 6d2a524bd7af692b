"""``rightsize models pull``: get a model of the hub, knowing first what it weighs and under which licence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, examples, in_ci, print_json, talk

if TYPE_CHECKING:
    from pathlib import Path

    from rightsize.models.hub.names import HubName
    from rightsize.models.hub.repository import HubFile, Repository

EPILOG = examples(
    "rightsize models pull owner/repo-GGUF:Q4_K_M",
    "rightsize models pull owner/repo-GGUF:Q4_K_M@1a2b3c4 --dry-run",
    "rightsize bench --task extraction --model hf:owner/repo-GGUF:Q4_K_M",
)


def pull(
    model: Annotated[
        str, typer.Argument(metavar="OWNER/REPO[:LEVEL][@REVISION]", help="A repository of the hub.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be got.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Get a GGUF model of the Hugging Face hub into its cache, checked against the hub's checksum.

    Size and licence are shown first, and the disk is checked. A transfer that broke off goes on where it
    stopped. HF_ENDPOINT, HF_TOKEN, HF_HOME and HF_HUB_OFFLINE are heeded.
    """
    from rightsize.models.hub.fetch import HubCache, check_disk, fetch
    from rightsize.models.hub.names import parse_name
    from rightsize.models.hub.repository import choose_files, look_up

    name = parse_name(model)
    repository = look_up(name)
    files = choose_files(repository, name.level)
    cache = HubCache(repository)
    missing = cache.missing(files)
    _announce(repository, files, missing)
    check_disk(cache, missing)
    paths: list[Path] = []
    if not dry_run:
        with _progress(sum(file.size_bytes for file in files)) as advance:
            paths = fetch(repository, files, revision=name.revision, progress=advance)
    if as_json:
        print_json(payload(name, repository, files, missing, paths))
    elif paths:
        spec = f"hf:{name.repo}:{name.level}" if name.level else f"hf:{name.repo}"
        typer.echo(paths[0])
        talk().print(f"Measure it: rightsize bench --task NAME --model {spec}", markup=False)


def payload(
    name: HubName, repository: Repository, files: tuple[HubFile, ...], missing: list[HubFile], paths: list[Path]
) -> dict[str, Any]:
    """The command's JSON; see ``schemas/models-pull.schema.json``."""
    return {
        "schema_version": 1,
        "command": "models pull",
        "repository": repository.name,
        "revision": name.revision,
        "commit": repository.commit,
        "licence": repository.licence,
        "gated": repository.gated,
        "files": [
            {"name": f.name, "size_bytes": f.size_bytes, "sha256": f.sha256, "was_here": f not in missing}
            for f in files
        ],
        "paths": [str(path) for path in paths],
    }


def _announce(repository: Repository, files: tuple[HubFile, ...], missing: list[HubFile]) -> None:
    from rightsize.units import counted, format_bytes

    console = talk()
    size = format_bytes(sum(file.size_bytes for file in files))
    left = format_bytes(sum(file.size_bytes for file in missing))
    here = "already here" if not missing else f"{left} to get"
    console.print(
        f"{repository.name} at {repository.commit[:12]}: {counted(len(files), 'file')}, {size}, {here}",
        markup=False,
    )
    console.print(f"Licence: {repository.licence or 'none stated'}", markup=False)


@contextmanager
def _progress(total_bytes: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; nothing in a pipe or in CI."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    console = talk()
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal or in_ci()) as bar:
        task = bar.add_task("", total=total_bytes)
        yield lambda count: bar.advance(task, count)
