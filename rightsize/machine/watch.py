"""Watching a stretch of measuring: the counters at its two ends, and a clock that sees when we stood still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rightsize.machine.counters import Counters, read_counters

TICK_S = 0.05
#: A gap between ticks that no scheduler makes by itself: the process was stopped, or starved of its processors.
PAUSE_S = 0.15


class Seen:
    """What was seen in a window; empty until it is closed."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}


class Watch:
    """A thread that ticks while the worker measures; a late tick was a pause of the whole process."""

    def __init__(self, read: Callable[[], Counters] = read_counters, *, local: bool = True) -> None:
        self._read, self._local = read, local
        self._paused_s, self._last = 0.0, time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    @contextmanager
    def window(self) -> Iterator[Seen]:
        """Observe what happens in the ``with`` block; ``facts`` are there when it ends."""
        seen, before, paused_s = Seen(), self._read(), self._so_far_s()
        yield seen
        facts = difference(before, self._read(), max(0.0, self._so_far_s() - paused_s))
        # Where the model runs in another process, what others used is what the model used.
        seen.facts = facts if self._local else {**facts, "other_cpu_s": None, "waited_s": None}

    def _so_far_s(self) -> float:
        """Seconds of pauses, the one included whose late tick has yet to come."""
        gap = time.monotonic() - self._last
        return self._paused_s + (gap - TICK_S if gap > PAUSE_S else 0.0)

    def _tick(self) -> None:
        self._last = time.monotonic()
        while not self._over.wait(TICK_S):
            paused_s, self._last = self._so_far_s(), time.monotonic()
            self._paused_s = paused_s


def difference(before: Counters, after: Counters, paused_s: float) -> dict[str, Any]:
    """What happened between two readings, as facts to store; None where the system does not tell."""

    def grown(name: str) -> Any:
        old, new = getattr(before, name), getattr(after, name)
        return None if old is None or new is None else max(0, new - old)

    own_s = max(0.0, after.own_s - before.own_s)
    busy_s = grown("busy_s")
    return {
        "seconds": after.at_s - before.at_s,
        "cpus": after.cpus,
        "own_cpu_s": own_s,
        "other_cpu_s": None if busy_s is None else max(0.0, busy_s - own_s),
        "waited_s": grown("waited_s"),
        "steal_s": grown("steal_s"),
        "swapped_bytes": grown("swapped_bytes"),
        "memory_stall_s": grown("stall_s"),
        "throttled_s": grown("throttled_s"),
        "throttles": grown("throttles"),
        "on_battery": after.on_battery,
        "paused_s": paused_s,
    }
