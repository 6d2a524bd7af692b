"""``recommend --race`` on real tiny models: the table, the JSON, what is stored, what is reused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.race import payload
from rightsize.decide.race_settling import settling
from rightsize.decide.race_trace import Cost, Fate, Look, RaceResult, TaskScore, TraceEntry
from rightsize.domain import Direction, Judgement, Provenance, Threshold, Verdict
from rightsize.reports.race_table import race_lines
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
    document = payload(result, ["sql"], "size", ["recommend", "--race"])
    jsonschema.validate(document, SCHEMA)
    assert document["verdict"] == "PASS" and document["smaller_undecided"] == ["b:F16"]
    assert document["race"]["exhaustive_items"] == 2400
    assert document["race"]["exhaustive_seconds"] == pytest.approx(4 * (1 + 60))


def lines_of(result: RaceResult, arguments: Sequence[str] = ("recommend", "--race", "--task", "sql")) -> str:
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        for part in race_lines(result, arguments):
            console.print(part, soft_wrap=bool(getattr(part, "no_wrap", False)))
    return captured.get()


def test_the_table_says_over_how_many_items_a_score_is_and_what_is_a_drop() -> None:
    looks = (Look("sql", 48, 0.49, 1.0),)
    drop = Bounds(0.013, -0.005, 0.031, 48, 0.03, "betting")
    ends = (
        TraceEntry(
            *("a:F16", Fate.REFUSED, "too weak", looks, Bounds(0.75, 0.5, 0.9, 48, 0.03, "betting")),
            scores=(TaskScore("sql", 0.75, 48),),
        ),
        TraceEntry(
            *("b:F16", Fate.UNDECIDED, "too close", looks, drop),
            more_items=400,
            scores=(TaskScore("sql", 0.91, 600),),
            reference="big:F16",
        ),
    )
    costs = {"a:F16": Cost(items_asked=48), "b:F16": Cost(items_asked=600)}
    result = RaceResult(("a:F16", "b:F16"), {}, ends, costs, None, 0.05, 600, {"sql": 600})
    first, second = (next(x for x in lines_of(result).splitlines() if x.startswith(n)) for n in "ab")
    assert first.split()[:5] == ["a:F16", "48", "75.0%", "[50.0%,", "90.0%]"]
    assert second.split()[:6] == ["b:F16", "600", "91.0%", "drop", "1.3", "[-0.5,"]
    assert "A score is over the items shown" in lines_of(result)
    whole = replace(result, entries=ends[1:])
    assert "A score is over the items shown" not in lines_of(whole)


def test_an_order_by_what_was_not_measured_says_so() -> None:
    ends = (TraceEntry("a:F16", Fate.WON, "it meets every threshold"),)
    measured = RaceResult(("a:F16",), {"a:F16": 0.5}, ends, {"a:F16": Cost()}, "a:F16", 0.05, 600)
    modelled = replace(measured, objective_provenance=Provenance.MODELLED)
    assert "the order rests on it" not in lines_of(measured)
    assert "size is modelled, and the order rests on it" in lines_of(modelled)
    (candidate,) = payload(modelled, ["sql"], "energy", ["recommend"])["candidates"]
    assert candidate["objective_provenance"] == "modelled"


def test_several_undecided_ones_get_one_command_that_fits_what_is_open() -> None:
    limit = Threshold("latency_p95_ms", Direction.LOWER, 500.0, "500ms")

    def late(trust: str = "") -> Judgement:
        bounds = (450.0, 400.0, 520.0, 120, 0.05, "order")
        return Judgement(limit, Verdict.UNDECIDED, *bounds, "open", "sql", None, 40, trust)

    def told(*ends: TraceEntry) -> str:
        costs = {entry.candidate: Cost() for entry in ends}
        order = tuple(costs)
        return lines_of(RaceResult(order, {}, ends, costs, None, 0.05, 600))

    items = told(
        *(TraceEntry(name, Fate.UNDECIDED, "too close", more_items=400) for name in ("a:F16", "b:F16"))
    )
    assert items.count("rightsize recommend --race") == 1
    assert "a:F16: about 400 more items would settle it; add them to the task" in items
    requests = told(TraceEntry("a:F16", Fate.UNDECIDED, "open", judgement=late()))
    assert "RIGHTSIZE_REQUESTS=160 rightsize recommend --race --task sql" in requests
    assert "items would settle it" not in requests
    disturbed = told(TraceEntry("a:F16", Fate.UNDECIDED, "open", judgement=late("contaminated")))
    assert "wait until the machine is quiet" in disturbed and "would settle it" not in disturbed
    assert disturbed.rstrip().endswith("rightsize recommend --race --task sql --require-quiet 5min")


@pytest.mark.parametrize(
    ("given", "more", "says", "then"),
    [
        (["-n", "200"], 347, "about 547 items would settle it; the task has 960", ["--limit", "547"]),
        (["--limit=200"], 760, "about 960 items would settle it; the task has 960", []),
        (["-n200"], 900, "about 1,100 items would settle it; the task has 960 and needs 140 more", []),
        ([], 140, "about 140 more items would settle it; add them to the task", []),
    ],
)
def test_a_race_on_some_of_the_items_is_settled_by_more_of_them(
    given: list[str], more: int, says: str, then: list[str]
) -> None:
    raced = 200 if given else 960
    looks = (Look("sql", 48, 0.49, 1.0),)
    ends = (TraceEntry("a:F16", Fate.UNDECIDED, "too close", looks, more_items=more),)
    result = RaceResult(
        ("a:F16",), {}, ends, {"a:F16": Cost()}, None, 0.05, raced, {"sql": raced}, {"sql": 960}
    )
    asked = ["recommend", "--race", *given, "--task", "sql"]
    advice = settling(result, asked)
    assert advice is not None and advice.says == (("a:F16", says),)
    assert advice.command == " ".join(["rightsize", "recommend", "--race", "--task", "sql", *then])
    assert advice.helps is bool(given)
    assert payload(result, ["sql"], "size", asked)["settle"] == ([advice.command] if given else [])
    assert f"a:F16: {says}" in " ".join(lines_of(result, asked).split())


@pytest.mark.slow
def test_race_recommend_and_results_list_say_one_score_each_with_its_items(place: Path) -> None:
    store = ("--store", "scores.db")
    of = ("--task", "classification", "--model", ".", "--quant", "F16", *store)
    quick = ("--limit", "40", "--requests", "2", "--repetitions", "1", "--no-baselines")
    assert rightsize("bench", *of, *quick, cwd=place).returncode == 0
    raced = json.loads(
        rightsize("recommend", "--race", *of, "--min-accuracy", "90%", "--json", cwd=place).stdout
    )
    cells = json.loads(rightsize("results", "list", *store, "--json", cwd=place).stdout)["cells"]
    limited = {c["candidate"]: (c["items"], c["score"]) for c in cells if not c["race"]}
    of_race = {c["candidate"]: (c["items"], c["score"]) for c in cells if c["race"]}
    for entry in raced["race"]["trace"]:
        if entry["candidate"].startswith("tiny"):
            (score,) = entry["scores"]
            assert of_race[entry["candidate"]] == (score["items"], pytest.approx(score["score"]))
    plain = rightsize("recommend", "--task", "classification", "--min-accuracy", "90%", *store, cwd=place)
    assert "scores over 40 items each" in " ".join(plain.stdout.split())
    assert "what a race asked of" in " ".join(plain.stdout.split())
    document = json.loads(
        rightsize(
            "recommend", "--task", "classification", "--min-accuracy", "90%", *store, "--json", cwd=place
        ).stdout
    )
    for found in document["candidates"]:
        (judged,) = found["judgements"]
        assert limited[found["candidate"]] == (judged["n"], pytest.approx(judged["value"]))
    table = rightsize("results", "list", *store, cwd=place).stdout
    assert " race " in table and "race: what a race asked until it was settled" in " ".join(table.split())


@pytest.mark.slow
def test_models_that_know_nothing_are_refused_after_few_items(place: Path) -> None:
    first = rightsize(*ASK, "--min-accuracy", "90%", "--json", cwd=place)
    assert first.returncode == 1, first.stderr
    document = json.loads(first.stdout)
    jsonschema.validate(document, SCHEMA)
    race = document["race"]
    fates = {entry["candidate"]: entry["fate"] for entry in race["trace"]}
    assert {"tiny128:F16", "tiny256:F16"} < fates.keys() and set(fates.values()) == {"refused"}
    assert any(name.startswith("baseline:") for name in fates), "classical methods race beside the models"
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
