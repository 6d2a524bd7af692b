"""``rightsize results``: list, export, delete."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli import main
from rightsize.cli.common import SCHEMAS_DIR
from rightsize.domain import Failed, Interrupted, ItemOutcome, Record
from rightsize.store import Store

Build = Callable[..., Record]
Run = Callable[..., tuple[int, str, str]]
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((SCHEMAS_DIR / "results.schema.json").read_text(encoding="utf-8"))
)


@pytest.fixture
def store(tmp_path: Path, record: Build) -> Store:
    store = Store.open(tmp_path / "results.db")
    store.append(record("a:F16"))
    store.append(record("a:F16"))
    store.append(record("b:F16", suite="sql", outcome=Failed("out of memory")))
    return store


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*args: str) -> tuple[int, str, str]:
        code = main.run(["results", *args, "--store", store.location])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoke


def test_list_shows_the_newest_in_80_columns(run: Run) -> None:
    code, out, _ = run("list")
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["2", "3"]
    assert "95.0%" in out and "failed" in out


def test_list_keeps_long_names_whole(run: Run, store: Store, record: Build) -> None:
    name = "a-model-with-a-name-of-many-parts-instruct-v0.3:Q4_K_M+13fb+kv-q8_0+prompt-terse"
    store.append(record(name, suite="classification-of-support-tickets"))
    for args in (
        ("list",),
        ("list", "--rank-by", "decode_tokens_per_s"),
        ("list", "--rank-by", "latency_p95_ms"),
    ):
        _, out, _ = run(*args)
        lines = out.splitlines()
        assert max(map(len, lines)) <= 80 and "…" not in out
        start = next(number for number, line in enumerate(lines) if line.lstrip().startswith("4 "))
        first = lines[start].index("a-mod")
        cells = [
            line[first:].split("  ")[0].strip() for line in lines[start : start + 6] if line[first:].strip()
        ]
        assert "".join(cells).startswith(name)


def test_list_json_follows_its_schema_and_filters(run: Run) -> None:
    document = json.loads(run("list", "--all", "--json")[1])
    VALIDATOR.check_schema(VALIDATOR.schema)
    VALIDATOR.validate(document)
    assert [cell["id"] for cell in document["cells"]] == [1, 2, 3]
    only = json.loads(run("list", "--task", "sql", "--json")[1])
    assert [cell["reason"] for cell in only["cells"]] == ["out of memory"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--task", "sqll"), "--task sqll: "),
        (("--candidate", "a:F1"), "Did you mean a:F16"),
        (("--task", "nothing-alike"), "It holds extraction, sql"),
    ],
)
def test_what_is_not_stored_is_not_an_empty_store(run: Run, args: tuple[str, str], said: str) -> None:
    code, out, err = run("list", *args)
    assert code == 2 and not out
    assert said in err.replace("\n", " ")


def test_export_csv_to_stdout_and_to_a_file(run: Run, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export")[1])))
    assert [row["candidate"] for row in rows] == ["a:F16", "a:F16", "b:F16"]
    assert (rows[0]["score"], rows[2]["score"]) == ("0.95", "")
    target = tmp_path / "all.csv"
    assert run("export", "--out", str(target))[1] == ""
    assert len(target.read_text(encoding="utf-8").splitlines()) == 4


def test_export_json_keeps_raw_samples_and_items(run: Run) -> None:
    document = json.loads(run("export", "--format", "json")[1])
    VALIDATOR.validate(document)
    outcome = document["records"][0]["outcome"]
    assert len(outcome["items"]) == 500
    assert len(next(r for r in outcome["readings"] if r["metric"] == "latency_ms")["samples"]) == 120


def test_delete_by_id_and_refuse_unknown_ones(run: Run, store: Store) -> None:
    code, _, err = run("delete", "1", "77")
    assert code == 2
    assert "no stored cell 77" in err
    document = json.loads(run("delete", "1", "3", "--json")[1])
    VALIDATOR.validate(document)
    assert document["deleted"] == 2
    assert [record.id for record in store.records(newest=False)] == [2]


def test_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    code, _, err = run("export", "--out", str(tmp_path / "no" / "x.csv"))
    assert code == 2
    assert "--out" in err


def test_an_interrupted_cell_is_listed_as_such_with_how_many_items_it_has(
    run: Run, store: Store, record: Build, item_outcomes: Callable[..., tuple[ItemOutcome, ...]]
) -> None:
    cut = record("c:F16", outcome=Interrupted("cut", item_outcomes(20, 37)))
    number = store.append(cut)
    (line,) = [line for line in run("list")[1].splitlines() if "c:F16" in line]
    assert line.split()[:5] == [str(number), "c:F16", "extraction", "37/500", "interrupted"]
    document = json.loads(run("list", "--candidate", "c:F16", "--json")[1])
    VALIDATOR.validate(document)
    (cell,) = document["cells"]
    assert (cell["outcome"], cell["reason"], cell["items"], cell["score"]) == ("interrupted", "cut", 37, None)
    rows = list(csv.DictReader(io.StringIO(run("export")[1])))
    assert (rows[-1]["outcome"], rows[-1]["items"], rows[-1]["score"]) == ("interrupted", "37", "")
    assert run("delete", str(number))[0] == 0
    assert store.answered(cut.fingerprint) == ()
