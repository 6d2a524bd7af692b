"""The three files of a report, from records to text."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest

from rightsize.domain import Absent, Estimate, Measured, Provenance, Record
from rightsize.errors import ResourceError, StoreError, UsageError
from rightsize.reports.build import ReportOptions, build_report
from rightsize.reports.csv_table import COLUMNS, render_csv
from rightsize.reports.data import Choice, ReportData
from rightsize.reports.html import render_html
from rightsize.reports.markdown import render_markdown
from rightsize.reports.write import write_report
from tests.reports.builders import NOW, family, items, measured, readings, record

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> $\\frac{ {{ 7*7 }} | `x` \x1b[31m'
CHOICE = Choice(
    ("--min-accuracy 80%",),
    "nano-1.2m:Q8_0",
    "nano-1.2m:Q8_0 is enough.",
    {"nano-0.5m:F16": "score is at most 70%"},
)


def built(records: Sequence[Record], choice: Choice | None = None, region: str | None = "DEU") -> ReportData:
    return build_report(records, ReportOptions("sample", 500_000.0, region=region), choice, NOW)


class Page(HTMLParser):
    """What a browser would act on: tags with attributes, ids, and plain text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def page_text() -> str:
    return render_html(built(family(), CHOICE))


def test_the_page_is_one_file_that_requests_nothing(page_text: str) -> None:
    page = Page(page_text)
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "img", "object", "embed", "base", "form", "image"}
        assert "src" not in attributes and "srcset" not in attributes
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "url(http" not in page_text and "@import" not in page_text
    assert not re.search(r"url\((?!#)", page_text)
    policy = next(m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'") and "script" not in policy


def test_ids_are_unique_and_references_resolve(page_text: str) -> None:
    ids = [attributes["id"] for _, attributes in Page(page_text).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    referred = set(re.findall(r'(?:href="|url\()#([^")]+)', page_text))
    assert referred <= set(ids)


def test_charts_can_be_read_without_seeing_them(page_text: str) -> None:
    page = Page(page_text)
    assert len(page.of("svg")) == 4
    for chart in page.of("svg"):
        assert chart["role"] == "img"
        assert chart["aria-labelledby"]
    assert len(page.of("desc")) == 4


def test_charts_take_their_colours_from_the_page(page_text: str) -> None:
    charts = "".join(re.findall(r"<svg.*?</svg>", page_text, flags=re.DOTALL))
    assert "var(--accent)" in charts
    assert not re.search(r"#0[0-9]0[0-9]0[0-9]", charts)
    assert "prefers-color-scheme: dark" in page_text and "@media print" in page_text


def test_the_recommendation_comes_first_and_the_refusals_follow(page_text: str) -> None:
    order = [
        "nano-1.2m:Q8_0 is enough.",
        "Why not a smaller one",
        "score is at most 70%",
        "Candidates",
        "Break-even",
    ]
    places = [page_text.index(text) for text in order]
    assert places == sorted(places)


def test_modelled_figures_and_failed_cells_say_so(page_text: str) -> None:
    assert 'class="badge modelled"' in page_text
    assert "out of memory: 512 MB limit" in page_text
    assert "a likelihood task has no first token" in page_text


def test_a_disturbed_measurement_says_so_in_every_format() -> None:
    calm = {"seconds": 1.0, "cpus": 2, "own_cpu_s": 2.0, "other_cpu_s": 0.0}
    first, *others = family()
    assert isinstance(first.outcome, Measured)
    seen = {"windows": {"requests": [calm, {**calm, "other_cpu_s": 1.2}]}}
    disturbed = replace(first, outcome=replace(first.outcome, facts=seen))
    data = built([disturbed, *others], CHOICE)
    words = "contaminated: requests: other processes used 60% of the processors (in 1 of 2 windows)"
    assert words in render_html(data) and words in render_markdown(data)
    assert "measured before the machine was watched" in render_markdown(data)


def test_rendering_twice_gives_the_same_page(page_text: str) -> None:
    assert render_html(built(family(), CHOICE)) == page_text


@pytest.fixture(scope="module")
def hostile() -> ReportData:
    answers = items(8, 4, output=HOSTILE)
    found = record(f"evil{HOSTILE}:Q8_0", outcome=measured(answers, readings(), [Absent("ttft_ms", HOSTILE)]))
    choice = Choice((HOSTILE,), found.candidate_id, HOSTILE, {HOSTILE: HOSTILE}, HOSTILE)
    return built([found], choice)


def test_hostile_text_stays_text_in_html(hostile: ReportData) -> None:
    page = Page(render_html(hostile))
    assert not page.of("script") and not page.of("img")
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "{{ 7*7 }}" in "".join(page.words), "a template inside an answer is never evaluated"


def test_hostile_text_stays_text_in_markdown(hostile: ReportData) -> None:
    text = render_markdown(hostile)
    assert "<script" not in text and "<img" not in text
    cells = [line for line in text.splitlines() if line.startswith("| item-")]
    assert cells
    for line in cells:
        assert len(re.findall(r"(?<!\\)\|", line)) == 5, "an answer cannot open a table cell"


def test_hostile_text_stays_text_in_csv() -> None:
    rows = list(csv.DictReader(StringIO(render_csv(built([record("=HYPERLINK(1):F16")])))))
    assert {row["candidate"] for row in rows if "HYPERLINK" in row["candidate"]} == {"'=HYPERLINK(1):F16"}


def test_csv_has_one_figure_a_row_with_unit_n_interval_and_provenance() -> None:
    rows = list(csv.DictReader(StringIO(render_csv(built(family())))))
    assert tuple(rows[0]) == COLUMNS
    assert COLUMNS == (
        "task", "candidate", "figure", "unit", "value", "low", "high", "confidence", "n", "provenance",
        "method", "note",
    )  # fmt: skip
    for row in rows:
        if row["provenance"] == "absent":
            assert row["value"] == "" and row["note"]
        elif row["value"]:
            assert row["unit"] and int(row["n"]) > 0 and row["method"]
    figures = {row["figure"] for row in rows}
    assert {"score", "latency_p95_ms", "cost_usd_per_month", "carbon_g_per_month", "machines"} <= figures
    assert "break_even_against_claude-haiku-4-5" in figures


def test_without_a_region_carbon_is_absent_with_the_way_to_get_it() -> None:
    data = built(family(), region=None)
    assert "--region DEU" in render_html(data)
    assert "--region DEU" in render_markdown(data)
    assert "CO₂e per kWh" not in render_html(data)
    rows = csv.DictReader(StringIO(render_csv(data)))
    carbon = [row for row in rows if row["figure"].startswith("carbon")]
    assert carbon and all(row["provenance"] == "absent" for row in carbon)


def test_without_energy_the_cost_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("basis: purchase\n")
    absent = [Absent("energy_j_per_request", "no counter is readable")]
    found = record(outcome=measured(items(80, 20), readings(energy_j=None), absent))
    data = build_report([found], ReportOptions("x", assumptions=tmp_path / "a.yaml"), None, NOW)
    assert "no counter is readable" in render_html(data)
    assert "energy of requests is not in this cost" in render_markdown(data)


def test_a_failed_only_store_still_makes_a_report() -> None:
    data = built([family()[-1]])
    assert "No candidate was measured to the end." in render_html(data)
    assert "out of memory" in render_markdown(data)


def test_one_candidate_and_several_tasks_are_enough() -> None:
    text = render_html(built([record(), record(suite="sql", number=2)]))
    page = Page(text)
    assert len(page.of("svg")) == 8
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_only_comparable_records_stand_side_by_side() -> None:
    data = built([record(number=1, machine_fingerprint="other"), record("b:F16", number=2), record(number=3)])
    assert [view.id for view in data.tasks[0].candidates] == ["b:F16", "nano-1m:Q8_0"]
    assert "other machines" in " ".join(data.tasks[0].left_out)


def test_both_fronts_and_the_focus() -> None:
    task = built(family()).tasks[0]
    by_id = {view.id: view for view in task.candidates}
    assert task.focus is by_id["nano-4.5m:F16"]
    assert by_id["nano-0.5m:Q4_K_M"].on_size_front
    assert not by_id["nano-0.5m:F16"].on_size_front
    assert not by_id["big-1b:F16"].on_latency_front


def test_figures_carry_n_interval_and_provenance() -> None:
    view = built(family()).tasks[0].candidates[0]
    score, energy = view.figures["score"], view.figures["energy_j_per_request"]
    assert isinstance(score, Estimate) and isinstance(energy, Estimate)
    assert score.n == 500 and score.low is not None and score.low < score.value
    assert energy.provenance is Provenance.MODELLED


def test_the_files_are_written_together(tmp_path: Path) -> None:
    paths = write_report(built(family()), tmp_path / "reports" / "sample")
    assert {path.name for path in paths.values()} == {"index.html", "report.md", "results.csv"}
    assert all(path.stat().st_size > 500 for path in paths.values())


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="--out"):
        write_report(built([record()]), tmp_path / "file")


def test_nothing_to_report_and_wrong_options_are_refused() -> None:
    with pytest.raises(StoreError, match="rightsize bench"):
        build_report([], ReportOptions("x"))
    with pytest.raises(UsageError, match="--api"):
        build_report([record()], ReportOptions("x", apis=("gpt-banana",)))
