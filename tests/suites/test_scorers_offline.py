"""Scorers judge from what is on the machine: none opens a connection. Every suite says what it judges by."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import NoReturn

import pytest

from rightsize.domain import Answer, ItemOutcome, Suite, TaskType
from rightsize.suites.catalogue import suite_entry
from rightsize.suites.lm_eval_tasks import open_suites
from rightsize.suites.loader import list_suites
from rightsize.suites.scorers import RUNS_CODE, SCORERS, get_scorer
from tests.real_suites import real_suite
from tests.suites.lm_eval_folder import write_task


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a scorer asked the network")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def judged(suite: Suite, texts: list[str]) -> None:
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    outcomes = []
    for item, text in zip(suite.items, texts, strict=False):
        choice = (
            item.choices.index(text) if suite.task_type is TaskType.CHOICE and text in item.choices else None
        )
        verdict = scorer.score(item, Answer(text, choice=choice))
        assert 0 <= verdict.score <= 1
        outcomes.append(
            ItemOutcome(
                item.id, item.group, verdict.score, verdict.valid, text, item.target, parts=verdict.parts
            )
        )
    assert scorer.corpus(outcomes) is not None


# Those that run code do so in a process without network: tests/suites/test_code_sandbox.py proves it.
IN_THIS_PROCESS = [name for name in list_suites() if suite_entry(name).scorer not in RUNS_CODE]


@pytest.mark.parametrize("name", IN_THIS_PROCESS)
def test_no_scorer_asks_the_network(name: str, no_network: None) -> None:
    suite = real_suite(name)
    judged(suite, [suite.items[0].target, "something else 12 {}"])


@pytest.mark.filterwarnings("ignore")
def test_nor_does_lm_evals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (suite,) = open_suites(write_task(tmp_path, "le_gen"))
    judged(suite, ["blue", "no"])


def test_every_suite_names_its_score_and_a_known_scorer() -> None:
    for name in list_suites():
        entry = suite_entry(name)
        assert entry.score_name and entry.scorer in SCORERS, name
