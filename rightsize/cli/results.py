"""``rightsize results``: list, export and delete what is stored."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import (
    JsonFlag,
    StoreOption,
    TaskOption,
    examples,
    out,
    print_json,
    split_commas,
    talk,
)
from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.domain import Record

app = typer.Typer(
    no_args_is_help=True,
    help="List, export and delete stored results.",
    epilog=examples(
        "rightsize results list --task extraction",
        "rightsize results export --format csv --out results.csv",
        "rightsize results delete 3 4",
    ),
)


class Format(StrEnum):
    """``csv``: one row per cell with its statistics; ``json``: everything, raw samples and items included."""

    CSV = "csv"
    JSON = "json"


CandidateOption = Annotated[str | None, typer.Option("--candidate", metavar="ID", help="Only this candidate.")]


@app.command(
    "list",
    epilog=examples(
        "rightsize results list", "rightsize results list --task sql --rank-by decode_tokens_per_s"
    ),
)
def list_results(  # noqa: PLR0917  one parameter per option
    task: TaskOption = None,
    candidate: CandidateOption = None,
    every: Annotated[bool, typer.Option("--all", help="Earlier repetitions too.")] = False,
    rank_by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Best first by any metric, or in order of any setting, such as latency_p95_ms or kv_type.",
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """List stored cells, oldest first, or ranked by a column."""
    records = _records(store, split_commas(task), candidate, newest=not every)
    if rank_by:
        from rightsize.store.frame import ranked

        records = ranked(records, rank_by)
    if as_json:
        print_json({"schema_version": 1, "command": "results", "cells": [cell_json(r) for r in records]})
        return
    if not records:
        talk().print("Nothing is stored yet. Measure first: rightsize bench --task NAME")
        return
    from rightsize.reports.results_table import results_table

    out().print(results_table(records, rank_by))


@app.command(epilog=examples("rightsize results export > all.csv", "rightsize results export --format json"))
def export(
    form: Annotated[
        Format, typer.Option("--format", "-f", help="csv: statistics; json: everything.")
    ] = Format.CSV,
    target: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Instead of stdout.")] = None,
    task: TaskOption = None,
    candidate: CandidateOption = None,
    store: StoreOption = None,
) -> None:
    """Export all stored cells, earlier repetitions included."""
    records = _records(store, split_commas(task), candidate, newest=False)
    try:
        # newline="": csv brings its own line ends.
        opened = nullcontext(sys.stdout) if target is None else target.open("w", encoding="utf-8", newline="")
        with opened as stream:
            _write(records, form, stream)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise UsageError(
            f"--out {target}: {error.strerror}", next_step="Name a file in a folder that exists"
        ) from error


@app.command(epilog=examples("rightsize results delete 3 4", "rightsize results delete 3 --json"))
def delete(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Cells, as results list numbers them.")],
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Delete stored cells with all their items and samples."""
    from rightsize.store import Store
    from rightsize.units import counted

    with Store.existing(store) as results:
        have = {record.id for record in results.records(newest=False, races=True, interrupted=True)}
        unknown = [str(cell) for cell in ids if cell not in have]
        if unknown:
            raise UsageError(
                f"no stored cell {', '.join(unknown)}", next_step="See: rightsize results list --all"
            )
        deleted = results.delete(ids)
    if as_json:
        print_json({"schema_version": 1, "command": "results", "deleted": deleted})
    else:
        talk().print(f"Deleted {counted(deleted, 'cell')}.")


def cell_json(record: Record) -> dict[str, Any]:
    """One cell with its statistics, as ``results list --json`` prints it; what is missing is null."""
    from rightsize.reports.trust_lines import trust_columns
    from rightsize.store.frame import frame_row

    return {**frame_row(record), "created_at": record.created_at.isoformat(), **trust_columns(record)}


def _records(store: str | None, tasks: Sequence[str], candidate: str | None, *, newest: bool) -> list[Record]:
    from rightsize.store import Store

    with Store.existing(store) as results:
        records = results.records(newest=newest, races=True, interrupted=True)
        where = results.location
    for flag, named, stored in (
        ("--task", tasks, {record.suite for record in records}),
        ("--candidate", [candidate] if candidate else [], {record.candidate_id for record in records}),
    ):
        if missing := [name for name in named if name not in stored]:
            problem = f"{flag} {missing[0]}: {where} holds nothing of it"
            raise UsageError(problem, next_step=_nearest(missing[0], stored))
    return [
        record
        for record in records
        if (not tasks or record.suite in tasks) and (not candidate or record.candidate_id == candidate)
    ]


def _nearest(name: str, stored: Collection[str]) -> str:
    """What the user may have meant, else all there is."""
    if not stored:
        return "Measure first: rightsize bench --task NAME"
    near = difflib.get_close_matches(name, sorted(stored), n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(near)}?" if near else f"It holds {', '.join(sorted(stored))}"


def _write(records: Sequence[Record], form: Format, stream: Any) -> None:
    import csv
    import json
    from dataclasses import asdict

    if form is Format.JSON:
        cells = [{**asdict(record), "status": type(record.outcome).__name__.lower()} for record in records]
        document = {"schema_version": 1, "command": "results", "records": cells}
        stream.write(json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n")
        return
    from rightsize.reports.trust_lines import TRUST_COLUMNS
    from rightsize.store.frame import COLUMNS

    writer = csv.DictWriter(stream, [*COLUMNS, *TRUST_COLUMNS], lineterminator="\n")
    writer.writeheader()
    writer.writerows(cell_json(record) for record in records)
