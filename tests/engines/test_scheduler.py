"""Batched over a shared prefix or one at a time without sharing: the same answers, on every kind of memory."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rightsize.domain import Answer, CandidateSettings, Item, TaskType
from rightsize.engines.interface import TaskRules
from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.context import Context
from rightsize.engines.llama_cpp.requests import rolling_windows
from rightsize.engines.llama_cpp.rows import Rows
from rightsize.engines.llama_cpp.session import LlamaCppSession
from rightsize.errors import EngineError
from tests.tiny_architectures import ARCHITECTURES
from tests.tiny_models import make_tiny_llama

GENERATE = TaskRules(TaskType.GENERATE, stop=("\n",), max_output_tokens=16)
CHOOSE = TaskRules(TaskType.CHOICE)
LIKELIHOOD = TaskRules(TaskType.LOGLIKELIHOOD)
ROLLING = TaskRules(TaskType.ROLLING)
SETTINGS = CandidateSettings(threads=1)
# Of sums over some twenty tokens of F16 weights: processors round several rows unlike a single one.
HALF_PRECISION = 3e-3
INSTRUCTION = (
    "the thing over there is an instruction that every question has before it, longer than a window. " * 2
)
LABELS = (
    "the",
    "the thin",
    "the thin thing",
    "internet",
    "inter",
    "other",
    "in",
    "zero and more than a window of text",
)


@pytest.fixture(scope="module", params=["attention", *ARCHITECTURES])
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LlamaCppSession:
    path = tmp_path_factory.mktemp("models") / f"{request.param}.gguf"
    return LlamaCppSession(ARCHITECTURES.get(request.param, make_tiny_llama)(path), SETTINGS)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_llama(tmp_path_factory.mktemp("models") / "tiny.gguf")


def questions(count: int, *, choices: Sequence[str] = ()) -> list[Item]:
    texts = [f"{INSTRUCTION}question {i * 7919 % 61} {'and more ' * (i % 4)}is" for i in range(count)]
    return [Item(f"q{i}", "g", text, "", tuple(choices)) for i, text in enumerate(texts)]


def alone(session: LlamaCppSession, items: Sequence[Item], rules: TaskRules) -> dict[str, Answer]:
    return {item.id: answer for item in items for _, answer in session.answer([item], rules)}


def log_probability(session: LlamaCppSession, tokens: Sequence[int], scored: int) -> tuple[float, bool]:
    """The reference: the whole text as one sequence on a fresh cache, one token at a time."""
    total, greedy, batch = 0.0, True, TokenBatch(1)
    with Context(session._model, tokens=512, threads=1) as context:
        for position, token in enumerate(tokens):
            if position >= len(tokens) - scored:
                rows = Rows.of(context.rows(1))
                total += rows.log_probability(0, token)
                greedy &= int(rows.logits[0].argmax()) == token
            if position == len(tokens) - 1:
                return total, greedy
            batch.clear()
            batch.add((token,), position, 0, rows=1)
            context.decode(batch)
    raise AssertionError("nothing was to be scored")


def test_generated_answers_are_those_of_one_at_a_time(session: LlamaCppSession) -> None:
    items = questions(40)
    together = dict(session.answer(items, GENERATE))
    assert session.last_run is not None
    plan, stats, _ = session.last_run
    assert plan.unified  # shared, so that this compares sharing with not sharing
    separately = alone(session, items, GENERATE)
    assert set(together) == {item.id for item in items}
    assert sum(together[i].text == separately[i].text for i in together) >= 39  # ties may flip one
    assert all(0 < answer.confidence <= 1 for answer in together.values() if answer.confidence is not None)
    prompts = sum(answer.prompt_tokens for answer in together.values())
    generated = sum(answer.output_tokens for answer in together.values())
    assert stats.decoded_tokens - generated < prompts / 4


def test_prompts_that_share_nothing_get_caches_of_their_own(session: LlamaCppSession) -> None:
    items = [Item(f"q{i}", "g", f"{chr(97 + i)} question {i} on its own, " * 5, "") for i in range(20)]
    together = dict(session.answer(items, GENERATE))
    assert session.last_run is not None
    assert not session.last_run[0].unified
    separately = alone(session, items, GENERATE)
    assert sum(together[i].text == separately[i].text for i in together) >= 19


def test_a_finished_sequence_gives_its_slot_to_the_next_at_once(tiny: Path) -> None:
    """Two slots are busy to the end: no answer waits for a longer one that began beside it."""
    session = LlamaCppSession(tiny, SETTINGS, slots=2)
    rules = TaskRules(TaskType.GENERATE, stop=("e", "k"), max_output_tokens=40)
    answers = dict(session.answer(questions(24), rules))
    assert session.last_run is not None
    plan, stats, _ = session.last_run
    assert plan.slots == 2
    steps = [answer.output_tokens + (answer.finish_reason == "eos") for answer in answers.values()]
    in_waves = sum(max(pair) for pair in zip(steps[::2], steps[1::2], strict=True))
    at_once = (sum(steps) + max(steps)) / 2 + 3  # the instruction, and what the last answer runs alone
    assert in_waves > at_once, "these answers are too alike to tell"
    assert stats.steps <= at_once


def test_choices_scored_as_a_tree_equal_each_scored_alone(session: LlamaCppSession) -> None:
    items = questions(12, choices=LABELS)
    for item_id, answer in session.answer(items, CHOOSE):
        item = next(item for item in items if item.id == item_id)
        pairs = session._scoring(item, CHOOSE).pairs
        reference = (
            [log_probability(session, a + b, len(b))[0] for a, b in pairs] if item_id in {"q0", "q7"} else None
        )
        if reference:
            assert answer.choice_logprobs == pytest.approx(reference, rel=HALF_PRECISION, abs=5e-2)
        assert answer.choice_logprobs == pytest.approx(
            alone(session, [item], CHOOSE)[item_id].choice_logprobs, rel=HALF_PRECISION, abs=5e-2
        )
        assert answer.text == LABELS[int(np.argmax(answer.choice_logprobs))]


def test_many_labels_cost_about_their_distinct_tokens(tiny: Path) -> None:
    labels = tuple(f"the inner thing {i}" for i in range(77))
    items = questions(5, choices=labels)
    session = LlamaCppSession(tiny, SETTINGS)
    assert len(list(session.answer(items, CHOOSE))) == 5
    assert session.last_run is not None
    whole_prompts = sum(session._scoring(item, CHOOSE).longest for item in items) * 77
    assert session.last_run[1].decoded_tokens < whole_prompts / 30


def test_more_choices_than_sequences_are_scored(tiny: Path) -> None:
    labels = tuple(f"{chr(97 + i % 26)}{chr(97 + i // 26)} label" for i in range(400))
    session = LlamaCppSession(tiny, SETTINGS)
    (answer,) = alone(session, [Item("a", "g", "which? ", "", labels)], CHOOSE).values()
    assert len(answer.choice_logprobs) == 400
    assert all(value < 0 for value in answer.choice_logprobs)


def test_likelihood_tells_whether_greedy_decoding_would_say_the_same(session: LlamaCppSession) -> None:
    item = questions(1)[0]
    said = dict(session.answer([item], TaskRules(TaskType.GENERATE, (), 4)))["q0"].text
    items = [Item("said", "g", item.prompt, "", (said,)), Item("other", "g", item.prompt, "", (" zebra",))]
    answers = dict(session.answer(items, LIKELIHOOD))
    for candidate in items:
        ((context, continuation),) = session._scoring(candidate, LIKELIHOOD).pairs
        value, greedy = log_probability(session, context + continuation, len(continuation))
        assert answers[candidate.id].choice_logprobs == pytest.approx((value,), rel=HALF_PRECISION, abs=5e-2)
        assert answers[candidate.id].greedy is greedy
    assert not answers["other"].greedy


def test_rolling_likelihood_predicts_every_token_once(session: LlamaCppSession) -> None:
    text = "there is the thin thing over there; " * 40  # longer than the context of 512
    answer = dict(session.answer([Item("a", "g", text, "")], ROLLING))["a"]
    pairs = session._scoring(Item("a", "g", text, ""), ROLLING).pairs
    assert len(pairs) > 1
    expected = sum(log_probability(session, context + window, len(window))[0] for context, window in pairs)
    assert answer.choice_logprobs == pytest.approx((expected,), rel=1e-2)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 16, 17, 40])
def test_rolling_windows_are_those_of_lm_eval(length: int) -> None:
    utils = pytest.importorskip("lm_eval.utils")
    tokens = list(range(100, 100 + length))
    windows = utils.get_rolling_token_windows(tokens, prefix_token=1, max_seq_len=8, context_len=1)
    theirs = [tuple(map(tuple, utils.make_disjoint_window(window))) for window in windows]
    assert list(rolling_windows(tuple(tokens), 1, 8)) == theirs


def test_equal_prompts_and_equal_ids_are_each_answered(tiny: Path) -> None:
    session = LlamaCppSession(tiny, SETTINGS)
    items = [
        Item("same", "g", "there is", ""),
        Item("same", "g", "there is", ""),
        Item("same", "g", "the thin", ""),
    ]
    assert [item_id for item_id, _ in session.answer(items, GENERATE)] == ["same"] * 3


@pytest.mark.parametrize("prompt", ["", "   ", "\udcff\udcfe broken", "\ud800 lone", "nul \x00 inside", "é😀"])
@pytest.mark.parametrize("rules", [GENERATE, CHOOSE, LIKELIHOOD, ROLLING])
def test_odd_prompts_are_answered(tiny: Path, prompt: str, rules: TaskRules) -> None:
    session = LlamaCppSession(tiny, SETTINGS)
    item = Item("odd", "g", prompt, "", ("the", "") if rules is CHOOSE else ("the",))
    assert session.rejections([item], rules) == {}
    (answer,) = alone(session, [item], rules).values()
    assert all(math.isfinite(value) for value in answer.choice_logprobs)


def test_a_file_without_a_tokenizer_rejects_its_items(tmp_path: Path) -> None:
    session = LlamaCppSession(make_tiny_llama(tmp_path / "mute.gguf", vocabulary=False), SETTINGS)
    assert set(session.rejections(questions(2), GENERATE).values()) == {"the model file has no tokenizer"}
    assert len(list(session.decode_tokens_per_s(4, 1))) == 1


@pytest.mark.parametrize("rules", [GENERATE, CHOOSE, LIKELIHOOD])
def test_a_prompt_longer_than_the_context_is_rejected(tiny: Path, rules: TaskRules) -> None:
    session = LlamaCppSession(tiny, SETTINGS)
    items = [Item("long", "g", "word " * 300, "", ("the",)), Item("short", "g", "word", "", ("the",))]
    reasons = session.rejections(items, rules)
    assert set(reasons) == {"long"}
    assert "512 are allowed" in reasons["long"]


@pytest.mark.parametrize("rules", [GENERATE, CHOOSE])
def test_the_cache_stays_within_its_budget(tiny: Path, rules: TaskRules) -> None:
    budget = 300 << 10  # 512 bytes a cell: 600 cells, two steps of 256
    session = LlamaCppSession(tiny, SETTINGS, kv_budget_bytes=budget)
    items = questions(40, choices=LABELS)
    assert len(dict(session.answer(items, rules))) == 40
    assert session.last_run is not None
    plan, stats, buffers = session.last_run
    assert stats.cells_peak <= plan.cells == 512
    assert buffers["KV"] <= budget


def test_an_item_that_exceeds_the_budget_is_rejected(tiny: Path) -> None:
    session = LlamaCppSession(tiny, SETTINGS, kv_budget_bytes=150 << 10)
    reasons = session.rejections([Item("long", "g", "x" * 400, "")], GENERATE)
    assert "budget" in reasons["long"]


PROPERTIES = {"a": {"type": "integer"}, "b": {"enum": ["x", "yy"]}}
SCHEMA = json.dumps({"type": "object", "properties": PROPERTIES, "required": ["a", "b"]})
GRAMMAR = 'root ::= "yes" | "no"'


def constrained(tiny: Path, constrain: str) -> list[str]:
    session = LlamaCppSession(tiny, CandidateSettings(threads=1, constrain=constrain))
    rules = TaskRules(TaskType.GENERATE, (), 60)
    list(session.time_requests(questions(1), rules))
    answers = [answer for _, answer in session.answer(questions(6), rules)]
    session.close()
    return [answer.text for answer in answers if answer.finish_reason == "eos"]


def test_a_grammar_leaves_only_what_it_allows(tiny: Path) -> None:
    answers = constrained(tiny, GRAMMAR)
    assert len(answers) == 6
    assert set(answers) <= {"yes", "no"}


def test_a_schema_gives_json_that_follows_it(tiny: Path) -> None:
    for text in constrained(tiny, SCHEMA):
        value = json.loads(text)
        assert isinstance(value["a"], int)
        assert value["b"] in {"x", "yy"}


def test_any_json_parses(tiny: Path) -> None:
    for text in constrained(tiny, "json"):
        json.loads(text)


@pytest.mark.parametrize(
    "constrain", ["{not a schema", '{"$ref": "https://example.org/s.json"}', "root ::= nonsense"]
)
def test_an_unreadable_constraint_is_an_error_with_a_next_step(tiny: Path, constrain: str) -> None:
    with pytest.raises(EngineError, match=r"schema|grammar"):
        constrained(tiny, constrain)
