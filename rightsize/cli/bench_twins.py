"""Twins in ``rightsize bench``: their options, and measuring them beside the other candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rightsize.cli.common import talk
from rightsize.cli.variants import too_many_threads

if TYPE_CHECKING:
    from rightsize.bench.matrix import Measurements, Wanted
    from rightsize.settings import Settings

_PANEL = "Shape twins"
_LEVEL = "Q4_K_M"

TwinOption = Annotated[
    list[str] | None,
    typer.Option(
        "--twin",
        metavar="MODEL",
        help="Measure a catalogue model's speed and memory by its shape twin, without a score; repeatable.",
        rich_help_panel=_PANEL,
    ),
]
PromptTokens = Annotated[
    int, typer.Option(metavar="N", min=1, help="Prompt tokens of a twin's requests.", rich_help_panel=_PANEL)
]
OutputTokens = Annotated[
    int, typer.Option(metavar="N", min=1, help="Output tokens of a twin's requests.", rich_help_panel=_PANEL)
]


def measure_twins(
    names: Sequence[str],
    wanted: Wanted,
    tokens: tuple[int, int],
    settings: Settings,
    *,
    beside: Measurements | None,
) -> Measurements:
    """Measure and store the named models' twins at the wanted levels (none: Q4_K_M), beside the others."""
    from rightsize.bench.matrix import Measurements
    from rightsize.bench.protocol import TokenWork
    from rightsize.bench.twin_records import bench_twins, twin_settings
    from rightsize.cli.progress import BenchProgress
    from rightsize.flows.residuals import TeachingStore
    from rightsize.machine import scan
    from rightsize.models.catalogue.load import find_entry
    from rightsize.models.levels import parse_level
    from rightsize.models.twins.subject import TwinSubject

    chosen = [parse_level(level) for level in wanted.levels or (_LEVEL,)]
    subjects = [TwinSubject.of(find_entry(name), level) for name in names for level in chosen]
    machine = scan(with_bandwidth=False)
    warning = too_many_threads(wanted.variants, settings.threads, machine.usable_cores)
    if warning and beside is None:  # else it was said of the models
        talk().print(f"Warning: {warning}", markup=False, soft_wrap=True)
    done = [] if beside is None else [beside]
    with TeachingStore.open(settings.store) as store, BenchProgress(talk()) as progress:
        store.tell = progress.note
        for chosen_settings, choice in twin_settings(
            settings, wanted.variants, machine, among_models=bool(wanted.models)
        ):
            done.append(
                bench_twins(
                    subjects,
                    wanted.suites,
                    TokenWork(*tokens),
                    machine=machine,
                    settings=chosen_settings,
                    store=store,
                    listener=progress,
                    notify=progress.note,
                    force=wanted.force,
                    varied=choice.varied,
                )
            )
    records = tuple(record for each in done for record in each.records)
    known = tuple(key for each in done for key in each.known)
    return Measurements(records, known, beside.spent_usd if beside else None)
