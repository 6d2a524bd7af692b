"""Hardware profiles: one YAML a machine, the same shape for a machine that was scanned and one read about.

Every field of a profile is a fact with where it comes from: ``measured`` here, ``published`` by someone named
in ``source``, ``estimated``, or ``recalled`` with no source to name. ``hardware_profiles/README.md`` describes
the format.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

import yaml

from rightsize.domain import JsonValue, Machine
from rightsize.errors import ProfileError, UsageError, why_unreadable
from rightsize.paths import profiles_dir

SCHEMA_VERSION = 1
SAVED_IN = Path("hardware_profiles")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
# What a scan finds that changes from minute to minute, or is about the software, is no property of hardware;
# bandwidth and GPUs are written in their own way.
_LEFT_OUT = {"name", "disk_free_bytes", "engines", "energy_sources", "unavailable", "bandwidth_gb_s", "gpus"}
_NAMED = 3
_SEE = "See hardware_profiles/README.md"


class Origin(StrEnum):
    """Where a fact comes from."""

    MEASURED = "measured"
    PUBLISHED = "published"
    ESTIMATED = "estimated"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True)
class Fact:
    """One property of a machine, its unit in the property's name. ``verified``: read in the source named."""

    value: JsonValue
    origin: Origin
    source: str
    verified: bool
    samples: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A machine or instance type; ``kind`` is ``laptop``, ``cloud`` ..., or ``scanned``."""

    name: str
    title: str
    kind: str
    date: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


def profile_of(machine: Machine, name: str) -> Profile:
    """The scan as a profile: every fact measured today; what was not seen is absent."""
    source = "rightsize scan"
    described = asdict(machine)
    facts = {
        key: Fact(list(value) if isinstance(value, tuple) else value, Origin.MEASURED, source, verified=True)
        for key, value in described.items()
        if key not in _LEFT_OUT and value not in ("", ())
    }
    if machine.gpus:
        gpus = [_without(gpu, "usable_by_llama_cpp", "advice") for gpu in described["gpus"]]
        facts["gpus"] = Fact(gpus, Origin.MEASURED, source, verified=True)
    if samples := machine.bandwidth_gb_s:
        median = round(statistics.median(samples), 3)
        note = "median of read bandwidth by all usable threads"
        rounded = tuple(round(sample, 3) for sample in samples)
        facts["bandwidth_gb_s"] = Fact(
            median, Origin.MEASURED, source, verified=True, samples=rounded, note=note
        )
    return Profile(name, machine.name, "scanned", date.today().isoformat(), facts)


def save_profile(machine: Machine, name: str, folder: Path = SAVED_IN) -> Path:
    """Write the scan as ``folder/NAME.yaml`` and return the path.

    Raises UsageError for a name that cannot be a file name, ProfileError where the file cannot be written or
    holds a profile that was not scanned: published facts are not replaced by accident.
    """
    if not _NAME.fullmatch(name):
        problem = f"'{name}' cannot name a profile"
        raise UsageError(problem, next_step="Use letters, digits, '.', '_' and '-', e.g. --save my-laptop")
    path = folder / f"{name}.yaml"
    if path.exists() and load_profile(path).kind != "scanned":
        raise ProfileError(f"{path} holds published facts, not a scan", next_step="Choose another name")
    text = yaml.safe_dump(
        _as_document(profile_of(machine, name)), sort_keys=False, allow_unicode=True, width=110
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProfileError(
            f"cannot write {path}: {error.strerror}", next_step="Choose a writable folder"
        ) from error
    return path


def load_profile(name_or_path: str | Path) -> Profile:
    """Read a profile by path, or by name from ``./hardware_profiles`` and then from those that ship.

    Raises ProfileError with the reason and the names that exist.
    """
    path = _find(name_or_path)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _from_document(document)
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"cannot read {path}: {why_unreadable(error)}", next_step=_SEE) from error
    except yaml.YAMLError as error:
        where = str(error).replace("\n", " ")
        raise ProfileError(f"{path} is not YAML: {where}", next_step=_SEE) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"{path} is not a hardware profile: {type(error).__name__}: {error}"
        raise ProfileError(problem, next_step=_SEE) from error


def list_profiles() -> tuple[str, ...]:
    """Names of all profiles in ``./hardware_profiles`` and of those that ship."""
    return tuple(sorted({path.stem for folder in (SAVED_IN, profiles_dir()) for path in folder.glob("*.yaml")}))


def _without(entry: Mapping[str, JsonValue], *keys: str) -> dict[str, JsonValue]:
    return {key: value for key, value in entry.items() if key not in keys}


def _find(name_or_path: str | Path) -> Path:
    named = [folder / f"{name_or_path}.yaml" for folder in (SAVED_IN, profiles_dir())]
    for path in (Path(name_or_path), *named):
        if path.is_file():
            return path
    raise ProfileError(f"no hardware profile '{name_or_path}'", next_step=_profiles_like(str(name_or_path)))


def _profiles_like(wanted: str) -> str:
    """The nearest names, those that hold what was typed before those that only look like it."""
    known = {name.lower(): name for name in list_profiles()}
    if not known:
        return _SEE
    typed = wanted.lower()
    holding = sorted((name for name in known if typed in name), key=len)
    near = [*holding, *get_close_matches(typed, list(known), n=_NAMED, cutoff=0.0)]
    names = [known[name] for name in list(dict.fromkeys(near))[:_NAMED]]
    return f"Did you mean {' or '.join(names)}? All {len(known)} are in {profiles_dir()}"


def _as_document(profile: Profile) -> dict[str, JsonValue]:
    return {
        "schema_version": SCHEMA_VERSION,
        "name": profile.name,
        "title": profile.title,
        "kind": profile.kind,
        "date": profile.date,
        "facts": {key: _as_entry(fact) for key, fact in profile.facts.items()},
    }


def _as_entry(fact: Fact) -> dict[str, JsonValue]:
    entry = {"value": fact.value, "origin": fact.origin.value, "source": fact.source, "verified": fact.verified}
    if fact.samples:
        entry["samples"] = list(fact.samples)
    return {**entry, "note": fact.note} if fact.note else entry


def _from_document(document: Mapping[str, JsonValue]) -> Profile:
    if document["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version {document['schema_version']} is not {SCHEMA_VERSION}")
    facts = {key: _from_entry(entry) for key, entry in document["facts"].items()}
    return Profile(document["name"], document["title"], document["kind"], str(document["date"]), facts)


def _from_entry(entry: Mapping[str, JsonValue]) -> Fact:
    return Fact(
        value=entry["value"],
        origin=Origin(entry["origin"]),
        source=entry["source"],
        verified=entry["verified"] is True,
        samples=tuple(entry.get("samples", ())),
        note=entry.get("note", ""),
    )
