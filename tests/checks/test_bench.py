"""``rightsize bench --check`` as a user runs it, from a GGUF file to the report."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from rightsize.store import Store
from tests.cli.test_bench import SCHEMA, rightsize
from tests.tiny_models import make_tiny_llama

RUN = (
    "bench", "--task", "classification", "--no-baselines",
    "--model", "tiny-F16.gguf", "--quant", "F16", "--limit", "24",
    "--requests", "6", "--check", "robustness,bias", "--check", "ood,calibration,consistency",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checks")
    make_tiny_llama(folder / "tiny-F16.gguf", width=256, layers=1)
    return folder


@pytest.mark.slow
def test_checks_are_run_stored_shown_and_reported(place: Path) -> None:
    done = rightsize(*RUN, "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    checks = {(row["check"], row["metric"]): row for row in document["checks"]}
    assert {check for check, _ in checks} == {"robustness", "bias", "ood", "calibration", "consistency"}
    flips = checks["robustness", "flip_rate"]["figure"]
    assert flips["n"] == 24 and flips["low"] <= flips["value"] <= flips["high"]
    assert checks["ood", "abstain_rate"]["absent"] == "the task has no answer that declines"
    assert checks["ood", "auroc"]["figure"]["n"] == 48
    order = checks["consistency", "flip_rate"]
    assert order["figure"] or "context" in order["absent"], "four examples may not fit so small a model"

    stored = {record.suite: record for record in Store.open(place / ".rightsize/results.db").records()}
    own, typos = stored["classification"], stored["classification+robustness-typos"]
    assert {item.item_id for item in own.outcome.items} == {item.item_id for item in typos.outcome.items}
    assert "latency_ms" not in {reading.metric for reading in typos.outcome.readings}, "only the task is timed"

    again = rightsize(*RUN, cwd=place)
    assert again.returncode in {0, 2}, "what failed is tried again, what was measured is not"
    assert "answers flipped" in again.stdout
    assert max(map(len, again.stdout.splitlines())) <= 80

    assert rightsize("report", "--out", "report", cwd=place).returncode == 0
    markdown = (place / "report/report.md").read_text()
    assert "## Checks" in markdown and "typing errors" in markdown
    assert "robustness-typos" not in markdown, "a derived task is no task of the report"
    assert "<h2>Checks</h2>" in (place / "report/index.html").read_text()

    advice = rightsize("recommend", "--min-accuracy", "1%", "--max-size", "1GB", cwd=place)
    assert "several tasks" not in advice.stderr, "a derived task is none to choose from"


def test_an_unknown_check_is_one_clear_line(place: Path) -> None:
    done = rightsize("bench", "--task", "sql", "--model", "tiny-F16.gguf", "--check", "bais", cwd=place)
    assert done.returncode == 2
    assert "'bais'" in done.stderr and "robustness" in done.stderr and "Traceback" not in done.stderr
