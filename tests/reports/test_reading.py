"""What a reader of a report stumbles over: sentences that disagree with the tables, and tables that break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rightsize.decide.trust import trust_of
from rightsize.domain import Absent, Measured, Provenance, Record
from rightsize.engines.item_session import NO_TOKEN_METRICS
from rightsize.reports.build import ReportOptions, build_report
from rightsize.reports.data import ReportData
from rightsize.reports.examples import examples_of, examples_text
from rightsize.reports.html import render_html
from rightsize.reports.markdown import render_markdown
from rightsize.reports.wording import engine_lines, headline, marks_legend, marks_of
from rightsize.stats.trust import Trust
from tests.reports.builders import NOW, family, items, measured, readings, record

CALM = {"seconds": 1.0, "cpus": 2, "own_cpu_s": 2.0, "other_cpu_s": 0.0}


def built(*records: Record) -> ReportData:
    return build_report(records, ReportOptions("sample", region="DEU", include_demo=True), None, NOW)


def classical() -> Record:
    """A candidate that reads no tokens, hence cannot be compared with an API's price."""
    answers = [replace(item, prompt_tokens=0, output_tokens=0) for item in items(30, 70)]
    why = [Absent(metric, reason) for metric, reason in NO_TOKEN_METRICS.items()]
    kept = [reading for reading in readings() if "tokens" not in reading.metric]
    return record("baseline:fields", size_bytes=8_500, number=7, outcome=measured(answers, kept, why))


def tables(text: str) -> Iterator[list[int]]:
    """The number of cells in every row of every Markdown table."""
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        yield [len(re.findall(r"(?<!\\)\|", line)) - 1 for line in table.splitlines()]


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head() -> None:
    alone, beside = render_markdown(built(classical())), render_markdown(built(*family(), classical()))
    assert "an API bills by token" in beside
    for text in (alone, beside):
        found = list(tables(text))
        assert len(found) >= 4
        for table in found:
            assert set(table) == {table[0]}, text


def test_what_answers_whole_is_not_said_to_score_choices() -> None:
    for text in (render_html(built(classical())), render_markdown(built(classical()))):
        assert "TTFT" in text and "its answer comes whole" in text
        assert "answer choices" not in text


def test_carbon_is_not_said_to_be_the_same_where_the_column_differs() -> None:
    fast, slow = (
        record("fast:F16"),
        record("slow:F16", number=2, outcome=measured(items(8, 2), readings(latency_ms=9e4))),
    )
    data = built(fast, slow)
    waits = [view.footprint for view in data.tasks[0].candidates]
    assert not any(isinstance(each, Absent) for each in waits)
    assert len({each.waiting_per_month.value for each in waits if not isinstance(each, Absent)}) == 2
    for text in (render_html(data), render_markdown(data)):
        assert "does not depend" not in text
        assert "another machine, which waits too" in text


@given(right=st.integers(0, 9), wrong=st.integers(0, 9))
def test_the_examples_are_what_their_sentence_says(right: int, wrong: int) -> None:
    shown = examples_of(record(outcome=measured(items(right, wrong), [])))
    text = examples_text(shown)
    assert [each.right for each in shown.shown] == [True] * min(right, 2) + [False] * min(wrong, 2)
    assert (shown.right, shown.other) == (right, wrong)
    assert ("Not one of" in text) == (right == 0)
    assert ("All " in text) == (right > 0 and wrong == 0)
    assert ("then the first of the others" in text) == (right > 0 and wrong > 0)


def test_where_nothing_is_right_both_formats_say_so() -> None:
    data = built(record(outcome=measured(items(0, 100), readings())))
    for text in (render_html(data), render_markdown(data)):
        assert "Not one of 100 answers is wholly right" in text
        assert "first right" not in text


def disturbed() -> Record:
    """Energy modelled; the requests' window shared with other processes, so times are contaminated."""
    seen = {"windows": {"requests": [{**CALM, "other_cpu_s": 1.2}]}}
    cell = measured(items(80, 20), readings(provenance=Provenance.MODELLED))
    return record("disturbed:F16", outcome=replace(cell, facts=seen))


def test_disturbed_and_modelled_figures_bear_marks_with_a_legend() -> None:
    cell = disturbed()
    verdict = trust_of(cell, "latency_p95_ms")
    assert verdict is not None and verdict.label is Trust.CONTAMINATED
    data = built(cell)
    view = data.tasks[0].candidates[0]
    assert marks_of(view, view.figures["latency_p95_ms"]) == "!"
    assert marks_of(view, view.figures["energy_j_per_request"]) == "*!"
    assert marks_of(view, view.figures["score"]) == "" == marks_of(view, view.figures["size_bytes"])
    page, text = render_html(data), render_markdown(data)
    assert '<span class="marks">*!</span>' in page and '<span class="marks">!</span>' in page
    assert re.search(r"mJ\\\*\\! \(", text), "escaped, so that Markdown shows them"
    for shown in (page, text):
        assert "modelled or configured, not measured" in shown
        assert "contaminated: something else used the machine" in shown


