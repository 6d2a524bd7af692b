"""``recommend --race`` on real tiny models: the table, the JSON, what is stored, what is reused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli.common import SCHEMAS_DIR
from tests.cli.test_bench import rightsize
from tests.tiny_models import make_tiny_llama

SCHEMA = json.loads((SCHEMAS_DIR / "recommend.schema.json").read_text(encoding="utf-8"))
ASK = ("recommend", "--race", "--task", "classification", "--model", ".", "--quant", "F16")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("race")
    for width in (128, 256):
        make_tiny_llama(folder / f"tiny{width}-F16.gguf", width=width, layers=1)
    return folder


def test_models_that_know_nothing_are_refused_after_few_items(place: Path) -> None:
    first = rightsize(*ASK, "--min-accuracy", "90%", "--json", cwd=place)
    assert first.returncode == 1, first.stderr
    document = json.loads(first.stdout)
    jsonschema.validate(document, SCHEMA)
    race = document["race"]
    assert [entry["fate"] for entry in race["trace"]] == ["refused", "refused"]
    assert race["items_asked"] < race["exhaustive_items"] / 10
    assert "refused" in first.stderr
    again = json.loads(rightsize(*ASK, "--min-accuracy", "90%", "--json", cwd=place).stdout)
    assert again["race"]["items_asked"] == 0 and again["verdict"] == document["verdict"]
    plain = rightsize("recommend", "--task", "classification", "--min-accuracy", "90%", cwd=place)
    assert plain.returncode == 3, "a race's answers are not judged as if their number had been fixed"


def test_the_table_says_who_why_and_what_it_saved(place: Path) -> None:
    shown = rightsize(*ASK, "--max-size", "1GB", "--min-accuracy", "0%", cwd=place)
    assert shown.returncode == 0, shown.stderr
    assert "tiny128:F16 is the smallest that meets every threshold" in shown.stdout
    assert "everything would be 1,920 items" in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()) <= 80
