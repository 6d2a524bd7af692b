"""lm-eval tasks as suites: the same prompts, the same scores as lm-eval's evaluator, no code untrusted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rightsize.domain import Answer, CandidateSettings, ItemOutcome, Suite, TaskType
from rightsize.engines.conversation import as_asked
from rightsize.engines.interface import TaskRules
from rightsize.errors import SuiteError
from rightsize.suites.lm_eval_tasks import open_suites
from rightsize.suites.scorers import get_scorer
from tests.suites.lm_eval_folder import ROWS, TASKS, write_folder, write_several, write_task
from tests.tiny_models import make_tiny_llama

pytestmark = pytest.mark.filterwarnings("ignore")

CHAT = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
ROUNDING = 2e-2  # F16 caches in batches of other sizes


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("tasks"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_llama(tmp_path_factory.mktemp("models") / "tiny.gguf", chat_template=CHAT)


def the(suites: list[Suite], name: str) -> Suite:
    return next(suite for suite in suites if suite.name == name)


# --- what a task becomes ------------------------------------------------------------------------------------


def test_each_kind_of_task_becomes_a_suite(folder: Path) -> None:
    kinds = {name: the(open_suites(folder / f"{name}.yaml"), name) for name in TASKS}
    assert {suite.task_type for suite in kinds.values()} == set(TaskType) - {TaskType.MIXED}
    assert {name: suite.score_name for name, suite in kinds.items()} == {
        "le_gen": "exact_match", "le_mc": "acc", "le_contexts": "acc", "le_mutual": "acc_mutual_info",
        "le_begun": "exact_match", "le_pick": "acc", "le_ll": "acc", "le_roll": "",
    }  # fmt: skip
    assert kinds["le_gen"].stop == ("\n",)
    assert kinds["le_gen"].max_output_tokens == 6
    assert kinds["le_mc"].items[2].choices == ("blue", "green", "red")
    assert kinds["le_mc"].items[2].target == "red"
    assert kinds["le_mc"].target_delimiter == " "
    assert kinds["le_mc"].items[0].contexts == ()
    assert kinds["le_contexts"].items[0].contexts == ("blue", "green", "the red")
    assert kinds["le_contexts"].items[0].choices == ("the sky is",) * 3
    assert kinds["le_mutual"].items[3].contexts == ("the other thing is",) * 2 + ("",) * 2
    assert kinds["le_ll"].items[0].choices == (" blue",)
    assert kinds["le_roll"].items[0].prompt == "the sky is blue"
    assert all(len(suite.items) == len(ROWS) for suite in kinds.values())


def test_a_group_and_a_folder_stand_for_their_tasks(folder: Path) -> None:
    assert [suite.name for suite in open_suites(folder / "le_group.yaml")] == ["le_gen", "le_mc"]
    assert {suite.name for suite in open_suites(folder)} == set(TASKS)


def test_the_hash_is_of_the_test_and_not_of_where_it_lies(folder: Path, tmp_path: Path) -> None:
    here, there = open_suites(folder / "le_gen.yaml"), open_suites(write_task(tmp_path, "le_gen"))
    assert here[0].sha256 == there[0].sha256
    (other,) = open_suites(write_task(tmp_path, "le_ll", doc_to_target=" {{a}}."))
    assert other.sha256 != the(open_suites(folder / "le_ll.yaml"), "le_ll").sha256


def test_prompts_are_those_of_lm_eval(folder: Path) -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(folder), include_defaults=False)
    for suite in open_suites(folder):
        task = _task(manager, suite.name, folder)
        task.set_config(key="num_fewshot", value=task.get_config("num_fewshot") or 0)
        task.set_fewshot_seed(seed=1234)
        task.build_all_requests()
        asked = dict.fromkeys((i.doc_id, i.args[0]) for i in task.instances)
        ours = [(n, text) for n, item in enumerate(suite.items) for text in item.contexts or (item.prompt,)]
        assert list(asked) == list(dict.fromkeys(ours))


@pytest.mark.parametrize("template", ["auto", "one-turn"])
def test_prompts_under_a_chat_template_are_those_of_lm_eval(folder: Path, model: Path, template: str) -> None:
    from lm_eval.tasks import TaskManager

    from rightsize.engines.llama_cpp.requests import Encoder
    from rightsize.engines.lm_eval_model import RightsizeLM

    theirs = RightsizeLM(pretrained=str(model), threads=1)
    style = theirs._session.chat_style()
    encoder = Encoder(theirs._session._model, style)
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    for suite in open_suites(folder):
        task = _task(manager, suite.name, folder)
        task.set_config(key="num_fewshot", value=task.get_config("num_fewshot") or 0)
        task.set_fewshot_seed(seed=1234)
        task.build_all_requests(
            apply_chat_template=True,
            fewshot_as_multiturn=template == "auto",
            chat_template=theirs.apply_chat_template,
        )
        rolling = suite.task_type is TaskType.ROLLING
        ours = []
        for item in suite.items:
            texts = (item.prompt,) if rolling else style.texts(as_asked(item, template))
            ours += [
                (item.doc["doc_id"], text) for text in texts * (1 if item.contexts else len(item.choices) or 1)
            ]
            if item.choices:
                # The very tokens too: where a context ends and what is scored.
                rules = TaskRules.of(suite)
                pairs = encoder.scoring(as_asked(item, template), rules, 512).pairs
                asked = [i for i in task.instances if i.doc_id == item.doc["doc_id"]]
                assert pairs == theirs_as_tokens(theirs, asked)
        assert [(i.doc_id, i.args[0]) for i in task.instances] == ours, suite.name
    assert style.texts(as_asked(the(open_suites(folder), "le_begun").items[0], template))[0].startswith(
        "<system>Name the colour of the sky is.\n<user>"
    )


def theirs_as_tokens(model: Any, instances: list[Any]) -> tuple[Any, ...]:
    """Context and continuation of lm-eval's own requests, as our model for lm-eval splits them."""
    from rightsize.domain import Item

    rules = TaskRules(TaskType.LOGLIKELIHOOD, target_delimiter="")
    encode = model._session._encoder.scoring
    items = [Item("x", "x", str(i.args[0]), "", (str(i.args[1]),)) for i in instances]
    return tuple(pair for item in items for pair in encode(item, rules, 512).pairs)


