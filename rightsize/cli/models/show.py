"""``rightsize models show``: one model, what is known of it, and what it weighs at each quantization."""

from __future__ import annotations

from typing import Annotated

import typer

from rightsize.cli.common import JsonFlag, examples, out, print_json, split_commas, working

EPILOG = examples(
    "rightsize models show qwen2.5-0.5b-instruct",
    "rightsize models show ./my-model.yaml --quant Q4_K_M,Q8_0",
)
_LEVELS = "F16,Q8_0,Q6_K,Q5_K_M,Q4_K_M,Q3_K_M,Q2_K"


def show(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|FILE", help="An id, a hub id, or a YAML with one model.")
    ],
    quant: Annotated[
        list[str] | None, typer.Option("--quant", "-q", metavar="LEVELS", help=f"Levels.  [default: {_LEVELS}]")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show one model: shape, licence, sources, and its size at each quantization.

    Sizes are what llama.cpp's quantizer would write, asked of it in a dry run over a file without weights,
    beside what was published. Tensors whose width does not fit a level fall back
    to another type; they are counted.
    """
    from rightsize.cli.models.view import entry_json, show_table, size_table, sizes_json
    from rightsize.models.catalogue.load import find_entry
    from rightsize.models.catalogue.sizes import sizes_of
    from rightsize.models.levels import parse_level

    entry = find_entry(model)
    levels = [parse_level(level) for level in split_commas(quant or [_LEVELS])]
    with working(f"Asking llama.cpp what {entry.id} weighs"):
        sizes = sizes_of(entry, levels)
    if as_json:
        shown = {**entry_json(entry), "sizes": sizes_json(sizes)}
        print_json({"schema_version": 1, "command": "models show", "model": shown})
        return
    out().print(show_table(entry))
    out().print(size_table(sizes))
