"""Candidates from what the user named: models of any engine at levels, with the settings that each heeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rightsize.bench.variants import Choice, Variants, combinations, heeded, refuse_ignored
from rightsize.domain import Candidate, CandidateSettings, Machine, Model
from rightsize.engines.interface import Engine, ModelQuery
from rightsize.engines.registry import default_baselines, engine_for, get_engine
from rightsize.errors import UsageError
from rightsize.models.adapter import read_adapter
from rightsize.models.levels import parse_level
from rightsize.settings import Settings

DEFAULT_ENGINE = "llama_cpp"


def expand_candidates(
    models: Sequence[str],
    levels: Sequence[str],
    *,
    machine: Machine,
    settings: Settings,
    allow_requantize: bool,
    notify: Callable[[str], None],
    variants: Variants = MappingProxyType({}),
    varied: Sequence[str] = (),
) -> list[Candidate]:
    """Every named model at every level with every combination of ``variants``, making what is missing; none
    named: the default engine's own.

    Raises ModelError, UsageError, QuantizeError or ResourceError before anything is measured.
    """
    by_engine = _by_engine(models)
    engines = {name: get_engine(name) for name in by_engine}
    wanted = {name: tuple(dict.fromkeys(_levels(engine, levels))) for name, engine in engines.items()}
    _refuse_unknown(levels, engines)
    refuse_ignored(list(engines.values()), variants)
    choices = combinations(candidate_settings(machine, settings), variants, varied)
    return [
        _candidate(model, name, choice)
        for name, engine in engines.items()
        for model in engine.models(ModelQuery(by_engine[name], wanted[name], allow_requantize, notify))
        for choice in heeded(engine.heeds(model), choices)
    ]


def _candidate(model: Model, engine: str, choice: Choice) -> Candidate:
    adapter = choice.settings.lora
    needed = read_adapter(Path(adapter)).needed_with(model) if adapter else model
    return Candidate(needed, engine, choice.settings, choice.varied)


def baseline_candidates() -> list[Candidate]:
    """The classical methods that stand beside the models in every bench."""
    return [
        Candidate(model, engine.name)
        for spec in default_baselines()
        for engine in [engine_for(spec)]
        for model in engine.models(ModelQuery((spec,)))
    ]


def _by_engine(models: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The named models by the engine that runs them, in the order they were named."""
    found: dict[str, tuple[str, ...]] = {}
    for spec in models:
        name = engine_for(spec).name
        found[name] = (*found.get(name, ()), spec)
    return found or {DEFAULT_ENGINE: ()}


def _levels(engine: Engine, levels: Sequence[str]) -> list[str]:
    return [level for text in levels if (level := engine.level(text)) is not None]


def _refuse_unknown(levels: Sequence[str], engines: Mapping[str, Engine]) -> None:
    """Raise UsageError for a level that none of the engines has."""
    for text in levels:
        if all(engine.level(text) is None for engine in engines.values()):
            level = parse_level(text)  # raises for what is no level anywhere, with the nearest names
            raise UsageError(f"--quant {level}: none of the named models can be had at this level")


def usual_threads(machine: Machine) -> int:
    """One thread a physical core that this process may use: llama.cpp is fastest so."""
    return max(1, min(machine.usable_cores, machine.physical_cores or machine.usable_cores))


def candidate_settings(machine: Machine, settings: Settings) -> CandidateSettings:
    """Settings with the machine's own number of threads unless one was chosen."""
    return CandidateSettings(
        threads=settings.threads or usual_threads(machine),
        context_tokens=settings.context_tokens,
        gpu_layers=settings.gpu_layers,
        chat_template=settings.chat_template,
        constrain=settings.constrain,
        kv_type=settings.kv_type,
        flash_attention=settings.flash_attention,
    )
