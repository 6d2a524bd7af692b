"""``bench --twin``: a candidate with speed and memory, without a score, that recommend treats as such."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.main import run
from tests.models.shape_documents import SHAPES

QUICK = (
    "--prompt-tokens",
    "20",
    "--output-tokens",
    "4",
    "--requests",
    "3",
    "--repetitions",
    "2",
    "--threads",
    "1",
)
BENCH = ("bench", "--task", "extraction", "--twin", "my-llama", "--quant", "Q8_0", *QUICK, "--json")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RIGHTSIZE_REMEASURE", "0")  # nobody looks at the times here
    model = {"id": "my-llama", "licence": {"name": "MIT"}, "context": 1024, "llama_cpp": {"runs": True}}
    document = {"schema_version": 1, "models": [{**model, "sources": ["here"], "shape": SHAPES["llama"]}]}
    (tmp_path / "model_catalogue").mkdir()
    (tmp_path / "model_catalogue" / "mine.yaml").write_text(yaml.safe_dump(document))


def output(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run(list(args))
    return code, json.loads(capsys.readouterr().out)


def test_a_twin_is_stored_without_a_score_and_measured_once(capsys: pytest.CaptureFixture[str]) -> None:
    code, first = output(capsys, *BENCH)
    schema = json.loads((SCHEMAS_DIR / "bench.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(first)
    assert code == 0
    (cell,) = first["cells"]
    assert cell["candidate"] == "my-llama:Q8_0+twin"
    assert "random weights" in json.dumps(cell)
    assert cell["facts"]["threads"] == 1, "a twin heeds the settings that were chosen"
    code, again = output(capsys, *BENCH)
    assert (code, again["reused"], again["cells"]) == (0, 1, [])


def test_settings_that_differ_make_twins_of_their_own_and_those_of_prompts_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, found = output(capsys, *BENCH[:-1], "--kv-type", "f16,q8_0", "--json")
    assert code == 0
    assert [cell["candidate"] for cell in found["cells"]] == [
        "my-llama:Q8_0+twin",
        "my-llama:Q8_0+twin+kv-q8_0",
    ]
    assert run([*BENCH, "--constrain", "json"]) == 2
    assert "--constrain means nothing to a twin" in capsys.readouterr().err


def test_recommend_uses_its_speed_and_never_passes_it_on_a_score(capsys: pytest.CaptureFixture[str]) -> None:
    output(capsys, *BENCH)
    thresholds = ("--max-memory", "100GB", "--min-accuracy", "50%")
    code, found = output(capsys, "recommend", "--task", "extraction", *thresholds, "--json")
    text = json.dumps(found)
    assert code == 3
    assert "my-llama:Q8_0+twin" in text
    assert "random weights" in text
    # More items cannot settle a score that never comes, and more requests are not what is open here.
    assert found["settle"] == []
    judged = {j["metric"]: j["verdict"] for c in found["candidates"] for j in c["judgements"]}
    assert judged["memory_bytes"] == "PASS"
    assert judged["score"] == "UNDECIDED"


def test_what_settles_a_twins_speed_is_the_twin_again(capsys: pytest.CaptureFixture[str]) -> None:
    output(capsys, *BENCH)
    _, found = output(capsys, "recommend", "--task", "extraction", "--max-latency", "1h", "--json")
    (command,) = found["settle"]
    assert "--twin my-llama --prompt-tokens 20 --output-tokens 4 --quant Q8_0" in command
