"""Derived tasks of real suites: ids, groups and gold stay, only the text that users write changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rightsize.checks.variants import CHECKS
from rightsize.domain import Suite, TaskType
from rightsize.errors import SuiteError, UsageError
from rightsize.flows.checks import check_suites, read_checks
from rightsize.suites.loader import load_suite

TASKS = ("extraction", "classification", "sql")


@pytest.fixture(scope="module", params=TASKS)
def made(request: pytest.FixtureRequest) -> tuple[Suite, dict[str, Suite]]:
    suite = load_suite(request.param)
    found = check_suites([suite], CHECKS, limit=40)
    return suite, {derived.name.partition("+")[2]: derived for derived in found}


def test_robustness_and_bias_keep_ids_groups_gold_and_the_instruction(made) -> None:
    suite, derived = made
    items = {item.id: item for item in suite.items}
    for key, variant in derived.items():
        if not key.startswith(("robustness", "bias")):
            continue
        assert 0 < len(variant.items) <= 40
        for item in variant.items:
            old = items[item.id]
            assert (item.group, item.target, item.choices) == (old.group, old.target, old.choices)
            assert item.prompt != old.prompt
            assert item.prompt.rpartition("\n")[2] == old.prompt.rpartition("\n")[2]
            changed = {field for field in old.doc if item.doc[field] != old.doc[field]}
            assert changed <= {"document", "text", "question"} and len(changed) == 1


def test_a_derived_task_knows_where_it_is_from_and_is_the_same_every_time(made) -> None:
    suite, derived = made
    again = {s.name.partition("+")[2]: s for s in check_suites([suite], CHECKS, limit=40)}
    assert {key: s.sha256 for key, s in again.items()} == {key: s.sha256 for key, s in derived.items()}
    assert {s.derived_from for s in derived.values()} == {suite.sha256}
    assert len({s.sha256 for s in derived.values()} | {suite.sha256}) == len(derived) + 1


def test_foreign_items_stand_in_the_tasks_own_words(made) -> None:
    suite, derived = made
    foreign = derived["ood-foreign"]
    first = suite.items[0].prompt
    assert len(foreign.items) == 40
    assert all(item.id.startswith("foreign:") and item.group.startswith("foreign:") for item in foreign.items)
    assert all(item.prompt.partition(" ")[0] == first.partition(" ")[0] for item in foreign.items)
    if suite.name == "extraction":
        assert all(set(json.loads(item.target).values()) == {None} for item in foreign.items)
    else:
        assert {item.target for item in foreign.items} == {""}


def test_consistency_asks_the_same_after_the_same_examples_in_another_order(made) -> None:
    _, derived = made
    for one, other in zip(
        derived["consistency-fewshot"].items, derived["consistency-order"].items, strict=True
    ):
        assert one.id == other.id and one.prompt != other.prompt
        assert sorted(one.prompt.split("\n\n")) == sorted(other.prompt.split("\n\n"))
        assert one.prompt.rpartition("\n\n")[2] == other.prompt.rpartition("\n\n")[2]


def test_examples_before_a_question_stay_as_they_are() -> None:
    suite = load_suite("extraction", num_fewshot=2)
    (typos, *_) = check_suites([suite], ["robustness"], limit=10)
    examples = suite.items[0].prompt.rpartition("\n\n")[0]
    assert all(item.prompt.startswith(examples) for item in typos.items)


def test_a_variant_that_changes_nothing_is_left_out_and_said() -> None:
    said: list[str] = []
    assert check_suites([load_suite("sql")], ["bias"], 20, said.append) == []
    assert len(said) == 2 and "changes no item" in said[0]


def test_calibration_runs_nothing() -> None:
    assert check_suites([load_suite("sql")], ["calibration"]) == []


def own_suite(folder: Path, *, prompt: str, extras: str = "") -> Path:
    folder.mkdir()
    rows = "".join(f'{{"a": "please help {i}", "b": "today at {i}", "label": "x"}}\n' for i in range(5))
    (folder / "test.jsonl").write_text(rows)
    (folder / f"{folder.name}.yaml").write_text(
        f"task: {folder.name}\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: test.jsonl}}}}\n"
        f"test_split: test\noutput_type: multiple_choice\ndoc_to_text: {prompt!r}\ndoc_to_target: label\n"
        f"doc_to_choice: [x, y]\nmetadata: {{rightsize: {{scorer: choice{extras}}}}}\n"
    )
    return folder


def test_a_users_own_suite_needs_no_declaration_when_its_prompt_shows_one_field(tmp_path: Path) -> None:
    path = own_suite(tmp_path / "mine", prompt="Say {{a}}:")
    suite = load_suite(path)
    assert suite.task_type is TaskType.CHOICE
    assert len(check_suites([suite], ["robustness"])) == 3


def test_where_two_fields_are_shown_the_suite_must_say_which_one_users_write(tmp_path: Path) -> None:
    path = own_suite(tmp_path / "two", prompt="Say {{a}} and {{b}}:")
    with pytest.raises(SuiteError, match=r"not clear which field.*a, b.*metadata\.rightsize\.input"):
        check_suites([load_suite(path)], ["robustness"])
    said = own_suite(tmp_path / "said", prompt="Say {{a}} and {{b}}:", extras=", input: b")
    assert len(check_suites([load_suite(said)], ["robustness"])) == 3


def test_no_examples_no_other_order(tmp_path: Path) -> None:
    path = own_suite(tmp_path / "none", prompt="Say {{a}}:")
    with pytest.raises(SuiteError, match="fewer than two solved examples"):
        check_suites([load_suite(path)], ["consistency"])


def test_an_answer_that_declines_must_be_a_choice(tmp_path: Path) -> None:
    path = own_suite(tmp_path / "odd", prompt="Say {{a}}:", extras=", abstain: none")
    with pytest.raises(SuiteError, match="none of the choices"):
        check_suites([load_suite(path)], ["ood"])


def test_an_unknown_check_is_named_with_the_known_ones() -> None:
    assert read_checks(["bias", "robustness"]) == ("robustness", "bias")
    with pytest.raises(UsageError, match=r"'bais'.*robustness, bias, ood"):
        read_checks(["bais"])
