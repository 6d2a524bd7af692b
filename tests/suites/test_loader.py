from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from rightsize.domain import Answer, ItemOutcome, Message, Suite, TaskType
from rightsize.engines.conversation import as_asked
from rightsize.errors import SuiteError
from rightsize.paths import suite_data_dirs
from rightsize.suites.loader import list_suites, load_suite
from rightsize.suites.scorers import get_scorer

GENERATE = {
    "task": "mine",
    "dataset_kwargs": {"data_files": {"test": "test.jsonl", "shots": "shots.jsonl"}},
    "test_split": "test",
    "fewshot_split": "shots",
    "output_type": "generate_until",
    "doc_to_text": "Q: {{q}}\nA:",
    "doc_to_target": "a",
    "generation_kwargs": {"until": "\n", "max_gen_toks": 8},
    "metadata": {"rightsize": {"scorer": "json_fields", "score": "field_f1", "group": "g"}},
}
CHOICE = {
    "task": "pick",
    "dataset_kwargs": {"data_files": {"test": "test.jsonl"}},
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "q",
    "doc_to_target": "{{a}}",
    "doc_to_choice": ["red", "green"],
}
ROWS = [{"id": "x", "g": "t1", "q": "one?", "a": "{}"}, {"id": "y", "g": "t1", "q": "two?", "a": "{}"}]


def write(folder: Path, config: object, rows: object = ROWS) -> Path:
    path = folder / "mine.yaml"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)  # type: ignore[attr-defined]
    (folder / "test.jsonl").write_text(text)
    (folder / "shots.jsonl").write_text('{"q": "zero?", "a": "{}"}\n')
    return path


def with_keys(config: dict[str, object], **changes: object) -> dict[str, object]:
    return {key: value for key, value in {**config, **changes}.items() if value is not None}


def gold_outcomes(suite: Suite) -> list[ItemOutcome]:
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    judged = [(item, scorer.score(item, Answer(item.target))) for item in suite.items]
    return [ItemOutcome(i.id, i.group, s.score, s.valid, i.target, parts=s.parts) for i, s in judged]


def test_the_extraction_suite_is_large_grouped_and_its_gold_scores_one() -> None:
    suite = load_suite("extraction")
    assert len(suite.items) >= 500
    assert len({item.group for item in suite.items}) >= 100
    outcomes = gold_outcomes(suite)
    assert all(outcome.score == 1.0 for outcome in outcomes)
    figures = get_scorer(suite.scorer).corpus(outcomes)
    assert {figure.value for figure in figures.values()} == {1.0}


def test_the_snips_suite_reads_its_data_where_it_lies() -> None:
    if not any((folder / "extraction_slots/snips_validate.jsonl").is_file() for folder in suite_data_dirs()):
        pytest.skip("the SNIPS test set is not here (RIGHTSIZE_DATA or ../shared/data)")
    suite = load_suite("snips")
    assert len(suite.items) == 700
    assert json.loads(suite.items[0].target).keys() == {"intent", "slots"}
    assert all(outcome.score == 1.0 for outcome in gold_outcomes(suite))


def test_a_task_of_ones_own_loads_by_file_and_by_folder(tmp_path: Path) -> None:
    path = write(tmp_path, GENERATE)
    suite = load_suite(path)
    assert [item.prompt for item in suite.items] == ["Q: one?\nA:", "Q: two?\nA:"]
    assert [item.group for item in suite.items] == ["t1", "t1"]
    assert (suite.stop, suite.max_output_tokens, suite.task_type) == (("\n",), 8, TaskType.GENERATE)
    assert load_suite(tmp_path) == suite


def test_few_shot_examples_stand_before_every_question(tmp_path: Path) -> None:
    path = write(tmp_path, GENERATE)
    suite = load_suite(path, num_fewshot=1)
    assert suite.items[1].prompt == "Q: zero?\nA: {}\n\nQ: two?\nA:"
    assert suite.sha256 != load_suite(path).sha256
    with pytest.raises(SuiteError, match="few-shot file has 1 rows"):
        load_suite(path, num_fewshot=2)


