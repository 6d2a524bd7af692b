"""The command that settles what is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rightsize.decide.ranking import recommend
from rightsize.decide.settling import Settling, settling
from rightsize.domain import Direction, Failed, Record, Threshold

Build = Callable[..., Record]

ACCURATE = Threshold("score", Direction.HIGHER, 0.9, "90%")
FAST = Threshold("latency_p95_ms", Direction.LOWER, 500.0, "500ms")


def commands(
    records: list[Record], *thresholds: Threshold, tasks: tuple[str, ...] = ("extraction",)
) -> list[str]:
    return [run.command for run in settling(recommend(records, thresholds, tasks))]


def test_nothing_stored_asks_for_the_whole_task() -> None:
    assert commands([], ACCURATE) == ["rightsize bench --task extraction"]


def test_more_items_raise_the_limit_and_need_no_force(record: Build) -> None:
    (command,) = commands([record(right=93, n=100, limit=100, suite_items=5000)], ACCURATE)
    head, _, limit = command.partition(" --limit ")
    assert head == "rightsize bench --task extraction --quant Q8_0"
    assert int(limit) > 150


def test_all_items_of_the_suite_mean_no_limit(record: Build) -> None:
    part = record(right=93, n=100, limit=100, suite_items=None)
    (needed,) = [
        j.more_needed for c in recommend([part], [ACCURATE], ["extraction"]).candidates for j in c.judgements
    ]
    assert needed is not None
    exactly = record(right=93, n=100, limit=100, suite_items=100 + needed)
    assert commands([exactly], ACCURATE) == ["rightsize bench --task extraction --quant Q8_0"]


def test_fewer_items_than_needed_settle_nothing(record: Build) -> None:
    assert commands([record(right=93, n=100, limit=100, suite_items=120)], ACCURATE) == []


def test_more_requests_have_to_be_forced(record: Build) -> None:
    (command,) = commands([record(latency_ms=[10.0] * 20)], FAST)
    assert command == "rightsize bench --task extraction --quant Q8_0 --requests 59 --force"


@pytest.mark.parametrize("right", [450, 460])
def test_what_cannot_be_settled_gets_no_command(record: Build, right: int) -> None:
    assert commands([record(right=right)], ACCURATE) == []


def test_broken_and_missing_cells_are_measured_again(record: Build) -> None:
    broken = record("own:Q8_0", outcome=Failed("hung"))
    assert commands([broken], ACCURATE) == ["rightsize bench --task extraction --quant Q8_0"]
    (command,) = commands([record(embedded=True)], ACCURATE, tasks=("extraction", "sql"))
    assert command == "rightsize bench --task sql --model small --quant Q8_0 --no-baselines"


def test_paths_are_quoted_for_the_shell() -> None:
    run = Settling(("sql",), model="my models/a.gguf")
    assert run.command == "rightsize bench --task sql --model 'my models/a.gguf' --no-baselines"


def test_settings_that_came_from_files_go_along_by_content(record: Build) -> None:
    chosen = {
        "threads": 1,
        "kv_type": "q8_0",
        "constrain": "root ::= x",
        "prompt": "{prompt}!",
        "prompt_name": "loud",
    }
    stored = record(right=93, n=100, limit=100, suite_items=5000)
    candidate = {**stored.candidate, "settings": chosen, "varied": ["threads"]}
    (run,) = settling(recommend([replace(stored, candidate=candidate)], [ACCURATE], ["extraction"]))
    assert "--kv-type q8_0 --prompt loud.txt" in run.command
    assert dict(run.contents) == {"constrain": "root ::= x", "prompt": "{prompt}!", "prompt_name": "loud"}
    assert run.varied == ("threads",)
