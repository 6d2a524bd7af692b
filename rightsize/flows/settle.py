"""Measuring what a recommendation left open: decisions name the runs, the bench does them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rightsize.bench.matrix import Results, Wanted, measure
from rightsize.bench.protocol import TokenWork
from rightsize.bench.run import Listener
from rightsize.bench.twin_records import bench_twins
from rightsize.decide.bench_run import QUIET_TIMEOUT_S, Settling
from rightsize.domain import Record, Suite
from rightsize.machine import scan
from rightsize.models.catalogue.load import find_entry
from rightsize.models.twins.subject import TwinSubject
from rightsize.settings import Settings
from rightsize.suites.lm_eval_tasks import open_suites


def settle(
    runs: Sequence[Settling], store: Results, *, settings: Settings, listener: Listener, trusted: bool = False
) -> list[Record]:
    """Do the runs, each as the command it names would, and return what was stored.

    ``trusted`` lets a suite from elsewhere run its own code.
    """
    records: list[Record] = []
    for run in runs:
        suites = [suite for task in run.tasks for suite in open_suites(task, trusted=trusted)]
        if run.twin:
            records += _twins(run, suites, store, settings, listener)
            continue
        wanted = Wanted(
            suites=suites,
            models=run.models,
            levels=run.quants,
            limit=run.limit,
            force=run.force,
            baselines=not (run.models or run.twin),
            variants={"--constrain, --prompt or --lora": (dict(run.contents),)} if run.contents else {},
            varied=run.varied,
        )
        records += measure(wanted, settings=_as_run(settings, run), store=store, listener=listener).records
    return records


def _twins(
    run: Settling, suites: Sequence[Suite], store: Results, settings: Settings, listener: Listener
) -> tuple[Record, ...]:
    """A twin once more, with more requests."""
    (quant,) = run.quants
    subject = TwinSubject.of(find_entry(run.twin), quant)
    machine = scan(with_bandwidth=False)
    tokens = TokenWork(*run.twin_tokens)
    return bench_twins(
        [subject],
        suites,
        tokens,
        machine=machine,
        settings=_as_run(settings, run),
        store=store,
        listener=listener,
        force=run.force,
    ).records


def _as_run(settings: Settings, run: Settling) -> Settings:
    """The settings that the run's flags stand for."""
    return replace(
        settings,
        requests=run.requests or settings.requests,
        repetitions=run.repetitions or settings.repetitions,
        quiet_timeout_s=_quiet_timeout_s(settings, run),
        **_chosen(run.settings),
    )


def _quiet_timeout_s(settings: Settings, run: Settling) -> float | None:
    """What was asked for; else what the run needs, whose first measurement was disturbed."""
    if settings.quiet_timeout_s is None and run.quiet:
        return QUIET_TIMEOUT_S
    return settings.quiet_timeout_s


def _chosen(flags: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A candidate's own settings, from the flags that stand for them."""
    fields = {"--threads": "threads", "--context": "context_tokens", "--gpu-layers": "gpu_layers"}
    chosen: dict[str, Any] = {fields[flag]: int(value) for flag, value in flags if flag in fields}
    texts = {
        "--chat-template": "chat_template",
        "--kv-type": "kv_type",
        "--flash-attention": "flash_attention",
    }
    return chosen | {texts[flag]: value for flag, value in flags if flag in texts}
