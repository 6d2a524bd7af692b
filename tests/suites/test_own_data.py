"""Suites made of one's own table: what is written loads, scores its gold 1, and keeps its splits apart."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rightsize.domain import TaskType
from rightsize.errors import SuiteError, UsageError
from rightsize.suites.findings import same_text
from rightsize.suites.loader import load_suite
from rightsize.suites.own_data.folder import NewSuite, make_suite, write_suite
from rightsize.suites.own_data.prompts import output_limit, plain
from rightsize.suites.own_data.request import Example, SuiteRequest
from rightsize.suites.own_data.split import split
from rightsize.suites.own_data.yaml_text import block, flow, quoted, scalar
from rightsize.suites.soundness import check_suite
from rightsize.suites.templates import sandbox

QUEUES = ["billing", "bug", "other: {{x}}"]


def tickets(n: int = 60) -> list[dict[str, str]]:
    """Rows of a help desk, three queues in turn, four tickets a customer."""
    return [
        {
            "ticket": f"Ticket {i} says {{% hello %}} in line\nand another",
            "queue": QUEUES[i % 3],
            "total": f"{i * 1.5}" if i % 7 else "",
            "ref": f"00{i}",
            "note": f"A note on ticket {i}.",
            "customer": f"c{i // 4}",
        }
        for i in range(n)
    ]


def source(folder: Path, rows: Sequence[Mapping[str, Any]] | None = None, name: str = "tickets.csv") -> Path:
    rows = tickets() if rows is None else rows
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as stream:
        if path.suffix == ".jsonl":
            stream.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


def make(path: Path, **choices: Any) -> NewSuite:
    return make_suite(SuiteRequest(**{"name": "mine", "source": path, "input": "ticket", **choices}))


def kinds(suite: NewSuite) -> set[str]:
    return {finding.kind for finding in suite.findings}


KINDS = {
    "classification": {"label": "queue"},
    "extraction": {"fields": ("total", "ref", "queue")},
    "generation": {"reference": "note"},
}


@pytest.mark.parametrize("choices", KINDS.values(), ids=KINDS)
def test_what_is_written_loads_at_once_and_is_sound(tmp_path: Path, choices: dict[str, Any]) -> None:
    made = make(source(tmp_path), **choices)
    paths = write_suite(made, tmp_path / "mine")
    assert {path.name for path in paths} == {"mine.yaml", "test.jsonl", "fewshot.jsonl", "README.md"}
    suite = load_suite(tmp_path / "mine")
    found = check_suite(tmp_path / "mine")
    assert found.sound, found.findings
    assert found.gold == found.gold_right == len(suite.items) == len(made.split.test)
    assert "{% hello %}" in suite.items[0].prompt
    assert suite.items[0].prompt.endswith(":")
    load_suite(tmp_path / "mine", num_fewshot=3)


def test_classification_is_chosen_among_the_labels(tmp_path: Path) -> None:
    write_suite(make(source(tmp_path), label="queue"), tmp_path / "mine")
    suite = load_suite(tmp_path / "mine")
    assert (suite.task_type, suite.scorer, suite.score_name) == (TaskType.CHOICE, "choice", "accuracy")
    assert suite.items[0].choices == tuple(QUEUES)
    assert suite.items[0].prompt.startswith(
        "Which queue fits this ticket? Answer with one of: billing, bug, other: {{x}}.\n\nTicket: Ticket "
    )
    assert suite.items[0].prompt.endswith("\nQueue:")


def test_extraction_keeps_numbers_as_numbers_and_references_as_text(tmp_path: Path) -> None:
    made = make(source(tmp_path), **KINDS["extraction"])
    write_suite(made, tmp_path / "mine")
    item = next(item for item in load_suite(tmp_path / "mine").items if item.id == "row-5")
    assert json.loads(item.target) == {"total": 6.0, "ref": "004", "queue": "bug"}
    assert [field.description for field in made.fields] == [
        "total (number)",
        "ref (text)",
        "queue (one of: billing, bug, other: {{x}})",
    ]
    assert "- queue (one of: billing, bug, other: {{x}})" in item.prompt


def test_an_absent_value_is_null(tmp_path: Path) -> None:
    write_suite(make(source(tmp_path), fields=("total", "ref")), tmp_path / "mine")
    rows = [json.loads(line) for line in (tmp_path / "mine" / "test.jsonl").read_text().splitlines()]
    assert any(row["fields"]["total"] is None for row in rows)


def schema(folder: Path, properties: Mapping[str, Any]) -> Path:
    path = folder / "answer.schema.json"
    path.write_text(json.dumps({"type": "object", "properties": properties}))
    return path


def test_a_schema_names_the_columns_and_their_types(tmp_path: Path) -> None:
    rows = [{**row, "ok": "True", "tags": '["a"]', "n": "7"} for row in tickets()]
    of = {
        "ok": {"type": "boolean"},
        "tags": {"type": "array"},
        "n": {"type": ["integer", "null"]},
        "total": {"type": "string"},
        "queue": {"enum": QUEUES},
    }
    made = make(source(tmp_path, rows), schema=schema(tmp_path, of))
    answer = made.split.test[1].answer
    assert (answer["ok"], answer["tags"], answer["n"]) == (True, ["a"], 7)
    assert isinstance(answer["total"], str)
    assert made.fields[-1].options == tuple(QUEUES)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"queue": {"type": "number"}}, "row 1, column 'queue': 'billing' is not of type number"),
        ({"queue": {"enum": ["billing"]}}, "40 values do not fit the schema; the first is row 2, queue: 'bug'"),
        ({"queue": {"type": "strong"}}, "not a valid JSON schema"),
        ({"queue": {"$ref": "http://127.0.0.1:9/x.json"}}, "refers to 'http://127.0.0.1:9/x.json'"),
        ({}, "describes no object with properties"),
        ({"qeue": {}}, "no such column. Did you mean queue"),
    ],
)
def test_what_the_schema_does_not_allow_is_refused(
    tmp_path: Path, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises((SuiteError, UsageError), match=message):
        make(source(tmp_path), schema=schema(tmp_path, properties))


def test_a_property_without_a_type_takes_what_the_file_has(tmp_path: Path) -> None:
    rows = [{"ticket": f"t {i}", "size": i if i % 2 else f"{i} cm"} for i in range(6)]
    of = {"size": {"anyOf": [{"type": "number"}, {"type": "string"}]}}
    made = make(source(tmp_path, rows, "t.jsonl"), schema=schema(tmp_path, of))
    assert {type(example.answer["size"]) for example in made.split.test} == {int, str}
    assert made.fields[0].description == "size (any value)"


def test_a_schema_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{")
    with pytest.raises(SuiteError, match="not valid JSON"):
        make(source(tmp_path), schema=tmp_path / "s.json")
    with pytest.raises(SuiteError, match="cannot be read"):
        make(source(tmp_path), schema=tmp_path / "none.json")


def test_jsonl_values_keep_their_types(tmp_path: Path) -> None:
    rows = [{"ticket": f"t {i}", "a": i, "b": [str(i)], "c": {"d": i}, "e": i % 2 == 0} for i in range(10)]
    made = make(source(tmp_path, rows, "t.jsonl"), fields=("a", "b", "c", "e"))
    assert [field.type for field in made.fields] == ["number", "array", "object", "boolean"]
    assert made.text.scorer_args == {"accuracy_of": ["a", "e"]}


def test_generation_leaves_room_for_the_longest_reference(tmp_path: Path) -> None:
    rows = [{"ticket": f"t {i}", "note": "word " * (10 * i + 1)} for i in range(10)]
    made = make(source(tmp_path, rows), reference="note")
    assert made.text.max_tokens % 16 == 0
    assert 91 < made.text.max_tokens < 400
    assert output_limit(["x" * 10**6]) == 2048
    assert output_limit(["付" * 100]) >= 100


def test_a_stop_string_that_a_right_answer_holds_is_left_out(tmp_path: Path) -> None:
    rows = [{"ticket": f"t {i}", "note": "first\nTicket: second"} for i in range(5)]
    assert make(source(tmp_path, rows), reference="note").text.stop == ("\nWrite the note for this ticket.",)


def test_examples_come_one_label_after_another(tmp_path: Path) -> None:
    made = make(source(tmp_path), label="queue")
    assert {example.answer for example in made.split.fewshot[:3]} == set(QUEUES)
    assert (len(made.split.test), len(made.split.fewshot)) == (48, 12)


def test_the_same_seed_divides_alike_and_another_does_not(tmp_path: Path) -> None:
    path = source(tmp_path)
    assert make(path, label="queue") == make(path, label="queue")
    assert make(path, label="queue").split != make(path, label="queue", seed=1).split


def test_a_group_stands_on_one_side_and_in_the_rows(tmp_path: Path) -> None:
    made = make(source(tmp_path), reference="note", group="customer")
    tested = {example.group for example in made.split.test}
    assert tested.isdisjoint(example.group for example in made.split.fewshot)
    write_suite(made, tmp_path / "mine")
    assert {item.group for item in load_suite(tmp_path / "mine").items} == tested


EXAMPLES = st.lists(
    st.builds(
        Example,
        number=st.integers(1, 10**6),
        group=st.sampled_from("abcdefgh"),
        text=st.sampled_from(["One text", "one  TEXT", "two", "three", "four", "five"]),
        answer=st.sampled_from(["x", "y", "z"]),
    ),
    min_size=2,
    max_size=40,
)


@given(examples=EXAMPLES, share=st.floats(0.05, 0.95), seed=st.integers(0, 9), by_label=st.booleans())
def test_no_group_and_no_text_is_ever_on_both_sides(
    examples: list[Example], share: float, seed: int, by_label: bool
) -> None:
    try:
        parts, _ = split(examples, share, seed, by_label=by_label)
    except SuiteError as error:
        assert "no row can be kept apart" in str(error)
        return
    assert parts.test
    assert parts.fewshot
    assert {e.group for e in parts.test}.isdisjoint(e.group for e in parts.fewshot)
    assert {same_text(e.text) for e in parts.test}.isdisjoint(same_text(e.text) for e in parts.fewshot)


def test_warnings_name_rows_and_counts(tmp_path: Path) -> None:
    rows = tickets()
    rows += [
        {**rows[0], "ticket": rows[0]["ticket"].upper()},
        {**rows[1], "queue": "billing"},
        {**rows[2], "ticket": "  "},
        {**rows[2], "ticket": "no queue here", "queue": ""},
        {**rows[2], "ticket": "long " * 2000},
        {**rows[2], "ticket": "a rare one", "queue": "rare"},
        {**rows[2], "ticket": "a look-alike", "queue": "Billing!"},
    ]
    made = make(source(tmp_path, rows), label="queue")
    assert kinds(made) == {
        "left_out",
        "duplicates",
        "conflicts",
        "overlong",
        "single_example",
        "imbalance",
        "label_look_alikes",
    }
    texts = " / ".join(finding.text for finding in made.findings)
    assert "1 row left out, with no text: row 63" in texts
    assert "1 row left out, with no answer: row 64" in texts
    assert "rows 1+61, rows 2+62" in texts
    assert "1 text with answers that contradict each other: rows 2+62" in texts
    assert "(row 65: 9,999)" in texts
    assert "billing / Billing!" in texts
    write_suite(made, tmp_path / "mine")
    assert check_suite(tmp_path / "mine").sound


TEXTS = st.sampled_from(["one", "One ", "two", "three", "long " * 2000, *(f"t {n}" for n in range(12))])
LABELS = st.sampled_from(["a", "A!", "b", "b", "b", "c"])


@settings(max_examples=60)
@given(rows=st.lists(st.fixed_dictionaries({"ticket": TEXTS, "queue": LABELS}), min_size=4, max_size=30))
def test_a_check_says_again_what_was_said_when_it_was_made(rows: list[dict[str, str]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            made = make(source(folder, rows), label="queue")
        except SuiteError:
            return  # no suite, no warnings
        write_suite(made, folder / "mine")
        checked = {finding.kind for finding in check_suite(folder / "mine").findings}
    # What was left out is no part of the suite any more.
    assert kinds(made) - {"left_out"} <= checked


def test_a_majority_is_said_with_what_always_saying_it_scores(tmp_path: Path) -> None:
    rows = [{"ticket": f"t {i}", "queue": "a" if i else "b"} for i in range(10)] + [
        {"ticket": "u", "queue": "b"}
    ]
    (finding,) = make(source(tmp_path, rows), label="queue").findings
    assert "always saying 'a' would score 87.5%" in finding.text, "of the rows tested on"


def test_a_text_tested_in_another_group_is_no_example(tmp_path: Path) -> None:
    rows = [{"ticket": "same" if i < 40 else f"t {i}", "note": "n", "g": str(i)} for i in range(60)]
    made = make(source(tmp_path, rows), reference="note", group="g")
    assert "duplicates_between_splits" in kinds(made)
    assert "same" not in {example.text for example in made.split.fewshot}


ONE = {"ticket": "a", "queue": "x"}


@pytest.mark.parametrize(
    ("rows", "choices", "message"),
    [
        ([ONE, {"ticket": "b", "queue": "x"}], {"label": "queue"}, "every usable row has the label 'x'"),
        ([ONE], {"label": "queue"}, "1 usable row, a suite needs two"),
        ([{"ticket": "", "queue": "x"}] * 3, {"label": "queue"}, "3 rows left out, with no text"),
        (
            [{"ticket": f"{i}", "queue": f"{i}"} for i in range(50)],
            {"label": "queue"},
            "no categories.*--reference",
        ),
        ([ONE, {"ticket": "b", "queue": "y"}], {"label": "queue"}, "no row can be kept apart"),
        ([ONE, {"ticket": "b", "queue": "y"}], {"label": "quue"}, "Did you mean queue"),
        ([ONE, {"ticket": "b", "queue": "y"}], {"label": "queue", "group": "gruop"}, "--group 'gruop'"),
        ([ONE, ONE], {"label": "queue", "reference": "queue"}, "--label and --reference were given together"),
        ([ONE, ONE], {}, "no answer column was named"),
        ([ONE, ONE], {"label": "ticket"}, "--input and --label name the same column 'ticket'"),
        ([ONE, ONE], {"fields": ("queue", "ticket")}, "--input and --fields name the same column"),
        ([ONE, ONE], {"label": "queue", "test_share": 1.0}, "--test-share 1"),
        ([ONE, ONE], {"label": "queue", "name": "../x"}, "is not a suite name"),
        ([ONE, ONE], {"label": "queue", "name": "extraction"}, "ships with rightsize"),
    ],
)
def test_what_makes_no_suite_is_refused(
    tmp_path: Path, rows: list[dict[str, str]], choices: dict[str, Any], message: str
) -> None:
    with pytest.raises((SuiteError, UsageError), match=message):
        make(source(tmp_path, rows), **choices)


def test_a_lone_surrogate_is_left_out(tmp_path: Path) -> None:
    rows = [{"ticket": "\ud800", "note": "n"}, *({"ticket": f"t {i}", "note": "n"} for i in range(4))]
    made = make(source(tmp_path, rows, "t.jsonl"), reference="note")
    assert "characters that are not Unicode text: row 1" in made.findings[0].text


def test_a_folder_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    made = make(source(tmp_path), label="queue")
    write_suite(made, tmp_path / "mine")
    (tmp_path / "mine" / "mine.yaml").write_text("edited")
    with pytest.raises(UsageError, match=r"exists and is not empty.*--force"):
        write_suite(made, tmp_path / "mine")
    write_suite(made, tmp_path / "mine", force=True)
    assert load_suite(tmp_path / "mine").name == "mine"
    with pytest.raises(UsageError, match="is a file"):
        write_suite(made, tmp_path / "tickets.csv", force=True)


def test_the_source_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    path = source(folder, tickets(), "test.jsonl")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="would be replaced"):
        write_suite(make(path, label="queue"), folder, force=True)
    assert path.read_bytes() == before


@given(text=st.text() | st.text("\x85\u2028\ufeff\x7f:#'\" \n-"))
@example(text="\x85")
def test_any_text_survives_yaml(text: str) -> None:
    assert yaml.safe_load(f"a: {block(text)}\nb: 1\n") == {"a": text, "b": 1}
    assert yaml.safe_load(f"a: {scalar(text)}\nb: 1\n") == {"a": text, "b": 1}
    assert yaml.safe_load(f"a: {quoted([text])}\nb: {flow({text: [text]})}\n") == {
        "a": [text],
        "b": {text: [text]},
    }


@given(text=st.text(alphabet="{}%#a'\n"))
def test_any_text_survives_jinja(text: str) -> None:
    assert sandbox().from_string(f"x{plain(text)}x").render() == f"x{text}x"


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=25)
@given(labels=st.lists(WORDS.filter(str.strip), min_size=2, max_size=4, unique_by=same_text), column=WORDS)
def test_any_labels_and_column_names_give_a_suite_that_loads(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str], column: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [{"ticket": f"text {i}", "L" + column: random.Random(i).choice(labels)} for i in range(20)]
    rows += [
        {"ticket": f"more {i}{j}", "L" + column: label} for i, label in enumerate(labels) for j in range(2)
    ]
    made = make(source(folder, rows, "t.jsonl"), label="L" + column)
    write_suite(made, folder / "mine")
    suite = load_suite(folder / "mine")
    assert set(suite.items[0].choices) == {" ".join(label.split()) for label in labels}
