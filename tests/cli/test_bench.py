"""``rightsize bench`` as a user runs it: the real command in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import psutil
import pytest

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.store import Store
from tests.tiny_models import make_tiny_llama

SCHEMA = json.loads((SCHEMAS_DIR / "bench.schema.json").read_text(encoding="utf-8"))


def rightsize(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rightsize", *args],
        cwd=cwd,
        env=environment(cwd),
        capture_output=True,
        text=True,
        check=False,
    )


def environment(cwd: Path) -> dict[str, str]:
    # The first .gguf that a test writes must not meet the quantizations of another test.
    return {**os.environ, "RIGHTSIZE_CACHE": str(cwd / "cache"), "COLUMNS": "80"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    make_tiny_llama(folder / "tiny-F16.gguf", width=256, layers=1)
    return folder


COMMON = (
    "bench",
    "--task",
    "classification",
    "--model",
    "tiny-F16.gguf",
    "--limit",
    "8",
    "--requests",
    "6",
    "--no-baselines",
)


def test_a_gguf_file_is_quantized_measured_stored_and_not_measured_twice(place: Path) -> None:
    first = rightsize(*COMMON, "--quant", "F16,Q8_0", "--json", cwd=place)
    assert first.returncode == 0, first.stderr
    document = json.loads(first.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert [cell["candidate"] for cell in document["cells"]] == ["tiny:Q8_0", "tiny:F16"], "smallest first"
    cell = document["cells"][0]
    assert cell["metrics"]["score"]["n"] == 8
    assert cell["metrics"]["latency_p50_ms"]["n"] == 6
    assert "no first token" in cell["absent"]["ttft_p50_ms"]
    assert {"model", "KV", "compute"} <= set(cell["facts"]["buffers_bytes"])
    assert "quantizing tiny to Q8_0" in first.stderr

    again = rightsize(*COMMON, "--quant", "F16,Q8_0,Q4_0", "--json", cwd=place)
    document = json.loads(again.stdout)
    assert document["reused"] == 2
    assert [cell["candidate"] for cell in document["cells"]] == ["tiny:Q4_0"], "only what was missing"

    fewer = rightsize(*COMMON, "--quant", "F16,Q8_0", "--limit", "5", "--json", cwd=place)
    assert json.loads(fewer.stdout)["reused"] == 2, "the eight items hold the five"

    forced = rightsize(*COMMON, "--quant", "F16", "--force", "--json", cwd=place)
    assert json.loads(forced.stdout)["reused"] == 0
    assert len(Store.open(place / ".rightsize/results.db").records(newest=False)) == 4


def test_the_table_fits_80_columns_and_pipes_without_colour(place: Path) -> None:
    done = rightsize(*COMMON, "--quant", "F16", "--force", cwd=place)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout + done.stderr
    assert "tiny:F16" in done.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("bench",), "no task was named"),
        (("bench", "--task", "extractoin"), "extraction"),
        (("bench", "--task", "sql", "--model", "absent.gguf"), "there is no such file"),
        (("bench", "--task", "sql", "--model", "empty.gguf"), "the file is empty"),
        (("bench", "--task", "sql", "--model", "cut.gguf"), "cut short"),
        (("bench", "--task", "sql", "--model", "folder"), "no GGUF file in this folder"),
        (("bench", "--task", "sql", "--model", "tiny-F16.gguf", "--quant", "Q4_K_N"), "Did you mean"),
        (("bench", "--task", "sql", "--model", "tiny-F16.gguf", "--memory-limit", "banana"), "banana"),
        (("bench", "--task", "sql", "--limit", "0"), "--limit"),
        (("bench", "--task", "sql", "--watts-idle", "5", "--limit", "2"), "--watts-load"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_2(place: Path, args: tuple[str, ...], says: str) -> None:
    (place / "empty.gguf").touch()
    (place / "cut.gguf").write_bytes((place / "tiny-F16.gguf").read_bytes()[:5000])
    (place / "folder").mkdir(exist_ok=True)
    done = rightsize(*args, cwd=place)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_breaks_llama_cpp_costs_only_its_cell(place: Path) -> None:
    broken = place / "broken-F16.gguf"
    whole = bytearray(make_tiny_llama(broken, width=256, layers=1).read_bytes())
    at = whole.index(b"llama.attention.head_count") + len(b"llama.attention.head_count") + 4
    whole[at : at + 4] = (7).to_bytes(4, "little")  # 256 is not divisible by 7 heads
    broken.write_bytes(whole)
    models = ("--model", "broken-F16.gguf", "--model", "tiny-F16.gguf")
    done = rightsize(
        "bench", "--task", "classification", *models, "--no-baselines",
        "--quant", "F16", "--limit", "4", "--requests", "6",
        "--force", "--json", cwd=place,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cells = {cell["candidate"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["broken:F16"]["status"] == "failed"
    assert cells["broken:F16"]["reason"]
    assert cells["tiny:F16"]["status"] == "measured"


def test_a_memory_limit_fails_the_cell(place: Path) -> None:
    done = rightsize(*COMMON, "--quant", "F16", "--memory-limit", "20MB", "--force", "--json", cwd=place)
    assert done.returncode == 2
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["status"] == "failed"
    assert cell["reason"].startswith("out of memory")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_keeps_what_is_done(place: Path, tmp_path: Path, sent: signal.Signals) -> None:
    store = tmp_path / "interrupted.db"
    command = [*COMMON, "--quant", "F16,Q8_0,Q4_0,Q5_0", "--store", str(store), "--requests", "40"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rightsize", *command],
        cwd=place,
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (store.exists() and Store.open(store).records()):
        time.sleep(0.05)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, sent)
    _, stderr = process.communicate(timeout=60)
    assert not [worker for worker in workers if worker.is_running()], "no worker outlives its command"
    kept = Store.open(store).records()
    assert kept, "the first candidate was stored before the interrupt"
    assert process.returncode in {0, 130}
    if process.returncode == 130:
        assert "what was measured until now is kept" in stderr


def test_a_soak_and_how_far_to_trust_it_are_in_the_json_and_the_table(place: Path) -> None:
    store = ("--store", "soak.db", "--repetitions", "1", "--remeasure", "0", "--quant", "F16", "--soak", "1s")
    done = rightsize(*COMMON, *store, "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    (cell,) = document["cells"]
    assert cell["soak"]["seconds"] >= 1 and cell["soak"]["sustained_tokens_per_s"] > 0
    assert cell["trust"]["label"] in {"trusted", "noisy", "contaminated"}
    assert {"latency_p50_ms", "decode_tokens_per_s"} <= cell["trust"]["metrics"].keys()
    assert len(cell["facts"]["windows"]["requests"]) == 6
    table = rightsize(*COMMON, *store, "--force", cwd=place).stdout
    assert "soak, tiny:F16:" in table
    assert "trusted: nothing" in table or "contaminated: tiny:F16" in table or "noisy: tiny:F16" in table


def test_a_time_to_wait_for_quiet_that_is_none_is_one_line(place: Path) -> None:
    done = rightsize(*COMMON, "--require-quiet", "soon", cwd=place)
    assert done.returncode == 2
    assert "--require-quiet 'soon'" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("given", [("--watts-idle", "9", "--watts-load", "3"), ("--watts-idle", "9")])
def test_watts_that_cannot_be_meant_are_refused_before_anything_runs(
    place: Path, given: tuple[str, ...]
) -> None:
    refused = rightsize(*COMMON, "--quant", "F16", *given, "--store", "watts.db", cwd=place)
    assert refused.returncode == 2
    assert refused.stderr.startswith("rightsize: --watts-idle") and refused.stderr.count("\n") == 1
    assert not (place / "watts.db").exists()


def test_too_little_memory_and_too_many_threads_are_told_in_numbers(place: Path) -> None:
    limits = ("--memory-limit", "1MB", "--threads", "999", "--store", "limits.db")
    done = rightsize(*COMMON, "--quant", "F16", *limits, cwd=place)
    assert done.returncode == 2, "nothing could be measured"
    (warning,) = (line for line in done.stderr.splitlines() if line.startswith("Warning: "))
    assert warning.startswith("Warning: --threads 999 is more than the ") and "usable here" in warning
    assert "the limit is 1MB" in " ".join(done.stdout.split())
    assert "0.00" not in done.stdout
