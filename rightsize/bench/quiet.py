"""``--require-quiet``: wait until nothing else disturbs the machine, or refuse to measure."""

from __future__ import annotations

import time
from collections.abc import Callable

from rightsize.errors import ResourceError
from rightsize.machine.counters import Counters, read_counters
from rightsize.machine.watch import difference
from rightsize.stats.trust import causes

LOOK_S = 1.0


def await_quiet(
    timeout_s: float,
    *,
    look_s: float = LOOK_S,
    read: Callable[[], Counters] = read_counters,
    waiting: Callable[[float], None] = lambda _: None,
) -> None:
    """Return once the machine was quiet for ``look_s``; ``waiting`` hears how many seconds it has taken.

    Raises ResourceError that names what disturbs it when that lasts longer than ``timeout_s``.
    """
    started = time.monotonic()
    while True:
        before = read()
        time.sleep(look_s)
        why = causes(difference(before, read(), 0.0))
        if not why:
            return
        waited_s = time.monotonic() - started
        if waited_s >= timeout_s:
            raise ResourceError(
                f"the machine is not quiet: {'; '.join(why)}",
                next_step="Stop what else runs, give --require-quiet a longer time, or leave it out",
            )
        waiting(waited_s)
