"""The threshold options that ``recommend`` and ``gate`` share, read into domain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.decide.objective import Minimize

if TYPE_CHECKING:
    from rightsize.domain import Threshold

_PANEL = "Thresholds"


class LatencyMetric(StrEnum):
    """Which percentile ``--max-latency`` and ``--max-ttft`` judge."""

    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


MaxLatency = Annotated[
    str | None,
    typer.Option("--max-latency", metavar="TIME", help="End to end, as 500ms.", rich_help_panel=_PANEL),
]
MaxTtft = Annotated[
    str | None,
    typer.Option("--max-ttft", metavar="TIME", help="Time to first token.", rich_help_panel=_PANEL),
]
MinAccuracy = Annotated[
    str | None,
    typer.Option(
        "--min-accuracy", metavar="RATIO", help="Mean score per item, as 90%.", rich_help_panel=_PANEL
    ),
]
MaxMemory = Annotated[
    str | None,
    typer.Option("--max-memory", metavar="SIZE", help="Peak resident, as 4GB.", rich_help_panel=_PANEL),
]
MaxSize = Annotated[
    str | None,
    typer.Option("--max-size", metavar="SIZE", help="Bytes of all files needed.", rich_help_panel=_PANEL),
]
MinTokensPerS = Annotated[
    str | None,
    typer.Option("--min-tokens-per-s", metavar="N", help="Generation, tg128.", rich_help_panel=_PANEL),
]
MaxEnergy = Annotated[
    str | None,
    typer.Option("--max-energy-per-request", metavar="ENERGY", help="Gross, as 0.5J.", rich_help_panel=_PANEL),
]
Within = Annotated[
    str | None,
    typer.Option(
        "--within", metavar="POINTS", help="Score at most this below --of, as 2%.", rich_help_panel=_PANEL
    ),
]
Of = Annotated[
    str | None,
    typer.Option("--of", metavar="CANDIDATE", help="The reference of --within.", rich_help_panel=_PANEL),
]
LatencyMetricOption = Annotated[
    LatencyMetric,
    typer.Option("--latency-metric", help="Percentile of latency and TTFT.", rich_help_panel=_PANEL),
]

MinimizeOption = Annotated[Minimize, typer.Option("--minimize", help="What the winner has least of.")]


def read_thresholds(params: Mapping[str, Any]) -> tuple[Threshold, ...]:
    """Read the thresholds among a command's parameters. Raises UsageError naming the flag."""
    from rightsize.domain import Threshold
    from rightsize.metrics import METRICS

    thresholds = _relative(params)
    for name, (parse, metric) in _readers(str(params["latency_metric"])).items():
        text = params[name]
        if text is not None:
            limit = parse(text, f"--{name.replace('_', '-')}")
            thresholds.append(Threshold(metric, METRICS[metric].direction, limit, text.strip()))
    return tuple(thresholds)


def _relative(params: Mapping[str, Any]) -> list[Threshold]:
    """The threshold against a reference, which takes both of its options."""
    from rightsize.domain import Direction, Threshold
    from rightsize.errors import UsageError
    from rightsize.units import parse_points

    within, of = params.get("within"), params.get("of")
    if within is None and of is None:
        return []
    if within is None or of is None:
        missing = "--within, as 2%" if within is None else "--of CANDIDATE"
        raise UsageError("--within and --of go together", next_step=f"Add {missing}")
    limit = parse_points(within, "--within")
    return [Threshold("score_drop", Direction.LOWER, limit, f"{within.strip()} --of {of}", of)]


def _readers(latency_metric: str) -> dict[str, tuple[Callable[[str, str], float], str]]:
    from rightsize import units

    return {
        "min_accuracy": (units.parse_ratio, "score"),
        "max_latency": (units.parse_duration_ms, f"latency_{latency_metric}_ms"),
        "max_ttft": (units.parse_duration_ms, f"ttft_{latency_metric}_ms"),
        "min_tokens_per_s": (units.parse_tokens_per_s, "decode_tokens_per_s"),
        "max_memory": (units.parse_size_bytes, "memory_bytes"),
        "max_size": (units.parse_size_bytes, "size_bytes"),
        "max_energy_per_request": (units.parse_energy_j, "energy_j_per_request"),
    }
