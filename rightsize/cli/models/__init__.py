"""``rightsize models``: which models there are. Each subcommand is one file here and one line below."""

from __future__ import annotations

import typer

from rightsize.cli.common import examples
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
app.command("list", epilog=LIST_EPILOG)(list_models)
app.command("show", epilog=SHOW_EPILOG)(show)
app.command("discover", epilog=discover.EPILOG)(discover.discover)
app.command("pull", epilog=pull.EPILOG)(pull.pull)
app.command("audit", epilog=audit.EPILOG)(audit.audit)
app.command("quantize", epilog=quantize.EPILOG)(quantize.quantize)
app.command("fit", epilog=FIT_EPILOG)(fit)
app.command("calibration", epilog=CALIBRATION_EPILOG)(calibration)
