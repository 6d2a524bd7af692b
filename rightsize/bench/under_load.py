"""What a server did under open-loop load: readings counted from when each request was due, and what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rightsize.domain import Absent, Reading

_NAMES = {"latency_ms": "latency_under_load_ms", "ttft_ms": "ttft_under_load_ms"}


def load_readings(load: Mapping[str, Any] | None) -> tuple[list[Reading], list[Absent]]:
    """Latency and TTFT of the requests that were answered; nothing when no load was asked for."""
    if not load:
        return [], []
    source = f"open loop, {load['arrivals_per_s']:g} requests/s on average, counted from when each was due"
    readings, absent = [], []
    for part, metric in _NAMES.items():
        samples = tuple(arrival[part] for arrival in load["arrivals"] if arrival[part] is not None)
        if samples:
            readings.append(Reading(metric, "ms", samples, source=source))
        else:
            absent.append(Absent(metric, "no request was answered under this load"))
    return readings, absent


def load_facts(load: Mapping[str, Any] | None) -> dict[str, Any]:
    """How the round went: requests sent, failures by kind, and how late this client itself was at worst."""
    if not load:
        return {}
    arrivals = load["arrivals"]
    return {
        "load": {
            "arrivals_per_s": load["arrivals_per_s"],
            "sent": len(arrivals),
            "failed": dict(Counter(arrival["failure"] for arrival in arrivals if arrival["failure"])),
            "latest_start_ms": max((arrival["late_ms"] for arrival in arrivals), default=0.0),
        }
    }