def test_a_prompt_reads_as_a_conversation_as_lm_eval_has_it(tmp_path: Path) -> None:
    begun = with_keys(GENERATE, description="Say it.\n", gen_prefix="Well:", doc_to_text="Q: {{q}}")
    path = write(tmp_path, begun)
    suite = load_suite(path, num_fewshot=1)
    assert suite.items[0].prompt == "Say it.\nQ: zero? Well: {}\n\nQ: one? Well:"
    turns = [("system", "Say it.\n"), ("user", "Q: zero?"), ("assistant", "Well: {}"), ("user", "Q: one?")]
    assert suite.items[0].chats == (tuple(Message(*turn) for turn in [*turns, ("assistant", "Well:")]),)
    one = as_asked(suite.items[0], "one-turn").chats[0]
    assert [m.content for m in one] == ["Say it.\n", "Q: zero? Well: {}\n\nQ: one?", "Well:"]
    assert as_asked(suite.items[0], "none").chats == ()
    assert load_suite(write(tmp_path, GENERATE)).items[0].chats == ()  # just a question: one message


@pytest.mark.parametrize("shots", [0, 1])
@pytest.mark.parametrize("more", [{}, {"description": "Say it."}, {"gen_prefix": "Well: "}], ids=str)
def test_own_tasks_read_as_lm_eval_renders_them(tmp_path: Path, shots: int, more: dict[str, str]) -> None:
    pytest.importorskip("lm_eval")
    from rightsize.suites.lm_eval_loading import conversation_of, load_tasks

    path = write(tmp_path, with_keys(GENERATE, **more, num_fewshot=shots))
    (tmp_path / "shots.jsonl").write_text('{"id": "z", "g": "t0", "q": "zero?", "a": "{}"}\n')
    ours = load_suite(path)
    plain = with_keys(
        GENERATE, **more, num_fewshot=shots, task="theirs", metadata=None, dataset_path="json",
        dataset_kwargs={"data_files": {key: str(tmp_path / f"{key}.jsonl") for key in ("test", "shots")}},
        metric_list=[{"metric": "exact_match"}],
    )  # fmt: skip
    (tmp_path / "theirs.yaml").write_text(yaml.safe_dump(plain))
    theirs = load_tasks(str(tmp_path / "theirs.yaml"), trusted=False)["theirs"]
    for number, item in enumerate(ours.items):
        assert item.prompt == theirs.requests[number][0].args[0]
        chats = [conversation_of(request.args[0]) for request in theirs.chats.get(number, ())]
        assert list(item.chats) == chats


@pytest.mark.parametrize("target", ["green", 1, "1"])
def test_a_choice_target_is_a_text_or_an_index(tmp_path: Path, target: object) -> None:
    path = write(
        tmp_path,
        with_keys(CHOICE, metadata={"rightsize": {"scorer": "json_fields"}}),
        [{"q": "?", "a": target}],
    )
    (item,) = load_suite(path).items
    assert (item.id, item.choices, item.target, item.prompt) == ("pick-0", ("red", "green"), "green", "?")


@pytest.mark.parametrize("choices", ["{{[q, 'green']}}", "options", {"A": "red", "B": "green"}])
def test_choices_may_be_a_template_a_field_or_a_mapping(tmp_path: Path, choices: object) -> None:
    config = with_keys(CHOICE, doc_to_choice=choices, metadata={"rightsize": {"scorer": "json_fields"}})
    path = write(tmp_path, config, [{"q": "red", "options": ["red", "green"], "a": 0}])
    assert load_suite(path).items[0].choices == ("red", "green")


def test_the_hash_ignores_comments_and_sees_content(tmp_path: Path) -> None:
    path = write(tmp_path, GENERATE)
    before = load_suite(path).sha256
    path.write_text("# a remark\n" + path.read_text())
    assert load_suite(path).sha256 == before
    write(tmp_path, GENERATE, [*ROWS[:1], {**ROWS[1], "q": "2?"}])
    assert load_suite(path).sha256 != before


