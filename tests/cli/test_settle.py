"""``recommend --bench`` on a real model: what is undecided is measured, then decided."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_bench import rightsize
from tests.tiny_models import make_tiny_llama


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settle")
    make_tiny_llama(folder / "tiny-F16.gguf", width=256, layers=1)
    bench = (
        "bench",
        "--task",
        "classification",
        "--no-baselines",
        "--model",
        "tiny-F16.gguf",
        "--quant",
        "F16",
        "--limit",
        "8",
    )
    assert rightsize(*bench, "--requests", "6", cwd=folder).returncode == 0
    return folder


def test_the_command_that_settles_it_settles_it(place: Path) -> None:
    ask = ("recommend", "--task", "classification", "--max-latency", "30s", "--json")
    first = rightsize(*ask, cwd=place)
    assert first.returncode == 3, "six requests cannot bound a p95"
    (command,) = json.loads(first.stdout)["settle"]
    assert "--requests 59" in command
    done = rightsize(*shlex.split(command)[1:], cwd=place)
    assert done.returncode == 0, done.stderr
    again = rightsize(*ask, cwd=place)
    assert again.returncode == 0
    assert json.loads(again.stdout)["winner"] == "tiny:F16"


def test_bench_measures_the_items_that_would_settle_a_score(place: Path) -> None:
    def asked(limit: float, *more: str) -> dict[str, Any]:
        ask = ("recommend", "--task", "classification", "--min-accuracy", f"{limit:.3f}", "--json", *more)
        document = json.loads(rightsize(*ask, cwd=place).stdout)
        judgement: dict[str, Any] = document["candidates"][0]["judgements"][0]
        return judgement

    bound = asked(0.9)["bound_high"]
    before = asked(0.9 * bound)
    assert before["verdict"] == "UNDECIDED", "a limit inside the bounds of eight items"
    after = asked(0.9 * bound, "--bench")
    assert after["n"] >= before["n"] + before["more_needed"]
