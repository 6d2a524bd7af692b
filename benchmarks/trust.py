"""Does the watch see who disturbs a measurement, does it leave quiet ones alone, and does measuring again help?

    python benchmarks/trust.py            # about six minutes, on a machine that does nothing else
    python benchmarks/trust.py --quick    # about one

*Flagged*: one real worker measures windows of the same requests, one at a time. In some of them a stranger
keeps every processor busy, in some one fills memory over and over, in some the worker itself is stopped for
0.3 s and continued; most are left alone. Strangers are children of this script, not of the worker. A window
is flagged when its causes say so. Of the windows left alone, those count as quiet in which this script, by
its own reading of the system (psutil, from outside), saw nobody else either; flagged among them are those
that the verdict does not call trusted, by causes or by symptoms.

*Corrected*: whole cells through the bench's own worker, by turns undisturbed and with strangers at work
during the first half of the requests. The second kind is measured again by the rule of the bench (twice at
most); its median latency over the undisturbed one's is the error that remains, and the same ratio of what was
measured first is the error without.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from common import Ratio, finish, show

from rightsize.bench.protocol import CellRequest, TaskWork, without_gold
from rightsize.bench.supervise import Limits, PacedWorker, paced_worker, run_worker
from rightsize.domain import CandidateSettings
from rightsize.engines.interface import TaskRules
from rightsize.machine import scan
from rightsize.models.expand import embedded_family
from rightsize.models.local_file import read_model
from rightsize.stats.trust import Trust, causes, symptoms, trust
from rightsize.suites.loader import load_suite

LIMITS = Limits(time_s=3600, stall_s=600, memory_bytes=0)
REQUESTS = 12  # a window
QUIET_SHARE = 0.01  # of the processors, used by others as seen from outside
STOP_S = 0.3
KINDS = ("cpu hog", "memory hog", "stopped")

_BURN = "while True: pass"
_FILL = "import numpy as np\nwhile True:\n    np.full(1 << 26, 1.0)"  # half a gigabyte, written, over and over


class Strangers:
    """Processes that use the machine while they are let; stopped otherwise."""

    def __init__(self, code: str, count: int) -> None:
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._all = [subprocess.Popen([sys.executable, "-c", code], env=env) for _ in range(count)]
        time.sleep(1.0)  # their start is over before anything is measured
        self.rest()

    def rest(self) -> None:
        """Stop them."""
        for each in self._all:
            each.send_signal(signal.SIGSTOP)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let them run."""
        for each in self._all:
            each.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.rest()

    def end(self) -> None:
        """Kill them."""
        for each in self._all:
            each.kill()
            each.wait()


@dataclass(frozen=True, slots=True)
class Turn:
    """One window: what was done to it, what was seen of it, and what others used, as seen from outside."""

    kind: str
    seen: Mapping[str, Any]
    latency_ms: tuple[float, ...]
    others_outside: float

    def label(self, expected: Sequence[float]) -> Trust | None:
        """The verdict on this window alone, whose requests take ``expected`` milliseconds by their work."""
        return trust([self.seen], symptoms(self.latency_ms, expected)).label


def request(requests: int, **more: Any) -> CellRequest:
    """A cell of the embedded family's largest model on a dozen items of extraction, one thread."""
    suite = load_suite("extraction")
    step = len(suite.items) // REQUESTS
    items = tuple(without_gold(suite.items[n * step]) for n in range(REQUESTS))
    model = read_model(embedded_family()[-1])
    task = TaskWork(suite.name, items, TaskRules.of(suite))
    settings = CandidateSettings(threads=1)
    options: dict[str, Any] = {"repetitions": 0, "speed": False, "answers": False, **more}
    return CellRequest("llama_cpp", model, settings, (task,), requests=requests, **options)


def others_share(worker: psutil.Process, run: Any) -> float:
    """What everybody but the worker and this script used while ``run()`` ran, as a share of the processors."""
    own = [worker, psutil.Process()]
    times, before, started = psutil.cpu_times(), [sum(p.cpu_times()[:2]) for p in own], time.monotonic()
    run()
    seconds, now = time.monotonic() - started, psutil.cpu_times()
    busy = sum(getattr(now, n) - getattr(times, n) for n in ("user", "nice", "system", "irq", "softirq"))
    used = sum(sum(p.cpu_times()[:2]) - b for p, b in zip(own, before, strict=True))
    return max(0.0, busy - used) / (seconds * psutil.cpu_count())


def stop_once(worker: psutil.Process, delay_s: float) -> threading.Thread:
    """Stop the worker soon, and continue it after a while."""

    def stop() -> None:
        time.sleep(delay_s)
        worker.suspend()
        time.sleep(STOP_S)
        worker.resume()

    thread = threading.Thread(target=stop)
    thread.start()
    return thread


def watched_turns(count: int, seed: int, strangers: Mapping[str, Strangers]) -> list[Turn]:
    """Measure ``count`` windows; half are left alone, the rest disturbed in one of the three ways."""
    draw = random.Random(seed)
    kinds = [draw.choice(KINDS) if draw.random() < 0.5 else "none" for _ in range(count)]
    outside: list[float] = []
    with paced_worker(request(count * REQUESTS, turns=count), LIMITS) as worker:
        process = psutil.Process(worker.pid)
        worker.get_ready()
        for kind in kinds:
            outside.append(
                others_share(process, lambda kind=kind: take(worker, process, kind, strangers, draw))
            )
        data = worker.heard["requests"].data
    turns, first = [], 0
    for kind, window, others in zip(kinds, data["windows"], outside, strict=True):
        timings = data["timings"][first : first + window["requests"]]
        first += window["requests"]
        latency = tuple(t["latency_ms"] for t in timings)
        turns.append(Turn(kind, window["seen"], latency, others))
    return turns