def _task(manager: Any, name: str, folder: Path) -> Any:
    from contextlib import chdir

    with chdir(folder):
        return manager.load([name])["tasks"][name]


def test_a_task_written_for_us_needs_no_lm_eval(tmp_path: Path) -> None:
    path = write_task(tmp_path, "le_mc", metadata={"rightsize": {"scorer": "choice"}})
    code = (
        "import sys; from rightsize.suites.lm_eval_tasks import open_suites\n"
        f"print(open_suites({str(path)!r})[0].scorer, open_suites('classification')[0].name)\n"
        "print('lm_eval' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["choice", "classification", "False"]


# --- scores -------------------------------------------------------------------------------------------------


def scored(suite: Suite, texts: list[str]) -> list[float]:
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    return [scorer.score(item, Answer(text)).score for item, text in zip(suite.items, texts, strict=True)]


def test_gold_scores_one_wrong_zero_and_unreadable_is_invalid(tmp_path: Path) -> None:
    words = [
        {
            "name": "word",
            "filter": [{"function": "regex", "regex_pattern": "([a-z]+)"}, {"function": "take_first"}],
        }
    ]
    (suite,) = open_suites(write_task(tmp_path, "le_gen", filter_list=words))
    assert scored(suite, [row["a"] for row in ROWS]) == [1.0] * len(ROWS)
    assert scored(suite, ["wrong"] * len(ROWS)) == [0.0] * len(ROWS)
    verdict = get_scorer(suite.scorer, suite.scorer_args).score(suite.items[0], Answer("123"))
    assert (verdict.score, verdict.valid) == (0.0, False)


def test_the_score_can_be_chosen(tmp_path: Path) -> None:
    metadata = {"rightsize": {"score": "exact_match,raw"}}
    (suite,) = open_suites(write_task(tmp_path, "le_gen", metadata=metadata))
    assert scored(suite, ["blue"] + ["x"] * 4) == [1.0, 0, 0, 0, 0]


def test_parts_survive_json_and_failed_items_count_as_wrong(folder: Path) -> None:
    suite = the(open_suites(folder), "le_mc")
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    verdict = scorer.score(suite.items[0], Answer("blue", choice=0, choice_logprobs=(-2.0, -2.1, -8.0)))
    assert json.loads(json.dumps(verdict.parts)) == {"acc,none": 1.0, "acc_norm,none": 0.0}
    seen = ItemOutcome("a", "a", 1.0, True, "blue", parts=verdict.parts)
    failed = ItemOutcome("b", "b", 0.0, False, "", error="too long")
    assert scorer.corpus([seen, failed])["acc"].value == 0.5


def test_an_answer_without_its_log_probabilities_is_the_items_failure(folder: Path) -> None:
    suite = the(open_suites(folder), "le_mc")
    with pytest.raises(ValueError, match="0 log-probabilities for 3 requests"):
        get_scorer(suite.scorer, suite.scorer_args).score(suite.items[0], Answer("blue"))


@pytest.mark.slow
@pytest.mark.parametrize("template", ["none", "auto", "one-turn"])
def test_scores_are_those_of_lm_evals_evaluator(folder: Path, model: Path, template: str) -> None:
    theirs = lm_eval_results(folder, model, chat=template != "none", turns=template == "auto")
    for suite in open_suites(folder):
        figures = measured_figures(suite, model, template)
        for name, value in figures.items():
            key = name if "," in name else f"{name},none"
            assert value == pytest.approx(theirs[suite.name][key], rel=ROUNDING), (suite.name, name)
    assert theirs["le_group"]["acc,none"] == theirs["le_mc"]["acc,none"]


# --- items that ask in several ways -------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["none", "auto"])
def test_items_that_ask_in_several_ways_score_as_in_lm_eval(tmp_path: Path, model: Path, template: str) -> None:
    (suite,) = open_suites(write_several(tmp_path), trusted=True)
    assert suite.task_type is TaskType.MIXED
    assert [request.kind for request in suite.items[0].requests] == [
        TaskType.GENERATE, TaskType.LOGLIKELIHOOD, TaskType.LOGLIKELIHOOD, TaskType.GENERATE, TaskType.ROLLING
    ]  # fmt: skip
    chat = template == "auto"
    theirs = lm_eval_results(tmp_path, model, chat=chat, turns=chat, tasks=["le_several"])["le_several"]
    figures = measured_figures(suite, model, template)
    for name in ("acc", "letters", "given", "greedy", "alone", "whole"):
        key = next(key for key in theirs if key.startswith(f"{name},"))
        ours = next(value for figure, value in figures.items() if figure.partition(",")[0] == name)
        assert ours == pytest.approx(theirs[key], rel=ROUNDING), name


def test_an_item_of_several_requests_goes_to_the_worker_and_back_and_is_timed_as_their_sum(
    tmp_path: Path, model: Path
) -> None:
    from dataclasses import asdict

    from rightsize.bench.protocol import _item, answer_from, in_frame, without_gold
    from rightsize.engines import mixed
    from rightsize.engines.llama_cpp.session import LlamaCppSession

    (suite,) = open_suites(write_several(tmp_path), trusted=True)
    sent = [_item(json.loads(json.dumps(asdict(without_gold(item))))) for item in suite.items]
    assert [item.requests for item in sent] == [item.requests for item in suite.items]
    assert in_frame(sent[0], "<{prompt}>").requests[3].prompt == f"<{sent[0].requests[3].prompt}>"
    session = LlamaCppSession(model, CandidateSettings(threads=1))
    timings = list(mixed.time_requests(session, sent[:2], TaskRules.of(suite)))
    answers = dict(mixed.answer(session, sent, TaskRules.of(suite)))
    long = replace(
        sent[0], requests=(replace(sent[0].requests[1], prompt="x" * 2000, chat=None), *sent[0].requests[1:])
    )
    rejected = mixed.rejections(session, [long, *sent[1:]], TaskRules.of(suite))
    session.close()
    assert len(timings) == 2
    assert all(timing.ttft_ms and timing.latency_ms > timing.ttft_ms for timing in timings)
    texts = [answers[sent[0].id].replies[at] for at in (0, 3)]
    assert timings[0].output_tokens == sum(t.output_tokens + (t.finish_reason == "eos") for t in texts)
    assert set(rejected) == {sent[0].id}
    assert "512" in rejected[sent[0].id]
    again = answer_from(json.loads(json.dumps(asdict(answers[sent[1].id]))))
    assert again == answers[sent[1].id]
    with pytest.raises(ValueError, match="4 replies for 5 requests"):
        scorer = get_scorer(suite.scorer, suite.scorer_args)
        scorer.score(suite.items[1], replace(again, replies=again.replies[:4]))


def measured_figures(suite: Suite, model: Path, template: str) -> dict[str, float]:
    """What ``rightsize bench`` does with a suite, without its worker."""
    from rightsize.engines import mixed
    from rightsize.engines.llama_cpp.session import LlamaCppSession

    session = LlamaCppSession(model, CandidateSettings(threads=1, chat_template=template))
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    asked = [as_asked(item, template) for item in suite.items]
    answers = dict(mixed.answer(session, asked, TaskRules.of(suite)))
    session.close()
    outcomes = []
    for item in suite.items:
        verdict = scorer.score(item, answers[item.id])
        outcomes.append(ItemOutcome(item.id, item.group, verdict.score, verdict.valid, "", parts=verdict.parts))
    return {name: figure.value for name, figure in scorer.corpus(outcomes).items()}


def lm_eval_results(
    folder: Path, model: Path, *, chat: bool, turns: bool, tasks: list[str] | None = None
) -> dict[str, dict[str, float]]:
    from contextlib import chdir

    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    import rightsize.engines.lm_eval_model  # noqa: F401 - registers the model

    with chdir(folder):
        results = simple_evaluate(
            model="rightsize",
            model_args={"pretrained": str(model), "threads": 1},
            tasks=tasks or ["le_group", *(set(TASKS) - {"le_gen", "le_mc"})],
            task_manager=TaskManager(include_path=str(folder), include_defaults=False),
            apply_chat_template=chat,
            fewshot_as_multiturn=turns,
            bootstrap_iters=0,
        )
    found: dict[str, dict[str, float]] = results["results"]
    return found


# --- what cannot be -----------------------------------------------------------------------------------------


def test_missing_data_says_where_to_put_it(tmp_path: Path) -> None:
    path = write_task(tmp_path, "le_ll")
    (tmp_path / "rows.jsonl").unlink()
    with pytest.raises(SuiteError, match=r"data is not on this machine.*beside its YAML"):
        open_suites(path)


def test_sampling_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = write_task(
        tmp_path, "le_gen", generation_kwargs={"until": ["\n"], "do_sample": True, "temperature": 0.7}
    )
    with pytest.raises(SuiteError, match=r"decodes greedily.*do_sample: false"):
        open_suites(path)


@pytest.mark.parametrize("name", ["./nothing.yaml", "folder/nothing"])
def test_a_path_that_is_not_there_indexes_nothing(name: str) -> None:
    with pytest.raises(SuiteError, match=f"no such (file|folder): {name}"):
        open_suites(name)


@pytest.mark.slow
def test_built_in_tasks_are_indexed_once_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rightsize.suites import lm_eval_index

    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path))
    lm_eval_index.packaged_index.cache_clear()
    with pytest.raises(SuiteError, match=r"unknown task 'helaswag'.*hellaswag"):
        open_suites("helaswag")
    first = dict(lm_eval_index.packaged_index())
    lm_eval_index.packaged_index.cache_clear()
    from lm_eval.tasks._index import TaskIndex

    monkeypatch.setattr(TaskIndex, "build", staticmethod(lambda paths: pytest.fail("again") if paths else {}))
    assert lm_eval_index.packaged_index() == {n: _without_config(e) for n, e in first.items()}
    with pytest.raises(SuiteError, match="hellaswag: its data is not on this machine"):
        open_suites("hellaswag")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", cached_openbookqa(tmp_path / "datasets"))
    (suite,) = open_suites("openbookqa")  # whose data is on the machine
    assert (suite.task_type, suite.score_name, suite.target_delimiter) == (TaskType.CHOICE, "acc", " ")
    assert [(item.prompt, item.choices, item.target) for item in suite.items] == [
        ("Grass is", ("red", "green"), "green"), ("Blood is", ("red", "green"), "red")
    ]  # fmt: skip
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    judged = [scorer.score(item, Answer("", choice_logprobs=(-2.0, -1.0))).score for item in suite.items]
    assert judged == [1.0, 0.0]
    lm_eval_index.packaged_index.cache_clear()


