"""Requests in windows: each window is watched, and one that something else disturbed is measured again.

What is repeated is chosen by causes that the system reports, never by how the times look, so that repeating
cannot select lucky results. The windows that were replaced are kept as they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from rightsize.domain import Item
from rightsize.engines.interface import RequestTiming
from rightsize.machine.watch import Watch
from rightsize.meters.interface import EnergyMeter, EnergyUse
from rightsize.stats.trust import worth_repeating

_LONGEST_WAIT_S = 5.0

Ask = Callable[[Sequence[Item]], Iterator[RequestTiming]]


@dataclass(slots=True)
class Window:
    """Some requests in a row: their timings, the energy and CPU seconds they took, and what the watch saw."""

    items: Sequence[Item]
    timings: list[RequestTiming] = field(default_factory=list)
    use: EnergyUse | None = None
    cpu_s: float = 0.0
    seen: Mapping[str, Any] = field(default_factory=dict)

    def data(self, *, local: bool) -> dict[str, Any]:
        """The window without its timings, as the worker tells it; our CPU time counts if the model is in us."""
        return {
            "requests": len(self.timings),
            "tokens": sum((timing.prompt_tokens or 0) + timing.output_tokens for timing in self.timings),
            "cpu_s": self.cpu_s if local else None,
            "energy": asdict(self.use) if self.use else None,
            "seen": dict(self.seen),
        }

    def discarded(self, phase: str) -> dict[str, Any]:
        """What is kept of a window that was measured again."""
        return {"phase": phase, "samples": [t.latency_ms for t in self.timings], "unit": "ms", **self.seen}


def measured(
    items: Sequence[Item], requests: Iterator[RequestTiming], meter: EnergyMeter | str, watch: Watch
) -> Window:
    """Take the next ``len(items)`` of ``requests`` as one window."""
    window = Window(items)
    with watch.window() as seen:
        cpu_before = time.process_time()
        if isinstance(meter, str):
            window.timings = list(islice(requests, len(items)))
        else:
            with meter.window() as energy:
                window.timings = list(islice(requests, len(items)))
            window.use = energy.use
        window.cpu_s = time.process_time() - cpu_before
    window.seen = seen.facts
    return window


def measure_again(
    windows: list[Window], ask: Ask, meter: EnergyMeter | str, watch: Watch, *, times: int
) -> list[Window]:
    """Replace disturbed ``windows`` by fresh ones of the same items, ``times`` rounds at most.

    Between rounds it waits about as long as a window lasts (five seconds at most): a disturbance may pass.
    Returns the windows that were replaced.
    """
    replaced: list[Window] = []
    for _ in range(times):
        disturbed = [n for n, window in enumerate(windows) if worth_repeating(window.seen)]
        if not disturbed:
            break
        time.sleep(min(_LONGEST_WAIT_S, max(windows[n].seen["seconds"] for n in disturbed)))
        requests = ask([item for n in disturbed for item in windows[n].items])
        for n in disturbed:
            replaced.append(windows[n])
            windows[n] = measured(windows[n].items, requests, meter, watch)
        for _request in requests:  # the iterator's end frees the context
            pass
    return replaced
