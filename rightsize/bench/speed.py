"""Speed in the llama-bench sense, each repetition watched; and whether it lasts: burst against sustained."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rightsize.engines.interface import Session
from rightsize.machine.watch import Watch
from rightsize.stats.trust import worth_repeating

PREFILL_TOKENS, DECODE_TOKENS = 512, 128
_LONGEST_WAIT_S = 5.0
_ENDLESS = 10**9
_LEAST_REPETITIONS = 3  # a first, a last, and one that is neither

Progress = Callable[[str, int, int], None]


def measure_speed(
    session: Session, repetitions: int, watch: Watch, *, times: int, progress: Progress
) -> Mapping[str, Any]:
    """Return ``samples`` (token/s) by metric, the ``windows`` they came from, and what was ``discarded``."""
    samples: dict[str, list[float]] = {}
    windows: dict[str, list[Mapping[str, Any]]] = {}
    discarded: list[Mapping[str, Any]] = []
    for metric, measure in _tests(session).items():
        found = list(_watched(measure(repetitions), watch, metric, repetitions, progress))
        for _ in range(times):
            disturbed = [n for n, (_, seen) in enumerate(found) if worth_repeating(seen)]
            if not disturbed:
                break
            time.sleep(min(_LONGEST_WAIT_S, max(found[n][1]["seconds"] for n in disturbed)))
            again = _watched(measure(len(disturbed)), watch, metric, repetitions, progress)
            for n, fresh in zip(disturbed, again, strict=True):
                discarded.append({"phase": metric, "samples": [found[n][0]], "unit": "token/s", **found[n][1]})
                found[n] = fresh
        samples[metric] = [speed for speed, _ in found]
        windows[metric] = [seen for _, seen in found]
    return {"samples": samples, "windows": windows, "discarded": discarded}


def measure_soak(session: Session, seconds: float, watch: Watch, progress: Progress) -> Mapping[str, Any]:
    """Generate without a rest for ``seconds``: when each repetition ended (seconds from the start), how fast it
    was in tokens per second, and what the watch saw."""
    started = time.monotonic()
    at_s: list[float] = []
    speeds: list[float] = []
    with watch.window() as seen:
        for speed in session.decode_tokens_per_s(DECODE_TOKENS, _ENDLESS):
            at_s.append(time.monotonic() - started)
            speeds.append(speed)
            progress("soak", min(round(at_s[-1]), round(seconds)), max(1, round(seconds)))
            if at_s[-1] >= seconds and len(at_s) >= _LEAST_REPETITIONS:
                break
    return {"seconds": seconds, "at_s": at_s, "tokens_per_s": speeds, "window": dict(seen.facts)}


def _tests(session: Session) -> Mapping[str, Callable[[int], Iterator[float]]]:
    return {
        "prefill_tokens_per_s": lambda count: session.prefill_tokens_per_s(PREFILL_TOKENS, count),
        "decode_tokens_per_s": lambda count: session.decode_tokens_per_s(DECODE_TOKENS, count),
    }


def _watched(
    speeds: Iterator[float], watch: Watch, metric: str, of: int, progress: Progress
) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Each speed with what the watch saw while it was measured."""
    done = 0
    while True:
        with watch.window() as seen:
            speed = next(speeds, None)
        if speed is None:
            return
        done += 1
        progress(metric, min(done, of), of)
        yield speed, dict(seen.facts)