def cached_openbookqa(cache: Path) -> Path:
    """What the library leaves in its cache once this data set was fetched."""
    import datasets
    from datasets.arrow_writer import ArrowWriter

    def row(stem: str, right: str) -> dict[str, Any]:
        choices = {"text": ["red", "green"], "label": ["A", "B"]}
        return {"question_stem": stem, "choices": choices, "answerKey": right}

    rows = [row("Grass is", "B"), row("Blood is", "A")]
    folder = cache / "allenai___openbookqa" / "main" / "0.0.0" / "0123456789"
    folder.mkdir(parents=True)
    features = datasets.Dataset.from_list(rows).features
    splits = {}
    for split in ("train", "validation", "test"):
        with ArrowWriter(features=features, path=str(folder / f"openbookqa-{split}.arrow")) as writer:
            for each in rows:
                writer.write(each)
            writer.finalize()
        splits[split] = {"name": split, "num_examples": len(rows), "dataset_name": "openbookqa"}
    known = {"builder_name": "parquet", "dataset_name": "openbookqa", "config_name": "main"}
    datasets.DatasetInfo(features=features, splits=splits, version="0.0.0", **known).write_to_directory(
        str(folder)
    )
    return cache


def _without_config(entry: Any) -> Any:
    return replace(entry, cfg=None)


