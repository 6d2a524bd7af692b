"""Which stored records count: for each candidate and task the one that speaks for it, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rightsize.decide.baseline import model_sha256
from rightsize.domain import Measured, ModelKind, Record, Skipped
from rightsize.units import counted


@dataclass(frozen=True, slots=True)
class Selection:
    """``records[candidate_id][task]`` and ``notes`` in words on what was left out."""

    records: Mapping[str, Mapping[str, Record]]
    notes: tuple[str, ...]


def select(
    records: Iterable[Record],
    tasks: Sequence[str],
    *,
    machine_fingerprint: str | None = None,
    include_demo: bool = False,
    unfit: Mapping[str, str] | None = None,
) -> Selection:
    """Choose one record per candidate and task.

    Of several versions of a suite, and of several files under one name, only the newest counts. Of several
    records the fullest speaks (a ``--limit`` run does not displace a full one), this machine's before those of
    others, then the newest. Embedded candidates were trained for the bundled tasks: once others have results
    they count only with ``include_demo``.
    A classical method that cannot do one of the tasks is no candidate: one that was skipped, and those that
    ``unfit`` names with the reason.
    """
    notes: list[str] = []
    current = [record for task in tasks for record in _newest_suite(records, task, notes)]
    kept = _of_newest_files(current if include_demo else _without_demo(current, notes), notes)
    chosen: dict[str, dict[str, Record]] = {}
    for record in sorted(kept, key=lambda record: _weight(record, machine_fingerprint)):
        chosen.setdefault(record.candidate_id, {})[record.suite] = record
    notes += _looked_before(chosen, kept)
    cannot = {**(unfit or {}), **_skipped_methods(chosen)}
    notes += _unfit_notes({name: why for name, why in cannot.items() if name in chosen})
    return Selection({name: of for name, of in chosen.items() if name not in cannot}, tuple(notes))


def _skipped_methods(chosen: Mapping[str, Mapping[str, Record]]) -> dict[str, str]:
    """The classical methods that a run was asked for and found not to suit a task, with the reason."""
    return {
        name: f"cannot do {task}: {record.outcome.reason}"
        for name, by_task in chosen.items()
        for task, record in by_task.items()
        if record.kind is ModelKind.BASELINE and isinstance(record.outcome, Skipped)
    }


def _unfit_notes(cannot: Mapping[str, str]) -> list[str]:
    """One line a reason."""
    names: dict[str, list[str]] = {}
    for name, why in cannot.items():
        names.setdefault(why, []).append(name)
    return [f"{', '.join(sorted(alike))} left out, {why}" for why, alike in names.items()]


def _newest_suite(records: Iterable[Record], task: str, notes: list[str]) -> list[Record]:
    of_task = [record for record in records if record.suite == task]
    if not of_task:
        return []
    newest = max(of_task, key=_age).suite_sha256
    older = {record.suite_sha256 for record in of_task} - {newest}
    if older:
        notes.append(f"{task}: results of {counted(len(older), 'older version')} of the suite are left out")
    return [record for record in of_task if record.suite_sha256 == newest]


def _of_newest_files(records: list[Record], notes: list[str]) -> list[Record]:
    """Results of a model file that another one of its name has replaced say nothing of that one."""
    newest = {record.candidate_id: model_sha256(record) for record in sorted(records, key=_age)}
    replaced = {r.candidate_id for r in records if model_sha256(r) != newest[r.candidate_id]}
    notes += [f"{name}: results of an earlier file of that name are left out" for name in sorted(replaced)]
    return [record for record in records if model_sha256(record) == newest[record.candidate_id]]


def _looked_before(chosen: Mapping[str, Mapping[str, Record]], records: Sequence[Record]) -> list[str]:
    """A remark where somebody may have gone on until it passed: bounds at a fixed n promise nothing then."""
    grown = {
        earlier.candidate_id
        for earlier in records
        if (now := chosen[earlier.candidate_id][earlier.suite]) is not earlier
        and earlier.machine_fingerprint == now.machine_fingerprint
        and 0 < _items(earlier) < _items(now)
        and _age(earlier) < _age(now)
    }
    if not grown:
        return []
    return [
        f"{counted(len(grown), 'candidate')} had results on fewer items before: every decision errs by itself, "
        "so going on until one passes errs more often; --race may look at any time"
    ]


def _items(record: Record) -> int:
    return len(record.outcome.items) if isinstance(record.outcome, Measured) else 0


def _without_demo(records: list[Record], notes: list[str]) -> list[Record]:
    others = [record for record in records if not record.embedded]
    own = (record for record in others if record.kind is not ModelKind.BASELINE)
    if not any(isinstance(record.outcome, Measured) for record in own):
        return records
    left_out = {record.candidate_id for record in records if record.embedded}
    if left_out:
        demos = counted(len(left_out), "embedded demo candidate")
        notes.append(f"{demos} left out (--include-demo ranks them too)")
    return others


def _weight(record: Record, machine_fingerprint: str | None) -> tuple[bool, float, tuple[float, int]]:
    here = machine_fingerprint is None or record.machine_fingerprint == machine_fingerprint
    return here, float("inf") if record.limit is None else float(record.limit), _age(record)


def _age(record: Record) -> tuple[float, int]:
    return record.created_at.timestamp(), record.id
