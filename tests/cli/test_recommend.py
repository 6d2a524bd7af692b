"""``rightsize recommend`` end to end on a store: options, exit codes, table, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli import main
from rightsize.cli.common import SCHEMAS_DIR
from rightsize.decide.bench_run import Settling
from rightsize.domain import Failed, Reading, Record
from rightsize.store import Store

Build = Callable[..., Record]
Run = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads((SCHEMAS_DIR / "recommend.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "results.db")


@pytest.fixture
def run(store: Store, here: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("rightsize.cli.deciding.this_machine", lambda: here)
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*args: str) -> tuple[int, str, str]:
        code = main.run(["recommend", *args, "--store", store.location])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoke


def test_a_winner_is_exit_0_and_everything_is_said(run: Run, store: Store, record: Build) -> None:
    store.append(record("tiny:Q4_K_M", right=300, size_bytes=50_000_000))
    store.append(record("small:Q8_0", right=490, size_bytes=90_000_000))
    code, out, _ = run("--task", "extraction", "--min-accuracy", "90%", "--max-latency", "500ms")
    assert code == 0
    assert "small:Q8_0 is the smallest candidate that passes every threshold" in out
    assert "tiny:Q4_K_M: score is at most" in out
    assert max(len(line) for line in out.splitlines() if "small:Q8_0 " in line and "✓" in line) <= 80


def test_the_table_fits_80_columns_with_every_threshold(run: Run, store: Store, record: Build) -> None:
    store.append(record("a-model-with-a-long-name:Q4_K_M+12fb", right=490))
    _, out, _ = run(
        *("--min-accuracy", "90%", "--max-latency", "500ms", "--max-memory", "2GB", "--max-size", "1GB"),
        *("--min-tokens-per-s", "20", "--minimize", "latency"),
    )
    table = out.split("passes, ")[0].splitlines()
    assert max(len(line.rstrip()) for line in table) <= 80


def test_json_follows_its_schema(run: Run, store: Store, record: Build) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    store.append(record("tiny:Q4_K_M", right=300, size_bytes=1))
    store.append(record("open:Q4_K_M", right=455, size_bytes=2))
    store.append(record("broke:Q4_K_M", outcome=Failed("out of memory"), size_bytes=3))
    code, out, _ = run("--min-accuracy", "90%", "--max-energy-per-request", "1J", "--json")
    document = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (code, document["verdict"], document["winner"]) == (3, "UNDECIDED", None)
    assert document["alpha_each"] == 0.025
    reasons = {j["metric"]: j["reason"] for j in document["candidates"][1]["judgements"]}
    assert reasons["energy_j_per_request"] == "no energy counter is readable"


def test_all_failing_is_exit_1_with_the_nearest_miss(run: Run, store: Store, record: Build) -> None:
    store.append(record(right=300))
    code, out, _ = run("--min-accuracy", "90%")
    assert code == 1
    assert "Nearest miss: small:Q8_0 would pass with --min-accuracy 5" in out


def test_undecided_is_exit_3_with_the_command(run: Run, store: Store, record: Build) -> None:
    store.append(record(latency_ms=[10.0] * 20))
    code, out, _ = run("--max-latency", "500ms")
    assert code == 3
    assert "rightsize bench --task extraction --quant Q8_0 --requests 59 --store " in out
    assert "--force" in out


def test_several_undecided_ones_get_one_command(run: Run, store: Store, record: Build) -> None:
    for level in ("Q8_0", "Q4_K_M", "F16"):
        store.append(record(f"small:{level}", latency_ms=[10.0] * 20))
    code, out, _ = run("--max-latency", "500ms")
    assert code == 3
    assert out.count("rightsize bench --task extraction") == 1
    assert "recommend --bench runs it and decides again." in out


def test_strict_minds_a_smaller_undecided_one(run: Run, store: Store, record: Build) -> None:
    store.append(record("open:Q8_0", right=455, size_bytes=1))
    store.append(record("good:Q8_0", right=490, size_bytes=2))
    assert run("--min-accuracy", "90%")[0] == 0
    assert run("--min-accuracy", "90%", "--strict")[0] == 3


def test_unmeasured_is_exit_3_with_the_command(run: Run) -> None:
    code, out, _ = run("--task", "extraction", "--min-accuracy", "90%")
    assert code == 3
    assert "rightsize bench --task extraction" in out


def test_bench_settles_and_decides_again(
    run: Run, store: Store, record: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(record(latency_ms=[10.0] * 20, id=1))
    asked = []

    def measure(runs: list[object], results: Store, **_: object) -> None:
        asked.extend(runs)
        results.append(record(latency_ms=[10.0] * 59, id=2))

    monkeypatch.setattr("rightsize.flows.settle.settle", measure)
    code, _, err = run("--max-latency", "500ms", "--bench")
    assert (code, len(asked)) == (0, 1)
    assert "$ rightsize bench --task extraction" in err


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--max-latency", "banana"], "--max-latency 'banana': is not a number with a unit"),
        (["--max-latency=-5ms"], "--max-latency '-5ms': must be more than 0"),
        (["--min-accuracy", "110%"], "--min-accuracy '110%': must lie between 0 and 1"),
        ([], "no threshold was given"),
        (["--task", "extracton", "--min-accuracy", "90%"], "Did you mean extraction"),
    ],
)
def test_impossible_requests_are_one_line_and_exit_2(run: Run, args: list[str], why: str) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert why in err
    assert len(err.strip().splitlines()) == 1


def test_the_stores_only_task_is_meant_and_several_are_listed(run: Run, store: Store, record: Build) -> None:
    assert "no results in" in run("--min-accuracy", "90%")[2]
    store.append(record(right=490))
    assert run("--min-accuracy", "90%")[0] == 0
    store.append(record(suite="sql"))
    code, _, err = run("--min-accuracy", "90%")
    assert code == 2
    assert "--task with one of extraction, sql" in err


def test_cost_can_be_minimised(run: Run, store: Store, record: Build) -> None:
    store.append(record("slow:Q8_0", latency_ms=[90_000.0 + i for i in range(120)], size_bytes=1))
    store.append(record("fast:Q8_0", latency_ms=[30.0 + i / 9 for i in range(120)], size_bytes=2))
    code, out, _ = run("--min-accuracy", "90%", "--minimize", "cost")
    assert code == 0
    assert "fast:Q8_0 is the cheapest candidate" in out


def test_an_undecided_candidate_may_be_the_nearest_miss(run: Run, store: Store, record: Build) -> None:
    store.append(record("far:F16", right=100, size_bytes=1))
    store.append(record("near:F16", right=449, size_bytes=2))
    code, out, _ = run("--min-accuracy", "90%")
    assert code == 3
    assert "Nearest miss: near:F16 would pass with --min-accuracy 8" in out


def test_what_no_item_of_the_suite_can_settle_is_said_with_what_would(
    run: Run, store: Store, record: Build
) -> None:
    whole = record("near:F16", right=449)
    store.append(replace(whole, suite_info={**whole.suite_info, "items": 500}))
    code, out, _ = run("--min-accuracy", "90%")
    said = " ".join(out.split())
    assert code == 3
    assert "near:F16 stays undecided: even all 500 items of its suite cannot settle it. Relax to" in said
    assert "or use a suite with more items." in said
    assert "rightsize bench" not in out, "no command settles it"
    document = json.loads(run("--min-accuracy", "90%", "--json")[1])
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    (found,) = document["stuck"]
    (change,) = found["changes"]
    assert (found["candidate_id"], found["items"], change["flag"]) == ("near:F16", 500, "--min-accuracy")
    assert run("--min-accuracy", change["text"])[0] == 0, "the relaxed threshold is one it does pass"


def test_several_tasks_name_candidate_and_verdict_once(run: Run, store: Store, record: Build) -> None:
    for task in ("extraction", "sql"):
        store.append(record("small:F16", right=490, suite=task))
    code, out, _ = run("--task", "extraction,sql", "--min-accuracy", "90%")
    assert code == 0
    rows = out.split("passes, ")[0]
    assert (rows.count("winner"), rows.count("small:F16"), rows.count("98.0% ✓")) == (1, 1, 2)


def test_a_command_to_copy_is_never_broken(run: Run, store: Store, record: Build) -> None:
    store.append(record("a-model-with-quite-a-long-name:Q4_K_M", right=490))
    _, out, _ = run("--task", "extraction,sql", "--min-accuracy", "90%")
    (command,) = json.loads(run("--task", "extraction,sql", "--min-accuracy", "90%", "--json")[1])["settle"]
    assert len(command) > 80
    assert f"  {command}" in out.splitlines()


def test_a_drop_is_said_in_points_and_never_as_a_share(run: Run, store: Store, record: Build) -> None:
    store.append(record("small:Q8_0", right=475))
    store.append(record("big:F16", right=475, size_bytes=10**9))
    code, out, _ = run("--within", "1%", "--of", "big", "--task", "extraction")
    said = " ".join(out.split())
    assert code == 0 and "0 points ✓" in said
    assert "the score drops by at most 1 points" not in said and "-0" not in said
    assert "point below big" in said and "% of" not in said


def test_within_a_reference_is_judged_on_the_same_items(run: Run, store: Store, record: Build) -> None:
    for name, right, size in (("tiny:Q4_K_M", 300, 5), ("small:Q8_0", 489, 9), ("big:F16", 490, 20)):
        store.append(record(name, right=right, size_bytes=size * 10_000_000))
    asked = ("--task", "extraction", "--within", "10%", "--of", "big")
    code, out, _ = run(*asked)
    assert code == 0 and "small:Q8_0 is the smallest candidate" in out
    _, out, _ = run(*asked, "--json")
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    drops = {c["candidate"]: c["judgements"][0] for c in document["candidates"]}
    assert drops["tiny:Q4_K_M"]["verdict"] == "FAIL" and drops["big:F16"]["verdict"] == "PASS"
    assert drops["small:Q8_0"]["flag"] == "--within" and drops["small:Q8_0"]["bound_high"] <= 0.1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--within", "2%"), "Add --of CANDIDATE"),
        (("--of", "big"), "Add --within, as 2%"),
        (("--within", "nan", "--of", "big"), "--within 'nan': is not a number"),
        (("--within", "2%", "--of", "other"), "no such candidate has results. Candidates: big:F16"),
        (("--min-accuracy", "nan"), "--min-accuracy 'nan': is not a number"),
        (("--min-accuracy", "50%", "--model", "x.gguf"), "Add --race"),
        (("--min-accuracy", "50%", "--limit", "20"), "Add --race"),
        (("--min-accuracy", "50%", "--require-quiet", "0"), "Add --race or --bench"),
        (("--race", "--min-accuracy", "50%", "--require-quiet", "soon"), "--require-quiet 'soon'"),
        (
            ("--race", "--min-accuracy", "50%", "--minimize", "cost", "--assumptions", "none.yaml"),
            "none.yaml",
        ),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(
    run: Run, store: Store, record: Build, options: tuple[str, ...], said: str
) -> None:
    store.append(record("big:F16", right=490))
    code, _, err = run("--task", "extraction", *options)
    assert code == 2 and said in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(("limit", "code"), [("0%", 0), ("100%", 1)])
def test_limits_of_exactly_nothing_and_everything(
    run: Run, store: Store, record: Build, limit: str, code: int
) -> None:
    store.append(record("big:F16", right=490))
    assert run("--task", "extraction", "--min-accuracy", limit)[0] == code


def test_a_modelled_energy_that_decides_is_marked(
    run: Run, store: Store, record: Build, joules: Callable[..., Reading]
) -> None:
    store.append(record("a:Q8_0", right=490, energy_j=joules(2.0, 2.1, 2.2, low=0.5, high=1.5)))
    store.append(record("b:Q8_0", right=490, energy_j=joules(1.0, 1.1, 1.2, low=0.5, high=1.5)))
    ask = ("--min-accuracy", "90%", "--minimize", "energy")
    _, out, _ = run(*ask)
    assert "1.1J*" in out and "2.1J*" in out
    said = " ".join(out.split())
    assert "* modelled or configured, not measured, and the order rests on it" in said
    assert "b:Q8_0 is the candidate with the least energy (modelled) that passes" in said
    document = json.loads(run(*ask, "--json")[1])
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert [c["objective_provenance"] for c in document["candidates"]] == ["modelled", "modelled"]
    _, judged, _ = run("--max-energy-per-request", "9J")
    said = " ".join(judged.split())
    assert (
        "each by a bound, exact where it is measured" in said
        and "energy per request (modelled) is at most" in said
    )
    assert "the order rests" not in said


def test_after_a_race_the_command_names_what_was_raced(
    run: Run, store: Store, record: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    raced = record("own:Q4_K_M", embedded=True, n=32, limit=32)
    told = {"id": "1", "items_of": {"extraction": 500}, "order": ["own:Q4_K_M"], "thresholds": []}
    store.append(replace(raced, suite_info={**raced.suite_info, "race": told}))
    asked: list[Settling] = []
    monkeypatch.setattr("rightsize.flows.settle.settle", lambda runs, *_, **__: asked.extend(runs))
    _, out, _ = run("--task", "extraction", "--min-accuracy", "90%", "--bench")
    assert "Nothing was measured on a fixed number of items yet." in out
    assert "rightsize bench --task extraction --model own --quant Q4_K_M --store " in out
    assert [(one.models, one.quants) for one in asked] == [(("own",), ("Q4_K_M",))]


def test_a_task_of_ones_own_is_named_by_its_path_in_commands(
    run: Run, store: Store, record: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own data" / "tickets"
    folder.mkdir(parents=True)
    (folder / "tickets.yaml").write_text("task: tickets\noutput_type: generate_until\n", encoding="utf-8")
    store.append(record(suite="tickets", latency_ms=[10.0] * 20))
    asked: list[Settling] = []
    monkeypatch.setattr("rightsize.flows.settle.settle", lambda runs, *_, **__: asked.extend(runs))
    _, out, _ = run("--task", str(folder), "--max-latency", "500ms", "--bench")
    assert f"rightsize bench --task '{folder}' --quant Q8_0" in out
    assert [one.tasks for one in asked] == [(str(folder),)]
    assert "rightsize bench --task tickets " in run("--task", "tickets", "--max-latency", "500ms")[1]
