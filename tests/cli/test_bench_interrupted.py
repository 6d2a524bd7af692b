"""A bench that is interrupted or killed while items are answered: none is lost, and none is asked twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import rightsize
from rightsize.cli import main
from rightsize.domain import Interrupted, ItemOutcome, Measured, Record
from rightsize.errors import StoreError
from rightsize.store import Store

Build = Callable[..., Record]
N = 240
COMMAND = (
    *("bench", "--task", "extraction", "--model", "rightsize-micro", "--quant", "F16", "--limit", str(N)),
    # One thread: answering must go on for some seconds after the first items are in.
    *("--threads", "1", "--no-baselines", "--requests", "6", "--repetitions", "1", "--remeasure", "0"),
)
#: The command, with an ear at its worker: which items it answers goes into a file.
EAR = """
import sys
from rightsize.bench import run
from rightsize.cli.main import main
run_worker = run.run_worker
def listening(request, limits):
    with open(sys.argv[1], "w") as asked:
        for event in run_worker(request, limits):
            if event.kind == "answer":
                print(event.data["item"], file=asked)
            yield event
run.run_worker = listening
main(sys.argv[2:])
"""


def start(*args: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *args],
        cwd=cwd,
        env={**os.environ, "RIGHTSIZE_CACHE": str(cwd / "cache"), "COLUMNS": "300"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def bench_with_an_ear(cwd: Path, *extra: str) -> tuple[str, list[str], Record]:
    """What the command said, which items it asked, and what is stored then."""
    process = start("-c", EAR, "asked.txt", *COMMAND, "--store", "results.db", *extra, cwd=cwd)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    asked = (cwd / "asked.txt").read_text().split()
    (record,) = Store.existing(cwd / "results.db").records(newest=False, interrupted=True)
    return said, asked, record


def kept_in(path: Path) -> tuple[ItemOutcome, ...]:
    with suppress(StoreError):
        for record in Store.existing(path).records(interrupted=True):
            assert isinstance(record.outcome, Interrupted), "the run ended before it could be interrupted"
            return record.outcome.items
    return ()


def interrupted_bench(cwd: Path, sent: signal.Signals) -> tuple[int, str]:
    """Start the command and send a signal to its process group once some items are in: exit code and stderr."""
    process = start("-m", "rightsize", *COMMAND, "--store", "results.db", cwd=cwd)
    deadline = time.monotonic() + 200
    while len(kept_in(cwd / "results.db")) < 10 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, sent)
    _, said = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive, "no worker outlives its command"
    return process.returncode, said


def by_id(record: Record) -> dict[str, ItemOutcome]:
    """Items without what depends on which others were decoded beside them."""
    assert isinstance(record.outcome, Measured)
    found = {item.item_id: replace(item, confidence=None) for item in record.outcome.items}
    assert len(found) == len(record.outcome.items) == N
    return found


def assert_same(one: dict[str, ItemOutcome], other: dict[str, ItemOutcome]) -> None:
    """Item by item; a tie of floating point may flip with what else is in the batch.

    tests/bench/test_unfinished.py asks for equality of every item, of an engine that has no ties.
    """
    assert one.keys() == other.keys()
    differing = [name for name in one if one[name] != other[name]]
    assert len(differing) <= N // 50, differing


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Record:
    _, asked, record = bench_with_an_ear(tmp_path_factory.mktemp("undisturbed"))
    assert len(set(asked)) == len(asked) == N
    return record


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_answers_outlive_the_run_and_the_next_asks_only_the_rest(
    tmp_path: Path, undisturbed: Record, sent: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = interrupted_bench(tmp_path, sent)
    assert code == (-signal.SIGKILL if sent is signal.SIGKILL else 130)
    assert "Traceback" not in said
    kept = {item.item_id: item for item in kept_in(tmp_path / "results.db")}
    assert 10 <= len(kept) < N
    assert main.run(["results", "list", "--store", str(tmp_path / "results.db"), "--json"]) == 0
    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    assert (cell["outcome"], cell["items"], cell["limit"]) == ("interrupted", len(kept), N)

    said, asked, joined = bench_with_an_ear(tmp_path)
    assert f"{len(kept)} of {N} items were answered before and are kept" in said
    assert f"{N - len(kept)} are asked" in said
    expected = by_id(undisturbed)
    assert len(asked) == N - len(kept) and set(asked) == expected.keys() - kept.keys()
    assert_same(by_id(joined), expected)
    assert isinstance(joined.outcome, Measured) and isinstance(undisturbed.outcome, Measured)
    assert [item for item in joined.outcome.items if item.item_id in kept] == list(kept.values())
    readings = {reading.metric: len(reading.samples) for reading in joined.outcome.readings}
    whole = {reading.metric: len(reading.samples) for reading in undisturbed.outcome.readings}
    assert readings["latency_ms"] == 6 and readings.keys() == whole.keys()
    assert joined.outcome.facts["corpus"].keys() == undisturbed.outcome.facts["corpus"].keys()


def test_force_asks_every_item_again(tmp_path: Path, undisturbed: Record) -> None:
    item = replace(next(iter(by_id(undisturbed).values())), output="what another run said")
    with Store.open(tmp_path / "results.db") as store:
        store.append(replace(undisturbed, outcome=Interrupted("cut", (item,))))
    said, asked, record = bench_with_an_ear(tmp_path, "--force")
    assert "answered before" not in said
    assert len(asked) == N
    assert item.item_id in asked
    assert_same(by_id(record), by_id(undisturbed))


# --- what decides -----------------------------------------------------------------------------------------


@pytest.fixture
def cut(tmp_path: Path, record: Build, item_outcomes: Callable[..., tuple[ItemOutcome, ...]]) -> Record:
    return record("small:Q8_0", outcome=Interrupted("cut", item_outcomes(400, 400)))


DECISIONS = [
    ("recommend", "--task", "extraction", "--min-accuracy", "50%"),
    ("compare", "--task", "extraction"),
    ("report", "--task", "extraction", "--out", "report"),
    ("gate", "--task", "extraction", "--candidate", "small:Q8_0", "--write-baseline", "baseline.json"),
]


@pytest.mark.parametrize("command", DECISIONS, ids=lambda command: command[0])
def test_nothing_that_decides_takes_it_for_a_measurement(
    tmp_path: Path,
    cut: Record,
    command: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.open("results.db") as store:
        store.append(cut)
    assert main.run([*command, "--store", "results.db"]) != 0
    printed = capsys.readouterr()
    said = printed.out + printed.err
    assert "Traceback" not in said and ("rightsize bench" in said or "nothing yet" in said)
    assert not Path("baseline.json").exists() and not Path("report").exists()
    assert rightsize.load("results.db").empty


def test_an_interrupted_repetition_changes_no_recommendation(
    tmp_path: Path,
    cut: Record,
    record: Build,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("rightsize.cli.deciding.this_machine", lambda: cut.machine_fingerprint)
    monkeypatch.chdir(tmp_path)
    command = ["recommend", "--task", "extraction", "--min-accuracy", "90%", "--store", "results.db", "--json"]

    def recommended() -> tuple[int, object]:
        code = main.run(command)
        return code, json.loads(capsys.readouterr().out)

    with Store.open("results.db") as store:
        store.append(record("small:Q8_0"))
        before = recommended()
        store.append(cut)
        assert before == recommended() and before[0] == 0
    assert len(rightsize.load("results.db")) == 1
