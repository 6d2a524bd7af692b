"""Checks on tasks that lm-eval renders: the document's text or the order of examples changes, nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rightsize.domain import Answer, Suite
from rightsize.errors import SuiteError
from rightsize.flows.checks import check_suites
from rightsize.suites.lm_eval_tasks import open_suites
from rightsize.suites.scorers import get_scorer
from tests.suites.lm_eval_folder import ROWS, write_task

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def made(path: Path, *checks: str) -> tuple[Suite, dict[str, Suite]]:
    (suite,) = open_suites(path)
    return suite, {derived.name.partition("+")[2]: derived for derived in check_suites([suite], checks)}


@pytest.mark.parametrize(
    ("name", "changes"),
    [("le_mc", {}), ("le_mutual", {}), ("le_pick", {"num_fewshot": 0}), ("le_gen", {"num_fewshot": 0})],
)
def test_a_changed_text_is_rendered_as_lm_eval_renders_it(
    tmp_path: Path, name: str, changes: dict[str, object]
) -> None:
    """As if the data file had had the changed text from the beginning."""
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    suite, derived = made(write_task(tmp_path / "ours", name, **changes), "robustness", "bias")
    assert {"robustness-typos", "robustness-case", "robustness-spacing", "bias-gender"} <= set(derived)
    changed = derived["robustness-case"]
    path = write_task(tmp_path / "theirs", name, **changes)
    shouted = [{**row, "q": row["q"].upper()} for row in ROWS]
    (tmp_path / "theirs" / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shouted))
    (theirs,) = open_suites(path)
    assert [item.id for item in changed.items] == [item.id for item in theirs.items]
    for ours, other, was in zip(changed.items, theirs.items, suite.items, strict=True):
        assert (ours.target, ours.choices, ours.group) == (was.target, was.choices, was.group)
        assert ours.prompt != was.prompt
        assert (ours.prompt, ours.contexts, ours.chats) == (other.prompt, other.contexts, other.chats)


def test_examples_and_description_before_a_changed_question_stay(tmp_path: Path) -> None:
    suite, derived = made(write_task(tmp_path, "le_begun"), "robustness")
    was = {item.id: item for item in suite.items}
    for item in derived["robustness-typos"].items:
        before, old = item.prompt.rpartition("\n\n")[0], was[item.id].prompt.rpartition("\n\n")[0]
        assert before == old
        assert item.prompt != was[item.id].prompt
        assert item.prompt.endswith(" It is")
        (chat,), (old_chat,) = item.chats, was[item.id].chats
        assert chat[:-2] == old_chat[:-2] and chat[-1] == old_chat[-1]
        assert chat[-2].content == item.prompt.rpartition("\n\n")[2].removesuffix(" It is")


def test_lm_eval_judges_a_changed_item_by_its_document(tmp_path: Path) -> None:
    words = [
        {
            "name": "w",
            "filter": [{"function": "regex", "regex_pattern": "([a-z]+)"}, {"function": "take_first"}],
        }
    ]
    _, derived = made(write_task(tmp_path, "le_gen", filter_list=words), "robustness")
    changed = derived["robustness-typos"]
    scorer = get_scorer(changed.scorer, changed.scorer_args)
    assert {scorer.score(item, Answer(item.target)).score for item in changed.items} == {1.0}
    assert {scorer.score(item, Answer("wrong")).score for item in changed.items} == {0.0}


def test_the_same_examples_come_in_another_order(tmp_path: Path) -> None:
    suite, derived = made(write_task(tmp_path, "le_begun"), "consistency")
    assert list(derived) == ["consistency-order"]
    assert len(derived["consistency-order"].items) == len(suite.items)
    for was, item in zip(suite.items, derived["consistency-order"].items, strict=True):
        assert item.id == was.id and item.prompt != was.prompt
        one, other = (each.prompt.partition("\n")[2].split("\n\n") for each in (was, item))
        assert (one[-1], sorted(one)) == (other[-1], sorted(other))
        assert was.prompt.partition("\n")[0] == item.prompt.partition("\n")[0]
        ((*turns, _, _),), ((*others, _, _),) = was.chats, item.chats
        assert turns[0] == others[0] and turns[1:] == [*others[3:], *others[1:3]]
    assert open_suites(tmp_path / "le_begun.yaml")[0] == suite  # the task itself is as it was


def test_without_examples_of_its_own_a_task_gets_some_in_two_orders(tmp_path: Path) -> None:
    shots = [{**row, "q": f"shot {number}"} for number, row in enumerate(ROWS)]
    (tmp_path / "shots.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shots))
    files = {"data_files": {"test": "rows.jsonl", "shots": "shots.jsonl"}}
    path = write_task(tmp_path, "le_mc", fewshot_split="shots", dataset_kwargs=files)
    _, derived = made(path, "consistency")
    assert list(derived) == ["consistency-fewshot", "consistency-order"]
    for one, other in zip(*(each.items for each in derived.values()), strict=True):
        assert one.prompt != other.prompt
        assert sorted(one.prompt.split("\n\n")) == sorted(other.prompt.split("\n\n"))
        assert one.prompt.count("shot ") == 4
        assert len(one.chats[0]) == len(other.chats[0]) == 9


REFUSED = {
    "le_contexts": ("robustness", {}, "each of its choices stands after a text of its own"),
    "le_ll": ("robustness", {}, "items of a loglikelihood task cannot be varied"),
    "le_roll": ("bias", {}, "items of a loglikelihood_rolling task cannot be varied"),
    "le_gen": ("ood", {}, r"no answer could be right to decline \(--check ood\)"),
    "le_mc": ("consistency", {}, "fewer than two solved examples"),
    "le_pick": ("robustness", {"doc_to_choice": "{{[q, a]}}", "doc_to_target": 1}, "choices are made of 'q'"),
    "le_begun": ("robustness", {"doc_to_text": "{{q}} {{a}}"}, "not clear which field.*a, q"),
}


@pytest.mark.parametrize(("name", "check", "changes", "why"), [(n, *rest) for n, rest in REFUSED.items()])
def test_what_cannot_be_varied_is_refused_by_name(
    tmp_path: Path, name: str, check: str, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(SuiteError, match=why) as refused:
        made(write_task(tmp_path, name, **changes), check)
    assert name in str(refused.value)


def test_the_field_can_be_declared(tmp_path: Path) -> None:
    metadata = {"rightsize": {"input": "q"}}
    path = write_task(tmp_path, "le_gen", doc_to_text="{{q}} {{label}}", metadata=metadata)
    assert "robustness-typos" in made(path, "robustness")[1]
