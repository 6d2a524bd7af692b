"""Open-loop load: requests leave at their time whether or not earlier ones have come back.

Latency counts from the moment a request was due. A client that waits for an answer before it asks again would
slow down with the server and hide what a queue costs ("coordinated omission").
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import cycle

from rightsize.engines.interface import Arrival
from rightsize.engines.openai_http.ask import Exchange
from rightsize.engines.openai_http.problems import ServerError

_SEED = 7
_THREADS = 256


def arrival_times_s(rate_per_s: float, count: int, seed: int = _SEED) -> list[float]:
    """When requests are due: a Poisson process of that rate, the same for the same seed."""
    chooser = random.Random(seed)  # noqa: S311
    now, times = 0.0, []
    for _ in range(count):
        now += chooser.expovariate(rate_per_s)
        times.append(now)
    return times


def open_loop(
    asks: Sequence[Callable[[], Exchange]],
    rate_per_s: float,
    count: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Arrival]:
    """Send ``count`` requests at that mean rate, going round ``asks``; yield them as they end."""
    due_s = arrival_times_s(rate_per_s, count)
    with ThreadPoolExecutor(min(_THREADS, count)) as pool:
        began = clock()
        futures = []
        for due, ask in zip(due_s, cycle(asks), strict=False):
            wait_s = began + due - clock()
            if wait_s > 0:
                sleep(wait_s)
            futures.append(pool.submit(_arrival, ask, began + due, clock))
        for future in as_completed(futures):
            yield future.result()


def _arrival(ask: Callable[[], Exchange], due: float, clock: Callable[[], float]) -> Arrival:
    left = clock()
    late_ms = (left - due) * 1e3
    try:
        exchange = ask()
    except ServerError as problem:
        return Arrival(late_ms, failure=problem.kind)
    return Arrival(
        late_ms,
        latency_ms=(exchange.reply.ended - due) * 1e3,
        ttft_ms=exchange.ttft_ms + (exchange.reply.started - due) * 1e3,
    )
