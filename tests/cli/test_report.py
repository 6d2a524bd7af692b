from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.report import report
from rightsize.errors import ProfileError, RightsizeError, StoreError, UsageError
from rightsize.store import Store
from tests.reports.builders import family

app = typer.Typer()
app.command()(report)
SCHEMA = json.loads((SCHEMAS_DIR / "report.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with Store.open("results.db") as results:
        for stored in family():
            results.append(stored)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--store", "results.db"])


def test_a_report_is_written_under_the_tasks_name(folder: Path) -> None:
    result = run("--include-demo", "--volume", "500000")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (folder / "reports" / "extraction").iterdir()} == {
        "index.html",
        "report.md",
        "results.csv",
    }
    assert "index.html" in result.stdout


def test_json_follows_its_schema(folder: Path) -> None:
    result = run("--json", "--region", "deu", "--out", "here", "--name", "mine")
    payload = json.loads(result.stdout)
    Draft202012Validator(SCHEMA).validate(payload)
    assert payload["region"] == "DEU"
    assert (folder / payload["files"]["html"]).is_file()
    assert payload["winner"] is None


def test_assumptions_are_written_and_read_back(folder: Path) -> None:
    written = run("--write-assumptions", "mine.yaml", "--json")
    Draft202012Validator(SCHEMA).validate(json.loads(written.stdout))
    result = run("--assumptions", "mine.yaml", "--json")
    assert all(row["yours"] for row in json.loads(result.stdout)["assumptions"])


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["--task", "extracton"], StoreError, "extraction"),
        (["--volume", "0"], UsageError, "--volume"),
        (["--volume", "nan"], UsageError, "--volume"),
        (["--name", "../../etc"], UsageError, "--out"),
        (["--region", "Germoney"], UsageError, "--region"),
        (["--api", "claude"], UsageError, "--api"),
        (["--assumptions", "none.yaml"], ProfileError, "none.yaml"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    folder: Path, arguments: list[str], kind: type[RightsizeError], said: str
) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, kind)
    assert said in str(result.exception) and "\n" not in str(result.exception)
    assert not (folder / "reports").exists()


def test_an_empty_store_names_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert isinstance(result.exception, StoreError)
    assert "rightsize bench" in str(result.exception)


def test_a_folder_stands_for_its_task(folder: Path) -> None:
    text = "task: extraction\noutput_type: generate_until\n"
    (folder / "mine").mkdir()
    (folder / "mine" / "mine.yaml").write_text(text, encoding="utf-8")
    result = run("--task", "./mine", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["name"] == "extraction"
    (folder / "mine" / "mine.yaml").write_text(text.replace("extraction", "tickets"), encoding="utf-8")
    refused = run("--task", "./mine")
    assert isinstance(refused.exception, StoreError)
    assert "no results for task 'tickets'" in str(refused.exception)
    assert "Measure with: rightsize bench --task ./mine" in str(refused.exception)
