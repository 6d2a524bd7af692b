"""A race in the report: who ran how far and why it was dropped; what it asked is judged nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rightsize.domain import Record
from rightsize.reports.build import ReportOptions, build_report
from rightsize.reports.html import render_html
from rightsize.reports.markdown import render_markdown
from rightsize.reports.race_view import newest_race
from tests.reports.builders import record as a_record

ORDER = ["small<b>:Q4_K_M", "good:Q8_0", "large:F16"]


def raced(name: str, fate: str, items: int, *, race: str = "2026-11-26") -> Record:
    told: dict[str, Any] = {
        "id": race,
        "order": ORDER,
        "thresholds": [{"metric": "score", "limit": 0.9, "text": "90%"}],
        "seconds": 1.5,
        "entry": {"fate": fate, "reason": f"{fate} for a reason", "looks": [{"task": "t", "items": items}]},
    }
    record = a_record(name)
    return replace(record, suite_info={**record.suite_info, "items": 600, "race": told})


def test_the_newest_race_is_read_from_what_it_stored() -> None:
    records = [
        raced(ORDER[0], "refused", 600, race="2025-01-01"),
        raced(ORDER[0], "refused", 32),
        raced(ORDER[1], "won", 128),
    ]
    race = newest_race(records)
    assert race is not None
    assert [(row.fate, row.items) for row in race.rows] == [("refused", 32), ("won", 128), ("not reached", 0)]
    assert (race.items, race.exhaustive_items) == (160, 1800)
    assert newest_race([a_record("plain:F16")]) is None


def test_it_is_drawn_and_told_and_escaped() -> None:
    records = [a_record("plain:F16"), raced(ORDER[0], "refused", 32), raced(ORDER[1], "won", 128)]
    data = build_report(records, ReportOptions(name="r"))
    assert [view.id for view in data.tasks[0].candidates] == ["plain:F16"]
    page, text = render_html(data), render_markdown(data)
    assert "The race: items until each candidate was settled" in page
    assert "<b>:Q4" not in page and "refused for a reason" in page
    assert "## The race" in text and "1,800" in text
