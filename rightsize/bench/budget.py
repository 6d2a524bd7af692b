"""How much of a given time is left; by a clock of one's own, so that nobody has to wait to test it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Budget:
    """Seconds that may be spent from now on."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._seconds = seconds

    @property
    def spent_s(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._started

    @property
    def left_s(self) -> float:
        """Seconds until the end; below zero after it."""
        return self._seconds - self.spent_s
