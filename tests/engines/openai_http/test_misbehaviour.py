"""Servers that misbehave, through the real client over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rightsize.domain import CandidateSettings, Item, Message, TaskType
from rightsize.engines.interface import RemoteRun, Spending, TaskRules
from rightsize.engines.openai_http.address import parse_address
from rightsize.engines.openai_http.problems import ServerError
from rightsize.engines.openai_http.retry import Patience
from rightsize.engines.openai_http.session import OpenAiSession
from rightsize.engines.openai_http.spend import Price, Purse
from rightsize.errors import EngineError

from .stand_in import (
    StandIn,
    answering,
    binary,
    cut_after,
    dripping,
    ended_early,
    endless_answer,
    endless_line,
    error_event,
    garbage,
    not_streaming,
    redirecting,
    refusing,
    stalling,
    stand_in,
    status,
)

RULES = TaskRules(TaskType.GENERATE, stop=("\n",), max_output_tokens=32)
ITEMS = [Item(f"i{n}", "g", f"Question {n}?", "") for n in range(6)]
QUICK = Patience(attempts=3, longest_wait_s=2.0, first_wait_s=0.01)
WHOLE = "alpha beta gamma delta"


def session(server: StandIn, *, concurrency: int = 1, limit_s: float = 20.0, **more: object) -> OpenAiSession:
    run = RemoteRun(concurrency, limit_s, **more)  # type: ignore[arg-type]
    return OpenAiSession(parse_address(f"{server.url}#tiny"), CandidateSettings(), run, QUICK)


@pytest.mark.parametrize(
    "fault",
    [
        cut_after(2),
        ended_early,
        garbage,
        binary,
        endless_line,
        error_event,
        status(500),
        status(503),
        status(429),
        answering(copies=2, counts=(10, 4)),
    ],
    ids=lambda fault: getattr(fault, "__qualname__", "").split(".")[0] + "",
)
def test_a_fault_that_passes_costs_an_attempt_and_nothing_else(fault: object) -> None:
    with stand_in(fault, answering(gap_s=0.002)) as server:  # type: ignore[arg-type]
        opened = session(server)
        ((_, answer),) = opened.answer(ITEMS[:1], RULES)
        facts = opened.facts()
        opened.close()
    assert answer.text == WHOLE  # never half of the first attempt and half of the second
    assert answer.output_tokens == 4
    assert sum(facts["retries"].values()) == 1
    assert facts["retry_wait_s"] > 0


def test_retries_are_not_part_of_a_latency() -> None:
    faults = [answering(), status(500), stalling(3, after=1), answering(first_s=0.05)]
    with stand_in(*faults) as server:
        opened = session(server, limit_s=1.0)
        (timing,) = opened.time_requests(ITEMS[:1], RULES)
        opened.close()
    # The warm-up took the first behaviour; the timed request lost two attempts, one of them after a second.
    assert timing.latency_ms < 1000
    assert timing.ttft_ms is not None
    assert 45 < timing.ttft_ms <= timing.latency_ms


def test_retry_after_is_heeded_and_one_that_is_too_long_ends_it() -> None:
    with stand_in(status(429, Retry_After="1"), answering()) as server:
        opened = session(server)
        list(opened.answer(ITEMS[:1], RULES))
        first, second = (call.at for call in server.calls)
        opened.close()
    assert second - first >= 1.0
    with stand_in(status(429, "slow down", Retry_After="3600")) as server:
        opened = session(server)
        with pytest.raises(ServerError, match="asks to come back in 3600 s"):
            list(opened.answer(ITEMS[:1], RULES))
        opened.close()
        assert len(server.calls) == 1


def test_a_server_that_keeps_failing_ends_the_cell_and_says_how_often_it_was_asked() -> None:
    with stand_in(status(500, "out of order")) as server:
        opened = session(server)
        with pytest.raises(ServerError, match=r"answered 500: out of order \(3 attempts\)"):
            list(opened.answer(ITEMS, RULES))
        opened.close()


@pytest.mark.parametrize("fault", [stalling(5), stalling(5, after=2), dripping(0.05, 100)])
def test_a_stall_ends_at_the_time_limit(fault: object) -> None:
    with stand_in(fault, answering()) as server:  # type: ignore[arg-type]
        opened = session(server, limit_s=0.3)
        began = time.monotonic()
        ((_, answer),) = opened.answer(ITEMS[:1], RULES)
        took = time.monotonic() - began
        opened.close()
    assert answer.text == WHOLE
    assert opened.facts()["retries"] == {"stall": 1}
    assert took < 4  # the server itself would have gone on for five


def test_an_answer_without_end_is_cut_here() -> None:
    with stand_in(endless_answer) as server:
        opened = session(server)
        ((_, answer),) = opened.answer(ITEMS[:1], RULES)
        opened.close()
    assert answer.finish_reason == "length"
    assert 32 <= answer.output_tokens < 400


def test_usage_that_cannot_be_true_is_not_believed() -> None:
    lies = [(10, 9000), (10, 0), (-3, 4), (10**9, 4), ("many", "some")]
    with stand_in(*(answering(counts=lie) for lie in lies)) as server:
        opened = session(server)
        answers = [answer for _, answer in opened.answer(ITEMS[: len(lies)], RULES)]
        facts = opened.facts()
        opened.close()
    assert [answer.output_tokens for answer in answers] == [4] * len(lies)
    assert facts["remarks"]["answers with a usage that cannot be true"] == 4


def test_repeated_events_with_an_id_are_dropped() -> None:
    with stand_in(answering(copies=2, ids=True)) as server:
        opened = session(server)
        ((_, answer),) = opened.answer(ITEMS[:1], RULES)
        opened.close()
    assert answer.text == WHOLE


def test_other_line_ends_and_a_missing_end_mark_are_understood() -> None:
    with stand_in(answering(ending=b"\r\n\r\n", done=False)) as server:
        opened = session(server)
        ((_, answer),) = opened.answer(ITEMS[:1], RULES)
        opened.close()
    assert answer.text == WHOLE


def test_a_reasoning_piece_is_the_first_token_and_no_part_of_the_answer() -> None:
    for field in ("reasoning_content", "reasoning"):
        thinking = answering(thoughts=("let me ", "think"), thought_field=field, gap_s=0.1)
        with stand_in(thinking) as server:
            opened = session(server)
            (timing,) = opened.time_requests(ITEMS[:1], RULES)
            ((_, answer),) = opened.answer(ITEMS[:1], RULES)
            opened.close()
        assert timing.ttft_ms is not None
        assert (
            timing.latency_ms - timing.ttft_ms >= 490
        )  # five gaps after the first thought, three after the text
        assert len(timing.itl_ms) == 5
        assert timing.output_tokens == 6
        assert (answer.text, answer.thinking_chars) == (WHOLE, len("let me think"))


def test_several_tokens_in_one_piece_share_the_time_between_pieces() -> None:
    with stand_in(answering(counts=(10, 31), gap_s=0.02)) as server:
        opened = session(server)
        (timing,) = opened.time_requests(ITEMS[:1], RULES)
        facts = opened.facts()
        opened.close()
    assert len(timing.itl_ms) == 30
    assert sum(timing.itl_ms) >= 60 - 1  # three gaps of 20 ms
    assert facts["remarks"]["answers with several tokens a piece"] == 2


def test_a_field_that_the_server_refuses_is_left_out_from_then_on() -> None:
    message = "Unsupported value: 'temperature' does not support 0 with this model."
    with stand_in(refusing("temperature", message)) as server:
        opened = session(server)
        answers = [answer.text for _, answer in opened.answer(ITEMS[:3], RULES)]
        opened.close()
        assert answers == [WHOLE] * 3
        assert opened.facts()["fields_left_out"] == ["temperature"]
        assert [("temperature" in call.body) for call in server.calls] == [True, False, False, False]


def test_a_conversation_goes_out_as_its_turns_and_a_started_answer_is_continued_where_that_must_be_asked() -> (
    None
):
    chat = (Message("system", "Be brief."), Message("user", "q"), Message("assistant", "Well"))
    item = Item("i", "g", "Be brief. q Well", "", chats=(chat,))
    with stand_in(answering()) as server:
        for preset, wanted in (("", None), ("vllm+", True)):
            address = parse_address(f"{preset}{server.url}#tiny")
            opened = OpenAiSession(address, CandidateSettings(), RemoteRun(), QUICK)
            assert dict(opened.answer([item], RULES))["i"].text == WHOLE
            opened.close()
            body = server.calls[-1].body
            assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant"]
            assert body["messages"][2]["content"] == "Well"
            assert body.get("continue_final_message") is wanted


def test_the_other_name_of_the_output_limit_is_learned() -> None:
    message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    with stand_in(refusing("max_tokens", message)) as server:
        opened = session(server)
        list(opened.answer(ITEMS[:2], RULES))
        opened.close()
        assert [call.body.get("max_completion_tokens") for call in server.calls] == [None, 32, 32]


def test_an_item_that_the_server_refuses_costs_that_item_alone() -> None:
    with stand_in(status(400, "this prompt violates our policy"), answering()) as server:
        opened = session(server)
        answers = dict(opened.answer(ITEMS[:3], RULES))
        opened.close()
    assert answers["i0"].error.endswith("answered 400: this prompt violates our policy")
    assert [answers[key].text for key in ("i1", "i2")] == [WHOLE] * 2


def test_clear_words_for_what_no_retry_mends() -> None:
    cases = {
        "redirects to http://elsewhere.example/v1": redirecting("http://elsewhere.example/v1?token=abc"),
        "wants to be paid first": status(429, "You exceeded your quota: insufficient_quota"),
        "does not know this path or model": status(404),
    }
    for words, fault in cases.items():
        with stand_in(fault) as server:
            opened = session(server)
            with pytest.raises(ServerError, match=words) as caught:
                list(opened.answer(ITEMS, RULES))
            opened.close()
            assert len(server.calls) == 1
            assert "token=abc" not in str(caught.value)
    with stand_in(not_streaming) as server:
        opened = session(server)
        ((_, answer),) = opened.answer(ITEMS[:1], RULES)
        opened.close()
    assert "does not stream" in answer.error


def test_a_server_that_is_away_or_serves_another_model() -> None:
    with stand_in() as server:
        gone = server.url
    with pytest.raises(EngineError, match=r"no server at 127\.0\.0\.1"):
        OpenAiSession(parse_address(f"{gone}#tiny"), CandidateSettings(), None, QUICK)
    with (
        stand_in(models=("other", "another")) as server,
        pytest.raises(EngineError, match=r"does not serve 'tiny'. Name one after #: other, another"),
    ):
        session(server)


def test_many_questions_are_open_at_a_time_and_no_more_than_asked_for() -> None:
    with stand_in(answering(gap_s=0.01)) as server:
        opened = session(server, concurrency=4)
        answers = dict(opened.answer([Item(f"i{n}", "g", f"q{n}", "") for n in range(24)], RULES))
        opened.close()
        assert len(answers) == 24
        assert 2 <= server.most_open <= 4


def test_load_is_open_loop_and_counts_from_the_moment_a_request_was_due() -> None:
    with stand_in(answering(first_s=0.2)) as server:
        opened = session(server)
        seen = list(opened.under_load(ITEMS, RULES, rate_per_s=50.0, count=20))
        opened.close()
        assert len(seen) == 20
        # Each answer takes 0.2 s, so a closed loop of one would never have two open.
        assert server.most_open >= 4
    assert all(arrival.latency_ms is not None and arrival.latency_ms >= 195 for arrival in seen)
    assert all(arrival.failure == "" for arrival in seen)


def test_under_load_a_refusal_is_a_failure_and_not_asked_again() -> None:
    with stand_in(status(429)) as server:
        opened = session(server)
        seen = list(opened.under_load(ITEMS, RULES, rate_per_s=200.0, count=10))
        opened.close()
        assert len(server.calls) == 10
    assert {arrival.failure for arrival in seen} == {"busy"}


# --- money ------------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "spent"


def test_the_call_that_could_pass_the_limit_is_refused_before_it_is_made(ledger: Path) -> None:
    price = Price(1.0, 2.0)
    # Each call costs 18 millionths; its bound is about 4,171 millionths because no prompt was counted yet.
    purse = Purse(ledger, 0.0043, price)
    with stand_in(answering()) as server:
        opened = session(server, spending=Spending(ledger, purse.limit_usd, (1.0, 2.0)))
        with pytest.raises(ServerError, match="the next call may cost up to"):
            list(opened.answer(ITEMS * 50, RULES))
        opened.close()
        calls = len(server.calls)
    assert 1 < calls < 300
    assert purse.spent_usd() == pytest.approx(calls * 18e-6)
    assert purse.spent_usd() <= purse.limit_usd


def test_concurrent_calls_cannot_pass_the_limit_together(ledger: Path) -> None:
    bound = Price(1.0, 2.0).usd(4096 + len(ITEMS[0].prompt), 32)
    purse = Purse(ledger, 2.5 * bound, Price(1.0, 2.0))
    with stand_in(answering(first_s=0.3)) as server:
        opened = session(server, concurrency=6, spending=Spending(ledger, purse.limit_usd, (1.0, 2.0)))
        with pytest.raises(ServerError, match="spent"):
            list(opened.answer(ITEMS, RULES))
        opened.close()
        assert len(server.calls) == 2


def test_what_a_broken_off_answer_cost_stays_at_its_bound(ledger: Path) -> None:
    purse = Purse(ledger, 1.0, Price(1.0, 2.0))
    with stand_in(cut_after(2), status(500), answering()) as server:
        opened = session(server, spending=Spending(ledger, purse.limit_usd, (1.0, 2.0)))
        list(opened.answer(ITEMS[:1], RULES))
        opened.close()
    bound = purse.price.usd(4096 + len(ITEMS[0].prompt), 32)
    assert purse.spent_usd() == pytest.approx(bound + 18e-6)  # the cut one in full, the 500 not at all
