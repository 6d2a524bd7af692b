"""An engine is one new file and one entry: a toy one is added to a copy of the package, and the real command
measures it in a real worker. Its model is served elsewhere, so that size, memory and energy are not ours to
read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rightsize
from rightsize.store import Store

TOY = '''
"""Always takes the longest choice."""
from rightsize.domain import Answer, Model
from rightsize.engines.interface import Capabilities, Engine
from rightsize.engines.item_session import ItemSession


class ToyEngine(Engine):
    name = "toy"
    capabilities = Capabilities(generates=False, local=False, settings=frozenset())

    def models(self, query):
        return [Model(spec, sha256=spec, spec=spec) for spec in query.specs]

    def build(self):
        return {"name": "toy", "version": "1"}

    def open(self, model, settings):
        return Longest()


class Longest(ItemSession):
    def answer_one(self, item, rules):
        chosen = max(range(len(item.choices)), key=lambda i: len(item.choices[i]))
        return Answer(item.choices[chosen], choice=chosen)
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the toy engine's file and its entry."""
    place = tmp_path_factory.mktemp("toy")
    ours = Path(rightsize.__file__).parent
    shutil.copytree(ours, place / "rightsize", ignore=shutil.ignore_patterns("__pycache__", "*.gguf"))
    for folder in ("suites", "hardware_profiles"):
        (place / folder).symlink_to(ours.parent / folder)
    (place / "rightsize/engines/toy.py").write_text(TOY)
    registry = place / "rightsize/engines/registry.py"
    entry = '_ENGINES = {\n    "toy": "rightsize.engines.toy:ToyEngine",\n'
    registry.write_text(registry.read_text().replace("_ENGINES = {\n", entry))
    return place


def run(place: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(place), "COLUMNS": "80"}
    command = [sys.executable, "-m", "rightsize", *args]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def test_one_file_and_one_entry_make_candidates(place: Path) -> None:
    flags = (
        "--task",
        "classification,sql",
        "--model",
        "toy:longest",
        "--limit",
        "8",
        "--requests",
        "6",
        "--no-baselines",
    )
    done = run(place, "bench", *flags, "--json")
    assert done.returncode == 0, done.stderr
    cells = {cell["task"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["sql"]["reason"] == "the engine does not generate text"
    measured = cells["classification"]
    assert measured["candidate"] == "toy:longest"
    assert measured["metrics"]["score"]["n"] == 8 and measured["metrics"]["latency_p50_ms"]["n"] == 6
    absent = measured["absent"]
    assert absent["size_bytes"] == "its size is not known"
    assert "not ours to read" in absent["memory_bytes"] and "not ours to read" in absent["energy_j_per_request"]
    assert absent["decode_tokens_per_s"] == "it writes no tokens"
    again = run(place, "bench", *flags, "--json")
    assert json.loads(again.stdout)["reused"] == 1, "skipped cells are asked again, measured ones are not"


def test_what_has_no_known_size_is_ranked_by_what_is_known(place: Path) -> None:
    (record,) = [
        r for r in Store.open(place / ".rightsize/results.db").records() if r.suite == "classification"
    ]
    assert record.size_bytes is None
    limits = ("--task", "classification", "--min-accuracy", "1%")
    by_size = run(place, "recommend", *limits)
    assert "cannot be ranked: its size is not known" in " ".join(by_size.stdout.split())
    assert by_size.returncode == 3
    by_latency = run(place, "recommend", *limits, "--minimize", "latency", "--json")
    assert json.loads(by_latency.stdout)["candidates"][0]["objective"] > 0
    table = run(place, "results", "list")
    assert table.returncode == 0 and "toy:longest" in table.stdout
