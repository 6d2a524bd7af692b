"""Measuring what a recommendation left open: decisions name the runs, the bench does them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rightsize.bench.matrix import Results, Wanted, measure
from rightsize.bench.protocol import TokenWork
from rightsize.bench.run import Listener
from rightsize.bench.twin_records import bench_twins
from rightsize.decide.settling import Settling
from rightsize.domain import Record, Suite
from rightsize.machine import scan
from rightsize.models.catalogue.load import find_entry
from rightsize.models.twins.subject import TwinSubject
from rightsize.settings import Settings
from rightsize.suites.lm_eval_tasks import open_suites


def settle(runs: Sequence[Settling], store: Results, *, settings: Settings, listener: Listener) -> list[Record]:
    """Do the runs, each as the command it names would, and return what was stored."""
    records: list[Record] = []
    for run in runs:
        suites = [suite for task in run.tasks for suite in open_suites(task)]
        if run.twin:
            records += _twins(run, suites, store, settings, listener)
            continue
        wanted = Wanted(
            suites=suites,
            models=[run.model] if run.model else [],
            levels=[run.quant] if run.quant else [],
            limit=run.limit,
            force=run.force,
            baselines=not (run.model or run.twin),
            variants={"--constrain, --prompt or --lora": (dict(run.contents),)} if run.contents else {},
            varied=run.varied,
        )
        chosen = replace(
            settings,
            requests=run.requests or settings.requests,
            repetitions=run.repetitions or settings.repetitions,
            **_chosen(run.settings),
        )
        records += measure(wanted, settings=chosen, store=store, listener=listener).records
    return records


def _twins(
    run: Settling, suites: Sequence[Suite], store: Results, settings: Settings, listener: Listener
) -> tuple[Record, ...]:
    """A twin once more, with more requests."""
    chosen = replace(
        settings,
        requests=run.requests or settings.requests,
        repetitions=run.repetitions or settings.repetitions,
        **_chosen(run.settings),
    )
    subject = TwinSubject.of(find_entry(run.twin), run.quant)
    machine = scan(with_bandwidth=False)
    tokens = TokenWork(*run.twin_tokens)
    return bench_twins(
        [subject],
        suites,
        tokens,
        machine=machine,
        settings=chosen,
        store=store,
        listener=listener,
        force=run.force,
    ).records


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
