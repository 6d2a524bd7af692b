"""The configured meter: a person read a wall meter and said so with ``--watts-idle`` and ``--watts-load``.

The watts are those of the whole machine, GPU included, at rest and while a model runs on all usable cores.
"""

from __future__ import annotations

from rightsize.domain import Provenance
from rightsize.meters.cpu_time import CpuTimeMeter
from rightsize.settings import check_watts


def configured_meter(*, watts_idle: float | None, watts_load: float, cores: int, gpu: bool) -> CpuTimeMeter:
    """Meter from two wattages (see :mod:`~rightsize.meters.cpu_time` for the formula).

    Without ``watts_idle``, or when a GPU does the work, every second counts at ``watts_load``. Raises
    UsageError for watts that cannot be meant.
    """
    check_watts(watts_idle, watts_load)
    whole = gpu or watts_idle is None
    share = "every second at load" if whole else f"share of {cores} cores busy"
    idle = "idle not given" if watts_idle is None else f"{watts_idle:g} W idle"
    return CpuTimeMeter(
        name="configured watts",
        provenance=Provenance.CONFIGURED,
        idle_w=watts_idle,
        load_w=watts_load,
        cores=cores,
        note=f"{idle}, {watts_load:g} W at load, as given; {share}; their error was not given",
        always_busy=whole,
    )
