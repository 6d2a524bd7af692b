"""``rightsize bench``: measure candidates on tasks and store what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.bench_twins import OutputTokens, PromptTokens, TwinOption, measure_twins
from rightsize.cli.checks import CheckOption, extra_suites, stored_figures
from rightsize.cli.common import (
    JsonFlag,
    StoreOption,
    TaskOption,
    TrustSuite,
    examples,
    out,
    print_json,
    size_bytes,
    split_commas,
    talk,
)
from rightsize.cli.durations import RequireQuiet, quiet_s, seconds
from rightsize.cli.remote import ApiPrice, Concurrency, Load, MaxSpend, RequestLimit, read_budget
from rightsize.cli.tasks import load_suites
from rightsize.cli.variants import (
    VARIANTS,
    ChatTemplate,
    Constrain,
    Context,
    FlashAttention,
    GpuLayers,
    KvType,
    Lora,
    PromptVariant,
    Threads,
    read_variants,
    too_many_threads,
)
from rightsize.errors import ExitCode

if TYPE_CHECKING:
    from rightsize.bench.matrix import Measurements, Wanted
    from rightsize.checks.figures import CheckFigure
    from rightsize.domain import Record
    from rightsize.settings import Settings

EPILOG = examples(
    "rightsize bench --task extraction",
    "rightsize bench --task extraction,sql --model ./models --quant Q8_0,Q4_K_M",
    "rightsize bench --task classification --model my-model-f16.gguf --limit 100",
    "rightsize bench --task extraction --model ollama:llama3.2 --model http://127.0.0.1:8080/v1",
    "rightsize bench --task extraction --model openai:gpt-5.6-luna --max-spend 2USD",
    "rightsize bench --task extraction --threads 1,2,4 --kv-type f16,q8_0",
    "rightsize bench --task extraction --watts-idle 4 --watts-load 14",
    "rightsize bench --task extraction --require-quiet 5min --soak 10m",
)


def bench(  # noqa: PLR0917  one parameter per option
    call: typer.Context,
    task: TaskOption = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="PATH|NAME|URL",
            help="GGUF or ONNX file or folder, glob, onnx:NAME, baseline:METHOD, ollama:NAME, hf:OWNER/REPO, "
            "a server's address; repeatable.  "
            "[default: the embedded family]",
        ),
    ] = None,
    quant: Annotated[
        list[str] | None,
        typer.Option(
            "--quant",
            "-q",
            metavar="LEVEL",
            help="Levels such as Q8_0,Q4_K_M; missing files are made.  [default: F16,Q8_0,Q4_K_M]",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            metavar="N",
            min=1,
            help="At most this many items a task, of each label and group in proportion.",
        ),
    ] = None,
    requests: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Requests timed one at a time.  [default: 120]")
    ] = None,
    repetitions: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Repetitions of the speed tests.  [default: 8]")
    ] = None,
    threads: Threads = None,
    context: Context = None,
    gpu_layers: GpuLayers = None,
    kv_type: KvType = None,
    flash_attention: FlashAttention = None,
    chat_template: ChatTemplate = None,
    prompt: PromptVariant = None,
    constrain: Constrain = None,
    lora: Lora = None,
    allow_requantize: Annotated[
        bool, typer.Option("--allow-requantize", help="Quantize files that are quantized already.")
    ] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Measure classical methods beside the models.")
    ] = True,
    check: CheckOption = None,
    force: Annotated[bool, typer.Option("--force", help="Measure again what is stored already.")] = False,
    trust_suite: TrustSuite = False,
    allow_code_execution: Annotated[
        bool,
        typer.Option(
            "--allow-code-execution",
            help="Let code tasks run what the model writes: in a limited process, without network.",
        ),
    ] = False,
    watts_idle: Annotated[
        float | None, typer.Option(metavar="W", min=0, help="Configured idle power of this machine.")
    ] = None,
    watts_load: Annotated[
        float | None, typer.Option(metavar="W", min=0, help="Configured power under load.")
    ] = None,
    remeasure: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Measure disturbed windows again, N times at most.  [default: 2]"
        ),
    ] = None,
    require_quiet: RequireQuiet = None,
    soak: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Generate for TIME, as 10m: sustained speed against burst."),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Give a candidate up after this, as 30min.  [default: 1h]"),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Give a candidate up above this, as 4GB.  [default: the machine's]"),
    ] = None,
    max_spend: MaxSpend = None,
    price: ApiPrice = None,
    concurrency: Concurrency = None,
    request_limit: RequestLimit = None,
    load: Load = None,
    twin: TwinOption = None,
    prompt_tokens: PromptTokens = 800,
    output_tokens: OutputTokens = 60,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure candidates on tasks: score, latency, tokens/s, memory, energy.

    Each candidate runs in its own process. Answers are kept as they come; the same command again asks only what
    is missing.
    """
    from rightsize.bench.matrix import Wanted

    settings = _settings(call.params)
    suites = load_suites(task, trusted=trust_suite, allow_code_execution=allow_code_execution)
    checks = split_commas(check)
    suites += extra_suites(suites, checks, limit)
    wanted = Wanted(
        suites,
        split_commas(model),
        split_commas(quant),
        limit,
        force,
        allow_requantize,
        baselines,
        read_budget(max_spend, price),
        read_variants({flag: call.params[flag.removeprefix("--").replace("-", "_")] for flag in VARIANTS}),
    )
    twins = split_commas(twin)
    done = _measure(wanted, settings) if wanted.models or not twins else None
    if twins:
        counts = (prompt_tokens, output_tokens)
        done = measure_twins(twins, wanted, counts, settings, beside=done)
    assert done is not None
    _show(done, settings, stored_figures(settings, suites, checks), as_json=as_json)
    raise typer.Exit(int(_exit_code(done.records)))


