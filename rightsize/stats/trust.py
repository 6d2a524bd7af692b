"""Whether a measurement can be trusted: causes that disturbed it, and symptoms that something did.

A *cause* is seen by the system and not in the figures: other processes, stolen time, swapping, memory
pressure, throttling, battery, a pause of the whole process. It makes a window contaminated and may have it
measured again: what is repeated is chosen without looking at the result. A *symptom* is seen in the figures
alone: drift, spread, neighbours alike. It only labels, because repeating what looks odd would select lucky
results.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

#: Shares of the processors' time, or of the window's, that are tolerated.
MOST_OTHER, MOST_STEAL, MOST_STALL, MOST_THROTTLED = 0.05, 0.02, 0.01, 0.01
#: Share of the time our threads wanted a processor in which they had none, and what is too short to matter.
MOST_WAITED, _LEAST_WAIT_S = 0.05, 0.002
MOST_SWAPPED_BYTES = 1 << 20
#: The kernel counts everybody's time in ticks: two of them on each processor may be nobody's.
_TICKS_S = 0.02
#: Symptoms: relative change from the first third to the last, relative spread, correlation of neighbours.
MOST_DRIFT, MOST_SPREAD, MOST_CORRELATION = 0.10, 0.15, 0.30
_LEAST_SAMPLES, _LEAST_SPREAD = 6, 0.02


class Trust(StrEnum):
    """How far a measurement can be trusted; worse labels later."""

    TRUSTED = "trusted"
    NOISY = "noisy"
    CONTAMINATED = "contaminated"


@dataclass(frozen=True, slots=True)
class TrustVerdict:
    """A label and its reason in words. ``label`` is None where nobody watched the machine."""

    label: Trust | None
    reason: str


UNWATCHED = TrustVerdict(None, "measured before the machine was watched")


def causes(window: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what disturbed one window, each cause in words; ``window`` is what the watch saw.

    A fact that is None was not told by the system and is no cause.
    """
    return tuple(_causes(window))


def worth_repeating(window: Mapping[str, Any]) -> bool:
    """Whether a cause disturbed the window that may be gone the next time; a battery will still be there."""
    return any(_causes({**window, "on_battery": None}))


def _causes(window: Mapping[str, Any]) -> Iterator[str]:
    seconds, cpus = float(window["seconds"]), max(1, int(window["cpus"]))
    capacity_s = max(1e-9, seconds * cpus)
    other, steal = window.get("other_cpu_s"), window.get("steal_s")
    if other is not None and other > MOST_OTHER * capacity_s + _TICKS_S * cpus:
        yield f"other processes used {other / capacity_s:.0%} of the processors"
    elif share := _contended(window, capacity_s):
        yield f"our threads waited for a processor {share:.0%} of their time"
    if steal is not None and steal > MOST_STEAL * capacity_s + _TICKS_S * cpus:
        yield f"the host took {steal / capacity_s:.0%} of the processors' time"
    if (window.get("swapped_bytes") or 0) > MOST_SWAPPED_BYTES:
        yield f"{window['swapped_bytes'] / 1e6:.0f} MB were swapped"
    for name, limit, words in (
        ("memory_stall_s", MOST_STALL, "memory was short {:.0%} of the time"),
        ("throttled_s", MOST_THROTTLED, "a CPU quota held us back {:.0%} of the time"),
    ):
        if (window.get(name) or 0.0) > limit * seconds:
            yield words.format(min(1.0, window[name] / max(1e-9, seconds)))
    if window.get("throttles"):
        yield f"the processor was slowed for its heat {_times(window['throttles'])}"
    if window.get("on_battery"):
        yield "the machine ran on battery"
    if window.get("paused_s"):
        yield f"the process stood still for {window['paused_s']:.1f} s"