def take(
    worker: PacedWorker,
    process: psutil.Process,
    kind: str,
    strangers: Mapping[str, Strangers],
    draw: random.Random,
) -> None:
    """Take one turn, disturbed as ``kind`` says."""
    if kind in strangers:
        with strangers[kind].at_work():
            worker.take_turn()
    elif kind == "stopped":
        thread = stop_once(process, draw.uniform(0.0, 0.05))
        worker.take_turn()
        thread.join()
    else:
        worker.take_turn()


def cell(requests: int, disturb: Strangers | None) -> tuple[list[float], list[float], int]:
    """Latencies that count, latencies that were replaced, and how many windows were measured again."""
    at_work: Any = None
    data: Mapping[str, Any] = {}
    try:
        for event in run_worker(request(requests, remeasure=2), LIMITS):
            if event.kind == "rejected" and disturb is not None:
                at_work = disturb.at_work()
                at_work.__enter__()
            half = event.kind == "progress" and event.data["done"] >= requests / 2
            if half and at_work is not None:
                at_work.__exit__(None, None, None)
                at_work = None
            if event.kind == "requests":
                data = event.data
    finally:
        if at_work is not None:
            at_work.__exit__(None, None, None)
    kept = [timing["latency_ms"] for timing in data["timings"]]
    discarded = [sample for window in data["discarded"] for sample in window["samples"]]
    return kept, discarded, len(data["discarded"])


def rate(turns: Sequence[Turn]) -> float:
    """The share of windows with a cause."""
    return statistics.fmean(bool(causes(turn.seen)) for turn in turns) if turns else 0.0


def main() -> None:
    """Run both parts and print the table and the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer windows and cells")
    quick = parser.parse_args().quick
    count, seeds, pairs, requests = (40, (1,), 2, 36) if quick else (120, (1, 2, 3), 8, 72)
    cpus = scan(with_bandwidth=False).usable_cores
    strangers = {"cpu hog": Strangers(_BURN, cpus), "memory hog": Strangers(_FILL, cpus)}
    try:
        turns = [turn for seed in seeds for turn in watched_turns(count, seed, strangers)]
        calm: list[float] = []
        kept: list[float] = []
        first: list[float] = []
        again = 0
        for number in range(pairs):
            for disturbed in (False, True) if number % 2 == 0 else (True, False):
                found, before, replaced = cell(requests, strangers["cpu hog"] if disturbed else None)
                if disturbed:
                    kept, first, again = kept + found, first + before, again + replaced
                else:
                    calm += found
    finally:
        for each in strangers.values():
            each.end()
    report(turns, Ratio.of(kept, calm), Ratio.of(first, calm) if first else None, again)


def report(turns: Sequence[Turn], corrected: Ratio, uncorrected: Ratio | None, again: int) -> None:
    """Print what was found."""
    disturbed = [turn for turn in turns if turn.kind != "none"]
    alone = [turn for turn in turns if turn.kind == "none"]
    quiet = [turn for turn in alone if turn.others_outside <= QUIET_SHARE]
    by_kind = {kind: [turn for turn in turns if turn.kind == kind] for kind in KINDS}
    # Every window asks the same items, so what each takes by its work is known.
    work = [statistics.median(times) for times in zip(*(turn.latency_ms for turn in alone), strict=True)]
    false = statistics.fmean(turn.label(work) is not Trust.TRUSTED for turn in quiet) if quiet else None
    show("Windows flagged", [
        *((kind, f"{rate(found):.1%} of {len(found)}") for kind, found in by_kind.items()),
        ("left alone", f"{rate(alone):.1%} of {len(alone)}, by causes"),
        ("quiet from outside", f"{'-' if false is None else f'{false:.1%}'} of {len(quiet)}, by anything"),
    ])  # fmt: skip
    seconds = statistics.median(turn.seen["seconds"] for turn in turns)
    show("Median latency over the undisturbed one", [
        ("what was replaced", str(uncorrected) if uncorrected else "nothing was"),
        ("disturbed windows again", f"{corrected}, {again} windows measured again"),
        ("a window takes", f"{seconds:.2f} s"),
    ])  # fmt: skip
    finish({
        "flagged_rate": rate(disturbed),
        "flagged_by_kind": {kind: rate(found) for kind, found in by_kind.items()},
        "windows_disturbed": len(disturbed),
        "false_flag_rate": false,
        "windows_quiet": len(quiet),
        "windows_alone": len(alone),
        "alone_flag_rate": rate(alone),
        "corrected_error": abs(corrected.value - 1),
        "corrected_ratio": [corrected.value, corrected.low, corrected.high],
        "uncorrected_error": abs(uncorrected.value - 1) if uncorrected else None,
        "windows_measured_again": again,
    })  # fmt: skip


if __name__ == "__main__":
    main()
