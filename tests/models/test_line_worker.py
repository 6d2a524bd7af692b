"""A worker process that answers line by line: what it says, how it dies, and when it hangs."""

from __future__ import annotations

import pytest

from rightsize.models.line_worker import ask_worker

WORKER = """
import json, os, sys, time
for line in sys.stdin:
    word = line.strip()
    if word == "die":
        print("a debugger's words", flush=True)
        print("tensor too odd", file=sys.stderr, flush=True)
        os._exit(7)
    if word == "vanish":
        os._exit(7)
    if word == "hang":
        time.sleep(60)
    print(json.dumps({"said": word, "backtrace": os.environ["GGML_NO_BACKTRACE"]}), flush=True)
"""


@pytest.fixture(autouse=True)
def worker(tmp_path, monkeypatch):
    (tmp_path / "talker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_each_question_is_answered_in_order():
    heard = ask_worker("talker", ["a", "b"], 60)
    assert [each["said"] for each in heard.answers] == ["a", "b"]
    assert heard.answers[0]["backtrace"] == "1"
    assert ask_worker("talker", [], 60).answers == ()


def test_what_was_answered_before_it_died_is_kept_with_the_reason():
    heard = ask_worker("talker", ["a", "die", "b"], 60)
    assert [each["said"] for each in heard.answers] == ["a"]
    assert heard.last_words == "tensor too odd"
    assert ask_worker("talker", ["vanish"], 60).last_words == "its process ended with code 7"


def test_one_that_hangs_is_given_up():
    with pytest.raises(TimeoutError, match="talker took over 1 s"):
        ask_worker("talker", ["hang"], 1)
