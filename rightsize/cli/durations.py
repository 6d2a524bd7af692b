"""Durations as the commands read them, and the option to wait for a quiet machine."""

from __future__ import annotations

from typing import Annotated

import typer

RequireQuiet = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Wait up to TIME for a quiet machine, else refuse; 0 refuses at once."),
]


def seconds(text: str | None, flag: str) -> float | None:
    """A duration in seconds; ``10m`` is ten minutes here, where nothing lasts milliseconds."""
    from rightsize.units import parse_duration_ms

    if text is None:
        return None
    minutes = text.strip()
    return parse_duration_ms(f"{minutes}in" if minutes.endswith("m") else minutes, flag) / 1e3


def quiet_s(text: str | None) -> float | None:
    """How long to wait for a quiet machine; 0 is allowed, and means not at all."""
    return 0.0 if text is not None and text.strip() in {"0", "0s"} else seconds(text, "--require-quiet")
