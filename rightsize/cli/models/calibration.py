"""``rightsize models calibration``: how good the predictions were so far, and whether they still hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, StoreOption, examples, out, print_json, talk, working

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from rightsize.predict.errors_of import ErrorRow
    from rightsize.predict.interval import Spread

EPILOG = examples(
    "rightsize models calibration",
    "rightsize models calibration --probe",
    "rightsize models calibration --json",
)


def calibration(
    probe: Annotated[bool, typer.Option("--probe", help="Probe this machine now, under a minute.")] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads to probe.  [default: usable physical cores]")
    ] = None,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show this machine's calibration and the error of what was predicted and then measured.

    Errors stand by metric, size, quantization and depth. A calibration is stale when the machine or llama.cpp
    changed since; then probe again.
    """
    from rightsize.bench.candidates import usual_threads
    from rightsize.flows.calibration import calibrated, intervals_from, newest, staleness
    from rightsize.machine import scan
    from rightsize.predict.errors_of import error_rows
    from rightsize.store.predictions import Predictions

    machine = scan(with_bandwidth=False)
    with Predictions.open(store) as predictions:
        if probe:
            with working("Probing this machine, about a minute; leave it alone ..."):
                calibrated(machine, predictions, threads=threads or usual_threads(machine), anew=True)
        stored = predictions.calibrations()
        checks = predictions.checks(machine.fingerprint)
    latest = stored[0] if stored else None
    stale = staleness(latest, machine) if latest else ["this machine was never probed"]
    rows = error_rows(newest(checks))
    intervals = intervals_from(checks).usual
    if as_json:
        print_json(_payload(latest, stale, rows, len(checks), intervals))
        return
    if latest:
        out().print(_summary(latest, intervals))
    if rows:
        out().print(error_table(rows))
    else:
        talk().print(
            "Nothing was predicted and then measured yet. Try: rightsize bench, or models fit --verify"
        )
    for reason in stale:
        talk().print(
            f"Stale: {reason}. Run: rightsize models calibration --probe", markup=False, soft_wrap=True
        )


def error_table(rows: list[ErrorRow]) -> Table:
    """Errors as a table."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Of", no_wrap=True)
    table.add_column("By", no_wrap=True)
    for name in ("n", "Median", "90%", "Leaning", "In interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        p90 = f"{row.p90_error:.1%}" if row.p90_error is not None else "n < 10"
        figures = (f"{row.median_error:.1%}", p90, f"{row.bias:+.1%}", f"{row.inside:.0%}")
        table.add_row(row.metric, row.group, str(row.n), *figures)
    return table


def _summary(newest: Any, intervals: Mapping[str, Spread]) -> Table:
    from rightsize.cli.suites_view import key_values

    document = newest.document
    rates = document["rates"]
    large = rates["decode"]["by_size"][-1][1]
    fastest = min(rates["decode"]["by_type"].values()) + large
    return key_values(
        [
            ("Probed", f"{newest.created_at:%Y-%m-%d %H:%M} UTC in {document['took_s']:.0f} s"),
            ("Points", f"{len(document['points'])} timed, {newest.threads} threads"),
            ("Engine", newest.engine),
            ("Reads", f"{1e-9 / fastest:.1f} GB/s of a large model's weights" if fastest else "not known"),
            ("Packs", ", ".join(sorted(document["loading"]["packed"])) or "no type"),
            *([("No time for", left)] if (left := "; ".join(document.get("left_out", ()))) else []),
            *((f"90% of {metric}", _width(each)) for metric, each in intervals.items()),
        ]
    )


def _width(spread: Spread) -> str:
    """``within 12% (learned, n = 14)``."""
    return f"within {spread.factor - 1:.0%} ({spread.basis}, n = {spread.n})"


def _payload(
    newest: Any, stale: list[str], rows: list[ErrorRow], count: int, intervals: Mapping[str, Spread]
) -> dict[str, Any]:
    from dataclasses import asdict

    known = (
        {
            "id": newest.id,
            "created_at": newest.created_at.isoformat(),
            "machine_fingerprint": newest.machine_fingerprint,
            "engine": newest.engine,
            "threads": newest.threads,
            "document": newest.document,
        }
        if newest
        else None
    )
    return {
        "schema_version": 1,
        "command": "models calibration",
        "calibration": known,
        "stale": stale,
        "checks": count,
        "errors": [asdict(row) for row in rows],
        "intervals": {metric: asdict(each) for metric, each in intervals.items()},
    }