def test_the_legend_explains_only_the_marks_that_are_there() -> None:
    calm = record("calm:F16")
    assert isinstance(calm.outcome, Measured)
    (task,) = built(calm).tasks
    assert [line[0] for line in marks_legend(task)] == ["*"], "the cost is modelled, nothing was disturbed"
    failed = built(family()[-1]).tasks[0]
    assert marks_legend(failed) == ()


def test_a_long_list_of_build_features_is_told_by_name_and_folded() -> None:
    flags = [
        "SSE3",
        "SSSE3",
        "AVX",
        "AVX2",
        "F16C",
        "FMA",
        "BMI2",
        "AVX512",
        "AVX512_VBMI",
        "AVX512_VNNI",
        "REPACK",
    ]
    features = "CPU : " + " | ".join(f"{flag} = 1" for flag in flags) + " | CUDA : ARCHS = 890 | NEON = 0 | "
    engine = {"name": "llama_cpp", "version": "0.3.36", "features": features}
    assert engine_lines([engine])[0] == "llama_cpp 0.3.36"
    assert engine_lines([engine])[1] == f"features: CPU: {', '.join(flags)}, CUDA: ARCHS 890"
    assert engine_lines([{}]) == ("not recorded",)
    other = replace(record("b:F16", number=2), engine={"name": "baseline:linear", "version": "1"})
    both = render_markdown(built(replace(record(), engine=engine), other))
    assert "- Engine: baseline:linear 1; llama" in " ".join(both.split())
    text = render_markdown(built(replace(record(), engine=engine)))
    start = text.index("- Engine:")
    lines = text[start : text.index("- Task", start)].splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 100
    assert "AVX512\\_VNNI" in text


def test_the_race_names_its_thresholds_and_its_task() -> None:
    told = {
        "id": "2026-11-26",
        "order": ["a:F16"],
        "thresholds": [
            {"metric": "score", "limit": 0.9, "text": "90%"},
            {"metric": "latency_p95_ms", "limit": 500.0, "text": "500ms"},
        ],
        "seconds": 1.0,
        "entry": {"fate": "won", "reason": "it won", "looks": [{"task": "extraction", "items": 60}]},
    }
    raced = record("a:F16", number=2)
    raced = replace(raced, suite_info={**raced.suite_info, "items": 600, "race": told})
    data = built(record(), raced)
    assert data.race is not None and data.race.tasks == ("extraction",)
    page, text = render_html(data), render_markdown(data)
    assert "Task: extraction. Asked for: --min-accuracy 90% · --max-latency 500ms" in page
    assert "Task: extraction. Asked for: --min-accuracy 90%, --max-latency 500ms" in text


def test_the_best_score_names_who_equals_it_and_over_how_many_items() -> None:
    cells = [
        record("a:F16", size_bytes=1, outcome=measured(items(30, 30), readings())),
        record("b:F16", size_bytes=2, outcome=measured(items(90, 90), readings()), number=2),
        record("c:F16", size_bytes=3, outcome=measured(items(20, 40), readings()), number=3),
    ]
    data = build_report(cells, ReportOptions(name="x"))
    said = headline(data)
    assert "a:F16 scores 50.0% (" in said and " n 60) and b:F16 scores 50.0% (" in said
    assert " n 180) on extraction (of candidates with 60 to 180 items)." in said
    assert "c:F16" not in said
    assert "60 to 180 items; in brackets" in render_markdown(data)
    page = render_html(data)
    assert "3 candidates on Field extraction, 60 to 180 items." in " ".join(page.split())
    alone = build_report(cells[:1], ReportOptions(name="x"))
    assert "1 candidate on Field extraction, 60 items." in " ".join(render_html(alone).split())
    assert headline(alone).endswith(" n 60) on extraction.")


def test_one_accuracy_with_two_intervals_says_what_each_is() -> None:
    plain = record("a:F16", outcome=measured(items(30, 30), readings()))
    assert isinstance(plain.outcome, Measured)
    facts = {"corpus": {"accuracy": {"value": 0.5, "unit": "ratio"}}}
    told = replace(
        plain,
        suite_info={**plain.suite_info, "scorer": "choice", "scorer_args": {}},
        outcome=replace(plain.outcome, facts=facts),
    )
    said = "Intervals here are resampled, 95%, for reading only. Those of the score above are exact"
    assert said in render_html(built(told))
    assert said not in render_html(built(plain))
