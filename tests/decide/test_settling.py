"""The command that settles what is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rightsize.decide.bench_run import Settling, merged
from rightsize.decide.more_needed import items_needed
from rightsize.decide.ranking import recommend
from rightsize.decide.settling import settling
from rightsize.decide.stuck import stuck
from rightsize.domain import Direction, Failed, Measured, Record, Threshold

Build = Callable[..., Record]

ACCURATE = Threshold("score", Direction.HIGHER, 0.9, "90%")
FAST = Threshold("latency_p95_ms", Direction.LOWER, 500.0, "500ms")


def commands(
    records: list[Record], *thresholds: Threshold, tasks: tuple[str, ...] = ("extraction",)
) -> list[str]:
    return [run.command for run in settling(recommend(records, thresholds, tasks))]


def test_nothing_stored_asks_for_the_whole_task() -> None:
    assert commands([], ACCURATE) == ["rightsize bench --task extraction"]


def test_more_items_raise_the_limit_and_need_no_force(record: Build) -> None:
    (command,) = commands([record(right=93, n=100, limit=100, suite_items=5000)], ACCURATE)
    head, _, limit = command.partition(" --limit ")
    assert head == "rightsize bench --task extraction --quant Q8_0"
    assert int(limit) > 150


def test_all_items_of_the_suite_mean_no_limit(record: Build) -> None:
    part = record(right=93, n=100, limit=100, suite_items=None)
    (needed,) = [
        j.more_needed for c in recommend([part], [ACCURATE], ["extraction"]).candidates for j in c.judgements
    ]
    assert needed is not None
    exactly = record(right=93, n=100, limit=100, suite_items=100 + needed)
    assert commands([exactly], ACCURATE) == ["rightsize bench --task extraction --quant Q8_0"]


def test_fewer_items_than_needed_settle_nothing(record: Build) -> None:
    assert commands([record(right=93, n=100, limit=100, suite_items=120)], ACCURATE) == []


def test_more_requests_have_to_be_forced(record: Build) -> None:
    (command,) = commands([record(latency_ms=[10.0] * 20)], FAST)
    assert command == "rightsize bench --task extraction --quant Q8_0 --requests 59 --force"


def test_too_few_windows_of_energy_are_settled_by_as_many_requests(
    record: Build, joules: Callable[..., object]
) -> None:
    frugal = Threshold("energy_j_per_request", Direction.LOWER, 1.0, "1J")
    (command,) = commands([record(energy_j=joules(0.5))], frugal)
    assert command == "rightsize bench --task extraction --quant Q8_0 --requests 3 --force"


@pytest.mark.parametrize("right", [450, 460])
def test_what_cannot_be_settled_gets_no_command(record: Build, right: int) -> None:
    assert commands([record(right=right)], ACCURATE) == []


def test_broken_and_missing_cells_are_measured_again(record: Build) -> None:
    broken = record("own:Q8_0", outcome=Failed("hung"))
    assert commands([broken], ACCURATE) == ["rightsize bench --task extraction --quant Q8_0"]
    (command,) = commands([record(embedded=True)], ACCURATE, tasks=("extraction", "sql"))
    assert command == "rightsize bench --task sql --model small --quant Q8_0 --no-baselines"


def test_paths_are_quoted_for_the_shell() -> None:
    run = Settling(("sql",), models=("my models/a.gguf",))
    assert run.command == "rightsize bench --task sql --model 'my models/a.gguf' --no-baselines"


def test_settings_that_came_from_files_go_along_by_content(record: Build) -> None:
    chosen = {
        "threads": 1,
        "kv_type": "q8_0",
        "constrain": "root ::= x",
        "prompt": "{prompt}!",
        "prompt_name": "loud",
    }
    stored = record(right=93, n=100, limit=100, suite_items=5000)
    candidate = {**stored.candidate, "settings": chosen, "varied": ["threads"]}
    (run,) = settling(recommend([replace(stored, candidate=candidate)], [ACCURATE], ["extraction"]))
    assert "--kv-type q8_0 --prompt loud.txt" in run.command
    assert dict(run.contents) == {"constrain": "root ::= x", "prompt": "{prompt}!", "prompt_name": "loud"}
    assert run.varied == ("threads",)


NEAR = Threshold("score_drop", Direction.LOWER, 0.02, "2% --of big", "big")
BUSY = {"seconds": 1.0, "cpus": 2, "own_cpu_s": 2.0, "other_cpu_s": 0.9}


def in_unrest(base: Record) -> Record:
    """The same, with something else at work while its requests were timed."""
    assert isinstance(base.outcome, Measured)
    return replace(base, outcome=replace(base.outcome, facts={"windows": {"requests": [BUSY]}}))


def test_a_drop_that_the_whole_suite_leaves_open_is_stuck_and_gets_no_command(record: Build) -> None:
    answer = recommend(
        [record("small:Q8_0", right=470), record("big:F16", right=475, size_bytes=10**9)],
        [NEAR],
        ["extraction"],
    )
    assert settling(answer) == ()
    (found,) = stuck(answer)
    assert (found.candidate_id, found.items) == ("small:Q8_0", 500)
    assert [change.flag for change in found.changes] == ["--within"]
    (judged,) = answer.candidates[0].judgements
    assert judged.more_needed is None and "the suite has no more" in judged.reason


def test_a_drop_asks_for_items_of_whoever_lacks_them(record: Build) -> None:
    few = {"n": 100, "limit": 100, "suite_items": 5000}
    big = record("big:F16", right=95, size_bytes=10**9, **few)
    small, full = record("small:Q8_0", right=95, **few), record("small:Q8_0", right=4750, n=5000)
    (both,) = commands([small, big], NEAR)
    assert "--quant F16,Q8_0 --limit " in both, "the reference has too few as well"
    (lacking,) = commands([replace(full, suite_info=small.suite_info), big], NEAR)
    assert "--quant F16 --limit " in lacking


def test_a_reference_without_results_on_a_task_is_what_is_measured(record: Build) -> None:
    tasks = ("extraction", "sql")
    cells = [record("small:Q8_0", suite=task) for task in tasks] + [record("big:F16", size_bytes=10**9)]
    assert "rightsize bench --task sql --quant F16" in commands(cells, NEAR, tasks=tasks)


def test_a_disturbed_time_asks_for_quiet_and_not_for_more_of_the_same(record: Build) -> None:
    samples = [300.0 + 2 * i for i in range(120)]
    limit = Threshold("latency_p95_ms", Direction.LOWER, 530.0, "530ms")
    (calm,) = commands([record(latency_ms=samples)], limit)
    assert "--require-quiet" not in calm
    answer = recommend([in_unrest(record(latency_ms=samples))], [limit], ["extraction"])
    (judged,) = answer.candidates[0].judgements
    assert "more samples" not in judged.reason and "when the machine is quiet" in judged.reason
    (run,) = settling(answer)
    assert run.command == (
        "rightsize bench --task extraction --quant Q8_0 --requests 120 --require-quiet 5min --force"
    )
    (few,) = commands([in_unrest(record(latency_ms=[10.0] * 20))], FAST)
    assert "--requests 59 --force" in few, "enough of them may pass, disturbed or not"


def test_one_command_measures_all_that_one_can(record: Build) -> None:
    part = {"right": 93, "n": 100, "limit": 100, "suite_items": 5000}
    cells = [record(f"small:{level}", **part) for level in ("Q8_0", "Q4_K_M", "F16")]
    (command,) = commands(cells, ACCURATE)
    assert "--quant " in command and set(command.split("--quant ")[1].split()[0].split(",")) == {
        "Q8_0",
        "Q4_K_M",
        "F16",
    }


def test_runs_are_joined_only_where_that_measures_nothing_further() -> None:
    def run(model: str, level: str, **more: object) -> Settling:
        return Settling(("sql",), models=(model,), quants=(level,), **more)  # type: ignore[arg-type]

    crossed = [run(model, level) for model in "ab" for level in ("F16", "Q8_0")]
    (joined,) = merged(crossed)
    assert joined.command == "rightsize bench --task sql --model a --model b --quant F16,Q8_0 --no-baselines"
    named = {(m, q) for each in merged(crossed[:-1]) for m in each.models for q in each.quants}
    assert named == {("a", "F16"), ("a", "Q8_0"), ("b", "F16")}
    (most,) = merged([run("a", "F16", limit=200), run("a", "Q8_0", limit=300)])
    assert most.limit == 300
    forced = merged([run("a", "F16", limit=200, force=True), run("a", "Q8_0", limit=300, force=True)])
    assert len(forced) == 2, "a forced run measures its items again: nobody asked for more of the first"
    assert len(merged([run("a", "F16"), run("a", "F16", settings=(("--threads", "2"),))])) == 2


def test_a_disturbed_percentile_asks_for_as_many_requests_as_can_bound_it(record: Build) -> None:
    slow = in_unrest(record("slow:Q8_0", latency_ms=[900.0] * 20))
    others = [record(f"m{i}:Q8_0", latency_ms=[10.0] * 20) for i in range(5)]
    asked = [command for command in commands([slow, *others], FAST) if "--require-quiet" in command]
    assert asked == [
        "rightsize bench --task extraction --quant Q8_0 --requests 94 --require-quiet 5min --force"
    ], "twenty quiet ones would have no upper bound"


@pytest.mark.parametrize(("limited", "flag"), [(600, ""), (100, " --limit 100")])
def test_after_a_race_alone_what_was_raced_is_measured(record: Build, limited: int, flag: str) -> None:
    raced = record("own:Q4_K_M", embedded=True, n=32, limit=32, suite_items=600)
    raced = replace(raced, suite_info={**raced.suite_info, "race": {"items_of": {"extraction": limited}}})
    answer = replace(recommend([], [ACCURATE], ["extraction"]), raced={"own:Q4_K_M": {"extraction": raced}})
    (run,) = settling(answer)
    assert run.command == (
        f"rightsize bench --task extraction --model own --quant Q4_K_M{flag} --no-baselines"
    ), "not the number of items at which the race stopped"


def test_one_more_item_is_no_items(record: Build) -> None:
    drawn = record(right=93, n=100, limit=100, suite_items=5000)
    found = recommend([drawn], [ACCURATE], ["extraction"]).candidates[0].judgements[0]
    assert items_needed(1, drawn, found.n).remark == "about 1 more item would settle it"
    assert items_needed(2, drawn, found.n).remark == "about 2 more items would settle it"
