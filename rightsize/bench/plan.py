"""The matrix: which candidates run which tasks, what they are called in the store, and what is missing."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rightsize.bench.sample import sample_order
from rightsize.domain import Candidate, Item, Job, JsonValue, Machine, ModelKind, SolvedExample, Suite

_NAMES_ONLY = {"lora", "prompt_name"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One candidate and the tasks it still has to do: one worker process."""

    candidate: Candidate
    jobs: tuple[Job, ...]


def plan_cells(
    candidates: Sequence[Candidate],
    suites: Sequence[Suite],
    *,
    limit: int | None,
    is_stored: Callable[[Job], bool],
    is_meant: Callable[[Candidate, Suite], bool] = lambda *_: True,
) -> list[Cell]:
    """Every candidate on every suite it is meant for, less what is stored already; smallest candidates first,
    so that a run cut short has measured what matters most."""
    cells = []
    for candidate in sorted(candidates, key=_order):
        meant = [suite for suite in suites if is_meant(candidate, suite)]
        jobs = tuple(Job(candidate, suite, _effective(limit, suite)) for suite in meant)
        missing = tuple(job for job in jobs if not is_stored(job))
        if missing:
            cells.append(Cell(candidate, missing))
    return cells


def _order(candidate: Candidate) -> tuple[bool, float]:
    """What needs no model first, then by size; what has no known size last."""
    size = candidate.model.size_bytes
    return candidate.model.kind is not ModelKind.BASELINE, math.inf if size is None else size


def _effective(limit: int | None, suite: Suite) -> int | None:
    """None when the limit takes every item: that is no limit."""
    return None if limit is None or limit >= len(suite.items) else limit


def chosen_items(suite: Suite, limit: int | None) -> tuple[Item, ...]:
    """The items to run, in the order of the suite: all, or ``limit`` of them in proportion to its labels and
    groups. A larger limit holds every item of a smaller one."""
    if _effective(limit, suite) is None or limit is None:
        return suite.items
    return tuple(suite.items[place] for place in sorted(sample_order(suite.items)[:limit]))


def fingerprint(
    job: Job,
    machine: Machine,
    engine_build: Mapping[str, JsonValue],
    examples: Sequence[SolvedExample] = (),
) -> str:
    """What makes two measurements repetitions of one: machine, engine build, model, suite and settings, and for
    an engine that learns the examples it learnt from.

    The items are stored beside it: a measurement of more items answers what one of some of them would.
    """
    parts: dict[str, Any] = {
        "machine": machine.fingerprint,
        "engine": dict(engine_build),
        "model": job.candidate.model.sha256,
        # Neither where an adapter lies nor what a prompt is called changes what is measured.
        "settings": {n: v for n, v in job.candidate.settings.stated().items() if n not in _NAMES_ONLY},
        "suite": job.suite.sha256,
    }
    if examples:
        parts["examples"] = [[example.prompt, example.target] for example in examples]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
