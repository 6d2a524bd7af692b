"""What came nearest where nothing is predicted to do: the candidate that needs the least more. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rightsize.flows.fit import Ranked
from rightsize.predict.outlook import Fit, Wish


@dataclass(frozen=True, slots=True)
class Miss:
    """The nearest candidate and the limits with which it would certainly do, by the limit's name: ``latency``
    in ms, ``memory`` in bytes, ``context`` in tokens that it has."""

    nearest: Ranked
    needs: Mapping[str, float]


def nearest_miss(ranked: Sequence[Ranked], wish: Wish) -> Miss | None:
    """Return the candidate that exceeds its limits by the smallest factor; None while anything may do.

    A context that is too short cannot be had by waiting longer, so it counts as further away than any factor.
    """
    if not ranked or any(each.fit is not Fit.FAILS for each in ranked):
        return None
    nearest = min(ranked, key=lambda each: ("context" in each.reasons, _factor(each, wish)))
    return Miss(nearest, _needs(nearest, wish))


def _factor(each: Ranked, wish: Wish) -> float:
    """By how much the lowest that is likely exceeds its limit, of several limits the worst."""
    excess = [1.0]
    if wish.max_latency_ms is not None and each.outlook.latency_ms is not None:
        excess.append(each.outlook.latency_ms.low / wish.max_latency_ms)
    if wish.max_memory_bytes is not None:
        excess.append(each.outlook.memory_bytes.low / wish.max_memory_bytes)
    return max(excess)


def _needs(each: Ranked, wish: Wish) -> dict[str, float]:
    """Every limit that is not certainly met, as it would have to be."""
    found: dict[str, float] = {}
    latency, memory = each.outlook.latency_ms, each.outlook.memory_bytes
    if wish.max_latency_ms is not None and latency is not None and latency.high > wish.max_latency_ms:
        found["latency"] = latency.high
    if wish.max_memory_bytes is not None and memory.high > wish.max_memory_bytes:
        found["memory"] = memory.high
    if "context" in each.reasons:
        found["context"] = each.candidate.entry.context
    return found