def _contended(window: Mapping[str, Any], capacity_s: float) -> float:
    """The share of their time that our threads waited because of others, 0 when it is tolerable.

    More threads than processors wait for one another: then our own work fills the processors, and what is
    left of them bounds what others can have taken.
    """
    waited_s, own_s = window.get("waited_s") or 0.0, window.get("own_cpu_s") or 0.0
    by_others_s = min(waited_s, max(0.0, capacity_s - own_s))
    share = by_others_s / max(1e-9, own_s + waited_s)
    return share if by_others_s > _LEAST_WAIT_S and share > MOST_WAITED else 0.0


def symptoms(samples: Sequence[float], expected: Sequence[float] | None = None) -> tuple[str, ...]:
    """Return what in the figures themselves looks disturbed, each in words.

    ``expected`` is what each sample would be by its work alone (longer prompts take longer); samples are judged
    relative to it.
    """
    relative = [s / e for s, e in zip(samples, expected, strict=True)] if expected else list(samples)
    if len(relative) < _LEAST_SAMPLES or not all(map(math.isfinite, relative)) or min(relative) <= 0:
        return ()
    return tuple(_symptoms(relative))


def _symptoms(relative: Sequence[float]) -> Iterator[str]:
    third = len(relative) // 3
    first, last = statistics.median(relative[:third]), statistics.median(relative[-third:])
    ordered = sorted(relative)
    middle = statistics.median(ordered)
    spread = (ordered[(3 * len(ordered)) // 4] - ordered[len(ordered) // 4]) / middle
    # A third's median errs by about its spread over the root of its size: less than twice that is no drift.
    error = 1.5 * spread / math.sqrt(third)
    if abs(last / first - 1) > max(MOST_DRIFT, error):
        side = "above" if last > first else "below"
        yield f"the last third lies {abs(last / first - 1):.0%} {side} the first"
    if spread > MOST_SPREAD:
        yield f"half of the samples lie {spread:.0%} apart"
    limit = max(MOST_CORRELATION, 3 / math.sqrt(len(relative)))
    # Samples that hardly differ have an order too; it means nothing.
    if spread > _LEAST_SPREAD and (correlation := _neighbours(relative)) > limit:
        yield f"neighbours are alike (autocorrelation {correlation:.2f})"


def _neighbours(values: Sequence[float]) -> float:
    """Lag-1 autocorrelation of the ranks, so that one outlier does not make it."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    for rank, index in enumerate(order):
        ranks[index] = rank - (len(values) - 1) / 2
    total = sum(rank * rank for rank in ranks)
    return sum(a * b for a, b in pairwise(ranks)) / total if total else 0.0


def trust(
    windows: Sequence[Mapping[str, Any]], signs: Sequence[str] = (), *, repeated: int = 0
) -> TrustVerdict:
    """Return the verdict on what was measured in ``windows``, ``repeated`` of which were measured again.

    Any cause left in any window contaminates all: a percentile cannot say which samples it owes to it.
    """
    if not windows:
        return UNWATCHED
    disturbed = [why for window in windows if (why := causes(window))]
    if disturbed:
        worst = max(disturbed, key=len)
        return TrustVerdict(
            Trust.CONTAMINATED, f"{'; '.join(worst)} ({_where(len(disturbed), len(windows), repeated)})"
        )
    if signs:
        return TrustVerdict(Trust.NOISY, "; ".join(signs))
    were = "1 disturbed window was" if repeated == 1 else f"{repeated} disturbed windows were"
    return TrustVerdict(Trust.TRUSTED, f"{were} measured again" if repeated else "nothing disturbed it")


def _where(disturbed: int, windows: int, repeated: int) -> str:
    """Which part of the time, and that measuring again did not help."""
    part = f"in {disturbed} of {windows} windows"
    if disturbed == windows:
        part = "all the time" if windows == 1 else f"in {'both' if windows == 2 else f'all {windows}'} windows"
    again = f", although disturbed ones were measured again {_times(repeated)}"
    return f"{part}{again}" if repeated else part


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