def _settings(given: Mapping[str, Any]) -> Settings:
    """What the options say of how to measure, over what the file and the environment say."""
    from rightsize.settings import resolve_settings

    as_they_are = ("store", "requests", "repetitions", "watts_idle", "watts_load", "remeasure", "concurrency")
    return resolve_settings(
        {
            **{name: given[name] for name in as_they_are},
            "quiet_timeout_s": quiet_s(given["require_quiet"]),
            "soak_s": seconds(given["soak"], "--soak"),
            "time_limit_s": seconds(given["time_limit"], "--time-limit"),
            "request_limit_s": seconds(given["request_limit"], "--request-limit"),
            "arrivals_per_s": given["load"],
            "memory_limit_bytes": size_bytes(given["memory_limit"], "--memory-limit"),
        }
    )


def _measure(wanted: Wanted, settings: Settings) -> Measurements:
    """Run the matrix with progress on stderr."""
    from rightsize.bench.matrix import measure
    from rightsize.cli.progress import BenchProgress
    from rightsize.flows.residuals import TeachingStore
    from rightsize.machine import scan

    console = talk()
    machine = scan(with_bandwidth=False)
    for gpu in machine.gpus:
        if gpu.advice:
            console.print(f"{gpu.name}: {gpu.advice}", markup=False)
    if warning := too_many_threads(wanted.variants, settings.threads, machine.usable_cores):
        console.print(f"Warning: {warning}", markup=False, soft_wrap=True)
    with TeachingStore.open(settings.store) as store, BenchProgress(console) as progress:
        store.tell = progress.note
        return measure(
            wanted, settings=settings, store=store, listener=progress, notify=progress.note, machine=machine
        )


def _show(done: Measurements, settings: Settings, checked: Sequence[CheckFigure], *, as_json: bool) -> None:
    from rightsize.units import format_usd

    if done.spent_usd is not None:
        talk().print(f"Spent {format_usd(done.spent_usd)} at list prices.")
    if as_json:
        print_json(payload(done, checked))
        return
    from rightsize.checks.variants import is_derived
    from rightsize.reports.bench_table import bench_table
    from rightsize.reports.checks_table import checks_table

    records = [*_stored(done.known, settings), *done.records]
    own = [record for record in records if not is_derived(record.suite)]
    if own:
        out().print(bench_table(own))
    if checked:
        out().print(checks_table(checked))
    if done.reused:
        talk().print(f"{done.reused} of these were measured before and kept; --force measures them again.")


def _stored(fingerprints: Sequence[str], settings: Settings) -> list[Record]:
    """What is shown of cells that were measured before: the newest of each."""
    from rightsize.store import Store

    if not fingerprints:
        return []
    with Store.open(settings.store) as store:
        found = {record.fingerprint: record for record in store.records() if record.fingerprint in fingerprints}
    return list(found.values())


def payload(done: Measurements, checked: Sequence[CheckFigure] = ()) -> dict[str, Any]:
    """The command's JSON: one object per stored cell; see ``schemas/bench.schema.json``."""
    from rightsize.reports.checks_table import checks_json
    from rightsize.reports.record_json import record_json

    cells = [record_json(record) for record in done.records]
    base = {"schema_version": 1, "command": "bench", "reused": done.reused, "spent_usd": done.spent_usd}
    return {**base, "cells": cells, "checks": checks_json(checked)}


def _exit_code(records: Sequence[Record]) -> ExitCode:
    """2 when nothing at all could be measured; failed cells beside measured ones are data, not an error."""
    from rightsize.domain import Measured

    if records and not any(isinstance(record.outcome, Measured) for record in records):
        return ExitCode.ERROR
    return ExitCode.PASS
