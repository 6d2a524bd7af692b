"""``rightsize models quantize``: make a file at another level, with an importance matrix where one is given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rightsize.cli.common import JsonFlag, examples, print_json, split_commas, talk

EPILOG = examples(
    "rightsize models quantize ./my-model-f16.gguf --quant Q4_K_M",
    "rightsize models quantize ./my-model-f16.gguf --quant IQ3_XS --imatrix ./my-model.imatrix.gguf",
)


def quantize(
    model: Annotated[str, typer.Argument(metavar="PATH|NAME", help="What bench takes after --model.")],
    quant: Annotated[list[str], typer.Option("--quant", "-q", metavar="LEVEL", help="Levels such as Q4_K_M.")],
    imatrix: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An importance matrix of this model, as llama-imatrix writes it."),
    ] = None,
    allow_requantize: Annotated[
        bool, typer.Option("--allow-requantize", help="Quantize a file that is quantized already.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Quantize a model with llama.cpp's own quantizer; print where the files are.

    They are cached by content: the same level of the same file with the same matrix is made once.
    """
    from rightsize.models.expand import find_models
    from rightsize.models.levels import parse_level, precision_order
    from rightsize.models.quantize import quantized

    levels = [parse_level(level) for level in split_commas(quant)]
    note = talk()
    source = min(find_models([model]), key=lambda found: precision_order(found.quant))
    made = [
        quantized(
            source,
            level,
            allow_requantize=allow_requantize,
            imatrix=imatrix,
            notify=lambda text: note.print(text, markup=False),
        )
        for level in levels
    ]
    if as_json:
        files = [
            {"path": str(each.file), "level": each.quant, "size_bytes": each.size_bytes, "sha256": each.sha256}
            for each in made
        ]
        print_json({"schema_version": 1, "command": "models quantize", "files": files})
        return
    for each in made:
        typer.echo(each.file)
