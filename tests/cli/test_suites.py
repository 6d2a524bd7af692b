from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner, Result

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.suites import app
from rightsize.errors import ExitCode, SuiteError, UsageError
from rightsize.suites.loader import list_suites
from tests.tiny_models import make_tiny_llama

SCHEMA = json.loads((SCHEMAS_DIR / "suites.schema.json").read_text(encoding="utf-8"))
DATA = b'{"q": "one?", "a": "1"}\n{"q": "two?", "a": "2"}\n'


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))


def run(*args: str) -> Result:
    result = CliRunner().invoke(app, list(args))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*args: str, code: int = 0) -> dict[str, Any]:
    result = run(*args, "--json")
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def fits(result: Result) -> bool:
    return all(len(line.rstrip()) <= 80 for line in result.stdout.splitlines())


@pytest.fixture
def origin() -> Iterator[str]:
    """A loopback server that serves the data at ``/data.jsonl``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = DATA if self.path == "/data.jsonl" else b"gone"
            self.send_response(200 if self.path == "/data.jsonl" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/data.jsonl"
    server.shutdown()
    server.server_close()


def real_suite(url: str, sha256: str = hashlib.sha256(DATA).hexdigest(), name: str = "real") -> Path:
    config = {
        "task": name,
        "output_type": "generate_until",
        "doc_to_text": "{{q}}",
        "doc_to_target": "a",
        "metadata": {
            "rightsize": {
                "scorer": "reference",
                "licence": "CC-BY-4.0",
                "data": {"file": f"{name}/test.jsonl", "sha256": sha256, "origin": [url]},
            }
        },
    }
    path = Path(f"{name}.yaml")
    path.write_text(yaml.safe_dump(config))
    return path


def tickets(name: str = "tickets.csv", n: int = 40) -> Path:
    path = Path(name)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "category", "total", "summary"])
        for i in range(n):
            writer.writerow([f"Ticket number {i}", ("bug", "billing")[i % 2], f"{i}.5", f"It is number {i}."])
    return path


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_bundled_suite_is_listed_with_its_licence() -> None:
    found = document("list")
    assert [suite["name"] for suite in found["suites"]] == list_suites()
    assert found["broken"] == []
    assert all(suite["licence"] != "not stated" for suite in found["suites"])
    by_name = {suite["name"]: suite for suite in found["suites"]}
    assert (by_name["extraction"]["state"], by_name["extraction"]["items"]) == ("shipped", 600)
    result = run("list")
    assert fits(result)
    assert "Business documents to JSON fields" in result.stdout


def test_show_gives_a_prompt_and_the_hash() -> None:
    found = document("show", "extraction", "--items", "2")
    assert len(found["suite"]["shown"]) == 2
    assert found["suite"]["shown"][0]["prompt"].startswith("Extract these fields")
    result = run("show", "extraction")
    assert fits(result)
    assert found["suite"]["sha256"] in result.stdout
    assert "160 tokens" in result.stdout


def test_show_and_list_fetch_nothing(origin: str) -> None:
    path = real_suite(origin)
    found = document("show", str(path))
    assert (found["state"], found["suite"], found["items"]) == ("not pulled", None, None)
    result = run("show", str(path))
    assert "rightsize suites pull real" in result.stderr
    assert not Path("cache").exists()


def test_pull_shows_the_licence_fetches_once_and_then_keeps(origin: str) -> None:
    path = str(real_suite(origin))
    result = run("pull", path)
    assert "real: licence CC-BY-4.0" in result.stderr
    assert Path("cache/data/real/test.jsonl").read_bytes() == DATA
    (again,) = document("pull", path)["files"]
    assert (again["fetched"], again["size_bytes"]) == (False, len(DATA))
    assert document("show", path)["items"] == 2


def test_pull_refuses_another_checksum_and_leaves_nothing(origin: str) -> None:
    with pytest.raises(SuiteError, match="as the suite expects"):
        run("pull", str(real_suite(origin, sha256="0" * 64)))
    assert not [path for path in Path("cache").rglob("*") if path.is_file()]


def test_one_suite_that_cannot_be_pulled_does_not_keep_the_others_back(origin: str) -> None:
    bad = str(real_suite(origin.replace("data", "other"), name="bad"))
    with pytest.raises(SuiteError, match="1 of 2 suites could not be pulled"):
        run("pull", bad, str(real_suite(origin)))
    assert Path("cache/data/real/test.jsonl").is_file()


def test_pull_needs_names_or_all() -> None:
    with pytest.raises(UsageError, match="name the suites"):
        run("pull")
    assert document("pull", "extraction")["files"] == []


def test_check_passes_a_sound_suite_and_fails_another(origin: str) -> None:
    assert document("check", "extraction")["suites"][0]["sound"] is True
    result = run("check", "extraction")
    assert fits(result)
    assert "600 of 600 score 1" in result.stdout
    broken = Path("broken.yaml")
    broken.write_text("task: broken\noutput_type: generate_until\ndoc_to_text: x\nmetadata: {rightsize: {}}\n")
    assert document("check", str(broken), code=int(ExitCode.FAIL))["suites"][0]["sound"] is False
    assert "problem" in run("check", str(broken)).stdout


def test_check_counts_a_models_tokens_in_another_process(tmp_path: Path) -> None:
    model = make_tiny_llama(tmp_path / "tiny.gguf", context=128)
    run("new", "mine", "--from", str(tickets()), "--input", "text", "--label", "category")
    lengths = document("check", "./mine", "--model", str(model))["suites"][0]["lengths"]
    assert [each["unit"] for each in lengths] == ["characters", "tokens"]
    # The tiny model has nearly a token a byte.
    assert 0.8 * lengths[0]["longest"] < lengths[1]["longest"] <= lengths[0]["longest"]
    with pytest.raises(UsageError, match="no such file"):
        run("check", "mine", "--model", "none.gguf")


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        (("--label", "category"), "classification"),
        (("--fields", "total,category"), "extraction"),
        (("--reference", "summary"), "generation"),
    ],
)
def test_new_writes_a_suite_that_checks(choice: tuple[str, str], kind: str) -> None:
    found = document("new", "mine", "--from", str(tickets()), "--input", "text", *choice)
    assert (found["kind"], found["sound"], found["rows"]) == (kind, True, 40)
    assert (found["test_rows"], found["fewshot_rows"]) == (32, 8)
    assert found["sample_size"]["paired"]["needed"] == 1544
    assert document("check", "./mine")["suites"][0]["sha256"] == found["sha256"]
    again = run("new", "mine", "--from", "tickets.csv", "--input", "text", *choice, "--force")
    assert fits(again)
    said = " ".join(again.stdout.split())
    assert "To tell a model that is right on 90% of them from one right on 88% takes about 1,544" in said
    assert "rightsize bench --task ./mine" in again.stdout


def test_new_says_how_little_few_rows_show() -> None:
    result = run("new", "mine", "--from", str(tickets(n=4)), "--input", "text", "--label", "category")
    said = " ".join(result.stdout.split())
    assert "With the 2 rows tested on here no two models can be told apart." in said
    assert "even with all 2 right a model is shown to be above 22% only" in said


def test_new_does_not_warn_of_enough_rows() -> None:
    result = run("new", "mine", "--from", str(tickets(n=80)), "--input", "text", "--label", "category")
    assert "That is few" not in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("path", "kind"), [("./nope", "folder"), ("made/nope", "folder"), ("nope.yaml", "file")]
)
def test_a_path_that_is_not_there_is_called_what_it_is(path: str, kind: str) -> None:
    for command in ("check", "show"):
        with pytest.raises(SuiteError, match=re.escape(f"no such {kind}: {path}")):
            run(command, path)


def test_new_refuses_a_share_that_is_none() -> None:
    base = ("new", "mine", "--from", str(tickets()), "--input", "text", "--label", "category")
    with pytest.raises(UsageError, match="--test-share"):
        run(*base, "--test-share", "120%")
    with pytest.raises(UsageError, match="lies between 0 and 1"):
        run(*base, "--test-share", "1")


def test_control_characters_in_data_do_not_reach_the_terminal() -> None:
    Path("evil.csv").write_text("text,category\n" + "".join(f"t{i} \x1b[31m,c{i % 2}\n" for i in range(20)))
    run("new", "mine", "--from", "evil.csv", "--input", "text", "--label", "category")
    assert "\x1b" not in run("show", "./mine").stdout
    assert "\\x1b[31m" in run("show", "./mine").stdout


def rightsize(*args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RIGHTSIZE_THREADS": "1"}
    command = [sys.executable, "-m", "rightsize", *args]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_the_real_command_reports_errors_in_one_line() -> None:
    tickets()
    done = rightsize("suites", "new", "mine", "--from", "tickets.csv", "--input", "text", "--label", "categroy")
    assert done.returncode == ExitCode.ERROR
    assert done.stderr == (
        "rightsize: --label 'categroy': tickets.csv has no such column. Did you mean category?\n"
    )
    assert rightsize("suites", "check", "extrction").returncode == ExitCode.ERROR


@pytest.mark.slow
@pytest.mark.parametrize("choice", [("--label", "category"), ("--fields", "total"), ("--reference", "summary")])
def test_a_new_suite_is_benched_at_once(tmp_path: Path, choice: tuple[str, str]) -> None:
    model = make_tiny_llama(tmp_path / "tiny.gguf", context=2048)
    run("new", "mine", "--from", str(tickets(n=20)), "--input", "text", *choice)
    done = rightsize(
        "bench",
        "--task",
        "./mine",
        "--no-baselines",
        "--model",
        str(model),
        "--quant",
        "F16",
        "--requests",
        "4",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["task"] == "mine"
    assert cell["status"] == "measured"
