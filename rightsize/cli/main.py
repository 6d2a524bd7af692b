"""The whole program on one screen: the commands in the order one uses them, and the one place that exits.

scan -> bench -> recommend -> report -> gate, with results beside them and demo doing all five.
"""

from __future__ import annotations

import signal
import sys
import traceback
from typing import Annotated

import typer
from typer.exceptions import TyperException

from rightsize import __version__
from rightsize.cli import bench, compare, demo, gate, recommend, report, scan, twin
from rightsize.cli.common import examples, first_sentence
from rightsize.cli.lm_eval import lm_eval
from rightsize.cli.models import app as models_app
from rightsize.cli.results import app as results_app
from rightsize.cli.suites import app as suites_app
from rightsize.errors import ExitCode, RightsizeError

app = typer.Typer(
    name="rightsize",
    no_args_is_help=True,
    add_completion=False,
    # Plain help: the boxed kind squeezes every description into 22 columns and costs a third of the start.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find the smallest language model, at which quantization, that does your task well enough on your "
    "hardware, and what it costs: measured, with the uncertainty stated.",
    epilog=examples(
        "rightsize demo",
        "rightsize scan",
        "rightsize bench --task extraction --model ./models --quant Q8_0,Q4_K_M",
        "rightsize recommend --task extraction --max-latency 500ms --min-accuracy 90%",
    )
    + "\n\nExit codes: 0 pass, 1 failed, 2 usage or set-up error, 3 undecided, 130 interrupted.",
)


for each in (scan, bench, recommend, compare, report, gate):
    function = getattr(each, each.__name__.rpartition(".")[2])
    app.command(epilog=each.EPILOG, short_help=first_sentence(function))(function)
for name, group in (("results", results_app), ("suites", suites_app), ("models", models_app)):
    app.add_typer(group, name=name, short_help=str(group.info.help))
app.command(epilog=twin.EPILOG, short_help=first_sentence(twin.twin))(twin.twin)
app.command(epilog=demo.EPILOG, short_help=first_sentence(demo.demo))(demo.demo)
app.command(
    name="lm-eval",
    short_help=first_sentence(lm_eval),
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)(lm_eval)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rightsize {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something goes wrong.")] = False,
) -> None:
    pass


def main(argv: list[str] | None = None) -> None:
    """Run the command line; every error becomes one line on stderr and a documented exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    # Ended like an interrupt, so that workers go with us and what was measured is kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    debug = "--debug" in args
    sys.exit(run([arg for arg in args if arg != "--debug"], debug=debug))


def run(args: list[str], *, debug: bool = False) -> int:
    """Run one command line and return its exit code."""
    code = _run(args, debug)
    if code == ExitCode.INTERRUPTED:
        _say("interrupted; what was measured until now is kept")
    return code


def _run(args: list[str], debug: bool) -> int:
    try:
        return int(app(args, standalone_mode=False) or 0)
    except typer.Exit as stop:
        return int(stop.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is wrong, and nobody is left to tell.
        sys.stderr.close()
        return int(ExitCode.PASS)
    except Exception as error:
        if debug:
            traceback.print_exception(error)
        if line := _line_for(error):
            _say(line)
        return int(error.exit_code if isinstance(error, RightsizeError) else ExitCode.ERROR)


def _line_for(error: Exception) -> str:
    """The one line that a person sees; empty when the help, already shown, says it all."""
    match error:
        case RightsizeError():
            return str(error)
        case TyperException():
            return _usage_line(error)
        case _:
            return f"internal error: {type(error).__name__}: {error}. Run again with --debug for details"


#: What the library that reads options calls things, and what a person would.
_WORDS = (
    ("Value error, ", ""),
    ("Input should be a valid integer, unable to parse string as an integer", "it should be a whole number"),
    ("Input should be a valid number, unable to parse string as a number", "it should be a number"),
    ("Input should be", "it should be"),
)


def _usage_line(error: TyperException) -> str:
    """What typer says of a wrong command line, in one line, with where to look."""
    said = error.format_message().rstrip(".") if hasattr(error, "format_message") else str(error)
    for theirs, ours in _WORDS:
        said = said.replace(theirs, ours)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "rightsize"
    stop = "" if said.endswith("?") else "."
    return f"{said}{stop} Try {command} --help" if said else ""


def _say(line: str) -> None:
    print(f"rightsize: {line}", file=sys.stderr)  # noqa: T201
