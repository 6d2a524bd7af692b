"""``rightsize report``: what was measured, what it costs, and where it beats an API, as one page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli import thresholds as options
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
from rightsize.decide.objective import Minimize
from rightsize.errors import StoreError, UsageError

if TYPE_CHECKING:
    from rightsize.domain import Record
    from rightsize.reports.data import Choice, ReportData

EPILOG = examples(
    "rightsize report --task extraction",
    "rightsize report --task extraction --volume 500000 --region DEU --api claude-haiku-4-5,gpt-5.4-nano",
    "rightsize report --write-assumptions my.yaml",
    "rightsize report --assumptions my.yaml --name invoices",
)
_SAFE_NAME = re.compile(r"[\w][\w .+-]*")


def report(  # noqa: PLR0917  one parameter per option
    context: typer.Context,
    task: TaskOption = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Name of the report.  [default: its tasks]")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write to.  [default: reports/NAME]")
    ] = None,
    volume: Annotated[
        float | None,
        typer.Option(
            "--volume", metavar="N", help="Requests per month.  [default: 100000, from the assumptions]"
        ),
    ] = None,
    api: Annotated[
        list[str] | None,
        typer.Option("--api", metavar="MODEL", help="Hosted models to compare with; repeat or use commas."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region", metavar="CODE", help="Grid for carbon: DEU, WORLD, gcp/us-east1. Never assumed."
        ),
    ] = None,
    assumptions: Annotated[
        Path | None, typer.Option("--assumptions", metavar="FILE", help="Your own prices and habits, as YAML.")
    ] = None,
    write_assumptions: Annotated[
        Path | None,
        typer.Option("--write-assumptions", metavar="FILE", help="Write the commented assumptions and stop."),
    ] = None,
    max_latency: options.MaxLatency = None,
    max_ttft: options.MaxTtft = None,
    min_accuracy: options.MinAccuracy = None,
    max_memory: options.MaxMemory = None,
    max_size: options.MaxSize = None,
    min_tokens_per_s: options.MinTokensPerS = None,
    max_energy_per_request: options.MaxEnergy = None,
    latency_metric: options.LatencyMetricOption = options.LatencyMetric.P95,
    minimize: options.MinimizeOption = Minimize.SIZE,
    include_demo: Annotated[
        bool, typer.Option("--include-demo", help="Show the embedded candidates beside your own.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a report: candidates, charts, cost per month, break-even against APIs, carbon.

    Reads the store only and measures nothing. The page is one file that loads nothing from elsewhere.
    """
    if write_assumptions is not None:
        _write_assumptions(write_assumptions, as_json)
        return
    from rightsize.reports.build import ReportOptions, build_report
    from rightsize.reports.facts import DEFAULT_APIS
    from rightsize.reports.race_view import is_race
    from rightsize.reports.write import write_report

    records = stored_records(store, split_commas(task))
    terms = ReportOptions(
        name=_checked_name(name) or "-".join(sorted({_base(record.suite) for record in records})),
        volume=_checked_volume(volume),
        apis=tuple(split_commas(api)) or DEFAULT_APIS,
        region=region,
        assumptions=assumptions,
        include_demo=include_demo,
    )
    own = [r for r in records if r.suite == _base(r.suite) and not is_race(r)]
    choice = _choice(context.params, own, minimize, include_demo, assumptions)
    data = build_report(records, terms, choice)
    paths = write_report(data, folder or Path("reports") / terms.name)
    if as_json:
        print_json(payload(data, paths))
    else:
        _print(data, paths)


def _choice(
    params: Mapping[str, Any],
    records: Sequence[Record],
    minimize: Minimize,
    include_demo: bool,
    assumptions: Path | None,
) -> Choice | None:
    """What is recommended for the thresholds among the options; None when there are none."""
    limits = options.read_thresholds(params)
    if not limits:
        return None
    from rightsize.cli.deciding import decide_on
    from rightsize.reports.choice import choice_of

    answer = decide_on(
        records,
        limits,
        sorted({record.suite for record in records}),
        minimize=minimize,
        assumptions=assumptions,
        latency_metric=f"latency_{params['latency_metric']}_ms",
        include_demo=include_demo,
    )
    return choice_of(answer)


def stored_records(store: str | None, tasks: Sequence[str]) -> list[Record]:
    """The records of ``tasks`` (none named: of every task). Raises StoreError when a task has none."""
    from rightsize.store import Store

    with Store.existing(store) as results:
        records = list(results.records(races=True))
    have = sorted({record.suite for record in records})
    names = {task: _task_name(task, have) for task in tasks}
    missing = [task for task, name in names.items() if name not in have]
    if missing or not records:
        known = f"The store has {', '.join(have)}" if have else "The store is empty"
        wanted = missing[0] if missing else "NAME"
        problem = f"no results for task {names[missing[0]]!r}" if missing else "there is nothing to report"
        command = shlex.join(["rightsize", "bench", "--task", wanted])
        raise StoreError(problem, next_step=f"{known}. Measure with: {command}")
    shown = set(names.values())
    return [record for record in records if not shown or {_base(record.suite), record.suite} & shown]


def _task_name(name_or_path: str, have: Sequence[str]) -> str:
    """A task's name as results hold it: what is no name of theirs may be its file or folder."""
    from rightsize.cli.deciding import task_name

    is_path = name_or_path not in have and Path(name_or_path).exists()
    return task_name(name_or_path) if is_path else name_or_path


def _base(task: str) -> str:
    """The task itself, for one that a check made the task that it was made of."""
    from rightsize.checks.variants import parse_name

    found = parse_name(task)
    return found[0] if found else task


def payload(data: ReportData, paths: Mapping[str, Path]) -> dict[str, Any]:
    """What ``--json`` prints; ``schemas/report.schema.json`` describes it."""
    from dataclasses import asdict

    from rightsize.reports.rows import tidy_rows
    from rightsize.reports.wording import headline

    return {
        "schema_version": 1,
        "command": "report",
        "name": data.name,
        "created_at": data.created_at.isoformat(),
        "headline": headline(data),
        "winner": data.choice.winner if data.choice else None,
        "volume_requests_per_month": data.volume,
        "basis": data.basis,
        "region": data.region,
        "files": {kind: str(path) for kind, path in paths.items()},
        "assumptions": [asdict(row) for row in data.assumptions],
        "figures": [asdict(row) for row in tidy_rows(data)],
    }


def _print(data: ReportData, paths: Mapping[str, Path]) -> None:
    from rich.markup import escape

    from rightsize.reports.wording import headline

    out().print(escape(headline(data)))
    for path in paths.values():
        out().print(escape(str(path)), soft_wrap=True)


def _write_assumptions(path: Path, as_json: bool) -> None:
    from rightsize.reports.assumptions import write_assumptions

    write_assumptions(path)
    if as_json:
        print_json({"schema_version": 1, "command": "report", "written_assumptions": str(path)})
    talk().print(
        f"Wrote {path}; edit it, then: rightsize report --assumptions {path}", soft_wrap=True, markup=False
    )


def _checked_name(name: str | None) -> str | None:
    if name is not None and not _SAFE_NAME.fullmatch(name):
        raise UsageError(
            f"--name {name!r} is not a name",
            next_step="Use letters, digits, spaces, dots and dashes; paths go to --out",
        )
    return name


def _checked_volume(volume: float | None) -> float | None:
    import math

    if volume is not None and not (math.isfinite(volume) and volume > 0):
        raise UsageError(
            f"--volume {volume:g} is not a number of requests", next_step="Write it like --volume 100000"
        )
    return volume
