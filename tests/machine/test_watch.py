"""Counters of a real system, and of trees of files that stand for others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rightsize.machine.counters import Counters, read_counters
from rightsize.machine.watch import Watch, difference
from rightsize.stats.trust import causes

linux = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="reads /proc")
QUIET = Counters(0.0, 2, 10.0, 5.0, 0.0, 0, 0.0, 0.0, 0, False)


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


@linux
def test_this_system_says_something() -> None:
    now = read_counters()
    assert now.cpus >= 1 and now.busy_s is not None and now.busy_s > 0 and now.own_s > 0


def test_every_counter_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rightsize.machine.counters._usable_cpus", lambda: frozenset({1}))
    put(tmp_path, "proc/stat", "cpu 9 9 9 9 9 9 9 9\ncpu0 900 0 0 0 0 0 0 900\ncpu1 100 20 30 999 7 4 6 50\n")
    put(tmp_path, "proc/vmstat", "pgfault 3\npswpin 2\npswpout 3\n")
    put(tmp_path, "proc/pressure/memory", "some avg10=0.00 total=2500000\nfull avg10=0.00 total=9\n")
    put(tmp_path, "proc/self/cgroup", "0::/us\n")
    put(tmp_path, "sys/fs/cgroup/us/cpu.stat", "usage_usec 5\nthrottled_usec 700000\n")
    put(tmp_path, "sys/fs/cgroup/us/memory.pressure", "some avg10=0.00 total=3500000\n")
    put(tmp_path, "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "4\n")
    put(tmp_path, "sys/class/power_supply/BAT0/type", "Battery\n")
    put(tmp_path, "sys/class/power_supply/BAT0/status", "Discharging\n")
    now, ticks = read_counters(tmp_path), os.sysconf("SC_CLK_TCK")
    assert (now.cpus, now.busy_s, now.steal_s) == (1, 160 / ticks, 50 / ticks)
    assert now.swapped_bytes == 5 * os.sysconf("SC_PAGE_SIZE")
    assert (now.stall_s, now.throttled_s, now.throttles, now.on_battery) == (3.5, 0.7, 4, True)


def test_what_is_not_told_is_none(tmp_path: Path) -> None:
    put(tmp_path, "proc/stat", "cpu 1 1 1 1\n")
    put(tmp_path, "proc/vmstat", "pgfault 3\n")
    (tmp_path / "sys/class/power_supply").mkdir(parents=True)
    now = read_counters(tmp_path)
    assert (now.swapped_bytes, now.stall_s, now.throttled_s, now.throttles) == (None,) * 4
    assert now.on_battery is None


def test_the_worker_and_its_family_are_not_others() -> None:
    after = Counters(2.0, 2, 14.0, 8.9, 0.0, 0, 0.0, 0.0, 0, False)
    seen = difference(QUIET, after, 0.0)
    assert (seen["own_cpu_s"], seen["other_cpu_s"]) == pytest.approx((3.9, 0.1))
    assert causes(seen) == ()


@linux
def test_a_busy_child_is_ours_and_a_stranger_is_not() -> None:
    burn = [sys.executable, "-c", "while True: pass"]
    child = subprocess.Popen(burn)
    try:
        time.sleep(0.1)
        with Watch() as watch, watch.window() as seen:
            time.sleep(1.0)
        assert seen.facts["own_cpu_s"] > 0.2
    finally:
        child.kill()
        child.wait()


_PAUSED = """
import sys, time
from rightsize.machine.watch import Watch
with Watch() as watch:
    with watch.window() as calm:
        time.sleep(0.3)
    with watch.window() as seen:
        print("ready", flush=True)
        sys.stdin.readline()
    print(calm.facts["paused_s"], seen.facts["paused_s"])
"""


@linux
def test_a_worker_that_was_stopped_knows_it() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", _PAUSED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdin is not None and worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    worker.send_signal(signal.SIGSTOP)
    time.sleep(0.6)
    worker.send_signal(signal.SIGCONT)
    out, _ = worker.communicate("go\n", timeout=20)
    _, paused = map(float, out.split())
    assert paused > 0.4
