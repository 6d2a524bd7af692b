"""What a gate writes for others: JUnit by its schema, Markdown and annotations that nothing breaks out of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from rightsize.decide.baseline import baseline_of
from rightsize.decide.gate import Allowances, GateResult, compare
from rightsize.decide.on_undecided import OnUndecided
from rightsize.domain import Direction, Measured, Record, Threshold, Verdict
from rightsize.reports.github import comment_body, step_summary, workflow_commands
from rightsize.reports.junit import junit_xml

Build = Callable[..., Record]
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "junit.xsd"))
HOSTILE = "evil|`<script>`\n::error::x\x00[a](b) ![c](d) @everybody %0A"


def result_of(record: Build, wrong: int, name: str = "small:Q8_0") -> GateResult:
    base = record(name)
    assert isinstance(base.outcome, Measured)
    items = tuple(replace(item, score=0.0) if i < wrong else item for i, item in enumerate(base.outcome.items))
    now = replace(base, outcome=replace(base.outcome, items=items), engine={"name": "mock", "version": "2.0"})
    limit = Threshold("latency_p95_ms", Direction.LOWER, 500.0, "500ms")
    return compare(baseline_of(base), now, Allowances(0.01), [limit])


@pytest.mark.parametrize("wrong", [0, 8, 200])
@pytest.mark.parametrize("choice", list(OnUndecided))
@pytest.mark.parametrize("name", ["small:Q8_0", HOSTILE])
def test_junit_keeps_to_its_schema(record: Build, wrong: int, choice: OnUndecided, name: str) -> None:
    document = etree.fromstring(junit_xml(result_of(record, wrong, name), choice).encode())
    SCHEMA.assertValid(document)
    suite = document[0]
    for outcome, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(outcome)) == len(suite.findall(f"testcase/{element}"))


def test_the_schema_refuses_what_is_not_junit(record: Build) -> None:
    document = etree.fromstring(junit_xml(result_of(record, 0)).encode())
    document[0][0].set("colour", "green")
    assert not SCHEMA.validate(document)


def test_an_undecided_check_stops_a_junit_reader_only_when_it_stops_the_build(record: Build) -> None:
    result = result_of(record, 8)
    assert result.verdict is Verdict.UNDECIDED
    warned = etree.fromstring(junit_xml(result, OnUndecided.WARN).encode())[0]
    stopped = etree.fromstring(junit_xml(result, OnUndecided.FAIL).encode())[0]
    assert (warned.get("errors"), stopped.get("errors")) == ("0", "1")
    assert warned.find("testcase/skipped").get("message").startswith("undecided: ")


def test_annotations_are_one_line_each_and_say_what_would_decide(record: Build) -> None:
    lines = list(workflow_commands(result_of(record, 8, HOSTILE)))
    assert all("\n" not in line and line.startswith(("::warning ", "::notice ")) for line in lines)
    assert all(line.count("::") >= 2 and line.split("::")[1].count("::") == 0 for line in lines)
    assert "::error::x" not in "".join(line.partition("title=")[2].partition("::")[0] for line in lines)
    assert any("more items would decide" in line for line in lines)
    assert any("Likely cause: the engine's version (1.0 before, 2.0 now)" in line for line in lines)
    failed = list(workflow_commands(result_of(record, 200)))
    assert failed[0].startswith("::error title=rightsize gate%3A small%3AQ8_0 on extraction::FAIL: score drop")


def test_markdown_holds_whatever_a_model_is_called(record: Build) -> None:
    text = step_summary(result_of(record, 200, HOSTILE))
    assert "<script>" not in text and "\n::error" not in text and "@everybody" not in text
    assert "![c]" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}


def test_a_comment_is_marked_so_that_the_next_one_replaces_it(record: Build) -> None:
    first, later = comment_body(result_of(record, 0)), comment_body(result_of(record, 200))
    assert first.splitlines()[0] == later.splitlines()[0] == "<!-- rightsize gate: extraction small:Q8_0 -->"
    assert "❌ FAIL" in later
    hyphens = comment_body(result_of(record, 0, "my-small-model:Q4_K_M")).splitlines()[0]
    assert hyphens == "<!-- rightsize gate: extraction my-small-model:Q4_K_M -->"
    assert "-->" not in comment_body(result_of(record, 0, "a-->b")).splitlines()[0][:-3]
