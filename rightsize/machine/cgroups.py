"""What a control group lets this process use, in cgroup v1, v2 and hybrid trees.

A limit may sit on the process's own group or on any group above it, so every level is read and the tightest
counts. A container often sees the host's group path but only its own part of the tree; the walk then starts
at the mount.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rightsize.machine.files import read_int, read_text

# cgroup v1 writes the largest page-aligned number for "no limit"; nothing real is within a factor of two of it.
_V1_UNLIMITED_BYTES = 1 << 62


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit and the file that sets it; ``amount`` is cores or bytes."""

    amount: float
    origin: str


def cpu_quota(root: Path = Path("/")) -> Limit | None:
    """Cores that the tightest CPU quota allows, fractions included; None without a quota."""
    v2 = (_v2_cores(group) for group in _groups(root, None))
    v1 = (_v1_cores(group) for group in _groups(root, "cpu"))
    return _tightest([*v2, *v1])


def memory_limit(root: Path = Path("/")) -> Limit | None:
    """Bytes that the tightest memory limit allows; None without a limit."""
    v2 = (_bytes(group / "memory.max", "v2") for group in _groups(root, None))
    v1 = (_bytes(group / "memory.limit_in_bytes", "v1") for group in _groups(root, "memory"))
    return _tightest([*v2, *v1])


def own_files(name: str, controller: str | None, root: Path = Path("/")) -> list[Path]:
    """The file ``name`` of the process's own group and of every group above it, for a v1 controller or v2."""
    return [group / name for group in _groups(root, controller)]


def _tightest(limits: list[Limit | None]) -> Limit | None:
    return min((limit for limit in limits if limit), key=lambda limit: limit.amount, default=None)


def _v2_cores(group: Path) -> Limit | None:
    quota, _, period = (read_text(group / "cpu.max") or "max").partition(" ")
    if not quota.isdigit() or not period.isdigit():
        return None
    return _cores(int(quota), int(period), "cgroup v2 cpu.max")


def _v1_cores(group: Path) -> Limit | None:
    quota, period = read_int(group / "cpu.cfs_quota_us"), read_int(group / "cpu.cfs_period_us")
    return _cores(quota, period, "cgroup v1 cpu.cfs_quota_us") if quota and period else None


def _cores(quota_us: int, period_us: int, origin: str) -> Limit | None:
    return Limit(quota_us / period_us, origin) if quota_us > 0 and period_us > 0 else None


def _bytes(path: Path, version: str) -> Limit | None:
    amount, origin = read_int(path), f"cgroup {version} {path.name}"
    return Limit(float(amount), origin) if amount is not None and 0 < amount < _V1_UNLIMITED_BYTES else None


def _groups(root: Path, controller: str | None) -> Iterator[Path]:
    """The process's group for a v1 controller (None: the v2 tree) and every group above it."""
    tree = root / "sys/fs/cgroup"
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if (controller in names.split(",")) if controller else not names:
            mounts = [tree / names, tree / str(controller)] if controller else [tree, tree / "unified"]
            mount = next((mount for mount in mounts if mount.is_dir()), None)
            if mount:
                yield from _upwards(mount, path.strip("/"))
            return


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    group = mount / path
    while group != mount and mount in group.parents:
        yield group
        group = group.parent
    yield mount
