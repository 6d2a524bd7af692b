"""``rightsize models audit``: look at model files as something that strangers made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, examples, in_ci, out, print_json, split_commas, talk
from rightsize.errors import ExitCode

if TYPE_CHECKING:
    from rightsize.models.audit.audit import Audit

EPILOG = examples(
    "rightsize models audit ./my-model-Q4_K_M.gguf",
    "rightsize models audit ollama:llama3.2 --fail-on unknown-licence,unsafe-template",
)


def audit(
    model: Annotated[list[str], typer.Argument(metavar="PATH|NAME...", help="What bench takes after --model.")],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(metavar="FLAG,..", help="Exit with 1 when one of these is found, as unknown-licence."),
    ] = None,
    weights: Annotated[bool, typer.Option("--weights/--no-weights", help="Read every weight too.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Check files: hash, licence, origin, chat template, texts, weights, architecture.

    The chat template is read, and rendered only in a sandbox. Exit 1 when --fail-on names what was found.
    """
    from rightsize.models.audit.audit import audit_file, check_flags
    from rightsize.models.expand import find_models

    flags = check_flags(split_commas(fail_on))
    found = find_models(model)
    with _progress(sum(each.size_bytes or 0 for each in found) if weights else 0) as advance:
        audits = [audit_file(each.file, weights=weights, progress=advance) for each in found]
    failed = {str(each.path): sorted({finding.flag for finding in each.failed(flags)}) for each in audits}
    if as_json:
        print_json(payload(audits, flags, failed))
    else:
        for each in audits:
            _show(each)
        for path, raised in failed.items():
            if raised:
                talk().print(f"{path}: failed on {', '.join(raised)}", markup=False)
    raise typer.Exit(int(ExitCode.FAIL if any(failed.values()) else ExitCode.PASS))


def payload(audits: Sequence[Audit], flags: Sequence[str], failed: dict[str, list[str]]) -> dict[str, Any]:
    """The command's JSON; see ``schemas/models-audit.schema.json``."""
    from dataclasses import asdict

    return {
        "schema_version": 1,
        "command": "models audit",
        "fail_on": list(flags),
        "audits": [
            {
                "path": str(each.path),
                "sha256": each.sha256,
                "size_bytes": each.size_bytes,
                "findings": [asdict(finding) for finding in each.findings],
                "failed": failed[str(each.path)],
            }
            for each in audits
        ],
    }


def _show(audit: Audit) -> None:
    from rich.table import Table
    from rich.text import Text

    from rightsize.units import format_bytes

    styles = {"ok": "green", "note": "", "warning": "red"}
    console = out()
    console.print(Text(f"{audit.path}, {format_bytes(audit.size_bytes)}"), soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("SHA-256", "", audit.sha256)
    for finding in audit.findings:
        flag = f"  [{finding.flag}]" if finding.flag else ""
        level = Text(finding.level.value, style=styles[finding.level.value])
        table.add_row(finding.check, level, Text(_printable(finding.message) + flag))
    console.print(table)


def _printable(text: str) -> str:
    """A stranger's text without what would move the cursor."""
    return "".join(char if char.isprintable() else "?" for char in text)


@contextmanager
def _progress(total_bytes: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal while weights are read."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    console = talk()
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    shown = console.is_terminal and not in_ci() and total_bytes > 0
    with Progress(*columns, console=console, disable=not shown, transient=True) as bar:
        task = bar.add_task("", total=total_bytes)
        yield lambda count: bar.advance(task, count)
