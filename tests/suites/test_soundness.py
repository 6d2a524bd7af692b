from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from rightsize.errors import SuiteError
from rightsize.stats.binomial import clopper_pearson_lower
from rightsize.suites.catalogue import DataState, suite_entry
from rightsize.suites.findings import Level
from rightsize.suites.loader import list_suites
from rightsize.suites.soundness import Soundness, TokenCounts, check_suite, check_suites
from tests.suites.lm_eval_folder import write_folder

Rows = Sequence[Mapping[str, Any]]
PICK = {"output_type": "multiple_choice", "doc_to_choice": ["red", "green"], "doc_to_target": "a"}
GOOD = [{"id": f"r{i}", "q": f"question {i}?", "a": "red" if i % 2 else "green"} for i in range(12)]


def suite(folder: Path, rows: Rows = GOOD, shots: Rows = ({"q": "zero?", "a": "red"},), **changes: Any) -> Path:
    config = {
        "task": "mine",
        "dataset_kwargs": {"data_files": {"test": "test.jsonl", "shots": "shots.jsonl"}},
        "test_split": "test",
        "fewshot_split": "shots",
        "output_type": "generate_until",
        "doc_to_text": "{{q}}",
        "doc_to_target": "{{a}}",
        "metadata": {"rightsize": {"scorer": "reference"}},
        **changes,
    }
    if config["output_type"] == "multiple_choice":
        config["metadata"] = {"rightsize": {}}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(config))
    for name, content in (("test", rows), ("shots", shots)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    return path


def noticed(found: Soundness) -> dict[str, Level]:
    """What was noticed, save that these suites are small."""
    return {finding.kind: finding.level for finding in found.findings if finding.kind != "few_items"}


def test_a_sound_suite_has_nothing_to_say(tmp_path: Path) -> None:
    found = check_suite(suite(tmp_path, [{**GOOD[0], "id": f"{i}", "q": f"number {i}?"} for i in range(59)]))
    assert (found.sound, found.findings) == (True, ())
    assert (found.items, found.groups, found.gold, found.gold_right, found.fewshot) == (59, 59, 59, 59, 1)
    (lengths,) = found.lengths
    assert (lengths.unit, lengths.n, lengths.shortest, lengths.longest) == ("characters", 59, 9, 10)
    assert found.labels == {}


def test_choices_are_counted(tmp_path: Path) -> None:
    assert check_suite(suite(tmp_path, **PICK)).labels == {"green": 6, "red": 6}


def test_gold_that_does_not_score_one_is_a_problem(tmp_path: Path) -> None:
    found = check_suite(suite(tmp_path, metadata={"rightsize": {"scorer": "json_fields"}}))
    assert (found.gold, found.gold_right, found.sound) == (12, 0, False)
    assert noticed(found) == {"gold": Level.PROBLEM}
    assert "r0, r1, r2, r3, r4 and 7 more" in found.findings[0].text


def test_notes_for_readers_are_no_gold(tmp_path: Path) -> None:
    found = check_suite(suite(tmp_path, metadata={"rightsize": {"scorer": "json_fields", "gold": False}}))
    assert (found.gold, found.sound) == (0, True)


def test_labels_that_text_cannot_tell_apart_are_a_warning(tmp_path: Path) -> None:
    found = check_suite(suite(tmp_path, **{**PICK, "doc_to_choice": ["red", "green", "Red!"]}))
    assert (found.gold_right, found.sound) == (12, True)
    assert noticed(found) == {"ambiguous_labels": Level.WARNING}


def test_a_few_shot_row_that_is_also_tested_is_a_problem(tmp_path: Path) -> None:
    found = check_suite(suite(tmp_path, shots=[{"id": "s", "q": "QUESTION  3?", "a": "red"}]))
    assert noticed(found) == {"duplicates_between_splits": Level.PROBLEM}
    assert "s = r3" in found.findings[0].text


def test_repeated_and_contradicting_questions_are_warnings(tmp_path: Path) -> None:
    more = [{"id": "x", "q": "question 1?", "a": "green"}, {"id": "y", "q": "Question 2?", "a": "other"}]
    found = check_suite(suite(tmp_path, [*GOOD, *more]))
    assert noticed(found) == {"duplicates": Level.WARNING, "conflicts": Level.WARNING}
    assert "r1 = x, r2 = y" in found.findings[0].text
    assert found.findings[1].count == 1


@pytest.mark.parametrize(
    ("rows", "changes", "kind", "level"),
    [
        ([*GOOD, {"id": "e", "q": " ", "a": "red"}], {}, "empty_prompts", Level.PROBLEM),
        (GOOD, {"generation_kwargs": {"until": ["re"]}}, "stop_in_gold", Level.PROBLEM),
        (GOOD[:4], {}, "few_groups", Level.WARNING),
        ([{**row, "a": "red"} for row in GOOD], PICK, "imbalance", Level.WARNING),
        ([*GOOD, GOOD[0]], {}, "unreadable", Level.PROBLEM),
        (GOOD, {"doc_to_text": "{{nope}}"}, "unreadable", Level.PROBLEM),
        (GOOD, {"output_type": "magic"}, "unreadable", Level.PROBLEM),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, rows: Rows, changes: Any, kind: str, level: Level) -> None:
    assert noticed(check_suite(suite(tmp_path, rows, **changes))) == {kind: level}


def test_few_items_are_said_with_what_they_can_show(tmp_path: Path) -> None:
    (finding,) = check_suite(suite(tmp_path)).findings
    assert (finding.kind, finding.level) == ("few_items", Level.WARNING)
    assert "12 independent groups are few" in finding.text and "above 78% only" in finding.text
    assert clopper_pearson_lower(12, 12, 0.05) == pytest.approx(0.779, abs=1e-3)


def test_labels_of_one_row_and_labels_that_look_alike_are_warnings(tmp_path: Path) -> None:
    rows = [*GOOD, {"id": "once", "q": "and this?", "a": "blue"}, {"id": "odd", "q": "or that?", "a": "Red!"}]
    changes = {**PICK, "doc_to_choice": ["red", "green", "blue", "Red!"]}
    found = noticed(check_suite(suite(tmp_path, rows, **changes)))
    assert {"single_example", "label_look_alikes"} <= set(found)
    assert Level.PROBLEM not in found.values()


def test_a_question_repeated_in_its_group_is_said_and_so_are_few_shot_rows(tmp_path: Path) -> None:
    rows = [{**row, "g": f"g{n % 6}"} for n, row in enumerate(GOOD)]
    again = {**rows[1], "id": "again"}
    metadata = {"rightsize": {"scorer": "reference", "group": "g"}}
    shots = [{"id": "s", "q": "zero?", "a": "red"}, {"id": "t", "q": "zero?", "a": "green"}]
    found = check_suite(suite(tmp_path, [*rows, again], shots=shots, metadata=metadata))
    texts = " / ".join(finding.text for finding in found.findings)
    assert "1 question asked before in its own group" in texts and "r1 = again" in texts
    assert "1 few-shot row with the text of another: s = t" in texts
    assert "1 question with different right answers: s = t" in texts


def test_long_prompts_are_said_without_a_model_to_count_tokens(tmp_path: Path) -> None:
    path = suite(tmp_path, [*GOOD, {"id": "long", "q": "x " * 5000, "a": "red"}])
    assert noticed(check_suite(path)) == {"overlong": Level.WARNING}


def test_duplicate_ids_are_named(tmp_path: Path) -> None:
    found = check_suite(suite(tmp_path, [*GOOD, GOOD[0]]))
    assert "the id 'r0' occurs twice" in found.findings[0].text
    assert not found.sound


def test_tokens_are_counted_and_prompts_over_the_context_named(tmp_path: Path) -> None:
    path = suite(tmp_path, generation_kwargs={"max_gen_toks": 10})
    found = check_suite(path, count_tokens=lambda prompts: TokenCounts(tuple(range(len(prompts))), context=20))
    assert found.lengths[1].unit == "tokens"
    assert found.lengths[1].longest == 11
    assert "1 prompt with 10 tokens of answer over the model's context of 20: r11" in found.findings[0].text


def test_few_shot_examples_count_towards_the_prompt(tmp_path: Path) -> None:
    long = check_suite(suite(tmp_path, num_fewshot=1))
    assert long.lengths[0].shortest == 11 + len("zero? red\n\n")


def test_code_is_run_only_when_allowed(tmp_path: Path) -> None:
    row = {"a": "def one():\n    return 1\n", "entry_point": "one", "after": "assert candidate() == 1\n"}
    rows = [{**row, "id": f"{i}", "q": f"# {i}\ndef one():"} for i in range(10)]
    path = suite(tmp_path, rows, metadata={"rightsize": {"scorer": "code_execution"}})
    assert noticed(check_suite(path)) == {"gold_not_run": Level.WARNING}
    assert check_suite(path, allow_code=True).gold_right == 10


def test_data_that_are_not_here_are_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    data = {"file": "no/such/file.jsonl", "sha256": "0" * 64, "origin": ["http://127.0.0.1:9/x"]}
    path = suite(tmp_path, metadata={"rightsize": {"scorer": "reference", "data": data}})
    with pytest.raises(SuiteError, match=r"data of mine are not here .*rightsize suites pull mine"):
        check_suite(path)
    entry = suite_entry(path)
    assert (entry.state, entry.items, entry.origin) == (DataState.NOT_PULLED, None, ("http://127.0.0.1:9/x",))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", list_suites())
def test_every_bundled_suite_is_sound(name: str) -> None:
    if suite_entry(name).state is DataState.NOT_PULLED:
        pytest.skip(f"the data of {name} are not here (RIGHTSIZE_DATA or ../shared/data)")
    found = check_suite(name)
    assert found.sound, found.findings


def test_an_unknown_suite_is_an_error_not_a_finding() -> None:
    with pytest.raises(SuiteError, match="Did you mean extraction"):
        check_suite("extrction")


@pytest.mark.filterwarnings("ignore")
def test_a_folder_of_lm_evals_tasks_is_checked_without_its_gold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_folder(tmp_path)
    found = {each.name: each for each in check_suites(tmp_path / "le_group.yaml")}
    assert set(found) == {"le_gen", "le_mc"}
    assert (found["le_gen"].items, found["le_gen"].gold) == (5, 0)
    assert found["le_mc"].labels == {"choice 1": 2, "choice 2": 2, "choice 3": 1}
    assert all(each.sound for each in found.values())


def test_one_of_ours_is_checked_by_our_loader(tmp_path: Path) -> None:
    (found,) = check_suites(suite(tmp_path))
    assert found.gold == 12
