"""``rightsize compare``: where quantization starts to cost, for one model at its levels on the same items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    working,
)
from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.decide.cliff import Cliff
    from rightsize.domain import Absent, Estimate, Record, Suite
    from rightsize.settings import Settings

EPILOG = examples(
    "rightsize compare --task extraction",
    "rightsize compare --task sql --model my-model --within 2%",
    "rightsize compare --task sql --model my-model-f16.gguf --quant F16,Q8_0,Q4_K_M,Q3_K_M --bench",
)


def compare(  # noqa: PLR0917  one parameter per option
    task: TaskOption = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME|PATH", help="Only these models.  [default: all stored]"),
    ] = None,
    quant: Annotated[
        list[str] | None,
        typer.Option("--quant", "-q", metavar="LEVEL", help="Only these levels, as F16,Q8_0,Q4_K_M."),
    ] = None,
    within: Annotated[
        str, typer.Option(metavar="POINTS", help="The loss of score that is small enough, as 1% or 0.01.")
    ] = "1%",
    bench: Annotated[
        bool,
        typer.Option(
            "--bench", help="Measure what is missing: the levels of --model, and how far distributions moved."
        ),
    ] = False,
    trust_suite: TrustSuite = False,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare each quantization level of a model with its most precise one, item by item, and name the cliff.

    Reads the store only, unless --bench is given. A level loses for certain when its p-value, held to all
    levels shown (Holm), is at most 5%; it is within the margin when the whole 95% interval is.
    """
    from rightsize.settings import resolve_settings
    from rightsize.units import parse_points

    margin, settings = parse_points(within, "--within"), resolve_settings({"store": store})
    with working("Loading tasks"):
        suites = _suites(task, trusted=trust_suite)
    if bench and model:
        _measure(suites, split_commas(model), split_commas(quant), settings)
    found = [
        cliff
        for suite in suites
        for cliff in _cliffs(suite, split_commas(model), split_commas(quant), margin, settings, bench=bench)
    ]
    if not found:
        raise UsageError(
            "no model has two measured levels on this task",
            next_step="Measure them with --bench, or: rightsize bench --task NAME --quant F16,Q8_0,Q4_K_M",
        )
    _show(found, as_json=as_json)


def _suites(task: list[str] | None, *, trusted: bool) -> list[Suite]:
    from rightsize.cli.tasks import load_suites

    return load_suites(task, trusted=trusted)


def _measure(suites: Sequence[Suite], models: Sequence[str], levels: Sequence[str], settings: Settings) -> None:
    """What ``bench`` would measure for these models and levels, and only what is missing."""
    from rightsize.bench.matrix import Wanted, measure
    from rightsize.cli.progress import BenchProgress
    from rightsize.flows.residuals import TeachingStore

    wanted = Wanted(suites=suites, models=models, levels=levels)
    with TeachingStore.open(settings.store) as results, BenchProgress(talk()) as progress:
        results.tell = progress.note
        measure(wanted, settings=settings, store=results, listener=progress, notify=progress.note)


def _cliffs(
    suite: Suite,
    models: Sequence[str],
    levels: Sequence[str],
    margin: float,
    settings: Settings,
    *,
    bench: bool,
) -> list[Cliff]:
    from rightsize.decide.cliff import cliff, families

    chosen = [record for record in _records(suite, settings) if _is_wanted(record, models, levels)]
    found = []
    for name, records in families(chosen):
        if len(records) > 1:
            distances = _distances(records, suite, settings, bench=bench)
            found.append(cliff(name, records, margin=margin, distances=distances))
    return found


def _records(suite: Suite, settings: Settings) -> list[Record]:
    """The record that speaks for each candidate: of this version of the suite, the fullest, then the newest."""
    from rightsize.decide.selection import select
    from rightsize.store import Store

    with Store.open(settings.store) as results:
        stored = [r for r in results.records(suite=suite.name) if r.suite_sha256 == suite.sha256]
    chosen = select(stored, [suite.name], include_demo=True)
    return [record for cells in chosen.records.values() for record in cells.values()]


def _is_wanted(record: Record, models: Sequence[str], levels: Sequence[str]) -> bool:
    from pathlib import Path

    from rightsize.models.levels import parse_level

    model = record.candidate.get("model") or {}
    names = {str(model.get("name")), str(model.get("path") or ""), str(model.get("spec") or "")}
    stems = {Path(name).expanduser().stem for name in models}
    named = (
        not models
        or bool(names & set(models))
        or any(stem == model.get("name") or stem.startswith(f"{model.get('name')}-") for stem in stems)
    )
    return named and (not levels or str(model.get("quant")) in {parse_level(level) for level in levels})


def _distances(
    records: Sequence[Record], suite: Suite, settings: Settings, *, bench: bool
) -> Mapping[str, Mapping[str, Estimate | Absent]]:
    from rightsize.flows.divergence import level_distances
    from rightsize.machine.cpu import read_cpu

    reference, *others = records
    return level_distances(
        reference,
        others,
        suite,
        threads=settings.threads or read_cpu().usable_cores,
        measure=bench,
        notify=lambda text: talk().print(text, markup=False),
    )


def _show(found: Sequence[Cliff], *, as_json: bool) -> None:
    if as_json:
        print_json(payload(found))
        return
    from rightsize.reports.compare_table import cliff_lines

    for each in found:
        for part in cliff_lines(each):
            out().print(part)


def payload(found: Sequence[Cliff]) -> dict[str, Any]:
    """What ``--json`` prints; ``schemas/compare.schema.json`` describes it."""
    from rightsize.reports.compare_table import cliff_json

    return {"schema_version": 1, "command": "compare", "comparisons": [cliff_json(each) for each in found]}
