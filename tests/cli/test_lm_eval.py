"""``rightsize lm-eval`` and ``rightsize bench`` on lm-eval's tasks, through the real command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rightsize.cli.main import run
from tests.suites.lm_eval_folder import write_folder, write_several, write_task
from tests.tiny_models import make_tiny_llama

pytestmark = pytest.mark.filterwarnings("ignore")

CHAT = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(autouse=True)
def lm_eval_logs_to_a_stream_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMEVAL_LOG_LEVEL", "ERROR")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_llama(tmp_path_factory.mktemp("models") / "tiny.gguf", chat_template=CHAT)


def rightsize(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rightsize", *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_help_imports_no_lm_eval() -> None:
    code = (
        "import sys; from rightsize.cli.main import run; run(['--help']); run(['bench', '--help'])\n"
        "sys.exit(any(name in sys.modules for name in ('lm_eval', 'datasets', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "lm-eval" in done.stdout
    assert "--trust-suite" in done.stdout


def test_a_task_that_would_run_code_needs_trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_task(tmp_path, "le_ll")
    path.write_text(path.read_text() + "\nprocess_docs: !function evil.docs\n")
    assert run(["bench", "--task", str(path)]) == 2
    assert "--trust-suite" in capsys.readouterr().err


@pytest.mark.slow
def test_help_and_usage_errors_are_lm_evals(tmp_path: Path) -> None:
    helped = rightsize("lm-eval", "run", "--help", cwd=tmp_path)
    assert helped.returncode == 0
    assert "--apply_chat_template" in helped.stdout
    wrong = rightsize("lm-eval", "run", "--tasks", "x", "--nonsense", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "unrecognized arguments: --nonsense" in wrong.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model_args", "problem"),
    [([], "no model was named"), (["--model_args", "pretrained=none.gguf"], "no model file none.gguf")],
)
def test_a_missing_model_is_one_line(tmp_path: Path, model_args: list[str], problem: str) -> None:
    task = write_task(tmp_path, "le_ll")
    done = rightsize("lm-eval", "run", "--model", "rightsize", *model_args, "--tasks", str(task), cwd=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


POOL = """
import multiprocessing as mp, time
import lm_eval.__main__ as lm_eval_main
from rightsize.cli.main import main

def deaf(_):
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:  # as one who is told just before it waits for a lock, and sleeps on
            pass

def pooled():
    with mp.get_context("fork").Pool(2) as pool:
        pool.map_async(deaf, range(2))
        time.sleep(0.5)
    print("the pool has ended")

lm_eval_main.cli_evaluate = pooled
main(["lm-eval"])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_pools_that_lm_eval_forks_end_when_it_ends_them(tmp_path: Path) -> None:
    command = [sys.executable, "-c", POOL]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "the pool has ended" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("chat", [False, True])
def test_lm_eval_and_bench_give_the_same_scores(tmp_path: Path, model: Path, chat: bool) -> None:
    write_folder(tmp_path)
    theirs = lm_eval_scores(tmp_path, model, *(["--apply_chat_template"] if chat else []))
    args = ["--model", str(model), "--quant", "F16", "--requests", "2", "--repetitions", "1", "--threads", "1"]
    done = rightsize(
        "bench",
        "--task",
        ".",
        *args,
        "--no-baselines",
        "--chat-template",
        "auto" if chat else "none",
        "--json",
        "--store",
        "r.db",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    cells = {cell["task"]: cell for cell in json.loads(done.stdout)["cells"]}
    for task, key in KEYS.items():
        assert cells[task]["metrics"]["score"]["value"] == pytest.approx(theirs[task][key])
    assert "no score in [0, 1]" in json.dumps(cells["le_roll"])


@pytest.mark.slow
def test_items_that_ask_in_several_ways_and_checks_of_lm_evals_tasks_run_through_bench(
    tmp_path: Path, model: Path
) -> None:
    several, plain = write_several(tmp_path), write_task(tmp_path, "le_mc")
    common = (
        "--model",
        str(model),
        "--quant",
        "F16",
        "--requests",
        "2",
        "--repetitions",
        "1",
        "--threads",
        "1",
    )
    common = (*common, "--no-baselines", "--json", "--store", "r.db")
    done = rightsize("bench", "--task", str(several), "--trust-suite", *common, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["status"] == "measured"
    assert 0 <= cell["metrics"]["score"]["value"] <= 1
    assert cell["metrics"]["latency_p50_ms"]["value"] >= cell["metrics"]["ttft_p50_ms"]["value"]
    done = rightsize("bench", "--task", str(plain), "--check", "robustness", *common, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = {figure["check"] for figure in json.loads(done.stdout)["checks"]}
    assert found == {"robustness"}
    refused = rightsize("bench", "--task", str(plain), "--check", "ood", *common, cwd=tmp_path)
    assert refused.returncode == 2
    assert "le_mc: lm-eval judges by the document" in refused.stderr.replace("\n", " ")


KEYS = {
    "le_gen": "exact_match,letter",
    "le_begun": "exact_match,letter",
    "le_mc": "acc,none",
    "le_pick": "acc,none",
    "le_ll": "acc,none",
}


def lm_eval_scores(folder: Path, model: Path, *args: str) -> dict[str, Any]:
    done = rightsize(
        "lm-eval", "run", "--model", "rightsize", "--model_args", f"pretrained={model},threads=1",
        "--include_path", ".", "--tasks", "le_group,le_begun,le_pick,le_ll,le_roll",
        "--output_path", "out", *args, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (written,) = folder.glob("out/**/*.json")
    scores: dict[str, Any] = json.loads(written.read_text())["results"]
    return scores
