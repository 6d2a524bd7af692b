"""``rightsize twin``: how fast a model would run here and whether it fits, without downloading it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rightsize.cli.common import JsonFlag, examples, out, print_json, size_bytes, stepping, talk
from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.models.twins.subject import TwinSubject

EPILOG = examples(
    "rightsize twin llama-3.2-1b-instruct --quant Q4_K_M",
    "rightsize twin phi-4-mini-instruct --quant Q8_0 --prompt-tokens 2000 --output-tokens 200",
    "rightsize twin ./my-model.yaml --json",
    "rightsize twin --of hub:OWNER/REPO/MODEL-IQ4_XS.gguf",
)
REQUESTS, REPETITIONS = 5, 3
PROMPT_TOKENS, OUTPUT_TOKENS = 800, 60


def twin(  # noqa: PLR0917  one parameter per option
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL|FILE]", help="An id, a hub id, or a YAML with one model.")
    ] = None,
    quant: Annotated[
        str, typer.Option("--quant", "-q", metavar="LEVEL", help="Quantization level.")
    ] = "Q4_K_M",
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            metavar="FILE|hub:OWNER/NAME/FILE",
            help="Twin of a real GGUF by its header alone; of a file on the hub a few MB are read.",
        ),
    ] = None,
    prompt_tokens: Annotated[
        int, typer.Option(metavar="N", min=1, help="Prompt tokens of a request.")
    ] = PROMPT_TOKENS,
    output_tokens: Annotated[
        int, typer.Option(metavar="N", min=1, help="Output tokens of a request.")
    ] = OUTPUT_TOKENS,
    requests: Annotated[int, typer.Option(metavar="N", min=1, help="Requests timed one at a time.")] = REQUESTS,
    repetitions: Annotated[
        int, typer.Option(metavar="N", min=1, help="Repetitions of the speed tests.")
    ] = REPETITIONS,
    threads: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Threads.  [default: usable physical cores]")
    ] = None,
    gpu_layers: Annotated[
        int | None, typer.Option(metavar="N", min=-1, help="Layers to put on a GPU; -1 for all.  [default: 0]")
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Memory to stay within, as 4GB.  [default: the machine's]"),
    ] = None,
    tokenizer: Annotated[
        bool, typer.Option("--tokenizer", help="Give it a byte-level tokenizer of the right size.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="FOLDER", help="Keep the file there; else it is removed.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure a model's speed, memory and fit on this machine from its shape alone.

    A twin is a GGUF with the model's exact tensors, quantization mix and metadata, and random weights: as fast
    and as large as the model, and with nothing to say. Nothing is downloaded. It is removed afterwards. Where
    it does not fit, two shallower ones are measured and extrapolated, marked with a star.
    """
    from rightsize.bench.protocol import TokenWork
    from rightsize.bench.twin import measure_twin
    from rightsize.cli.twin_view import twin_json, twin_table
    from rightsize.flows.residuals import learn_from_twin
    from rightsize.machine import scan
    from rightsize.settings import resolve_settings

    flags = {
        "requests": requests,
        "repetitions": repetitions,
        "threads": threads,
        "gpu_layers": gpu_layers,
        "memory_limit_bytes": size_bytes(memory_limit, "--memory-limit"),
    }
    settings = resolve_settings(flags)
    with stepping("preparing") as step:
        subject = _subject(model, of, quant, tokenizer)
        tokens = TokenWork(prompt_tokens, output_tokens)
        machine = scan(with_bandwidth=False)
        result = measure_twin(subject, tokens, machine=machine, settings=settings, keep=keep, notify=step)
        learn_from_twin(settings.store, subject, tokens, result.measured, machine=machine, settings=settings)
    if as_json:
        print_json(twin_json(subject, tokens, result))
        return
    out().print(twin_table(subject, tokens, result))
    if result.kept:
        talk().print(f"Kept: {result.kept}", markup=False, soft_wrap=True)


def _subject(model: str | None, of: str | None, quant: str, tokenizer: bool) -> TwinSubject:
    from rightsize.models.catalogue.load import find_entry
    from rightsize.models.levels import parse_level
    from rightsize.models.twins.from_header import subject_of_file
    from rightsize.models.twins.subject import TwinSubject

    if (model is None) == (of is None):
        raise UsageError(
            "name a model of the catalogue, or a file with --of", next_step="See: rightsize models list"
        )
    if of is not None:
        return subject_of_file(of)
    assert model is not None
    return TwinSubject.of(find_entry(model), parse_level(quant), tokenizer=tokenizer)