def test_unknown_names_get_the_nearest_suggested() -> None:
    assert {"extraction", "snips"} <= set(list_suites())
    with pytest.raises(SuiteError, match=r"unknown task 'extrction'\. Did you mean extraction"):
        load_suite("extrction")
    with pytest.raises(SuiteError, match=r"Bundled tasks: .*extraction"):
        load_suite("zzzz")


@pytest.mark.parametrize(
    ("config", "rows", "message"),
    [
        ("task: [1\nb: 2", ROWS, r"mine\.yaml:2: not valid YAML"),
        ("- 1", ROWS, "holds no mapping"),
        ("task: !!python/object/apply:os.getcwd []", ROWS, "not valid YAML"),
        (with_keys(GENERATE, task=None), ROWS, "'task' is missing"),
        (with_keys(GENERATE, output_type="loglikelihood"), ROWS, "'loglikelihood' is not one of"),
        (with_keys(GENERATE, metadata=None), ROWS, "names no scorer"),
        (with_keys(GENERATE, doc_to_text="{{nope}}"), ROWS, "doc_to_text cannot be rendered for row 'x'.*nope"),
        (with_keys(GENERATE, doc_to_text="{{q"), ROWS, "doc_to_text cannot be rendered"),
        (with_keys(GENERATE, doc_to_text="{{q.__class__.__mro__}}"), ROWS, "unsafe"),
        (with_keys(GENERATE, generation_kwargs={"max_gen_toks": 0}), ROWS, "max_gen_toks"),
        (with_keys(GENERATE, num_fewshot=-1), ROWS, "num_fewshot"),
        (with_keys(GENERATE, test_split="dev"), ROWS, "no data file for test_split: 'dev'"),
        (GENERATE, "", "holds no rows"),
        (GENERATE, '{"id": 1}\n{"id": \n', r"test\.jsonl:2: not valid JSON"),
        (GENERATE, "[1]\n", r"test\.jsonl:1: a row must be a JSON object"),
        (GENERATE, [ROWS[0], ROWS[0]], "'x' occurs twice"),
        (GENERATE, [{"id": "x", "q": "?", "a": "{}"}], "no field 'g'"),
        (with_keys(CHOICE, doc_to_choice=None), ROWS, "needs 'doc_to_choice'"),
        (
            with_keys(CHOICE, metadata={"rightsize": {"scorer": "json_fields"}}),
            ROWS,
            "'{}' of row 'x' is none of",
        ),
    ],
)
def test_what_is_malformed_is_said_with_its_place(
    tmp_path: Path, config: object, rows: object, message: str
) -> None:
    with pytest.raises(SuiteError, match=message):
        load_suite(write(tmp_path, config, rows))


def test_functions_are_never_run(tmp_path: Path) -> None:
    text = yaml.safe_dump(with_keys(GENERATE, metadata=None)) + "process_results: !function utils.boom\n"
    (tmp_path / "utils.py").write_text("raise SystemExit('ran')\n")
    with pytest.raises(SuiteError, match="scores by a !function, which rightsize does not run"):
        load_suite(write(tmp_path, text))


def test_a_missing_data_file_says_where_to_put_it(tmp_path: Path) -> None:
    path = write(tmp_path, GENERATE)
    (tmp_path / "test.jsonl").unlink()
    with pytest.raises(SuiteError, match=r"test\.jsonl is missing. Put it at"):
        load_suite(path)


def test_csv_rows_load_and_ragged_ones_are_refused(tmp_path: Path) -> None:
    config = with_keys(GENERATE, dataset_kwargs={"data_files": {"test": "test.csv"}}, fewshot_split=None)
    path = write(tmp_path, config)
    (tmp_path / "test.csv").write_text('q,a,g\n"one,\nor two?",{},t\n')
    assert load_suite(path).items[0].prompt == "Q: one,\nor two?\nA:"
    (tmp_path / "test.csv").write_text("q,a,g\nx,{},t\ny,{}\n")
    with pytest.raises(SuiteError, match=r"test\.csv:3: the number of columns"):
        load_suite(path)
