"""The llama.cpp engine on real, tiny, random models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rightsize.domain import CandidateSettings, Item, Message, TaskType
from rightsize.engines.interface import TaskRules
from rightsize.engines.llama_cpp.session import LlamaCppSession
from rightsize.errors import EngineError
from tests.tiny_models import make_tiny_llama

GENERATE = TaskRules(TaskType.GENERATE, stop=("\n",), max_output_tokens=12)
CHOOSE = TaskRules(TaskType.CHOICE)
SETTINGS = CandidateSettings(threads=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_llama(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture(scope="module")
def session(tiny: Path) -> Iterator[LlamaCppSession]:
    opened = LlamaCppSession(tiny, SETTINGS)
    yield opened
    opened.close()


def questions(count: int) -> list[Item]:
    return [
        Item(f"q{i}", f"g{i % 3}", f"the thin thing {i * 7919} over there is " * (1 + i % 4), "")
        for i in range(count)
    ]


def test_batched_answers_are_those_of_one_at_a_time(session: LlamaCppSession) -> None:
    items = questions(40)
    together = dict(session.answer(items, GENERATE))
    alone = {item.id: dict(session.answer([item], GENERATE))[item.id] for item in items}
    assert set(together) == {item.id for item in items}
    assert sum(together[i].text == alone[i].text for i in together) >= 39  # ties of floating point may flip one
    assert all(0 < answer.confidence <= 1 for answer in together.values())


def test_each_request_is_timed_and_none_reuses_a_cache(session: LlamaCppSession) -> None:
    item = questions(1)[0]
    timings = list(session.time_requests([item] * 5, GENERATE))
    assert len(timings) == 5
    for timing in timings:
        assert 0 < timing.ttft_ms <= timing.latency_ms
        assert timing.output_tokens == len(timing.itl_ms) + 1
        assert timing.ttft_ms + sum(timing.itl_ms) == pytest.approx(timing.latency_ms)
    # A reused prefix would make later requests see fewer prompt tokens.
    assert len({timing.prompt_tokens for timing in timings}) == 1


def test_generation_ends_at_the_output_limit(session: LlamaCppSession) -> None:
    answers = dict(session.answer(questions(3), TaskRules(TaskType.GENERATE, (), 5)))
    assert all(answer.output_tokens <= 5 for answer in answers.values())


def test_choice_requests_have_no_ttft(session: LlamaCppSession) -> None:
    (timing,) = session.time_requests([Item("a", "g", "there is ", "", ("the", "in"))], CHOOSE)
    assert timing.ttft_ms is None
    assert timing.itl_ms == ()


def test_an_item_that_does_not_fit_is_rejected_with_the_numbers(session: LlamaCppSession) -> None:
    long = Item("long", "g", "x" * 2000, "")
    reasons = session.rejections([*questions(2), long], GENERATE)
    assert set(reasons) == {"long"}
    assert "2012 tokens" in reasons["long"]
    assert "512" in reasons["long"]


def test_speed_gives_one_sample_a_repetition(session: LlamaCppSession) -> None:
    assert len(list(session.prefill_tokens_per_s(32, 3))) == 3
    assert all(speed > 0 for speed in session.decode_tokens_per_s(8, 2))


def test_facts_name_buffers_and_load_mode(session: LlamaCppSession) -> None:
    list(session.time_requests(questions(1), GENERATE))
    facts = session.facts()
    assert {"model", "KV", "compute"} <= set(facts["buffers_bytes"])
    assert facts["load_mode"]
    assert facts["context_tokens"] == 256
    assert facts["load_ms"] > 0


TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{% if not enable_thinking %}<think></think>{% endif %}{% endif %}"
)


def test_the_models_own_chat_template_is_applied_and_thinking_switched_off(tmp_path: Path) -> None:
    path = make_tiny_llama(tmp_path / "chat.gguf", chat_template=TEMPLATE)
    session = LlamaCppSession(path, SETTINGS)
    assert session._style.render("hi") == "<|user|>hi<|assistant|><think></think>"
    assert session.facts()["thinking"] == "off"
    raw = LlamaCppSession(path, CandidateSettings(threads=1, chat_template="none"))
    assert raw._style.render("hi") == "hi"
    assert raw.facts()["chat_template_sha256"] is None


def test_a_started_answer_is_continued_and_the_system_text_kept_where_the_template_takes_none(
    tmp_path: Path,
) -> None:
    no_system = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    chat = (Message("system", "Be brief."), Message("user", "hi"), Message("assistant", "Well"))
    item = Item("a", "a", "Be brief. hi Well", "", chats=(chat,))
    for template, expected in (
        (TEMPLATE, "<|system|>Be brief.<|user|>hi<|assistant|>Well"),
        (no_system + TEMPLATE, "<|user|>Be brief.\n\nhi<|assistant|>Well"),
    ):
        session = LlamaCppSession(make_tiny_llama(tmp_path / "c.gguf", chat_template=template), SETTINGS)
        assert session._style.texts(item) == (expected,)
        session.close()


@pytest.mark.parametrize(
    "template",
    ["{{ messages.__class__.__mro__ }}", "{{ ''.__class__.__base__.__subclasses__() }}", "{% for x in %}"],
)
def test_a_hostile_or_broken_template_is_refused(tmp_path: Path, template: str) -> None:
    path = make_tiny_llama(tmp_path / "evil.gguf", chat_template=template)
    with pytest.raises(EngineError, match="chat template"):
        LlamaCppSession(path, SETTINGS)


def test_a_file_of_zeros_is_an_engine_error_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "zeros.gguf"
    path.write_bytes(bytes(4096))
    with pytest.raises(EngineError, match=r"cannot load zeros\.gguf"):
        LlamaCppSession(path, SETTINGS)
