"""A race as a report shows it: who ran how far, and what became of it. Read from what the race stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rightsize.decide.thresholds import flag_of
from rightsize.domain import Record, Skipped
from rightsize.units import counted

NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class RaceRow:
    """One candidate: the items its verdict rests on, over all tasks, and the seconds it took."""

    candidate: str
    fate: str
    reason: str
    items: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RaceView:
    """The newest race. ``thresholds`` are flags with their values, ``items_each`` is how many items the tasks
    have together."""

    tasks: tuple[str, ...]
    thresholds: tuple[str, ...]
    items_each: int
    rows: tuple[RaceRow, ...]

    @property
    def items(self) -> int:
        """Items that verdicts rest on."""
        return sum(row.items for row in self.rows)

    @property
    def exhaustive_items(self) -> int:
        """Items that asking every candidate everything would take."""
        return self.items_each * len(self.rows)


def is_race(record: Record) -> bool:
    """Whether the record is what a race left, whose number of items depended on their answers."""
    return "race" in record.suite_info


def raced_candidates(records: Sequence[Record]) -> dict[str, dict[str, Record]]:
    """What races among ``records`` left, by candidate and task; without those that could not run at all."""
    raced: dict[str, dict[str, Record]] = {}
    for record in filter(is_race, records):
        if not isinstance(record.outcome, Skipped):
            raced.setdefault(record.candidate_id, {})[record.suite] = record
    return raced


def raced_notes(records: Sequence[Record]) -> Iterator[str]:
    """What is said of the races among ``records`` where only full measurements are judged, a line a task."""
    raced: dict[str, set[str]] = {}
    for record in filter(is_race, records):
        raced.setdefault(record.suite, set()).add(record.candidate_id)
    for task, names in raced.items():
        yield (
            f"{task}: what a race asked of {counted(len(names), 'candidate')} is left out: "
            "its answers decided how many items that was; --race goes on from there"
        )


def newest_race(records: Sequence[Record]) -> RaceView | None:
    """Return the newest race among ``records``, None when there is none."""
    raced = [record for record in records if is_race(record)]
    if not raced:
        return None
    newest = max(raced, key=lambda record: record.suite_info["race"]["id"]).suite_info["race"]["id"]
    parts = [record for record in raced if record.suite_info["race"]["id"] == newest]
    told = parts[0].suite_info["race"]
    found = {record.candidate_id: record.suite_info["race"] for record in parts}
    counts = told.get("items_of", {})
    each = {record.suite: int(counts.get(record.suite, record.suite_info["items"])) for record in parts}
    return RaceView(
        tasks=tuple(sorted(each)),
        thresholds=tuple(f"{flag_of(t['metric'])} {t['text']}" for t in told["thresholds"]),
        items_each=sum(each.values()),
        rows=tuple(_row(candidate, found.get(candidate)) for candidate in told["order"]),
    )


def _row(candidate: str, told: Mapping[str, Any] | None) -> RaceRow:
    """A candidate without a record was never looked at."""
    if told is None:
        return RaceRow(candidate, NOT_REACHED, "another had won before", 0, 0.0)
    entry = told["entry"]
    last = {look["task"]: int(look["items"]) for look in entry["looks"]}
    return RaceRow(
        candidate, str(entry["fate"]), str(entry["reason"]), sum(last.values()), float(told["seconds"])
    )
