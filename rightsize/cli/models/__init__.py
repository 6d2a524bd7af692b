"""``rightsize models``: which models there are. Each subcommand is one file here and one line below."""

from __future__ import annotations

from collections.abc import Callable

import typer

from rightsize.cli.common import examples, first_sentence
from rightsize.cli.models import audit, discover, pull, quantize
from rightsize.cli.models.calibration import EPILOG as CALIBRATION_EPILOG
from rightsize.cli.models.calibration import calibration
from rightsize.cli.models.fit import EPILOG as FIT_EPILOG
from rightsize.cli.models.fit import fit
from rightsize.cli.models.list import EPILOG as LIST_EPILOG
from rightsize.cli.models.list import list_models
from rightsize.cli.models.show import EPILOG as SHOW_EPILOG
from rightsize.cli.models.show import show

app = typer.Typer(
    no_args_is_help=True,
    help="The catalogue of models, those on this disk, and getting, making and checking more.",
    epilog=examples(
        "rightsize models list --license permissive",
        "rightsize models show llama-3.2-1b-instruct",
        "rightsize models fit --max-latency 500ms --max-memory 6GB",
        "rightsize models calibration",
    ),
)
_SUBCOMMANDS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("list", list_models, LIST_EPILOG),
    ("show", show, SHOW_EPILOG),
    ("discover", discover.discover, discover.EPILOG),
    ("pull", pull.pull, pull.EPILOG),
    ("audit", audit.audit, audit.EPILOG),
    ("quantize", quantize.quantize, quantize.EPILOG),
    ("fit", fit, FIT_EPILOG),
    ("calibration", calibration, CALIBRATION_EPILOG),
)
for name, function, epilog in _SUBCOMMANDS:
    app.command(name, epilog=epilog, short_help=first_sentence(function))(function)