# --- trust --------------------------------------------------------------------------------------------------


def canary(folder: Path) -> Path:
    """A module that leaves a trace when it is imported."""
    trace = folder / "ran"
    (folder / "evil.py").write_text(f"open({str(trace)!r}, 'w')\ndef text(*a, **k): return 'x'\n")
    return trace


def with_function(path: Path, key: str) -> Path:
    path.write_text(path.read_text() + f"\n{key}: !function evil.text\n")
    return path


@pytest.mark.parametrize(
    "key", ["process_docs", "process_results", "doc_to_decontamination_query", "custom_dataset"]
)
def test_functions_are_refused_and_never_imported(tmp_path: Path, key: str) -> None:
    trace = canary(tmp_path)
    with pytest.raises(SuiteError, match=r"refused.*--trust-suite"):
        open_suites(with_function(write_task(tmp_path, "le_ll"), key))
    assert not trace.exists()


def test_a_function_in_an_included_file_or_a_groups_member_is_refused_too(tmp_path: Path) -> None:
    trace = canary(tmp_path)
    with_function(write_task(tmp_path, "le_ll"), "process_docs")
    (tmp_path / "top.yaml").write_text("include: le_ll.yaml\ntask: top\n")
    (tmp_path / "group.yaml").write_text("group: g\ntask: [le_ll]\n")
    for name in ("top.yaml", "group.yaml"):
        with pytest.raises(SuiteError, match="refused"):
            open_suites(tmp_path / name)
    with pytest.raises(SuiteError, match="refused"):
        open_suites(tmp_path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "hidden",
    [
        "metadata: {? !function evil.text : 1}",
        "metadata: !!set {? !function evil.text}",
        "metadata: !!omap [x: !function evil.text]",
        "metadata: !<!function> evil.text",
        "metadata: {x: [{y: !function evil.text}]}",
    ],
)
def test_functions_are_found_wherever_they_hide(tmp_path: Path, hidden: str) -> None:
    trace = canary(tmp_path)
    path = write_task(tmp_path, "le_ll")
    path.write_text(path.read_text() + hidden + "\n")
    with pytest.raises(SuiteError):
        open_suites(path)
    assert not trace.exists()


