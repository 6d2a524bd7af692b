"""Classical methods: what they learn, what they fit, and what the user sees of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from rightsize.bench.candidates import baseline_candidates, expand_candidates
from rightsize.bench.run import examples_for, misfit
from rightsize.cli.common import SCHEMAS_DIR
from rightsize.domain import Answer, CandidateSettings, Item, SolvedExample, Suite, TaskType
from rightsize.engines.interface import ModelQuery, Session, TaskRules
from rightsize.engines.registry import engine_for, get_engine
from rightsize.errors import UsageError
from rightsize.machine import scan
from rightsize.settings import Settings
from rightsize.suites.loader import load_suite
from rightsize.suites.scorers import get_scorer
from rightsize.suites.solved import prompt_frame, solved_examples
from tests.real_suites import real_suite

LABELS = ("invoice", "delivery", "password")
WORDS = {
    "invoice": "bill amount charge pay",
    "delivery": "parcel courier late ship",
    "password": "login reset account lock",
}


def examples(*, per_label: int = 4, label: str | None = None) -> tuple[SolvedExample, ...]:
    found = []
    for name in [label] if label else LABELS:
        words = WORDS[name].split()
        found += [
            SolvedExample(f"Ticket: my {words[i % 4]} {words[(i + 1) % 4]} no {i}\nQueue:", name)
            for i in range(per_label)
        ]
    return tuple(found)


def suite(*items: Item, task_type: TaskType = TaskType.CHOICE, scorer: str = "choice") -> Suite:
    return Suite("toy", "toy", task_type, items, scorer, "accuracy", "sha", "CC0-1.0", "test")


def item(text: str, choices: tuple[str, ...] = LABELS, name: str = "i") -> Item:
    return Item(name, name, f"Ticket: {text}\nQueue:", "", choices)


def rules(*solved: SolvedExample, task_type: TaskType = TaskType.CHOICE) -> TaskRules:
    return TaskRules(task_type, examples=solved, frame=("Ticket: ", "\nQueue:"))


def opened(spec: str) -> Session:
    engine = engine_for(spec)
    (model,) = engine.models(ModelQuery((spec,)))
    return engine.open(model, CandidateSettings())


def ask(spec: str, text: str, task_rules: TaskRules) -> Answer:
    ((_, answer),) = opened(spec).answer([item(text)], task_rules)
    return answer


def test_the_majority_is_what_most_examples_have() -> None:
    solved = examples() + examples(label="delivery")
    answer = ask("baseline:majority", "my login is locked", rules(*solved))
    assert (answer.text, answer.choice) == ("delivery", 1)
    assert answer.confidence == pytest.approx(9 / 19), "Laplace: 8 + 1 of 16 + 3"


@pytest.mark.parametrize("spec", ["baseline:linear", "baseline:matching"])
@pytest.mark.parametrize(
    ("text", "label"), [("the courier is late", "delivery"), ("reset my login please", "password")]
)
def test_what_learns_from_examples_tells_their_labels_apart(spec: str, text: str, label: str) -> None:
    answer = ask(spec, text, rules(*examples()))
    assert answer.text == label and answer.choice is not None
    best = max(range(3), key=answer.choice_logprobs.__getitem__)
    assert best == answer.choice and 0 < (answer.confidence or 0) <= 1


def test_matching_without_examples_knows_the_labels_names() -> None:
    assert ask("baseline:matching", "I forgot my password!", rules()).text == "password"


def test_lead_takes_the_first_sentences() -> None:
    text = "Prices rose. Wages did not, said Dr. A! Then nothing happened.\n\nThe end."
    generate = rules(task_type=TaskType.GENERATE)
    assert ask("baseline:lead-1", text, generate).text == "Prices rose."
    assert ask("baseline:lead-2", text, generate).text.startswith("Prices rose. Wages did not")
    with pytest.raises(UsageError, match="baseline:lead-N"):
        engine_for("baseline:lead-x").models(ModelQuery(("baseline:lead-x",)))


INVOICES = (
    ("No: A-17\nFrom: Ada Byron\nSum EUR 1.204,50 for 3 chairs.", "A-17", "Ada Byron", 1204.5, "furniture"),
    ("No: B-204\nFrom: Max A Keller\nSum EUR 80 for 12 lamps.", "B-204", "Max A Keller", 80.0, "lighting"),
    ("No: C-9\nFrom: Eva Blum\nSum EUR 2 204.75 for 1 chairs.", "C-9", "Eva Blum", 2204.75, "furniture"),
    ("No: D-66\nFrom: Ito Kenji\nSum EUR 17,25 for 7 lamps.", "D-66", "Ito Kenji", 17.25, "lighting"),
)  # fmt: skip


def extract(text: str, *solved: SolvedExample) -> dict[str, object]:
    ((_, answer),) = opened("baseline:fields").answer(
        [Item("i", "i", text, "")], TaskRules(TaskType.GENERATE, examples=solved)
    )
    found: dict[str, object] = json.loads(answer.text)
    return found


def test_fields_are_found_by_what_stands_before_them_and_how_they_are_written() -> None:
    solved = [
        SolvedExample(text, json.dumps({"number": number, "sender": sender, "total": total, "kind": kind}))
        for text, number, sender, total, kind in INVOICES
    ]
    unseen = "No: Q-301\nFrom: Lea Grün\nSum EUR 3.310,20 for 2 lamps."
    assert extract(unseen, *solved) == {
        "number": "Q-301", "sender": "Lea Grün", "total": 3310.2, "kind": "lighting"
    }  # fmt: skip
    assert extract("Nothing of that.", *solved)["number"] is None


def test_lists_of_values_are_found_by_a_dictionary() -> None:
    solved = [
        SolvedExample(
            "play Nina Simone on friday", '{"slots": {"artist": ["Nina Simone"], "day": ["friday"]}}'
        ),
        SolvedExample("play something by Miles", '{"slots": {"artist": ["Miles"]}}'),
        SolvedExample("on friday we play", '{"slots": {"day": ["friday"]}}'),
    ]
    found = extract("miles, then nina simone; not on Friday", *solved)
    assert found == {"slots": {"artist": ["miles", "nina simone"], "day": ["Friday"]}}


def test_each_fits_its_own_tasks_only() -> None:
    fixed = suite(item("a", name="1"), item("b", name="2"))
    differing = suite(item("a", name="1"), item("b", ("yes", "no"), name="2"))
    summaries = suite(item("a", ()), task_type=TaskType.GENERATE, scorer="summary")
    solved = rules(*examples())

    def fits(spec: str, task: Suite, task_rules: TaskRules) -> bool:
        engine = engine_for(spec)
        (model,) = engine.models(ModelQuery((spec,)))
        return engine.misfit(model, task, task_rules) is None

    for spec in ("baseline:majority", "baseline:linear", "baseline:matching"):
        assert (
            fits(spec, fixed, solved)
            and not fits(spec, differing, solved)
            and not fits(spec, summaries, solved)
        )
    assert not fits("baseline:linear", fixed, rules(*examples(label="invoice"))), "one label teaches nothing"
    assert fits("baseline:matching", fixed, rules()) and not fits("baseline:majority", fixed, rules())
    assert fits("baseline:lead-3", summaries, rules()) and not fits("baseline:lead-3", fixed, solved)


def test_a_baseline_that_there_is_not_is_said_with_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"no baseline 'forest'.*baseline:majority, baseline:linear"):
        engine_for("baseline:forest")


def test_the_settings_of_models_do_not_make_two_of_one_baseline() -> None:
    machine = scan(with_bandwidth=False)
    named, implied = (
        expand_candidates(
            ["baseline:linear"], [], machine=machine, settings=Settings(threads=threads, constrain="json"),
            allow_requantize=False, notify=print,
        )
        for threads in (1, 2)
    )  # fmt: skip
    assert named == implied and named[0] in baseline_candidates()
    assert named[0].id == "baseline:linear"


# --- what they learn from ---------------------------------------------------------------------------------


def test_examples_are_those_of_the_few_shot_file_and_never_items() -> None:
    task = load_suite("classification")
    solved = solved_examples(task)
    assert len(solved) >= 20
    assert not {example.prompt for example in solved} & {each.prompt for each in task.items}
    begin, end = prompt_frame(task, solved)
    assert (begin, end) == ("Ticket: ", "\nQueue:")


def test_an_example_that_asks_what_an_item_asks_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "task: t\ndataset_path: json\ndataset_kwargs: {data_files: {test: test.jsonl, train: train.jsonl}}\n"
        "test_split: test\ntraining_split: train\noutput_type: multiple_choice\n"
        'doc_to_text: "Q: {{q}}"\ndoc_to_target: "{{a}}"\ndoc_to_choice: [yes it is, never]\n'
        "metadata: {rightsize: {scorer: choice}}\n"
    )
    (tmp_path / "test.jsonl").write_text('{"q": "one", "a": "never"}\n{"q": "two", "a": "never"}\n')
    (tmp_path / "train.jsonl").write_text('{"q": "one", "a": "never"}\n{"q": "three", "a": "yes it is"}\n')
    task = load_suite(tmp_path)
    assert solved_examples(task) == (SolvedExample("Q: three", "yes it is"),)


def test_examples_that_cannot_be_read_cost_the_learner_and_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "task: t\ndataset_path: json\ndataset_kwargs: {data_files: {test: test.jsonl, fewshot: gone.jsonl}}\n"
        "test_split: test\nfewshot_split: fewshot\noutput_type: multiple_choice\n"
        'doc_to_text: "Q: {{q}}"\ndoc_to_target: "{{a}}"\ndoc_to_choice: [yes it is, never]\n'
        "metadata: {rightsize: {scorer: choice}}\n"
    )
    (tmp_path / "test.jsonl").write_text('{"q": "one", "a": "never"}\n{"q": "two", "a": "never"}\n')
    task, linear = load_suite(tmp_path), baseline_candidates()[1]
    assert "gone.jsonl is missing" in (misfit(get_engine("baseline:linear"), linear, task) or "")
    assert examples_for(get_engine("baseline:linear"), task) == ()


def test_training_data_are_no_part_of_the_test(tmp_path: Path) -> None:
    text = (
        "task: t\ndataset_path: json\ndataset_kwargs: {data_files: {test: test.jsonl}}\ntest_split: test\n"
        'output_type: multiple_choice\ndoc_to_text: "Q: {{q}}"\ndoc_to_target: "{{a}}"\n'
        "doc_to_choice: [yes it is, never]\nmetadata: {rightsize: {scorer: choice%s}}\n"
    )
    (tmp_path / "test.jsonl").write_text('{"q": "one", "a": "never"}\n')
    (tmp_path / "t.yaml").write_text(text % "")
    without = load_suite(tmp_path)
    (tmp_path / "t.yaml").write_text(
        text % ", train_data: {file: none/t.csv, sha256: abc, origin: ['http://localhost:1/t.csv']}"
    )
    declared = load_suite(tmp_path)
    assert declared.sha256 == without.sha256, "results from before stay comparable"
    assert solved_examples(declared) == (), "not pulled: nothing is fetched for it"


# --- what the user sees -----------------------------------------------------------------------------------


def rightsize(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80"}
    command = [sys.executable, "-m", "rightsize", *args]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task that needs no model, measured with a script for a model and the usual baselines."""
    place = tmp_path_factory.mktemp("baselines")
    rows = [(f"my {WORDS[name].split()[i % 4]} again {i}", name) for i in range(70) for name in LABELS]
    lines = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
    (place / "rows.jsonl").write_text(lines)
    made = rightsize(
        "suites", "new", "easy", "--from", "rows.jsonl", "--input", "text", "--label", "label", cwd=place
    )
    assert made.returncode == 0, made.stderr
    (place / "model.json").write_text(json.dumps({"default": "invoice"}))
    done = rightsize("bench", "--task", "./easy", "--model", "mock:model.json", "--requests", "6", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "baseline:linear" in done.stdout and "baseline:majority" in done.stdout
    assert "lead" not in done.stdout, "what does not suit the task is not even named"
    return place


def test_when_a_baseline_will_do_that_is_said_first(place: Path) -> None:
    done = rightsize("recommend", "--task", "easy", "--min-accuracy", "60%", cwd=place)
    assert done.returncode == 0, done.stdout
    said = " ".join(done.stdout.split())
    assert "No model needed: baseline:" in said
    assert "No language model that was measured passes" in said
    document = json.loads(
        rightsize("recommend", "--task", "easy", "--min-accuracy", "60%", "--json", cwd=place).stdout
    )
    assert document["verdict"] == "PASS" and document["winner"] is None
    assert document["baseline"] in {"baseline:linear", "baseline:matching"}


def test_a_race_says_it_too(place: Path) -> None:
    asked = ("recommend", "--race", "--task", "./easy", "--model", "mock:model.json", "--min-accuracy", "60%")
    done = rightsize(*asked, "--store", "race.db", cwd=place)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "No model needed: baseline:" in said and "None of the 1 language models meets" in said
    assert "◀ no model" in done.stdout and max(map(len, done.stdout.splitlines())) <= 80
    document = json.loads(rightsize(*asked, "--store", "race.db", "--json", cwd=place).stdout)
    jsonschema.validate(document, json.loads((SCHEMAS_DIR / "recommend.schema.json").read_text()))
    assert document["verdict"] == "PASS" and document["winner"] is None
    assert document["baseline"] in {"baseline:linear", "baseline:matching"}
    assert document["race"]["items_asked"] == 0, "what was answered is kept"


def test_then_the_smallest_language_model_is_named(place: Path) -> None:
    done = rightsize("recommend", "--task", "easy", "--min-accuracy", "10%", cwd=place)
    said = " ".join(done.stdout.split())
    assert said.index("No model needed: baseline:") < said.index(
        "model is the smallest language model that passes"
    )
    report = rightsize("report", "--task", "easy", "--min-accuracy", "10%", "--out", "report", cwd=place)
    assert report.returncode == 0, report.stderr
    assert "No model needed" in (place / "report" / "index.html").read_text()


def test_their_cost_is_measured_like_anybodys(place: Path) -> None:
    lines = rightsize(
        "bench", "--task", "./easy", "--model", "baseline:linear", "--requests", "6", "--json", cwd=place
    )
    document = json.loads(lines.stdout)
    assert (document["reused"], document["cells"]) == (3, []), "named or not, it is the same candidate"
    again = rightsize(
        "bench",
        "--task",
        "./easy",
        "--model",
        "baseline:linear",
        "--requests",
        "6",
        "--force",
        "--json",
        cwd=place,
    )
    cells = {cell["candidate"]: cell for cell in json.loads(again.stdout)["cells"]}
    cell = cells["baseline:linear"]
    assert cell["metrics"]["latency_p50_ms"]["value"] > 0 and cell["metrics"]["memory_bytes"]["value"] > 0
    assert cell["metrics"]["size_bytes"]["value"] > 1000, "what it learnt, as bytes"
    assert "tokens" in cell["absent"]["decode_tokens_per_s"]
    assert "comes whole" in cell["absent"]["ttft_p50_ms"], "not that it scores choices"
    assert cell["facts"]["examples"] > 0


def test_what_is_named_but_does_not_fit_is_skipped_with_the_reason(place: Path) -> None:
    done = rightsize(
        "bench", "--task", "./easy", "--model", "baseline:lead-3", "--no-baselines", "--json", cwd=place
    )
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["status"] == "skipped" and "only ever a summary" in cell["reason"]


def test_no_baselines_leaves_them_out(place: Path) -> None:
    done = rightsize(
        "bench", "--task", "./easy", "--model", "mock:model.json", "--no-baselines", "--requests", "6",
        "--force", "--json", cwd=place,
    )  # fmt: skip
    assert [cell["candidate"] for cell in json.loads(done.stdout)["cells"]] == ["model"]


# --- Banking77 --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_linear_baseline_beats_what_language_models_get_on_banking77() -> None:
    task = real_suite("banking77")
    solved = solved_examples(task)
    if len(solved) < 9_000:
        pytest.skip("Banking77's training split is not here (rightsize suites pull banking77)")
    engine = get_engine("baseline:linear")
    learnt = TaskRules.of(task, solved, prompt_frame(task, solved))
    gold = {each.id: each.target for each in task.items}
    (model,) = engine.models(ModelQuery(("baseline:linear",)))
    answers = engine.open(model, CandidateSettings()).answer(task.items, learnt)
    right = sum(answer.text == gold[item_id] for item_id, answer in answers)
    assert right / len(gold) >= 0.89


@pytest.mark.slow
def test_patterns_learnt_from_the_training_split_of_snips_find_most_of_its_slots() -> None:
    """The split is what makes the difference: the suite has no few-shot examples to learn from."""
    task = real_suite("snips")
    solved = solved_examples(task)
    if not solved:
        pytest.skip("SNIPS' training split is not here (rightsize suites pull snips)")
    assert len(solved) > 13_000
    assert not {each.prompt for each in solved} & {each.prompt for each in task.items}
    engine, items = get_engine("baseline:fields"), task.items[::7]
    (model,) = engine.models(ModelQuery(("baseline:fields",)))
    scorer = get_scorer(task.scorer, task.scorer_args)
    learnt = TaskRules.of(task, solved, prompt_frame(task, solved))
    answers = dict(engine.open(model, CandidateSettings()).answer(items, learnt))
    scores = [scorer.score(each, answers[each.id]).score for each in items]
    assert sum(scores) / len(scores) > 0.75
