"""``recommend --race`` on real tiny models: the table, the JSON, what is stored, what is reused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.race import payload
from rightsize.decide.race_trace import Cost, Fate, Look, RaceResult, TraceEntry
from rightsize.stats.bounds import Bounds
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


def test_every_end_of_a_race_follows_the_schema() -> None:
    looks = (Look("sql", 32, 0.75, 1.0),)
    bounds = Bounds(0.75, 0.5, 0.9, 32, 0.03, "betting")
    ends = (
        TraceEntry("a:F16", Fate.REFUSED, "too weak", looks, bounds, stake=0.015),
        TraceEntry("b:F16", Fate.UNDECIDED, "too close", looks, bounds, more_items=400),
        TraceEntry("c:F16", Fate.FAILED, "out of memory"),
        TraceEntry("d:F16", Fate.WON, "it meets every threshold", looks, bounds),
    )
    order = tuple(entry.candidate for entry in ends)
    costs = {name: Cost(items_asked=32, load_s=1.0, answer_s=3.2) for name in order}
    result = RaceResult(order, dict.fromkeys(order, 1.0), ends, costs, "d:F16", 0.05, 600)
    document = payload(result, ["sql"], "size", "rightsize recommend --race")
    jsonschema.validate(document, SCHEMA)
    assert document["verdict"] == "PASS" and document["smaller_undecided"] == ["b:F16"]
    assert document["race"]["exhaustive_items"] == 2400
    assert document["race"]["exhaustive_seconds"] == pytest.approx(4 * (1 + 60))


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_table_says_who_why_and_what_it_saved(place: Path) -> None:
    shown = rightsize(*ASK, "--max-size", "1GB", "--min-accuracy", "0%", cwd=place)
    assert shown.returncode == 0, shown.stderr
    assert "tiny128:F16 is the smallest that meets every threshold" in shown.stdout
    assert "everything would be 1,920 items" in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()) <= 80
