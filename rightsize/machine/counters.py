"""What the system counts while we measure: processor time, everybody's and ours, swaps, pressure, throttling.

Two readings of the counters and the time between them say whether somebody else was at work. What a system does
not tell is None, never 0. On Linux the files of ``/proc`` and ``/sys`` are read directly, because the worker
that asks must stay small; elsewhere psutil is asked.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from rightsize.machine.cgroups import own_files
from rightsize.machine.files import read_int, read_text

_BUSY = (0, 1, 2, 5, 6)  # user, nice, system, irq, softirq: columns of a cpu line of /proc/stat
_STEAL = 7


@dataclass(frozen=True, slots=True)
class Counters:
    """One reading. Seconds of processor time are summed over the ``cpus`` processors that we may use.

    ``own_s`` is the time of this process, of its children, and of the process that started it (a bench and its
    worker are one program). ``stall_s`` is time in which some task waited for memory (PSI), ``throttled_s``
    time that a control group's quota took away, ``throttles`` how often a processor was slowed for its heat.
    ``waited_s`` is time in which our threads could have run and had no processor: exact where ``busy_s`` is
    counted in ticks.
    """

    at_s: float
    cpus: int
    busy_s: float | None
    own_s: float
    steal_s: float | None
    swapped_bytes: int | None
    stall_s: float | None
    throttled_s: float | None
    throttles: int | None
    on_battery: bool | None
    waited_s: float | None = None


def read_counters(root: Path = Path("/")) -> Counters:
    """Read the counters now; about a millisecond."""
    cpus = _usable_cpus()
    busy_s, steal_s = _processors(root, cpus)
    return Counters(
        at_s=time.monotonic(),
        cpus=len(cpus),
        busy_s=busy_s,
        own_s=_own_s(root),
        steal_s=steal_s,
        swapped_bytes=_swapped_bytes(root),
        stall_s=_stall_s(root),
        throttled_s=_throttled_s(root),
        throttles=_throttles(root),
        on_battery=_on_battery(root),
        waited_s=_waited_s(root),
    )


def _usable_cpus() -> frozenset[int]:
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _ticks_per_s() -> float:
    return float(os.sysconf("SC_CLK_TCK"))


def _processors(root: Path, cpus: frozenset[int]) -> tuple[float | None, float | None]:
    """Busy and stolen seconds of the processors we may use."""
    text = read_text(root / "proc/stat")
    if text is None:
        return _processors_by_psutil()
    busy = steal = 0
    for line in text.splitlines():
        name, *columns = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cpus:
            ticks = [int(column) for column in columns]
            busy += sum(ticks[i] for i in _BUSY if i < len(ticks))
            steal += ticks[_STEAL] if len(ticks) > _STEAL else 0
    return busy / _ticks_per_s(), steal / _ticks_per_s()


def _processors_by_psutil() -> tuple[float | None, float | None]:
    import psutil

    times = psutil.cpu_times()
    busy = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "interrupt", "dpc"))
    return busy, None


def _own_s(root: Path) -> float:
    """Seconds of this process (exact), its children (those alive to a tick) and its parent alone."""
    times = os.times()
    own = time.process_time() + times.children_user + times.children_system
    if not (root / "proc/self").exists():
        return own
    mine, parent = os.getpid(), os.getppid()
    own += _process_s(root, parent)
    children = read_text(root / f"proc/{mine}/task/{mine}/children") or ""
    return own + sum(_tree_s(root, int(child)) for child in children.split())


def _tree_s(root: Path, pid: int) -> float:
    children = read_text(root / f"proc/{pid}/task/{pid}/children") or ""
    return _process_s(root, pid) + sum(_tree_s(root, int(child)) for child in children.split())


def _process_s(root: Path, pid: int) -> float:
    """User and system seconds of one process; its name, which may hold anything, ends at the last bracket."""
    text = read_text(root / f"proc/{pid}/stat")
    if text is None:
        return 0.0
    columns = text.rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / _ticks_per_s()


def _swapped_bytes(root: Path) -> int | None:
    text = read_text(root / "proc/vmstat")
    if text is None:
        import psutil

        memory = psutil.swap_memory()
        return int(memory.sin + memory.sout)
    pages = dict(line.split() for line in text.splitlines())
    if "pswpin" not in pages:
        return None
    return (int(pages["pswpin"]) + int(pages["pswpout"])) * os.sysconf("SC_PAGE_SIZE")


def _stall_s(root: Path) -> float | None:
    """Memory pressure of our own control group, where it tells, and of the whole machine: the larger."""
    files = [*own_files("memory.pressure", None, root), root / "proc/pressure/memory"]
    totals = [total for file in files if (total := _some_total_s(read_text(file))) is not None]
    return max(totals, default=None)


def _some_total_s(text: str | None) -> float | None:
    for line in (text or "").splitlines():
        kind, *fields = line.split()
        if kind == "some":
            values = dict(field.split("=") for field in fields)
            return int(values["total"]) / 1e6 if "total" in values else None
    return None


def _throttled_s(root: Path) -> float | None:
    """Seconds that a CPU quota took from us, in whichever group above us took most."""
    found = []
    for file in [*own_files("cpu.stat", None, root), *own_files("cpu.stat", "cpu", root)]:
        fields = dict(line.split() for line in (read_text(file) or "").splitlines() if len(line.split()) == 2)
        if "throttled_usec" in fields:
            found.append(int(fields["throttled_usec"]) / 1e6)
        elif "throttled_time" in fields:
            found.append(int(fields["throttled_time"]) / 1e9)
    return max(found, default=None)


def _throttles(root: Path) -> int | None:
    """How often a core or package was slowed for its heat; Intel counts it, others do not."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_throttle_count")
    counts = [count for file in files if (count := read_int(file)) is not None]
    return sum(counts) if counts else None


def _waited_s(root: Path) -> float | None:
    texts = [read_text(task / "schedstat") for task in (root / "proc/self/task").glob("*")]
    waits = [int(text.split()[1]) / 1e9 for text in texts if text]
    return sum(waits) if waits else None


def _on_battery(root: Path) -> bool | None:
    supplies = root / "sys/class/power_supply"
    if supplies.is_dir():
        found = [read_text(s / "status") for s in supplies.iterdir() if read_text(s / "type") == "Battery"]
        return "Discharging" in found if found else None
    import psutil

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged
