"""ONNX Runtime: tiny graphs with known answers, exports that answer as GGUF does, and broken files."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from rightsize.domain import Answer, CandidateSettings, Item, Model, Suite, TaskType
from rightsize.engines.interface import ModelQuery, Session, TaskRules
from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.engines.onnx.opening import open_session
from rightsize.engines.registry import engine_for, get_engine
from rightsize.errors import EngineError, ModelError, QuantizeError, UsageError
from rightsize.models.expand import embedded_family
from rightsize.suites.loader import load_suite
from tests.tiny_models import make_tiny_llama
from tests.tiny_onnx import make_classifier

MOODS = {"good": (0.0, 3.0), "great": (0.0, 5.0), "bad": (3.0, 0.0), "awful": (5.0, 0.0), "film": (0.1, 0.0)}
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
NAMES = {
    "anna": (0, 9, 0, 0, 0), "bell": (0, 0, 9, 0, 0), "paris": (0, 0, 0, 9, 0), "in": (9, 0, 0, 0, 0),
    "texas": (0, 0, 0, 0, 9), "met": (9, 0, 0, 0, 0),
}  # fmt: skip
SETTINGS = CandidateSettings(threads=1)
CHOICE = TaskRules(TaskType.CHOICE)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))


def found(spec: str | Path, *levels: str) -> list[Model]:
    return engine_for(str(spec)).models(ModelQuery((str(spec),), levels))


def opened(spec: str | Path, *levels: str, settings: CandidateSettings = SETTINGS) -> Session:
    model = found(spec, *levels)[0]
    return engine_for(str(spec)).open(model, settings)


def moods(folder: Path, **options: object) -> Path:
    return make_classifier(folder, MOODS, ("NEGATIVE", "POSITIVE"), **options)  # type: ignore[arg-type]


def names(folder: Path) -> Path:
    return make_classifier(folder, NAMES, TAGS, architecture="TinyForTokenClassification", pooled=False)


def item(
    text: str, choices: tuple[str, ...] = ("positive", "negative"), name: str = "i", target: str = ""
) -> Item:
    return Item(name, name, text, target, choices)


def suite(*items: Item, task_type: TaskType = TaskType.CHOICE) -> Suite:
    return Suite("toy", "toy", task_type, items, "choice", "accuracy", "sha", "CC0-1.0", "test")


def why_not(folder: Path, task: Suite) -> str | None:
    engine = get_engine("onnx")
    (model,) = engine.models(ModelQuery((str(folder),), ("FP32",)))
    return engine.misfit(model, task, TaskRules.of(task))


# --- text classifiers -------------------------------------------------------------------------------------


def test_a_classifier_answers_by_its_labels_whatever_their_order(tmp_path: Path) -> None:
    session = opened(moods(tmp_path / "moods"), "FP32")
    texts = {"a": "good film", "b": "awful film, bad film, good", "c": "great!"}
    items = [item(text, name=name) for name, text in texts.items()]
    answers = dict(session.answer(items, CHOICE))
    assert {name: answer.text for name, answer in answers.items()} == {
        "a": "positive", "b": "negative", "c": "positive"
    }  # fmt: skip
    assert answers["a"].choice == 0 and answers["b"].choice == 1, "the task's order, not the model's"
    assert answers["a"].confidence == pytest.approx(1 / (1 + 2.718281828 ** (0.1 - 3)), rel=1e-4)


def test_batches_by_length_answer_what_single_texts_do(tmp_path: Path) -> None:
    session = opened(moods(tmp_path / "moods"), "FP32")
    items = [item("good " * (n % 9) + "awful " * (n % 5) + "film", name=str(n)) for n in range(70)]
    together = dict(session.answer(items, CHOICE))
    for each in items:
        ((_, alone),) = session.answer([each], CHOICE)
        assert alone.choice_logprobs == pytest.approx(together[each.id].choice_logprobs)


def test_a_classifier_reads_the_question_without_the_tasks_instructions(tmp_path: Path) -> None:
    session = opened(moods(tmp_path / "moods"), "FP32")
    framed = replace(CHOICE, frame=("Is this awful or awful? ", "\nAnswer:"))
    ((_, answer),) = session.answer([item("Is this awful or awful? good\nAnswer:")], framed)
    assert answer.text == "positive"


def test_texts_that_are_too_long_are_said_and_not_cut(tmp_path: Path) -> None:
    session = opened(moods(tmp_path / "moods"), "FP32")
    assert session.rejections([item("good " * 17), item("good", name="j")], CHOICE) == {
        "i": "has 17 tokens, the model takes 16"
    }


def test_labels_that_are_not_the_tasks_are_mapped_only_as_said(tmp_path: Path) -> None:
    folder = moods(tmp_path / "moods")
    task = suite(item("good", ("like", "dislike")))
    said = why_not(folder, task)
    assert said == (
        "its labels (NEGATIVE, POSITIVE) lack 2 of the task's (like, dislike): say which is which in "
        "label_map.json beside the model, as {label: name in the task}"
    )
    (folder / "label_map.json").write_text('{"POSITIVE": "like", "NEGATIVE": "dislike"}')
    assert why_not(folder, task) is None
    ((_, answer),) = opened(folder, "FP32").answer(task.items, CHOICE)
    assert answer.text == "like"
    (folder / "label_map.json").write_text("[1]")
    assert "must hold a JSON object" in (why_not(folder, task) or "")


def test_what_a_classifier_cannot_do_is_known_before_it_is_loaded(tmp_path: Path) -> None:
    folder = moods(tmp_path / "moods")
    assert why_not(folder, suite(item("good"), item("bad", ("yes", "no"), name="j")))
    assert why_not(folder, suite(item("good", ()), task_type=TaskType.GENERATE))


# --- token classifiers ------------------------------------------------------------------------------------


def test_entities_are_copied_from_the_text(tmp_path: Path) -> None:
    folder = names(tmp_path / "names")
    (folder / "label_map.json").write_text('{"PER": "PERSON"}')
    generate = replace(CHOICE, task_type=TaskType.GENERATE, frame=("Text: ", "\nJSON:"))
    ((_, answer),) = opened(folder, "FP32").answer(
        [item("Text: Anna Bell met Anna in Paris  Texas\nJSON:", ())], generate
    )
    assert json.loads(answer.text) == {"PERSON": ["Anna Bell", "Anna"], "LOC": ["Paris  Texas"]}


def test_types_may_lie_deeper_in_the_answer(tmp_path: Path) -> None:
    folder = names(tmp_path / "names")
    task = suite(
        item("x", (), target='{"intent": "go", "slots": {"who": ["Anna"]}}'), task_type=TaskType.GENERATE
    )
    assert "none of its types (PER, LOC) is one of the task's (slots.who)" in (why_not(folder, task) or "")
    (folder / "label_map.json").write_text('{"PER": "slots.who"}')
    assert why_not(folder, task) is None
    ((_, answer),) = opened(folder, "FP32").answer(
        [item("anna", ())], replace(CHOICE, task_type=TaskType.GENERATE)
    )
    assert json.loads(answer.text) == {"slots": {"who": ["anna"]}}


# --- decoders ---------------------------------------------------------------------------------------------


def ask(session: Session, items: list[Item], rules: TaskRules) -> dict[str, Answer]:
    return dict(session.answer(items, rules))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_llama(tmp_path_factory.mktemp("tiny") / "tiny-F16.gguf", layers=2, context=128)


def test_an_export_generates_what_llama_cpp_does(tiny: Path) -> None:
    rules = TaskRules(TaskType.GENERATE, stop=("\x00",), max_output_tokens=12)
    items = [
        item(text, (), name) for name, text in (("a", "The theatre"), ("b", "in"), ("c", "Zürich 3 \n the er"))
    ]
    ours, theirs = ask(opened(f"onnx:{tiny}", "FP32"), items, rules), ask(opened(tiny, "F16"), items, rules)
    for name, answer in theirs.items():
        assert ours[name].text == answer.text and ours[name].finish_reason == answer.finish_reason
        assert ours[name].prompt_tokens == answer.prompt_tokens
        assert ours[name].confidence == pytest.approx(answer.confidence, rel=0.02)


@pytest.mark.parametrize("kind", [TaskType.CHOICE, TaskType.LOGLIKELIHOOD, TaskType.ROLLING])
def test_an_export_scores_what_llama_cpp_does(tiny: Path, kind: TaskType) -> None:
    choices = {TaskType.CHOICE: ("the end", "in", "theatre ticket", "er"), TaskType.LOGLIKELIHOOD: ("theatre",)}
    items = [
        item("Who is in the\n theatre? ", choices.get(kind, ()), "a"),
        item("in ", choices.get(kind, ()), "b"),
    ]
    ours = ask(opened(f"onnx:{tiny}", "FP32"), items, TaskRules(kind))
    theirs = ask(opened(tiny, "F16"), items, TaskRules(kind))
    for name, answer in theirs.items():
        assert ours[name].choice_logprobs == pytest.approx(answer.choice_logprobs, rel=2e-3)
        assert (ours[name].choice, ours[name].greedy) == (answer.choice, answer.greedy)


SCHEMA = '{"type": "object", "properties": {"in": {"enum": ["er", "the"]}}, "required": ["in"]}'


@pytest.mark.parametrize("constrain", ['root ::= "the " [a-c]+ "."', SCHEMA])
def test_a_constraint_allows_in_an_export_what_it_allows_in_llama_cpp(tiny: Path, constrain: str) -> None:
    rules = TaskRules(TaskType.GENERATE, max_output_tokens=24)
    items = [item(text, (), name) for name, text in (("a", "The theatre"), ("b", "in"), ("c", "Zürich"))]
    settings = CandidateSettings(threads=1, constrain=constrain)
    ours, theirs = (
        ask(opened(*which, settings=settings), items, rules)
        for which in ((f"onnx:{tiny}", "FP32"), (tiny, "F16"))
    )
    free = ask(opened(f"onnx:{tiny}", "FP32"), items, rules)
    for name, answer in theirs.items():
        assert ours[name].text == answer.text != free[name].text
        assert ours[name].confidence == pytest.approx(answer.confidence, rel=0.02)
        if constrain == SCHEMA:
            assert json.loads(ours[name].text)["in"] in {"er", "the"}
    broken = CandidateSettings(threads=1, constrain="root ::= nonsense")
    session = opened(f"onnx:{tiny}", "FP32", settings=broken)
    with pytest.raises(EngineError, match="cannot read the grammar"):
        ask(session, items, rules)


def test_a_constraint_reads_any_vocabulary_by_its_bytes(tmp_path: Path) -> None:
    """Words of SentencePiece, a byte twice, two ends, and logits for more tokens than the tokenizer has."""
    from rightsize.engines.onnx.constrain import OnnxGrammar

    pieces = [b"", b"yes", b" no", "ü".encode(), b"\xc3", b"\xbc", b"yes", b"", b"x"]
    words = SimpleNamespace(pieces=pieces, end_tokens=[0, 7])
    grammar = OnnxGrammar(words, 12, 'root ::= "yes" " no" "ü"')  # type: ignore[arg-type]
    state = grammar.begin()
    logits = np.arange(12, dtype=np.float32)  # the later a token, the likelier
    picked = [state.pick(logits, 11) for _ in range(5)]
    state.close()
    grammar.close()
    assert picked == [1, 2, 4, 5, 7]


def test_a_classifier_is_never_called_constrained_and_genai_refuses(tmp_path: Path) -> None:
    engine = get_engine("onnx")
    folder = names(tmp_path / "names")
    model = engine.models(ModelQuery((str(folder),)))[0]
    assert "constrain" not in engine.heeds(model)
    assert "constrain" in engine.heeds(replace(model, options={}))
    (folder / "genai_config.json").write_text("{}")
    with pytest.raises(EngineError, match=r"onnxruntime-genai, which is not held to --constrain"):
        open_session(OnnxFolder(folder), CandidateSettings(constrain="json"), "")


def test_heads_that_share_keys_and_values_are_exported(tmp_path: Path) -> None:
    path = make_tiny_llama(tmp_path / "gqa-F16.gguf", kv_heads=2, context=128)
    items = [item("Who is in the\n theatre?", ("the end", "in"), "a"), item("in", ("er", "the"), "b")]
    ours, theirs = (
        ask(opened(spec, level), items, CHOICE) for spec, level in ((f"onnx:{path}", "FP32"), (path, "F16"))
    )
    for name, answer in theirs.items():
        assert ours[name].choice_logprobs == pytest.approx(answer.choice_logprobs, rel=2e-3)


def test_requests_are_timed_token_by_token(tiny: Path) -> None:
    session = opened(f"onnx:{tiny}", "FP32")
    rules = TaskRules(TaskType.GENERATE, max_output_tokens=5)
    (timing,) = session.time_requests([item("the", ())], rules)
    assert (
        timing.ttft_ms
        and timing.latency_ms >= timing.ttft_ms
        and len(timing.itl_ms) == timing.output_tokens - 1
    )
    (choice,) = session.time_requests([item("the", ("in", "er"))], CHOICE)
    assert choice.ttft_ms is None and choice.latency_ms > 0
    assert all(speed > 0 for speed in session.prefill_tokens_per_s(32, 2))
    assert len(list(session.decode_tokens_per_s(8, 2))) == 2


def test_prompts_that_are_too_long_are_said(tiny: Path) -> None:
    rules = TaskRules(TaskType.GENERATE, max_output_tokens=100)
    reasons = opened(f"onnx:{tiny}", "FP32").rejections([item("x" * 60, ()), item("x", (), "j")], rules)
    assert reasons == {"i": "needs a context of 160 tokens, 128 are allowed"}


NASTY = (
    "", " ", "\n\n  x", "don't  I'LL\t\r\n 12.5€ ", "Łódź Überwerk 株式会社 🙂👍🏽 e\u0301", "<|end|> <eos>",
    "\u00a0nbsp\u2028line", "a\x00b\x7f", "ΑΒΓ ١٢٣ ½ ²",
)  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_the_exported_tokenizer_splits_as_llama_cpp_does(text: str) -> None:
    name = embedded_family()[0].stem
    ours, theirs = opened(f"onnx:{name}", "FP32"), opened(name, "F16")
    rules = TaskRules(TaskType.GENERATE, max_output_tokens=1)
    (mine,) = ask(ours, [item(text, ())], rules).values()
    (other,) = ask(theirs, [item(text, ())], rules).values()
    assert mine.prompt_tokens == other.prompt_tokens
    assert ours._encoder.prompt(item(text, ())) == theirs._encoder.prompt(item(text, ()))  # type: ignore[attr-defined]


def test_the_embedded_family_answers_alike_in_both_engines() -> None:
    name = embedded_family()[0].stem
    ours, theirs = opened(f"onnx:{name}", "FP32"), opened(name, "F16")
    alike = total = 0
    for task, count in (("classification", 60), ("extraction", 20), ("sql", 20)):
        loaded = load_suite(task)
        items, rules = list(loaded.items[:: len(loaded.items) // count])[:count], TaskRules.of(loaded)
        mine, other = ask(ours, items, rules), ask(theirs, items, rules)
        alike += sum(mine[each.id].text == other[each.id].text for each in items)
        total += len(items)
    assert alike / total >= 0.99


def test_only_what_can_be_carried_over_exactly_is_exported(tmp_path: Path) -> None:
    templated = make_tiny_llama(tmp_path / "none-F16.gguf", vocabulary=False)
    with pytest.raises(ModelError, match=r"cannot be exported to ONNX: .*tokenizer"):
        found(f"onnx:{templated}")


def test_a_chat_template_travels_along(tmp_path: Path) -> None:
    template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}[assistant]"
    path = make_tiny_llama(tmp_path / "chat-F16.gguf", chat_template=template)
    rules = TaskRules(TaskType.GENERATE, max_output_tokens=6)
    ours, theirs = opened(f"onnx:{path}", "FP32"), opened(path, "F16")
    assert ours.facts()["chat_template_sha256"] == theirs.facts()["chat_template_sha256"]
    assert ask(ours, [item("hi", ())], rules)["i"].text == ask(theirs, [item("hi", ())], rules)["i"].text


def _as_genai(source: Path, folder: Path) -> Path:
    """The same graph in the layout of onnxruntime-genai."""
    shutil.copytree(source, folder)
    config = json.loads((folder / "config.json").read_text())
    names = ("head_size", "hidden_size", "num_attention_heads", "num_key_value_heads", "num_hidden_layers")
    decoder = {name: config["head_dim" if name == "head_size" else name] for name in names} | {
        "session_options": {"provider_options": []},
        "filename": "model.onnx",
        "inputs": {name: name for name in ("input_ids", "attention_mask", "position_ids")}
        | {f"past_{part}_names": f"past_key_values.%d.{part}" for part in ("key", "value")},
        "outputs": {"logits": "logits"}
        | {f"present_{part}_names": f"present.%d.{part}" for part in ("key", "value")},
    }
    model = {f"{which}_token_id": config["eos_token_id"] for which in ("bos", "eos", "pad")} | {
        "type": "llama", "context_length": config["max_position_embeddings"],
        "vocab_size": config["vocab_size"], "decoder": decoder,
    }  # fmt: skip
    search = {"max_length": config["max_position_embeddings"], "past_present_share_buffer": False}
    (folder / "genai_config.json").write_text(json.dumps({"model": model, "search": search}))
    tokenizer = {"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|end|>", "bos_token": "<|end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    return folder


def test_the_layout_of_onnxruntime_genai_runs_through_that_package(tmp_path: Path) -> None:
    (whole,) = found(f"onnx:{embedded_family()[0].stem}", "FP32")
    folder = _as_genai(whole.file, tmp_path / "genai")
    task = load_suite("sql")
    assert (
        why_not_genai(folder, load_suite("classification"))
        == "onnxruntime-genai generates text and scores none"
    )
    (model,) = found(folder)
    if importlib.util.find_spec("onnxruntime_genai") is None:
        with pytest.raises(EngineError, match="pip install onnxruntime-genai"):
            get_engine("onnx").open(model, SETTINGS)
        pytest.skip("onnxruntime-genai is not installed: that it is missing was said in one line")
    items, rules = list(task.items[:8]), TaskRules.of(task)
    theirs, ours = opened(folder), opened(f"onnx:{embedded_family()[0].stem}", "FP32")
    assert {n: a.text for n, a in ask(theirs, items, rules).items()} == {
        n: a.text for n, a in ask(ours, items, rules).items()
    }
    (timing,) = theirs.time_requests(items[:1], rules)
    assert timing.ttft_ms and len(timing.itl_ms) == timing.output_tokens - 1


def why_not_genai(folder: Path, task: Suite) -> str | None:
    (model,) = found(folder)
    return get_engine("onnx").misfit(model, task, TaskRules.of(task))


# --- levels, names, providers -----------------------------------------------------------------------------


def test_levels_are_made_by_onnxruntimes_quantizer_once(tmp_path: Path) -> None:
    path = make_tiny_llama(tmp_path / "tiny-F16.gguf", width=128)
    whole, dynamic, four_bits = found(f"onnx:{path}")
    assert [model.quant for model in (whole, dynamic, four_bits)] == ["FP32", "INT8", "INT4"]
    assert (dynamic.size_bytes or 0) < (whole.size_bytes or 0) and (four_bits.size_bytes or 0) < (
        whole.size_bytes or 0
    )
    kinds = {node.op_type for node in onnx.load(dynamic.file / "model.onnx").graph.node}
    assert "MatMulInteger" in kinds or "DynamicQuantizeLinear" in kinds
    assert "MatMulNBits" in {node.op_type for node in onnx.load(four_bits.file / "model.onnx").graph.node}
    rules = TaskRules(TaskType.GENERATE, max_output_tokens=4)
    for model in (dynamic, four_bits):
        session = get_engine("onnx").open(model, SETTINGS)
        assert ask(session, [item("the", ())], rules)["i"].output_tokens > 0
    made = dynamic.file.stat().st_mtime_ns
    assert found(f"onnx:{path}", "INT8")[0].file.stat().st_mtime_ns == made, "cached"
    assert len({model.sha256 for model in (whole, dynamic, four_bits)}) == 3
    with pytest.raises(QuantizeError, match="cannot be made from it"):
        found(dynamic.file, "FP32")


def test_ids_tell_engines_apart() -> None:
    from rightsize.domain import Candidate

    (model,) = found(f"onnx:{embedded_family()[0].stem}", "FP32")
    assert model.embedded
    assert Candidate(model, "onnx").id == f"{embedded_family()[0].stem}:FP32@onnx"
    (again,) = found(model.spec, "FP32")
    assert again == model, "its spec names it again"


def test_an_execution_provider_can_be_chosen_of_those_that_are_there(tmp_path: Path) -> None:
    folder = moods(tmp_path / "moods")
    session = opened(f"onnx:{folder}#cpu", "FP32")
    assert session.facts()["provider"] == "CPUExecutionProvider"
    with pytest.raises(UsageError, match=r"no execution provider 'tpu' here.*cpu"):
        found(f"onnx:{folder}#tpu")


def test_names_that_stand_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        found(f"onnx:{tmp_path / 'absent'}")
    with pytest.raises(ModelError, match=r"holds no model.onnx"):
        found(f"onnx:{tmp_path}")


# --- what is broken costs one line and its own cell -------------------------------------------------------


def _external(folder: Path, location: str) -> None:
    graph = onnx.load(folder / "model.onnx")
    onnx.save(
        graph, folder / "model.onnx", save_as_external_data=True, location="weights.data", size_threshold=0
    )
    graph = onnx.load(folder / "model.onnx", load_external_data=False)
    for tensor in graph.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    onnx.save(graph, folder / "model.onnx")


def _labels(folder: Path, labels: dict[str, str]) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "id2label": labels}))


def _cut(folder: Path, length: int) -> None:
    graph = folder / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:length])


BREAK: dict[str, Callable[[Path], object]] = {
    "opset": lambda folder: moods(folder, opset=999),
    "no input_ids": lambda folder: moods(folder, inputs=("tokens", "attention_mask")),
    "an unknown input": lambda folder: moods(folder, inputs=("input_ids", "attention_mask", "pixels")),
    "no external data": lambda folder: _external(folder, "gone.data"),
    "external data elsewhere": lambda folder: _external(folder, "../../secret"),
    "cut short": lambda folder: _cut(folder, 60),
    "empty": lambda folder: _cut(folder, 0),
    "labels": lambda folder: _labels(folder, {"0": "NEGATIVE", "1": "POSITIVE", "2": "neutral"}),
    "label numbers": lambda folder: _labels(folder, {"0": "NEGATIVE", "7": "POSITIVE"}),
    "no tokenizer": lambda folder: (folder / "tokenizer.json").unlink(),
    "broken tokenizer": lambda folder: (folder / "tokenizer.json").write_text("{}"),
    "not JSON": lambda folder: (folder / "config.json").write_text("{"),
    "no cache": lambda folder: moods(folder, architecture="TinyForCausalLM"),
    "unknown architecture": lambda folder: moods(folder, architecture="TinyForImageSegmentation"),
}
BROKEN = {
    "opset": "is of opset 999; 7 to",
    "no input_ids": "has no input input_ids; its inputs are tokens, attention_mask",
    "an unknown input": "wants the input pixels, which nothing here can give",
    "no external data": "needs gone.data, which is not there",
    "external data elsewhere": "wants weights from outside its folder: ../../secret",
    "cut short": "is not an ONNX file, or is cut short",
    "empty": "holds no graph, or is cut short",
    "labels": "the graph scores 2 labels, config.json names 3",
    "label numbers": "id2label does not name the labels from 0 on",
    "no tokenizer": "tokenizer.json: there is no such file",
    "broken tokenizer": "tokenizer.json: cannot be read",
    "not JSON": "config.json: cannot be read",
    "no cache": "has no inputs past_key_values.*: it keeps no cache",
    "unknown architecture": "TinyForImageSegmentation: not one that can be run",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_folder_is_one_clear_line(tmp_path: Path, how: str) -> None:
    folder = moods(tmp_path / "broken")
    BREAK[how](folder)
    model = found(f"onnx:{folder}")[0]
    with pytest.raises(EngineError) as caught:
        list(get_engine("onnx").open(model, SETTINGS).answer([item("good")], CHOICE))
    assert BROKEN[how] in str(caught.value) and "\n" not in str(caught.value)


def rightsize(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80", "RIGHTSIZE_CACHE": str(cwd / "cache")}
    command = [sys.executable, "-m", "rightsize", *args]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_broken_files_cost_their_own_cells_and_engines_stand_in_one_table(tmp_path: Path) -> None:
    rows = [{"text": f"{word} film number {n}", "label": label} for n in range(40) for word, label in
            (("good", "positive"), ("awful", "negative"))]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = rightsize(
        "suites", "new", "mood", "--from", "rows.jsonl", "--input", "text", "--label", "label", cwd=tmp_path
    )
    assert made.returncode == 0, made.stderr
    moods(tmp_path / "moods")
    for how in ("no external data", "no input_ids"):
        BREAK[how](moods(tmp_path / how.replace(" ", "-")))
    make_classifier(tmp_path / "stars", MOODS, ("one", "five"))
    make_tiny_llama(tmp_path / "tiny-F16.gguf", layers=1)
    models = ("moods", "no-external-data", "no-input_ids", "stars", "tiny-F16.gguf", "onnx:tiny-F16.gguf")
    flags = [flag for name in models for flag in ("--model", name)]
    done = rightsize(
        "bench", "--task", "./mood", *flags, "--quant", "FP32,F16", "--no-baselines", "--limit", "10",
        "--requests", "6", "--repetitions", "1", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cells = {cell["candidate"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["moods:FP32@onnx"]["metrics"]["score"]["value"] == 1.0
    assert cells["moods:FP32@onnx"]["metrics"]["size_bytes"]["value"] > 0
    assert "needs gone.data" in cells["no-external-data:FP32@onnx"]["reason"]
    assert "has no input input_ids" in cells["no-input_ids:FP32@onnx"]["reason"]
    assert (
        cells["stars:FP32@onnx"]["status"] == "skipped"
        and "its labels (one, five)" in cells["stars:FP32@onnx"]["reason"]
    )
    scores = [cells[name]["metrics"]["score"]["value"] for name in ("tiny:F16", "tiny:FP32@onnx")]
    assert scores[0] == scores[1]
    report = rightsize("report", "--task", "mood", "--out", "report", cwd=tmp_path)
    assert report.returncode == 0, report.stderr
    page = (tmp_path / "report" / "index.html").read_text()
    assert "tiny:F16" in page and "tiny:FP32@onnx" in page
