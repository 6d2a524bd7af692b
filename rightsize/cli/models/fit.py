"""``rightsize models fit``: which models would do on this machine or another, before anything is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rightsize.cli.common import (
    JsonFlag,
    StoreOption,
    examples,
    out,
    print_json,
    split_commas,
    stepping,
    talk,
    working,
    working_once_told,
)
from rightsize.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rightsize.flows.calibration import Calibrated, Intervals
    from rightsize.flows.fit import Candidate, Ranked
    from rightsize.predict.outlook import Wish
    from rightsize.store.predictions import Predictions

EPILOG = examples(
    "rightsize models fit --max-latency 500ms --prompt-tokens 800 --output-tokens 60 --max-memory 6GB",
    "rightsize models fit qwen --quant Q8_0,Q4_K_M --license permissive --verify",
    "rightsize models fit --machine rpi5-8gb --max-memory 6GB",
)
_LEVELS = "F16,Q8_0,Q6_K,Q5_K_M,Q4_K_M,Q3_K_M"


def fit(  # noqa: PLR0917  options of a command line
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD...", help="Only models whose name, family or developer match."),
    ] = None,
    max_latency: Annotated[
        str | None, typer.Option("--max-latency", metavar="TIME", help="Longest time for one request.")
    ] = None,
    prompt_tokens: Annotated[int, typer.Option("--prompt-tokens", min=1, help="Tokens of a request.")] = 800,
    output_tokens: Annotated[int, typer.Option("--output-tokens", min=1, help="Tokens of its answer.")] = 60,
    max_memory: Annotated[
        str | None, typer.Option("--max-memory", metavar="SIZE", help="Largest peak memory.")
    ] = None,
    min_context: Annotated[
        int | None, typer.Option("--min-context", min=1, help="Context that must be had, in tokens.")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option("--license", metavar="permissive", help="Only a permissive licence with a source."),
    ] = None,
    quant: Annotated[
        list[str] | None, typer.Option("--quant", "-q", metavar="LEVELS", help=f"Levels.  [default: {_LEVELS}]")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads.  [default: usable physical cores]")
    ] = None,
    batch: Annotated[
        int, typer.Option("--batch", min=32, max=512, help="Prompt tokens that are read at once.")
    ] = 512,
    machine: Annotated[
        str | None, typer.Option("--machine", metavar="PROFILE", help="Project for a hardware profile instead.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Measure what is on the border, with twins of random weights.")
    ] = False,
    recalibrate: Annotated[
        bool, typer.Option("--recalibrate", help="Probe this machine again (under a minute).")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows to show of each kind.")] = 20,
    store: StoreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Predict memory, speed and latency of every catalogue model at every level, and say which would do.

    The first run probes this machine for about a minute; later ones answer at once. A model certainly meets
    the limits, certainly fails them, or is on the border; --verify measures those. What fits is ranked by size.
    With --machine the figures are projected from published facts, with a wide range.

    Exit 0: something fits. 3: only the border is left. 1: nothing fits.
    """
    from rightsize.cli.models.fit_view import Shown, fit_json, show_fit
    from rightsize.cli.models.list import admitted
    from rightsize.flows.fit import candidates
    from rightsize.models.levels import parse_level
    from rightsize.predict.outlook import Wish
    from rightsize.store.predictions import Predictions
    from rightsize.units import parse_duration_ms, parse_size_bytes

    if machine and (verify or recalibrate):
        raise UsageError(
            "--verify and --recalibrate measure this machine", next_step="Leave them out, or --machine"
        )
    wish = Wish(
        prompt_tokens,
        output_tokens,
        parse_duration_ms(max_latency, "--max-latency") if max_latency else None,
        parse_size_bytes(max_memory, "--max-memory") if max_memory else None,
        min_context,
    )
    levels = [parse_level(level) for level in split_commas(quant or [_LEVELS])]
    entries, unverified = admitted(words or [], licence)
    with working("Asking llama.cpp which types each level has ..."):
        found, left = candidates(entries, levels)
    with Predictions.open(store) as predictions:
        if machine:
            ranked, origin = _elsewhere(machine, found, wish, predictions)
        else:
            ranked, origin = _here(
                found, wish, predictions, threads, batch=batch, anew=recalibrate, verifying=verify
            )
    shown = Shown(ranked, left, [entry.id for entry in unverified], wish, origin)
    if as_json:
        print_json(fit_json(shown))
    else:
        show_fit(shown, out(), talk(), limit)
    if code := _exit_code(ranked):
        raise typer.Exit(code)


