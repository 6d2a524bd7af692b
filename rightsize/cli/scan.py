"""``rightsize scan``: what this machine is, and what of it this process may really use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, examples, out, print_json, talk, working

if TYPE_CHECKING:
    from rich.table import Table

    from rightsize.domain import EnergySource, Gpu, Machine
    from rightsize.models.local import LocalModel

EPILOG = examples(
    "rightsize scan",
    "rightsize scan --save my-laptop",
    "rightsize scan --no-bandwidth --json",
)
_MODELS_SHOWN = 5


def scan(
    save: Annotated[
        str | None,
        typer.Option("--save", metavar="NAME", help="Write hardware_profiles/NAME.yaml in the current folder."),
    ] = None,
    no_bandwidth: Annotated[
        bool, typer.Option("--no-bandwidth", help="Skip measuring memory bandwidth (2 seconds, all cores).")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Describe this machine: processor, memory, bandwidth, GPUs, energy counters, engines, models.

    What cannot be read is listed with the reason.
    """
    from rightsize.machine.profiles import save_profile
    from rightsize.models.local import find_local_models

    with working("Looking at this machine ..."):
        machine = scan_with_energy(with_bandwidth=not no_bandwidth)
        models = find_local_models()
    saved = save_profile(machine, save) if save else None
    if as_json:
        print_json(payload(machine, models, saved))
        return
    out().print(machine_table(machine, models))
    if saved:
        talk().print(f"Saved as {saved}", soft_wrap=True)


def scan_with_energy(*, with_bandwidth: bool = True) -> Machine:
    """The scan with the energy sources that the meters know."""
    from dataclasses import replace

    from rightsize.machine import scan as scan_machine
    from rightsize.meters.choose import energy_sources

    machine = scan_machine(with_bandwidth=with_bandwidth)
    return replace(machine, energy_sources=energy_sources(machine))


def payload(machine: Machine, models: list[LocalModel], saved: Path | None) -> dict[str, Any]:
    """What ``--json`` prints; ``schemas/scan.schema.json`` describes it."""
    from dataclasses import asdict

    return {
        "schema_version": 1,
        "command": "scan",
        "machine": asdict(machine),
        "bandwidth": _bandwidth(machine),
        "local_models": [{**asdict(model), "path": str(model.path)} for model in models],
        "saved": str(saved) if saved else None,
    }


def machine_table(machine: Machine, models: list[LocalModel]) -> Table:
    """The scan as two columns that fit 80 characters."""
    from rich.markup import escape
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [*_processor_rows(machine), *_device_rows(machine), *_software_rows(machine, models)]
    for label, text in rows:
        table.add_row(label, escape(text))
    return table


def _processor_rows(machine: Machine) -> list[tuple[str, str]]:
    cores = f"{machine.physical_cores} physical, {machine.logical_cores} logical"
    return [
        ("Processor", f"{machine.cpu_model} ({machine.architecture})"),
        ("Instructions", " ".join(machine.isa) or "not known"),
        ("Cores", f"{machine.usable_cores} usable ({machine.usable_cores_reason}); {cores}"),
        ("Memory", _memory(machine)),
        ("Bandwidth", _bandwidth_text(machine)),
        ("Runs on", f"{machine.virtualization}; {machine.os}"),
        ("Free disk", _size(machine.disk_free_bytes)),
    ]


def _device_rows(machine: Machine) -> list[tuple[str, str]]:
    gpus = [("GPU", _gpu(gpu)) for gpu in machine.gpus] or [("GPU", "none that can be read")]
    return [*gpus, *_titled("Energy", [_energy(source) for source in machine.energy_sources])]


def _software_rows(machine: Machine, models: list[LocalModel]) -> list[tuple[str, str]]:
    engines = [f"{name} {_engine(facts)}" for name, facts in machine.engines.items()]
    missing = [f"{what}: {why}" for what, why in machine.unavailable.items()]
    return [
        *_titled("Engines", engines),
        *_titled("Models", _models(models)),
        *_titled("Not read", missing),
        ("Fingerprint", machine.fingerprint),
    ]


def _titled(title: str, lines: list[str]) -> list[tuple[str, str]]:
    """One row a line, the title beside the first."""
    return [(title if index == 0 else "", line) for index, line in enumerate(lines)]


def _memory(machine: Machine) -> str:
    if machine.memory_limit_bytes < machine.memory_bytes:
        usable, total = _size(machine.memory_limit_bytes), _size(machine.memory_bytes)
        return f"{usable} usable of {total}: {machine.memory_limit_reason}"
    return f"{_size(machine.memory_bytes)}: {machine.memory_limit_reason}"


def _bandwidth(machine: Machine) -> dict[str, Any] | None:
    from statistics import median

    from rightsize.machine.bandwidth import KERNEL

    samples = machine.bandwidth_gb_s
    if not samples:
        return None
    return {
        "median_gb_s": median(samples),
        "min_gb_s": min(samples),
        "max_gb_s": max(samples),
        "n": len(samples),
        "threads": machine.usable_cores,
        "kernel": KERNEL,
        "provenance": "measured",
    }


def _bandwidth_text(machine: Machine) -> str:
    from rightsize.units import counted

    seen = _bandwidth(machine)
    if seen is None:
        return "not measured"
    threads = counted(seen["threads"], "thread")
    if seen["n"] == 1:
        return f"{seen['median_gb_s']:.1f} GB/s read, measured once, {threads}"
    spread = f"{seen['min_gb_s']:.1f} to {seen['max_gb_s']:.1f} GB/s in {seen['n']} runs"
    return f"{seen['median_gb_s']:.1f} GB/s read, measured: median, {spread}, {threads}"


def _energy(source: EnergySource) -> str:
    if not source.available:
        return f"{source.name}: no, {source.detail}"
    name = source.name if source.name == source.provenance else f"{source.name} ({source.provenance})"
    return f"{name}: {source.detail}"


def _gpu(gpu: Gpu) -> str:
    limit = f", limit {gpu.power_limit_w:g} W" if gpu.power_limit_w else ""
    counters = {True: "energy counter", False: "no energy counter", None: "energy counter not known"}
    text = f"{gpu.name}, {_size(gpu.memory_bytes)}, driver {gpu.driver or 'not known'}{limit}"
    text += f", {counters[gpu.has_energy_counter]}"
    return f"{text}. {gpu.advice[0].upper()}{gpu.advice[1:]}" if gpu.advice else text


def _engine(facts: dict[str, Any]) -> str:
    if "error" in facts:
        return f"cannot be used: {facts['error']}"
    built = " ".join(facts.get("features") or facts.get("providers") or ())
    if "gpu_offload" in facts:
        built += "; GPU offload" if facts["gpu_offload"] else "; no GPU offload"
    return f"{facts['version']} ({built})"


def _models(models: list[LocalModel]) -> list[str]:
    lines = [f"{model.name}, {_size(model.size_bytes)} ({model.where})" for model in models[:_MODELS_SHOWN]]
    if len(models) > _MODELS_SHOWN:
        lines.append(f"and {len(models) - _MODELS_SHOWN} more; --json lists them all")
    return lines or ["no GGUF file found here or in the caches of other tools"]


def _size(size_bytes: int | None) -> str:
    from rightsize.units import format_bytes

    return "size not known" if size_bytes is None else format_bytes(size_bytes)
