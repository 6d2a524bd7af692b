"""``gate --remeasure-baseline``: real models in real workers, in turns."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli import main
from rightsize.cli.common import SCHEMAS_DIR
from rightsize.reports.baseline_file import read_baseline, write_baseline

Run = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads((SCHEMAS_DIR / "gate.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("RIGHTSIZE_REQUESTS", "20")

    def invoke(*args: str) -> tuple[int, str, str]:
        code = main.run([*args, "--store", str(tmp_path / "results.db")])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoke


@pytest.fixture
def baseline(run: Run, tmp_path: Path) -> Path:
    bench = ("bench", "--task", "classification", "--limit", "6", "--repetitions", "1", "--threads", "1")
    for model in ("rightsize-nano", "rightsize-mini"):
        assert run(*bench, "--model", model, "--quant", "F16", "--remeasure", "0")[0] == 0
    path = tmp_path / "baseline.json"
    written = run(
        "gate", "--task", "classification", "--candidate", "rightsize-nano:F16", "--write-baseline", str(path)
    )
    assert written[0] == 0
    return path


def test_a_larger_model_is_slower_in_turns_even_where_the_baseline_is_from_elsewhere(
    run: Run, baseline: Path
) -> None:
    gate = ("gate", "--baseline", str(_moved(baseline)), "--candidate", "rightsize-mini:F16", "--json")
    limits = ("--max-accuracy-drop", "100%", "--max-latency-increase", "0%")
    code, out, _ = run(*gate, *limits)
    stored = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(stored)
    latency = next(c for c in stored["checks"] if c["flag"] == "--max-latency-increase")
    assert (latency["verdict"], latency["change"]) == ("UNDECIDED", None)
    assert "--remeasure-baseline measures it here" in latency["reason"]
    code, out, _ = run(*gate, *limits, "--remeasure-baseline")
    document = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    latency = next(c for c in document["checks"] if c["flag"] == "--max-latency-increase")
    assert (code, latency["verdict"], latency["n"]) == (1, "FAIL", 20)
    assert latency["bound_low"] > 0 and latency["method"] == "median of turns"
    assert "were measured here in 20 turns" in document["remarks"][0]
    memory = next(c for c in document["checks"] if c["flag"] == "--max-memory-increase")
    assert memory["change"] > 0
    write_baseline(replace(read_baseline(baseline), model_sha256="feed"), baseline)
    code, _, err = run("gate", "--baseline", str(baseline), "--remeasure-baseline")
    assert code == 2
    assert "the baseline's model, rightsize-nano:F16 (feed), is not at hand here" in err


def _moved(baseline: Path) -> Path:
    """The same baseline, as another machine would have written it."""

    path = baseline.with_name("elsewhere.json")
    write_baseline(replace(read_baseline(baseline), machine_fingerprint="elsewhere"), path)
    return path
