"""``rightsize recommend``: the smallest stored candidate that passes everything, and why no smaller one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli import thresholds as options
from rightsize.cli.common import (
    JsonFlag,
    StoreOption,
    TaskOption,
    TrustSuite,
    examples,
    out,
    print_json,
    split_commas,
    talk,
)
from rightsize.cli.deciding import chosen_tasks, decide_on, task_paths
from rightsize.cli.durations import RequireQuiet, quiet_s
from rightsize.cli.thresholds import LatencyMetric, read_thresholds
from rightsize.decide.objective import Minimize
from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.decide.recommendation import Recommendation
    from rightsize.store import Store

EPILOG = examples(
    "rightsize recommend --task extraction --max-latency 500ms --min-accuracy 90% --max-memory 2GB",
    "rightsize recommend --task extraction,sql --min-accuracy 0.8 --minimize energy",
    "rightsize recommend --task sql --min-accuracy 70% --strict --bench",
    "rightsize recommend --race --task extraction --model ./models --min-accuracy 90% --max-latency 500ms",
    "rightsize recommend --race --task sql --model my-model-f16.gguf --within 2% --of my-model:F16",
)


def recommend(  # noqa: PLR0917  one parameter per option
    context: typer.Context,
    task: TaskOption = None,
    max_latency: options.MaxLatency = None,
    max_ttft: options.MaxTtft = None,
    min_accuracy: options.MinAccuracy = None,
    within: options.Within = None,
    of: options.Of = None,
    max_memory: options.MaxMemory = None,
    max_size: options.MaxSize = None,
    min_tokens_per_s: options.MinTokensPerS = None,
    max_energy_per_request: options.MaxEnergy = None,
    latency_metric: options.LatencyMetricOption = LatencyMetric.P95,
    minimize: options.MinimizeOption = Minimize.SIZE,
    assumptions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Prices for --minimize cost, as YAML.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 while a smaller candidate is undecided.")
    ] = False,
    include_demo: Annotated[
        bool, typer.Option("--include-demo", help="Rank the embedded candidates beside your own.")
    ] = False,
    bench: Annotated[
        bool, typer.Option("--bench", help="Measure what is undecided, then decide again.")
    ] = False,
    race: Annotated[
        bool,
        typer.Option("--race", help="Measure, smallest first, only until the evidence settles the question."),
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="PATH|NAME", help="With --race: what to race, as for bench."),
    ] = None,
    quant: Annotated[
        list[str] | None,
        typer.Option("--quant", "-q", metavar="LEVEL", help="With --race: levels, as for bench."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", metavar="N", min=1, help="With --race: at most this many items a task."),
    ] = None,
    require_quiet: RequireQuiet = None,
    trust_suite: TrustSuite = False,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Name the smallest measured candidate that passes every threshold, and why each smaller one was refused.

    Reads the store only, unless --bench or --race is given. A threshold passes or fails only by an exact bound;
    the 5% error is split over the candidates tried. Exit 0 with a winner, 1 when all fail, 3 when undecided.
    """
    from rightsize.decide.recommendation import exit_code
    from rightsize.reports.race_view import is_race, raced_candidates, raced_notes

    limits = read_thresholds(context.params)
    if not limits:
        raise UsageError("no threshold was given", next_step="Add one, such as --min-accuracy 90%")
    if race:
        from rightsize.cli.race import race as run

        raise typer.Exit(int(run(context.params, limits)))
    if model or quant or limit:
        raise UsageError(
            "--model, --quant and --limit say what to race", next_step="Add --race, or leave them out"
        )
    if require_quiet and not bench:
        raise UsageError(
            "--require-quiet is about measuring, and recommend measures nothing by itself",
            next_step="Add --race or --bench, or leave it out",
        )
    with _opened(store, to_measure=bench) as results:
        named = split_commas(task)
        tasks = chosen_tasks(named, results)
        paths = task_paths(named, tasks)

        def decide() -> Recommendation:
            stored = [record for name in tasks for record in results.records(suite=name, races=True)]
            answer = decide_on(
                [record for record in stored if not is_race(record)],
                limits,
                tasks,
                minimize=minimize,
                assumptions=assumptions,
                latency_metric=f"latency_{latency_metric}_ms",
                include_demo=include_demo,
            )
            notes = (*answer.notes, *raced_notes(stored))
            return replace(answer, notes=notes, raced=raced_candidates(stored), task_paths=paths)

        answer = _settled(decide, results, context.params) if bench else decide()
    _show(answer, store, as_json=as_json)
    raise typer.Exit(int(exit_code(answer, strict=strict)))


def _opened(where: str | None, *, to_measure: bool) -> Store:
    """The store; where something is to be measured, one that compares it with its prediction."""
    if to_measure:
        from rightsize.flows.residuals import TeachingStore

        return TeachingStore.open(where)
    from rightsize.store import Store

    return Store.existing_or_empty(where)


def _settled(decide: Callable[[], Recommendation], results: Store, params: Mapping[str, Any]) -> Recommendation:
    """Decide, measure what is open, decide again."""
    from rightsize.cli.progress import BenchProgress
    from rightsize.decide.settling import settling
    from rightsize.flows.settle import settle
    from rightsize.settings import resolve_settings

    settings = resolve_settings({"quiet_timeout_s": quiet_s(params["require_quiet"])})
    answer = decide()
    runs = settling(answer, params["store"] or "")
    if not runs:
        return answer
    for run in runs:
        talk().print(f"$ {run.command}", markup=False, soft_wrap=True)
    with BenchProgress(talk()) as progress:
        settle(runs, results, settings=settings, listener=progress, trusted=params["trust_suite"])
    return decide()


def _show(answer: Recommendation, store: str | None, *, as_json: bool) -> None:
    if as_json:
        from rightsize.cli.recommend_json import payload

        print_json(payload(answer, store or ""))
        return
    from rightsize.reports.recommend_table import recommendation_lines

    for part in recommendation_lines(answer, store or ""):
        # A command to be copied stays on its line; printing a Text forgets by itself that it must not wrap.
        out().print(part, soft_wrap=bool(getattr(part, "no_wrap", False)))
