"""``rightsize compare`` on a store, and once for real with ``--bench`` on an embedded model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli import main
from rightsize.cli.common import SCHEMAS_DIR
from rightsize.domain import Reading, Record
from rightsize.store import Store
from rightsize.suites.loader import load_suite

Build = Callable[..., Record]
Run = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads((SCHEMAS_DIR / "compare.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*args: str) -> tuple[int, str, str]:
        code = main.run(["compare", *args, "--store", str(tmp_path / "results.db")])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoke


@pytest.fixture
def stored(tmp_path: Path, record: Build) -> Store:
    store, sha256 = Store.open(tmp_path / "results.db"), load_suite("extraction").sha256
    for quant, size, right in (("F16", 900, 480), ("Q8_0", 500, 480), ("Q4_K_M", 300, 400)):
        store.append(record(f"a-model-with-a-name:{quant}", right=right, size_bytes=size, suite_sha256=sha256))
    return store


def test_the_cliff_in_80_columns(run: Run, stored: Store) -> None:
    code, out, _ = run("--task", "extraction")
    assert code == 0
    assert "The cliff on extraction: Q4_K_M loses 16.0 points [" in " ".join(out.split())
    assert "Q8_0 is within 1 point at 95%" in " ".join(out.split())
    assert "Q4_K_M: 80 worse (item-" in out or "worse (item-" in out
    assert "Absent: energy per request: " in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_marks_and_their_legend_as_in_the_other_tables(
    run: Run, stored: Store, record: Build, joules: Callable[..., Reading]
) -> None:
    sha256 = load_suite("extraction").sha256
    busy = {"seconds": 1.0, "cpus": 2, "own_cpu_s": 2.0, "other_cpu_s": 0.9}
    for quant, size in (("F16", 900), ("Q8_0", 500)):
        base = record(
            f"other:{quant}", size_bytes=size, suite_sha256=sha256, energy_j=joules(1.0, 1.1, 0.9, low=0.7)
        )
        facts = {"windows": {"requests": [busy] if quant == "F16" else []}}
        stored.append(replace(base, outcome=replace(base.outcome, facts=facts)))
    code, out, _ = run("--task", "extraction", "--model", "other")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("Q8_0 "))
    assert row.split()[-4:] == ["1.00!", "1.00", "1.00", "1.00*!"], "the reference's unrest marks the ratio"
    assert row.split()[1].startswith("0.0") and "-0.0" not in out
    said = " ".join(out.split())
    assert "* modelled or configured; ! contaminated: something else disturbed it" in said
    assert "~ noisy" not in said
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
    document = json.loads(run("--task", "extraction", "--model", "other", "--json")[1])
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    figures = {f["name"]: f for f in document["comparisons"][0]["levels"][0]["figures"]}
    assert figures["latency_p50_ms"]["trust"] == "contaminated"


def test_a_margin_that_is_none_says_what_is_one(run: Run) -> None:
    code, _, err = run("--task", "extraction", "--within", "banana")
    assert code == 2
    assert "--within 'banana': is not a number. Write it like 2% or 0.02, both two points of score" in err


def test_json_follows_its_schema(run: Run, stored: Store) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    code, out, _ = run("--task", "extraction", "--within", "20%", "--json")
    document = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    (found,) = document["comparisons"]
    assert (code, found["reference"], found["cliff"]) == (
        0,
        "a-model-with-a-name:F16",
        "a-model-with-a-name:Q4_K_M",
    )
    assert found["levels"][1]["within_margin"] is True
    assert len(found["levels"][1]["worse"]) - len(found["levels"][1]["better"]) == 80


@pytest.mark.parametrize(
    "args", [("--model", "another"), ("--quant", "F16"), ("--model", "a-model-with-a-name", "--quant", "Q8_0")]
)
def test_nothing_to_compare_says_how_to_get_it(run: Run, stored: Store, args: tuple[str, ...]) -> None:
    code, _, err = run("--task", "extraction", *args)
    assert code == 2
    assert "no model has two measured levels" in err
    assert "--bench" in err


def test_results_of_another_version_of_the_suite_do_not_count(run: Run, tmp_path: Path, record: Build) -> None:
    store = Store.open(tmp_path / "results.db")
    for quant in ("F16", "Q8_0"):
        store.append(replace(record(f"m:{quant}"), suite_sha256="older"))
    assert run("--task", "extraction")[0] == 2


def test_a_task_is_needed(run: Run) -> None:
    code, _, err = run()
    assert (code, "no task was named" in err) == (2, True)


def tiny_task(folder: Path) -> Path:
    """Twelve short questions, so that measuring two levels takes seconds."""
    rows = [{"text": f"The invoice of day {n} is wrong.", "label": "Billing"} for n in range(12)]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {
        "task": "tiny_queues",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "test.jsonl"}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "Ticket: {{text}}\nQueue:",
        "doc_to_target": "{{label}}",
        "doc_to_choice": ["Billing", "Delivery"],
        "metadata": {"rightsize": {"scorer": "choice", "score": "accuracy"}},
    }
    (folder / "tiny_queues.yaml").write_text(json.dumps(config))
    return folder / "tiny_queues.yaml"


@pytest.mark.slow
def test_bench_measures_levels_and_distributions(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTSIZE_REQUESTS", "2")
    monkeypatch.setenv("RIGHTSIZE_REPETITIONS", "1")
    args = ("--task", str(tiny_task(tmp_path)), "--model", "rightsize-nano", "--quant", "F16,Q8_0")
    code, out, err = run(*args, "--bench", "--json")
    assert code == 0, err
    (found,) = json.loads(out)["comparisons"]
    figures = {figure["name"]: figure for figure in found["levels"][0]["figures"]}
    assert 0 < figures["kl_nats"]["value"] < 0.1
    assert figures["top1_agreement"]["value"] > 0.9
    assert figures["size_bytes"]["value"] < 0.7
    again = run(*args, "--json")
    assert json.loads(again[1])["comparisons"] == [found]  # all of it is stored