def test_an_include_is_checked_where_a_link_leads(tmp_path: Path) -> None:
    real, seen = tmp_path / "real", tmp_path / "seen"
    real.mkdir()
    seen.mkdir()
    trace = canary(real)
    with_function(write_task(real, "le_ll"), "process_docs")
    (real / "top.yaml").write_text("include: le_ll.yaml\ntask: top\n")
    write_task(seen, "le_ll")
    (seen / "top.yaml").symlink_to(real / "top.yaml")
    with pytest.raises(SuiteError, match="refused"):
        open_suites(seen / "top.yaml")
    assert not trace.exists()


REFUSED = {
    "a task class": {"class": "evil.Task"},
    "a prompt library": {"use_prompt": "promptsource:x"},
    "a custom filter": {"filter_list": [{"name": "x", "filter": [{"function": "custom", "filter_fn": "x"}]}]},
    "a loader that unpickles": {"dataset_path": "pandas"},
    "a local data script": {"dataset_path": "./evil.py"},
    "hub code": {"dataset_kwargs": {"data_files": {"test": "rows.jsonl"}, "trust_remote_code": True}},
    "another cache": {"dataset_kwargs": {"data_files": {"test": "rows.jsonl"}, "cache_dir": "elsewhere"}},
    "a hub metric": {"metric_list": [{"metric": "acc", "hf_evaluate": True}]},
    "an unknown metric": {"metric_list": [{"metric": "./evil"}]},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_what_would_import_code_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(SuiteError, match=r"which is refused.*--trust-suite"):
        open_suites(write_task(tmp_path, "le_ll", **changes))


def test_a_groups_settings_for_its_members_are_checked(tmp_path: Path) -> None:
    write_task(tmp_path, "le_ll")
    (tmp_path / "group.yaml").write_text("group: g\ntask: [{task: le_ll, dataset_path: pandas}]\n")
    with pytest.raises(SuiteError, match="pandas"):
        open_suites(tmp_path / "group.yaml")
    (tmp_path / "group.yaml").write_text("group: g\ntask: [{task: niah_single_1, metadata: {tokenizer: x}}]\n")
    with pytest.raises(SuiteError, match="metadata, which is refused"):
        open_suites(tmp_path / "group.yaml")


@pytest.mark.parametrize("key", ["doc_to_text", "doc_to_target", "description", "gen_prefix"])
@pytest.mark.parametrize(
    "template", ["{{ ''.__class__ }}", "{{ q.__class__.__mro__ }}", "{{ cycler.__init__.__globals__ }}"]
)
def test_hostile_templates_are_refused_unless_trusted(tmp_path: Path, key: str, template: str) -> None:
    path = write_task(tmp_path, "le_gen", **{key: template})
    with pytest.raises(SuiteError, match="unsafe"):
        open_suites(path)
    assert open_suites(path, trusted=True)


def test_hostile_targets_are_refused_while_scoring_too(tmp_path: Path) -> None:
    from jinja2.exceptions import SecurityError

    target = "{% if q == 'the sky is' %}blue{% else %}{{ q }}{% endif %}"
    (suite,) = open_suites(write_task(tmp_path, "le_gen", doc_to_target=target, num_fewshot=0))
    scorer: Any = get_scorer(suite.scorer, suite.scorer_args)
    scorer._task.config.doc_to_target = "{{ ''.__class__ }}"
    with pytest.raises(SecurityError):
        scorer.score(suite.items[0], Answer("x"))


def test_a_trusted_suite_runs_its_functions(tmp_path: Path) -> None:
    trace = canary(tmp_path)
    (tmp_path / "evil.py").write_text(
        (tmp_path / "evil.py").read_text() + "def text(doc, results): return {'acc': 0.25, 'perplexity': 1.0}\n"
    )
    (suite,) = open_suites(with_function(write_task(tmp_path, "le_ll"), "process_results"), trusted=True)
    assert trace.exists()
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    assert scorer.score(suite.items[0], Answer("", choice_logprobs=(-1.0,), greedy=True)).score == 0.25


def test_a_value_outside_zero_to_one_is_no_score(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def judge(doc, results): return {'acc': 37.0}\n")
    path = write_task(tmp_path, "le_ll")
    path.write_text(path.read_text() + "\nprocess_results: !function own.judge\n")
    (suite,) = open_suites(path, trusted=True)
    verdict = get_scorer(suite.scorer, suite.scorer_args).score(
        suite.items[0], Answer("", choice_logprobs=(-1.0,))
    )
    assert (verdict.score, verdict.error) == (0.0, "acc is 37.0, which is no score in [0, 1]")


def test_what_only_makes_a_corpus_figure_is_no_score_but_is_reported(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "def judge(doc, results): return {'f1': (doc['a'], results[0])}\n"
        "def share(pairs): return sum(a == b for a, b in pairs) / len(pairs)\n"
    )
    path = write_task(tmp_path, "le_gen", metric_list=None, filter_list=None)
    metric = "metric_list: [{metric: f1, aggregation: !function own.share, higher_is_better: true}]"
    path.write_text(
        path.read_text().replace("metric_list: null", metric) + "\nprocess_results: !function own.judge\n"
    )
    (suite,) = open_suites(path, trusted=True)
    assert suite.score_name == ""
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    outcomes = []
    for item, text in zip(suite.items, ["blue", "no", "red", "no", "inner"], strict=True):
        verdict = scorer.score(item, Answer(text))
        assert verdict.error is None
        outcomes.append(ItemOutcome(item.id, item.group, verdict.score, True, text, parts=verdict.parts))
    assert scorer.corpus(outcomes)["f1"].value == pytest.approx(3 / 5)


@pytest.fixture(autouse=True)
def nothing_stays_patched() -> Iterator[None]:
    yield
    if "lm_eval.utils" in sys.modules:
        from jinja2.sandbox import SandboxedEnvironment

        assert not isinstance(sys.modules["lm_eval.utils"].env, SandboxedEnvironment)
