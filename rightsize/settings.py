"""Settings, resolved once: defaults < ``rightsize.toml`` < ``RIGHTSIZE_*`` < flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rightsize.errors import SettingsError, UsageError, why_unreadable

FILE_NAME = "rightsize.toml"
_PREFIX = "RIGHTSIZE_"
_NOT_SETTINGS = {"RIGHTSIZE_CACHE", "RIGHTSIZE_DATA", "RIGHTSIZE_DEBUG", "RIGHTSIZE_API_KEY"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run may change. 0 or None means "decide from the machine"."""

    store: str | None = None
    threads: int = 0
    context_tokens: int = 0
    gpu_layers: int = 0
    chat_template: str = "auto"
    constrain: str = ""
    kv_type: str = "f16"
    flash_attention: str = "auto"
    requests: int = 120
    repetitions: int = 8
    time_limit_s: float = 3600.0
    stall_limit_s: float = 600.0
    memory_limit_bytes: int = 0
    watts_idle: float | None = None
    watts_load: float | None = None
    concurrency: int = 8
    request_limit_s: float = 300.0
    arrivals_per_s: float = 0.0
    remeasure: int = 2
    soak_s: float = 0.0
    quiet_timeout_s: float | None = None


def resolve_settings(
    flags: Mapping[str, Any], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Merge the four sources; a flag that is None was not given.

    Raises SettingsError naming the file or variable and the key, UsageError for watts that cannot be meant.
    """
    environment = os.environ if environment is None else environment
    given = {key: value for key, value in flags.items() if value is not None}
    layers = (_from_file((folder or Path.cwd()) / FILE_NAME), _from_environment(environment), given)
    settings = Settings()
    for layer in layers:
        settings = replace(settings, **layer)
    check_watts(settings.watts_idle, settings.watts_load)
    return settings


def check_watts(idle: float | None, load: float | None) -> None:
    """Raises UsageError for an idle power and one under load that cannot both be meant."""
    if load is None:
        if idle is not None:
            raise UsageError("--watts-idle alone says too little", next_step="Give --watts-load as well")
        return
    if not load > 0:
        raise UsageError(f"--watts-load {load:g} is no power under load", next_step="Give watts above 0")
    if idle is not None and not 0 <= idle <= load:
        raise UsageError(
            f"--watts-idle {idle:g} does not lie between 0 and --watts-load {load:g}",
            next_step="Give what the machine takes at rest and what it takes under load",
        )


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problem = f"{path.name}: {why_unreadable(error)}"
        raise SettingsError(problem, next_step="Correct the file or remove it") from error
    values = {key: value for key, value in content.items() if not isinstance(value, dict)}
    return {key: _typed(key, value, f"{path.name}: {key}") for key, value in values.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = [name for name in environment if name.startswith(_PREFIX) and name not in _NOT_SETTINGS]
    return {
        (key := name.removeprefix(_PREFIX).lower()): _typed(key, environment[name], name)
        for name in sorted(names)
    }


def _typed(key: str, value: Any, where: str) -> Any:
    """A value as the type its setting has; texts from the environment are converted."""
    kinds = {field.name: str(field.type) for field in fields(Settings)}
    if key not in kinds:
        near = get_close_matches(key, kinds, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Settings are {', '.join(kinds)}"
        raise SettingsError(f"{where} is not a setting", next_step=hint)
    kind = kinds[key]
    try:
        if "str" in kind:
            return str(value)
        number = float(value)
        if number < 0:
            raise ValueError
        return int(number) if "int" in kind else number
    except (TypeError, ValueError):
        raise SettingsError(f"{where} must be a positive number, not {value!r}") from None
