"""``rightsize models discover``: what is already on this disk, or served by a server, and how to name it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, examples, out, print_json, talk, working
from rightsize.errors import ModelError, UsageError

if TYPE_CHECKING:
    from rightsize.models.local import LocalModel

EPILOG = examples(
    "rightsize models discover",
    "rightsize models discover /data/models --json",
    "rightsize models discover http://127.0.0.1:8080/v1",
)


def discover(
    place: Annotated[
        str | None,
        typer.Argument(metavar="FOLDER|URL", help="A folder, or a server's address.  [default: known tools]"),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List models that are here already, with the word that names each after --model.

    Looks into the caches of the Hugging Face hub, Ollama, LM Studio and llama.cpp, and into the current folder;
    or into the folder, or at the server, that is named.
    """
    if place and "://" in place:
        rows = [{"spec": spec, "where": place} for spec in _served(place)]
    else:
        with working("Looking for models"):
            rows = [_row(model) for model in _found(place)]
    if as_json:
        print_json({"schema_version": 1, "command": "models discover", "models": rows})
        return
    if not rows:
        talk().print("No models were found. Get one: rightsize models pull OWNER/REPO:LEVEL")
        return
    _show(rows)


def _found(place: str | None) -> list[LocalModel]:
    from rightsize.models.local import find_in_folder, find_local_models

    if place is None:
        return find_local_models()
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise UsageError(
            f"{place} is no folder", next_step="Name a folder, or a server as http://127.0.0.1:8080/v1"
        )
    return find_in_folder(folder)


def _served(place: str) -> list[str]:
    from rightsize.engines.openai_http.address import parse_address
    from rightsize.engines.openai_http.listing import list_models

    address, names = list_models(parse_address(place))
    return [str(address.with_model(name)) for name in names]


def _row(model: LocalModel) -> dict[str, Any]:
    """What a model's header says; a file that cannot be read is listed with the reason."""
    from rightsize.models.gguf_header import read_header
    from rightsize.models.levels import level_name

    row = {"spec": model.spec, "where": model.where, "path": str(model.path), "size_bytes": model.size_bytes}
    try:
        header = read_header(model.path)
    except ModelError as error:
        return {**row, "level": None, "architecture": None, "problem": str(error)}
    level = level_name(header.number("general.file_type"))
    return {**row, "level": level, "architecture": header.text("general.architecture"), "problem": None}


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from rightsize.units import format_bytes

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("--model", overflow="fold")
    table.add_column("level", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("where", overflow="fold", max_width=20)
    for row in rows:
        size = format_bytes(row["size_bytes"]) if "size_bytes" in row else "–"
        level = "unreadable" if row.get("problem") else row.get("level") or "–"
        table.add_row(Text(row["spec"]), level, size, Text(row["where"]))
    out().print(table)
