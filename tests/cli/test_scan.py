from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from rightsize.cli import scan as command
from rightsize.cli.common import SCHEMAS_DIR
from rightsize.domain import Gpu
from rightsize.machine.gpu import REINSTALL
from rightsize.models.local import LocalModel

SCHEMA = json.loads((SCHEMAS_DIR / "scan.schema.json").read_text(encoding="utf-8"))
GPU = Gpu(
    "NVIDIA Test 80GB",
    80 * 10**9,
    "570.86",
    700.0,
    has_energy_counter=True,
    usable_by_llama_cpp=False,
    advice=REINSTALL,
)


@pytest.fixture(scope="module")
def machine():
    return command.scan_with_energy(with_bandwidth=False)


@pytest.fixture
def invoke(monkeypatch, tmp_path, machine):
    def run(*args, seen=machine):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr(command, "scan_with_energy", lambda *, with_bandwidth: seen)
        app = typer.Typer()
        app.command()(command.scan)
        return CliRunner().invoke(app, list(args))

    return run


def test_the_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_json_follows_its_schema(invoke, machine):
    seen = replace(machine, gpus=(GPU,), bandwidth_gb_s=(20.0, 22.0, 21.0))
    result = invoke("--json", seen=seen)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["bandwidth"]["median_gb_s"] == 21.0
    assert document["bandwidth"]["n"] == 3


def test_an_absent_bandwidth_is_null_not_zero(invoke):
    document = json.loads(invoke("--json").stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["bandwidth"] is None
    assert "memory bandwidth" in document["machine"]["unavailable"]


def test_the_table_fits_eighty_columns_and_says_everything(invoke, machine):
    seen = replace(machine, gpus=(GPU,), bandwidth_gb_s=(20.0, 22.0, 21.0))
    result = invoke(seen=seen)
    assert result.exit_code == 0
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    words = " ".join(result.stdout.split())
    for part in (
        "Processor",
        "Cores",
        "21.0 GB/s",
        "in 3 runs",
        "RAPL",
        "modelled",
        "limit 700 W",
        "energy counter",
    ):
        assert part in words
    for part in REINSTALL.split():
        assert part in words


def test_one_run_over_memory_is_said_in_plain_words(invoke, machine):
    words = " ".join(invoke(seen=replace(machine, bandwidth_gb_s=(20.0,), usable_cores=1)).stdout.split())
    assert "20.0 GB/s read, measured once, 1 thread" in words and "1 runs" not in words


def test_save_writes_a_profile_in_the_current_folder(invoke, tmp_path):
    result = invoke("--save", "here", "--json")
    assert result.exit_code == 0
    assert (tmp_path / "hardware_profiles" / "here.yaml").is_file()
    assert json.loads(result.stdout)["saved"] == "hardware_profiles/here.yaml"


def test_names_with_brackets_are_printed_as_they_are(machine, capsys):
    from rich.console import Console

    models = [LocalModel("[bold]model[/]", None, 5_000_000, "current folder")]
    Console(width=80).print(command.machine_table(machine, models))
    assert "[bold]model[/]" in capsys.readouterr().out
