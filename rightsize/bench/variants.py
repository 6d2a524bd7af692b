"""The settings of candidates: what was chosen of each, multiplied out, and heeded by the engine or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from rightsize.domain import CandidateSettings
from rightsize.engines.interface import Engine
from rightsize.errors import UsageError

#: Of each flag the values asked for, each as fields of ``CandidateSettings``.
Variants = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One combination, and the fields in which it differs from others of the same run."""

    settings: CandidateSettings
    varied: tuple[str, ...] = ()


def combinations(base: CandidateSettings, variants: Variants, varied: Sequence[str] = ()) -> list[Choice]:
    """Every combination of the values, over ``base``; ``varied`` names what differed in an earlier run."""
    several = (name for values in variants.values() if len(values) > 1 for name in values[0])
    varied = tuple(dict.fromkeys((*varied, *several)))
    choices = (
        replace(base, **{name: value for fields in combination for name, value in fields.items()})
        for combination in product(*variants.values())
    )
    return [Choice(settings, varied) for settings in choices]


def heeded(names: frozenset[str], choices: Sequence[Choice]) -> Iterator[Choice]:
    """The choices as far as ``names`` are heeded; what is ignored must not make two candidates of one."""
    seen = set()
    for choice in choices:
        settings = CandidateSettings(**{name: getattr(choice.settings, name) for name in names})
        if settings not in seen:
            seen.add(settings)
            yield Choice(settings, tuple(name for name in choice.varied if name in names))


def refuse_ignored(engines: Sequence[Engine], variants: Variants) -> None:
    """Raise UsageError for a setting that none of the named models' engines would heed."""
    for flag, values in variants.items():
        fields = set(values[0])
        if not any(fields & engine.capabilities.settings for engine in engines):
            raise UsageError(f"{flag} means nothing to the named models", next_step="Leave it out")
