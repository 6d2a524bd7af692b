"""``rightsize models calibration``: how good the predictions were so far, and whether they still hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, StoreOption, examples, out, print_json, talk, working

if TYPE_CHECKING:
    from rich.table import Table

    from rightsize.predict.errors_of import ErrorRow

EPILOG = examples(
    "rightsize models calibration",
    "rightsize models calibration --probe",
    "rightsize models calibration --json",
)


def calibration(
    probe: Annotated[bool, typer.Option("--probe", help="Probe this machine now, under a minute.")] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads to probe.  [default: all usable cores]")
    ] = None,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show this machine's calibration and the error of what was predicted and then measured.

    Errors stand by metric, size, quantization and depth. A calibration is stale when the machine or llama.cpp
    changed since; then probe again.
    """
    from rightsize.flows.calibration import calibrated, staleness
    from rightsize.machine import scan
    from rightsize.predict.errors_of import error_rows
    from rightsize.store.predictions import Predictions

    machine = scan(with_bandwidth=False)
    with Predictions.open(store) as predictions:
        if probe:
            with working("Probing this machine, about a minute; leave it alone ..."):
                calibrated(machine, predictions, threads=threads or machine.usable_cores, anew=True)
        stored = predictions.calibrations()
        checks = predictions.checks(machine.fingerprint)
    newest = stored[0] if stored else None
    stale = staleness(newest, machine) if newest else ["this machine was never probed"]
    rows = error_rows(checks)
    if as_json:
        print_json(_payload(newest, stale, rows, len(checks)))
        return
    if newest:
        out().print(_summary(newest))
    if rows:
        out().print(error_table(rows))
    else:
        talk().print("Nothing was predicted and then measured yet. Try: rightsize models fit --verify")
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


def _summary(newest: Any) -> Table:
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
        ]
    )


def _payload(newest: Any, stale: list[str], rows: list[ErrorRow], count: int) -> dict[str, Any]:
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
    }
