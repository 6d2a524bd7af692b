"""Tables of the terminal: names stay whole within 80 columns, and a percentile of too few samples says so."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from rightsize.decide.ranking import recommend as rank
from rightsize.domain import Direction, Reading, Record, Threshold
from rightsize.reports.bench_table import bench_table
from rightsize.reports.recommend_table import candidate_table
from rightsize.reports.results_table import results_table
from tests.reports.builders import items, measured, readings, record

LONG = "a-model-with-a-name-of-many-parts-instruct-v0.3:Q4_K_M+13fb+kv-q8_0"


def printed(what: RenderableType) -> list[str]:
    console = Console(file=StringIO(), width=80)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def timed(count: int, candidate: str = "a:F16") -> Record:
    others = [
        reading for reading in readings() if "latency" not in reading.metric and "tokens" not in reading.metric
    ]
    times = Reading("latency_ms", "ms", tuple(50.0 + n for n in range(count)))
    return record(candidate, outcome=measured(items(80, 20), [times, *others]))


@pytest.mark.parametrize("table", [bench_table, results_table])
def test_a_percentile_that_nothing_bounds_is_marked_and_says_how_many_would_do(table) -> None:
    few = "\n".join(printed(table([timed(6)])))
    assert "55ms?" in few
    assert "? latency p95: bounds of p95 need 72 samples, there are 6" in few
    many = "\n".join(printed(table([timed(120)])))
    assert "?" not in many


def recommended(records: list[Record]) -> RenderableType:
    limits = [
        Threshold("latency_p95_ms", Direction.LOWER, 500.0, "500ms"),
        Threshold("score", Direction.HIGHER, 0.7, "70%"),
        Threshold("memory_bytes", Direction.LOWER, 2e9, "2GB"),
    ]
    here = records[0].machine_fingerprint
    return candidate_table(rank(records, limits, [records[0].suite], machine_fingerprint=here))


@pytest.mark.parametrize("table", [bench_table, results_table, recommended])
def test_names_stay_whole_within_80_columns(table) -> None:
    lines = printed(table([timed(120, LONG)]))
    assert max(map(len, lines)) <= 80 and "…" not in "".join(lines)
    shown = "".join("".join(line.split()[:2]) for line in lines)
    assert all(part in shown for part in ("a-model-", "kv-q8_0"))
    start = next(number for number, line in enumerate(lines) if "a-model" in line)
    first = lines[start].index("a-model")
    width = lines[start][first:].index(" ")
    assert "".join(line[first : first + width].strip() for line in lines[start:]).startswith(LONG)


def answered(count: int, candidate: str) -> Record:
    cell = record(candidate, outcome=measured(items(count, 0), readings()))
    return replace(cell, suite_info={**cell.suite_info, "score_name": "execution_accuracy"})


def test_a_bench_table_says_over_how_many_items_and_samples_it_is() -> None:
    alike = printed(bench_table([answered(60, "a:F16"), answered(60, "b:F16")]))
    assert alike[0].strip() == "extraction, 60 items"
    assert "single requests, n 150; tok/s: generation (tg128), n 5;" in " ".join(" ".join(alike).split())
    unlike = printed(bench_table([answered(60, "a:F16"), answered(1800, LONG)]))
    assert unlike[0].strip() == "extraction" and "items" in unlike[1]
    assert next(line for line in unlike if line.startswith("a:F16")).split()[1] == "60"
    assert any(" 1,800 " in line for line in unlike) and max(map(len, unlike)) <= 80