def _here(
    found: Sequence[Candidate],
    wish: Wish,
    predictions: Predictions,
    threads: int | None,
    *,
    batch: int,
    anew: bool,
    verifying: bool,
) -> tuple[list[Ranked], dict[str, object]]:
    from rightsize.bench.candidates import usual_threads
    from rightsize.flows.calibration import calibrated, intervals_from, unrest, with_batch
    from rightsize.flows.fit import here, rank
    from rightsize.machine import scan

    machine = scan(with_bandwidth=False)
    used = threads or usual_threads(machine)
    with working_once_told("Probing this machine, about a minute; leave it alone ...") as tell:
        known = with_batch(calibrated(machine, predictions, threads=used, anew=anew, tell=tell), batch)
    intervals = intervals_from(predictions.checks(known.machine_fingerprint, known.engine))
    ranked = rank(found, wish, here(known, wish, intervals))
    if verifying:
        ranked = _verified(ranked, wish, known, intervals, predictions)
    origin: dict[str, object] = {
        "machine": machine.name,
        "projected": False,
        "threads": used,
        "batch_tokens": batch,
        "unrest": unrest(known.calibration),
        "engine": known.engine,
        "probe_s": known.calibration.took_s,
        "left_out_of_probe": list(known.calibration.left_out),
        "intervals": {metric: each.method for metric, each in intervals.usual.items()},
    }
    return ranked, origin


def _verified(
    ranked: Sequence[Ranked],
    wish: Wish,
    known: Calibrated,
    intervals: Intervals,
    predictions: Predictions,
) -> list[Ranked]:
    """The same with the border measured; every check is stored as it comes."""
    from rightsize.flows.fit import in_order, verify

    judged = {}
    with stepping("Measuring twins of what is on the border ...") as step:
        for each, checks in verify(
            ranked, wish, known, intervals, lambda name: step(f"measuring a twin of {name}")
        ):
            judged[each.candidate.id] = each
            predictions.keep(checks)
    return in_order([judged.get(each.candidate.id, each) for each in ranked])


def _elsewhere(
    name: str, found: Sequence[Candidate], wish: Wish, predictions: Predictions
) -> tuple[list[Ranked], dict[str, object]]:
    from rightsize.flows.calibration import newest_here
    from rightsize.flows.fit import elsewhere, rank
    from rightsize.machine.profiles import load_profile

    profile = load_profile(name)
    rates = newest_here(predictions)
    origin: dict[str, object] = {
        "machine": profile.title,
        "projected": True,
        "profile": profile.name,
        "facts": {
            key: {"value": fact.value, "source": fact.source, "verified": fact.verified}
            for key, fact in profile.facts.items()
            if "bandwidth" in key or "tflops" in key or "cores" in key
        },
        "intervals": "a range of what part of published rates is reached; nothing was measured there",
    }
    return rank(found, wish, elsewhere(profile, wish, rates)), origin


def _exit_code(ranked: Sequence[Ranked]) -> int:
    from rightsize.predict.outlook import Fit

    kinds = {each.fit for each in ranked}
    if Fit.MEETS in kinds:
        return 0
    return int(ExitCode.UNDECIDED if Fit.BORDER in kinds else ExitCode.FAIL)
