"""The machine: what a measurement ran on, as this process may really use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rightsize.domain.terms import JsonValue, Provenance


@dataclass(frozen=True, slots=True)
class Gpu:
    """One accelerator as its driver describes it; ``None`` means the driver did not say."""

    name: str
    memory_bytes: int | None
    driver: str | None
    power_limit_w: float | None
    has_energy_counter: bool | None
    usable_by_llama_cpp: bool
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class EnergySource:
    """One place where joules could be read, and why it cannot be, if so."""

    name: str
    available: bool
    provenance: Provenance
    detail: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What a measurement ran on, as this process may really use it.

    ``cpu_id`` is ``vendor-family-model-stepping`` in decimal, because hypervisors blur model names; empty
    where the processor has none (Arm) or the system does not say.
    """

    name: str
    os: str
    cpu_model: str
    architecture: str
    isa: tuple[str, ...]
    physical_cores: int
    logical_cores: int
    usable_cores: int
    usable_cores_reason: str
    memory_bytes: int
    memory_limit_bytes: int
    memory_limit_reason: str
    virtualization: str
    fingerprint: str
    gpus: tuple[Gpu, ...] = ()
    energy_sources: tuple[EnergySource, ...] = ()
    bandwidth_gb_s: tuple[float, ...] = ()
    disk_free_bytes: int | None = None
    engines: Mapping[str, JsonValue] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)
    cpu_id: str = ""
