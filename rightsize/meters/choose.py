"""Which meter to trust: what a person configured, else counters, else the model; and what each source says.

Watts given by a person win, because giving them is a decision. They are the whole machine's, so nothing is
added to them. Otherwise the processor is read through RAPL, or modelled where it cannot be, and the GPUs
through NVML in addition when the work runs on them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from rightsize.domain import EnergySource, Provenance
from rightsize.meters.compound import CompoundMeter
from rightsize.meters.configured import configured_meter
from rightsize.meters.cpu_model import Processor, modelled_meter, power_row
from rightsize.meters.interface import EnergyMeter
from rightsize.meters.nvml import NvmlMeter, open_nvml
from rightsize.meters.rapl import RaplMeter, open_rapl
from rightsize.meters.window import MeterUnavailableError
from rightsize.settings import check_watts

_Counter = TypeVar("_Counter", RaplMeter, NvmlMeter)


@dataclass(frozen=True, slots=True)
class MeterChoice:
    """The meter to use, or None, and why; energy is then absent with that reason, never 0."""

    meter: EnergyMeter | None
    reason: str


def choose_meters(
    processor: Processor,
    *,
    root: Path = Path("/"),
    watts_idle: float | None = None,
    watts_load: float | None = None,
    gpu: bool = False,
    idle_s: float = 1.0,
    nvml: Any = None,
) -> MeterChoice:
    """The best meter for work on this machine, with its idle power measured for ``idle_s`` seconds beforehand.

    ``processor`` is a scanned Machine, or what ``machine.cpu.read_cpu`` returns. Call this while nothing runs.
    ``idle_s=0`` skips the idle measurement; measured figures then have no net part. ``gpu`` says that the work
    uses the GPU. Raises UsageError for wattages that cannot be meant.
    """
    check_watts(watts_idle, watts_load)
    if watts_load is not None:
        meter = configured_meter(
            watts_idle=watts_idle, watts_load=watts_load, cores=processor.usable_cores, gpu=gpu
        )
        return MeterChoice(meter, "watts were given for the whole machine")
    cpu_meter, why = _processor_meter(processor, root, idle_s)
    if not gpu:
        return MeterChoice(cpu_meter, why)
    try:
        gpus = _with_idle(open_nvml(nvml=nvml), idle_s)
    except MeterUnavailableError as error:
        return MeterChoice(None, f"the GPU does the work and its energy cannot be read: {error}")
    return MeterChoice(CompoundMeter((cpu_meter, gpus)), f"{why}; the GPU is used, so NVML is added")


def energy_sources(
    processor: Processor, *, root: Path = Path("/"), nvml: Any = None
) -> tuple[EnergySource, ...]:
    """Every source of joules on this machine: readable or not, and why."""
    return (_rapl_source(root), _nvml_source(nvml), _configured_source(), _modelled_source(processor))


def _processor_meter(processor: Processor, root: Path, idle_s: float) -> tuple[EnergyMeter, str]:
    try:
        meter = _with_idle(open_rapl(root), idle_s)
        if meter.idle_w == 0:
            raise MeterUnavailableError(f"the counter stood still for {idle_s:g} s, so it counts nothing")
    except MeterUnavailableError as error:
        return modelled_meter(processor), f"RAPL cannot be read: {error}"
    return meter, "RAPL counters are readable"


def _with_idle(meter: _Counter, idle_s: float) -> _Counter:
    """The meter with its idle power, taken while this process sleeps for ``idle_s`` seconds."""
    if idle_s <= 0:
        return meter
    with meter.window() as window:
        time.sleep(idle_s)
    return replace(meter, idle_w=window.use.gross_j / window.use.duration_s)


def _rapl_source(root: Path) -> EnergySource:
    try:
        meter = open_rapl(root)
    except MeterUnavailableError as error:
        return EnergySource("RAPL", available=False, provenance=Provenance.MEASURED, detail=str(error))
    detail = ", ".join(zone.name for zone in meter.zones)
    if meter.beside:
        detail += "; apart: " + ", ".join(zone.name for zone in meter.beside)
    return EnergySource("RAPL", available=True, provenance=Provenance.MEASURED, detail=detail)


def _nvml_source(nvml: Any) -> EnergySource:
    try:
        meter = open_nvml(nvml=nvml)
    except MeterUnavailableError as error:
        return EnergySource("NVML", available=False, provenance=Provenance.MEASURED, detail=str(error))
    how = "total-energy counter" if meter.has_counter else "no energy counter: power is integrated"
    detail = f"{', '.join(meter.gpu_names)}: {how}"
    return EnergySource("NVML", available=True, provenance=Provenance.MEASURED, detail=detail)


def _configured_source() -> EnergySource:
    detail = "not given; --watts-idle and --watts-load, read from a wall meter, configure it"
    return EnergySource("configured", available=False, provenance=Provenance.CONFIGURED, detail=detail)


def _modelled_source(processor: Processor) -> EnergySource:
    row = power_row(processor)
    detail = f"{row.note}; true figure within {row.error_low:.0%} to {row.error_high:.0%}"
    return EnergySource("modelled", available=True, provenance=Provenance.MODELLED, detail=detail)
