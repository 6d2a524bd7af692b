"""What would settle the candidates that a race left undecided, and the command for it. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rightsize.decide.race_trace import RaceResult, TraceEntry
from rightsize.stats.trust import Trust
from rightsize.units import counted

_LIMIT = re.compile(r"(--limit=|-n=?)\d+")
_QUIET = "--require-quiet"


@dataclass(frozen=True, slots=True)
class RaceSettling:
    """``says``: by candidate, what it lacks. ``command``: the race once more, with what it takes. ``helps`` is
    false where the task itself must grow first."""

    says: tuple[tuple[str, str], ...]
    command: str
    helps: bool


def settling(result: RaceResult, arguments: Sequence[str]) -> RaceSettling | None:
    """Return what settles a race that was run with so many ``arguments``; None where nothing is undecided."""
    undecided = result.undecided
    if not undecided:
        return None
    disturbed = any(_is_disturbed(entry) for entry in undecided)
    requests = max((count for entry in undecided if (count := _requests(entry))), default=None)
    limits = [limit for entry in undecided if (limit := _limit(entry, result))]
    words = list(_limited(arguments, max(limits), result)) if limits else list(arguments)
    if disturbed and _QUIET not in arguments:
        words += [_QUIET, "5min"]
    command = shlex.join(["rightsize", *words])
    return RaceSettling(
        tuple((entry.candidate, _says(entry, result)) for entry in undecided),
        f"RIGHTSIZE_REQUESTS={requests} {command}" if requests else command,
        helps=bool(disturbed or requests or limits),
    )


def _is_disturbed(entry: TraceEntry) -> bool:
    """Whether it is open because something else disturbed its times."""
    return entry.judgement is not None and entry.judgement.trust == Trust.CONTAMINATED


def _requests(entry: TraceEntry) -> int | None:
    """How many timed requests would settle what is open beside the scores; None where that is not it."""
    judged = entry.judgement
    return judged.n + judged.more_needed if judged is not None and judged.more_needed else None


def _says(entry: TraceEntry, result: RaceResult) -> str:
    if _is_disturbed(entry):
        return "something else disturbed its times; wait until the machine is quiet"
    if entry.judgement is not None:
        more = _requests(entry)
        enough = f"{counted(more, 'timed request')} would settle it" if more else ""
        return enough or "more of the same would not settle it"
    if entry.more_items is None:
        return "too close to its limit for any plan: how many more items would settle it cannot be told"
    raced, whole = _items(entry, result)
    needed = raced + entry.more_items
    if raced == whole:
        return f"about {counted(entry.more_items, 'more item')} would settle it; add them to the task"
    few = "" if needed <= whole else f" and needs {needed - whole:,} more"
    return f"about {counted(needed, 'item')} would settle it; the task has {whole:,}{few}"


def _items(entry: TraceEntry, result: RaceResult) -> tuple[int, int]:
    """How many items of its open task were raced on at most, and how many there are."""
    task = entry.looks[-1].task if entry.looks else ""
    raced = result.items_of.get(task, 0)
    return raced, max(raced, result.suite_items.get(task, 0))


def _limit(entry: TraceEntry, result: RaceResult) -> int | None:
    """The ``--limit`` that would settle it, or come nearest; None where that is not it."""
    raced, whole = _items(entry, result)
    if entry.judgement is not None or raced == whole:
        return None
    return whole if entry.more_items is None else min(whole, raced + entry.more_items)


def _limited(arguments: Sequence[str], limit: int, result: RaceResult) -> Iterator[str]:
    """The arguments with another ``--limit``, none where every task is raced on whole."""
    skipped = False
    for word in arguments:
        if not (skipped or word in {"--limit", "-n"} or _LIMIT.fullmatch(word)):
            yield word
        skipped = word in {"--limit", "-n"}
    if limit < max(result.suite_items.values()):
        yield from ("--limit", str(limit))
