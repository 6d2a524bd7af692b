"""``rightsize bench`` of served models: what is stored and shown, what is absent, and no key anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.main import run
from rightsize.domain import Absent, Failed, Measured
from rightsize.settings import Settings, resolve_settings
from rightsize.store import Store
from tests.engines.openai_http.stand_in import answering, stand_in, status

KEY = "sk-secret-that-nobody-may-see-0123456789"
ANSWER = ('{"order', '_id"', ": null}")


def rightsize(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-m", "rightsize", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env={**kept, "RIGHTSIZE_STORE": str(cwd / "results.db"), **environment},
    )


def bench(address: str, *more: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    fixed = ("--limit", "6", "--requests", "6", "--no-baselines", "--json")
    return rightsize(
        "bench",
        "--task",
        "extraction",
        "--model",
        address,
        "--no-baselines",
        *fixed,
        *more,
        cwd=cwd,
        **environment,
    )


def test_a_served_model_is_a_candidate_like_any_other(tmp_path: Path) -> None:
    with stand_in(answering(ANSWER, gap_s=0.002), key=KEY) as server:
        # The only model of the server is found by itself.
        done = bench(server.url, "--load", "40", "--debug", cwd=tmp_path, RIGHTSIZE_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["candidate"] == "tiny@server"
    with Store.open(tmp_path / "results.db") as store:
        (record,) = store.records()
    outcome = record.outcome
    assert isinstance(outcome, Measured)
    readings = {reading.metric: reading for reading in outcome.readings}
    assert len(readings["latency_ms"].samples) == 6
    assert len(readings["ttft_ms"].samples) == 6
    assert len(readings["itl_ms"].samples) == 12
    assert len(readings["latency_under_load_ms"].samples) == 6
    assert outcome.facts["load"]["sent"] == 6
    absent = {missing.metric: missing for missing in outcome.absent}
    for metric in (
        "memory_bytes",
        "energy_j_per_request",
        "prefill_tokens_per_s",
        "decode_tokens_per_s",
        "load_ms",
    ):
        assert isinstance(absent[metric], Absent)
        assert metric not in readings
    assert record.size_bytes is None
    assert "cpu_s_per_request" not in readings
    # The report tells the same of it, and what it cannot tell.
    report = rightsize(
        "report", "--task", "extraction", "--out", str(tmp_path / "report"), cwd=tmp_path, RIGHTSIZE_API_KEY=KEY
    )
    assert report.returncode == 0, report.stderr
    # The key is in nothing that was written: store, report, output, error.
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 2
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    assert KEY not in done.stdout + done.stderr + report.stdout + report.stderr


def test_what_was_lost_and_spent_while_answering_is_stored_too(tmp_path: Path) -> None:
    timed = [answering(ANSWER)] * 7  # the warm-up and six requests
    with stand_in(*timed, status(500), answering(ANSWER)) as server:
        done = bench(f"{server.url}#tiny", "--max-spend", "1USD", "--price", "10/10", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with Store.open(tmp_path / "results.db") as store:
        (record,) = store.records()
    assert isinstance(record.outcome, Measured)
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, json.loads((SCHEMAS_DIR / "bench.schema.json").read_text()))
    assert answer["spent_usd"] == pytest.approx(13 * 13 * 10e-6)
    facts = record.outcome.facts
    assert facts["retries"] == {"status": 1}
    assert facts["answered_by"] == []  # the stand-in does not say who answers
    assert facts["spent_usd"] == pytest.approx(13 * 13 * 10e-6)


def test_a_refused_key_fails_the_cell_and_is_not_shown(tmp_path: Path) -> None:
    with stand_in(key="another") as server:
        done = bench(f"{server.url}#tiny", "--debug", cwd=tmp_path, RIGHTSIZE_API_KEY=KEY)
    assert done.returncode == 2
    assert "refuses the key" in done.stderr
    assert KEY not in done.stdout + done.stderr
    with stand_in(key="another") as server:  # a known kind is asked in the worker only
        done = bench(f"vllm+{server.url}#tiny", cwd=tmp_path, VLLM_API_KEY=KEY)
    assert done.returncode == 2
    assert "refuses the key" in done.stdout
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_what_cannot_be_meant_is_said_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def said(address: str, *more: str) -> str:
        assert run(["bench", "--task", "extraction", "--limit", "1", "--model", address, *more]) == 2
        return capsys.readouterr().err

    with stand_in(models=("one", "two")) as server:
        assert "serves 2 models. Name one after #: one, two" in said(server.url)
        assert "does not serve 'three'" in said(f"{server.url}#three")
        assert server.calls == []
    assert "openai:gpt-x costs money. Say how much it may be: --max-spend 5USD" in said("openai:gpt-x")
    assert "no price is known of groq:some-model" in said("groq:some-model", "--max-spend", "5USD")
    assert "Did you mean vllm" in said("vlm+http://127.0.0.1:1/v1#x")
    assert "--price 'x' is not two prices" in said("openai:x", "--price", "x")
    refused = said(f"http://me:{KEY}@127.0.0.1/v1")
    assert "addresses are stored" in refused
    assert KEY not in refused


def test_the_budget_ends_the_run_and_keeps_what_was_measured(tmp_path: Path) -> None:
    with stand_in(answering(ANSWER)) as server:
        # A call may cost about 4.5 cents at this price before its tokens are known, and costs 10 + 3 tokens.
        done = bench(f"{server.url}#tiny", "--max-spend", "0.05USD", "--price", "10/10", cwd=tmp_path)
        calls = len(server.calls)
    assert done.returncode in {0, 2}, done.stderr
    assert calls > 1
    assert "Spent 0.0" in done.stderr
    with Store.open(tmp_path / "results.db") as store:
        (record,) = store.records()
    assert isinstance(record.outcome, Measured | Failed)
    if isinstance(record.outcome, Failed):
        assert "of 0.05 USD are spent" in record.outcome.reason
    with stand_in(answering(ANSWER)) as server:
        done = bench(f"{server.url}#tiny", "--max-spend", "0.001USD", "--price", "10/10", cwd=tmp_path)
        assert server.calls == []
    assert done.returncode == 2
    assert "the next call may cost up to" in done.stdout


def test_the_variable_of_a_key_is_no_setting() -> None:
    assert resolve_settings({}, folder=Path("/nowhere"), environment={"RIGHTSIZE_API_KEY": KEY}) == Settings()


def test_a_server_that_breaks_costs_its_own_cell(tmp_path: Path) -> None:
    with stand_in(status(400, "no such thing as this prompt")) as server:
        done = bench(f"{server.url}#tiny", cwd=tmp_path)
    assert done.returncode == 2
    (cell,) = json.loads(done.stdout)["cells"]
    assert "no such thing as this prompt" in json.dumps(cell)
