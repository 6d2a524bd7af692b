"""Answer choices over HTTP: scored where a server tells the truth about given text, else generated."""

from __future__ import annotations

import math

import pytest

from rightsize.domain import CandidateSettings, Item, TaskType
from rightsize.engines.interface import RemoteRun, TaskRules
from rightsize.engines.openai_http.address import parse_address
from rightsize.engines.openai_http.retry import Patience
from rightsize.engines.openai_http.session import OpenAiSession

from .stand_in import StandIn, answering, echoing, stand_in, status, word_logprob

RULES = TaskRules(TaskType.CHOICE, target_delimiter=" ")
ITEM = Item("i", "g", "Ticket: it broke\nQueue:", "", choices=("repair", "refund please", "other"))
RAW = CandidateSettings(chat_template="none")


def session(server: StandIn, settings: CandidateSettings = RAW, kind: str = "server") -> OpenAiSession:
    address = parse_address(f"{kind}+{server.url}#tiny")
    return OpenAiSession(address, settings, RemoteRun(2, 10.0), Patience(attempts=2, first_wait_s=0.01))


def test_choices_are_scored_where_the_server_tells_the_truth() -> None:
    with stand_in(echoing()) as server:
        opened = session(server)
        assert opened.rejections([ITEM], RULES) == {}
        ((_, answer),) = opened.answer([ITEM], RULES)
        (timing,) = opened.time_requests([ITEM], RULES)
        opened.close()
    expected = (
        word_logprob("\nQueue:", " repair"),
        word_logprob("\nQueue:", " refund") + word_logprob(" refund", " please"),
        word_logprob("\nQueue:", " other"),
    )
    assert answer.choice_logprobs == pytest.approx(expected)
    best = max(range(3), key=expected.__getitem__)
    assert (answer.choice, answer.text) == (best, ITEM.choices[best])
    assert answer.confidence == pytest.approx(math.exp(expected[best]) / sum(map(math.exp, expected)))
    assert timing.ttft_ms is None  # scoring has no first token


def test_a_likelihood_request_is_scored_and_its_greediness_told() -> None:
    item = Item("i", "g", "one two", "", choices=(" three",))
    with stand_in(echoing()) as server:
        opened = session(server)
        ((_, answer),) = opened.answer([item], TaskRules(TaskType.LOGLIKELIHOOD))
        opened.close()
    assert answer.choice_logprobs == pytest.approx((word_logprob(" two", " three"),))
    assert answer.greedy is True


@pytest.mark.parametrize(
    "lying", [echoing(shift=1), echoing(repeats=False), status(400, "echo is not supported")]
)
def test_a_server_that_scores_wrong_or_not_at_all_is_not_believed(lying: object) -> None:
    with stand_in(lying) as server:  # type: ignore[arg-type]
        opened = session(server)
        likelihood = TaskRules(TaskType.LOGLIKELIHOOD)
        assert "no log-probabilities" in opened.rejections([ITEM], likelihood)["i"]
        assert opened.rejections([ITEM], RULES) == {}  # choices can still be generated
        opened.close()


def test_generated_choices_are_held_to_a_grammar_where_there_is_one() -> None:
    with stand_in(answering(("re", "pair"))) as server:
        opened = session(server, CandidateSettings(), kind="llama-server")
        ((_, answer),) = opened.answer([ITEM], RULES)
        opened.close()
        assert server.calls[0].body["grammar"] == 'root ::= [ ]? ("repair" | "refund please" | "other") "\\n"?'
        plain = session(server, CandidateSettings())
        list(plain.answer([ITEM], RULES))
        plain.close()
        assert "grammar" not in server.calls[1].body
    assert (answer.choice, answer.text) == (None, "repair")
