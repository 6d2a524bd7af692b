"""``rightsize lm-eval``: lm-eval's own command line, with our engine among its models."""

from __future__ import annotations

import signal
import sys

import typer


def lm_eval(context: typer.Context) -> None:
    """Run lm-eval itself with our engine as --model rightsize; all that follows is lm-eval's.

    Offline unless HF_HUB_OFFLINE=0 is set. ``rightsize lm-eval --help`` is lm-eval's help.
    """
    from rightsize.suites.lm_eval_loading import go_offline

    go_offline()
    # lm-eval forks pools and ends them by SIGTERM. A child that takes it for an interrupt, as we do elsewhere,
    # may be about to wait for a lock and then sleeps on: the pool, and lm-eval with it, would hang.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise typer.Exit(run_lm_eval(list(context.args)))


def run_lm_eval(args: list[str]) -> int:
    """Hand a command line to lm-eval's main, in this process; return its exit code."""
    from lm_eval.__main__ import cli_evaluate

    import rightsize.engines.lm_eval_model  # noqa: F401 - registers the model
    from rightsize.suites.lm_eval_index import remember_index

    remember_index()
    before = sys.argv
    sys.argv = ["lm-eval", *args]
    try:
        cli_evaluate()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        sys.argv = before
    return 0
