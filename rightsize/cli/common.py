"""What every command shares: where output goes, how JSON is written, and the options they have in common."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

_EXAMPLE_WIDTH = 70  # With the margin and the backslash within 80 columns.
SCHEMAS_DIR = Path(__file__).resolve().parent / "schemas"

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, following a documented schema.")]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="PATH|URL",
        help="Results database: a file or an SQLAlchemy URL.  [default: .rightsize/results.db]",
    ),
]
TaskOption = Annotated[
    list[str] | None,
    typer.Option("--task", "-t", metavar="NAME", help="Task suite; repeat it or separate with commas."),
]

TrustSuite = Annotated[bool, typer.Option("--trust-suite", help="Let a suite from elsewhere run its own code.")]


def out() -> Console:
    """Console for results, on stdout: no colour when piped, never wider than what the reader has."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def talk() -> Console:
    """Console for progress and remarks, on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(payload: Mapping[str, Any]) -> None:
    """Write one JSON document to stdout; NaN is refused, because JSON has none."""
    sys.stdout.write(json.dumps(payload, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n")


def split_commas(values: Sequence[str] | None) -> list[str]:
    """``["a,b", "c"]`` as ``["a", "b", "c"]``: options may be repeated or separated with commas."""
    return [part.strip() for value in values or () for part in value.split(",") if part.strip()]


def examples(*lines: str) -> str:
    """Help epilog with examples, one a line; what is longer goes on below, as a shell takes it when pasted."""
    # After a line with \b help is left as it is: wrapped, an example would break inside an option.
    return "\b\n" + "\n".join(["Examples:", *(f"  $ {_continued(line)}" for line in lines)])


def _continued(line: str) -> str:
    """A command over several lines, each but the last with a backslash at its end."""
    rows = [""]
    for part in re.split(r" (?=--?\w)", line):
        if rows[-1] and len(rows[-1]) + len(part) > _EXAMPLE_WIDTH:
            rows.append(part)
        else:
            rows[-1] = f"{rows[-1]} {part}".strip()
    return " \\\n      ".join(rows)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Show that something is going on while it is, on a terminal; in a pipe or in CI say nothing."""
    console = talk()
    if not console.is_terminal or in_ci():
        yield
        return
    with console.status(text):
        yield


@contextmanager
def working_once_told(text: str) -> Iterator[Callable[..., None]]:
    """As :func:`working`, for work that may turn out to be done already: yields what is told when it begins.

    Without a terminal the first telling says ``text`` in one line, so that a long silence is explained.
    """
    console = talk()
    if console.is_terminal and not in_ci():
        with console.status(text):
            yield lambda *_: None
        return
    unsaid = iter([text])

    def tell(*_: object) -> None:
        for line in unsaid:
            console.print(line, markup=False, soft_wrap=True)

    yield tell


@contextmanager
def stepping(text: str) -> Iterator[Callable[[str], None]]:
    """Show which step a long work is at: a status on a terminal, elsewhere a line a step on stderr."""
    console = talk()
    if not console.is_terminal or in_ci():
        yield lambda step: console.print(step, markup=False, soft_wrap=True)
        return
    from rich.markup import escape

    with console.status(text) as status:
        yield lambda step: status.update(escape(step))


@contextmanager
def counting(text: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far something is, on a terminal: yields what is told how much is done of how much."""
    console = talk()
    if not console.is_terminal or in_ci():
        yield lambda done, of: None
        return
    with console.status(text) as status:
        yield lambda done, of: status.update(f"{text}: {done} of {of}")


def in_ci() -> bool:
    """Whether this looks like a CI job: progress bars are noise there."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def first_sentence(command: Callable[..., None]) -> str:
    """A command's line in the list of commands, whole rather than cut off."""
    return " ".join((command.__doc__ or "").split("\n\n")[0].split())


def size_bytes(text: str | None, flag: str) -> int | None:
    """A size such as ``4GB`` in bytes; None stays None. Raises UsageError naming the flag."""
    from rightsize.units import parse_size_bytes

    return None if text is None else parse_size_bytes(text, flag)
