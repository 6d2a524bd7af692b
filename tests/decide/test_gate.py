"""The gate: paired on items, relative on speed, never judged across machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from rightsize.decide.baseline import baseline_of, suite_difference
from rightsize.decide.gate import Allowances, GateResult, InTurns, compare, gate_exit_code
from rightsize.decide.gate_checks import Check
from rightsize.decide.gate_slices import SliceRule
from rightsize.decide.on_undecided import OnUndecided
from rightsize.domain import Direction, Failed, Measured, Reading, Record, Threshold, Verdict
from rightsize.errors import ExitCode, UsageError

Build = Callable[..., Record]

DROP = Allowances(accuracy_drop=0.01)


def check(result: GateResult, flag: str) -> Check:
    return next(c for c in result.checks if c.flag == flag)


def with_wrong(base: Record, count: int) -> Record:
    """The same answers, ``count`` of the right ones now wrong."""
    assert isinstance(base.outcome, Measured)
    left, changed = count, []
    for item in base.outcome.items:
        flip = left > 0 and item.score == 1.0
        left -= flip
        changed.append(replace(item, score=0.0) if flip else item)
    return replace(base, id=base.id + 1, outcome=replace(base.outcome, items=tuple(changed)))


@pytest.mark.parametrize(
    ("wrong", "verdict", "code"),
    [
        (0, Verdict.PASS, ExitCode.PASS),
        (8, Verdict.UNDECIDED, ExitCode.PASS),
        (120, Verdict.FAIL, ExitCode.FAIL),
    ],
)
def test_a_drop_is_judged_on_the_same_items(
    record: Build, wrong: int, verdict: Verdict, code: ExitCode
) -> None:
    base = record(right=900, n=1000)
    result = compare(baseline_of(base), with_wrong(base, wrong), DROP)
    assert check(result, "--max-accuracy-drop").verdict is verdict
    assert check(result, "--max-accuracy-drop").change == pytest.approx(wrong / 1000)
    assert gate_exit_code(result) is code
    assert (result.moved.worse, result.moved.better) == (wrong, 0)


def test_pairing_passes_what_two_separate_percentages_could_not(record: Build) -> None:
    """100 of 1000 wrong: a percentage alone is known to 1.6 points, yet equal answers pass at one point."""
    base = record(right=900, n=1000)
    drop = check(compare(baseline_of(base), base, DROP), "--max-accuracy-drop")
    assert drop.bound_high is not None and drop.bound_high <= 0.01


def settled(base: Record, **changed: object) -> Record:
    """A record that says everything a gate compares by."""
    candidate = {**base.candidate, "settings": {"threads": 2}}
    return replace(base, candidate=candidate, **changed)  # type: ignore[arg-type]


def other_model(base: Record) -> Record:
    model = {**base.candidate["model"], "sha256": "another"}
    return replace(base, candidate={**base.candidate, "model": model})


def test_on_undecided_is_for_ci_to_choose(record: Build) -> None:
    base = record(right=900, n=1000)
    result = compare(baseline_of(base), with_wrong(base, 8), DROP)
    assert gate_exit_code(result, OnUndecided.WARN) is ExitCode.PASS
    assert gate_exit_code(result, OnUndecided.FAIL) is ExitCode.UNDECIDED
    failed = compare(baseline_of(base), with_wrong(base, 120), DROP)
    assert {gate_exit_code(failed, choice) for choice in OnUndecided} == {ExitCode.FAIL}


def test_what_no_item_lost_is_still_undecided_while_the_bound_is_wide(record: Build) -> None:
    """Another model of which nothing was seen to be worse: that is little evidence from few items."""
    base = settled(record(right=50, n=60))
    line = check(compare(baseline_of(base), other_model(base), DROP), "--max-accuracy-drop")
    assert line.verdict is Verdict.UNDECIDED
    assert line.more_needed == pytest.approx(299 - 60, abs=5)
    assert "no item scored lower" in line.reason and "about 239 more items" in line.reason


def test_an_allowance_of_nothing_is_never_proved_by_items(record: Build) -> None:
    base = settled(record())
    line = check(compare(baseline_of(base), other_model(base), Allowances(0.0)), "--max-accuracy-drop")
    assert (line.verdict, line.more_needed) == (Verdict.UNDECIDED, None)
    assert "no number of items" in line.reason


def test_the_same_measurement_again_cannot_be_worse_than_itself(record: Build) -> None:
    base = settled(record(right=5, n=6))
    result = compare(baseline_of(base), replace(base, id=2), Allowances(0.0))
    assert result.unchanged
    assert check(result, "--max-accuracy-drop").verdict is Verdict.PASS
    moved = compare(baseline_of(base), with_wrong(base, 1), Allowances(0.0))
    assert check(moved, "--max-accuracy-drop").verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    "changed",
    [
        {"engine": {"name": "mock", "version": "2.0"}},
        {"engine": {"name": "mock", "version": "1.0", "features": "AVX512"}},
        {"engine": {"name": "mock"}},
        {"engine": {}},
        {"machine_fingerprint": "machine-elsewhere"},
        {"candidate": {"model": {"sha256": "sha-small:Q8_0"}, "settings": {"threads": 4}}},
        {"candidate": {"model": {"sha256": "sha-small:Q8_0"}}},
    ],
)
def test_it_is_not_the_same_measurement_when_anything_differs(
    record: Build, changed: dict[str, object]
) -> None:
    base = settled(record(right=5, n=6))
    result = compare(baseline_of(base), replace(base, **changed), Allowances(0.0))  # type: ignore[arg-type]
    assert not result.unchanged
    assert check(result, "--max-accuracy-drop").verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("allowance", [0.0, 1.0])
@pytest.mark.parametrize(("right", "after"), [(0, 0), (400, 400), (400, 0), (0, 400)])
def test_all_right_and_all_wrong(record: Build, right: int, after: int, allowance: float) -> None:
    base = settled(record(right=right, n=400))
    now = other_model(settled(record(right=after, n=400)))
    line = check(compare(baseline_of(base), now, Allowances(allowance)), "--max-accuracy-drop")
    assert line.change == (right - after) / 400
    if allowance == 1.0 or after > right:
        assert line.verdict is Verdict.PASS
    elif after < right:
        assert line.verdict is Verdict.FAIL
    else:
        assert line.verdict is Verdict.UNDECIDED


def test_one_item_decides_nothing_and_none_is_no_baseline(record: Build) -> None:
    base = settled(record(right=1, n=1))
    line = check(compare(baseline_of(base), with_wrong(base, 1), DROP), "--max-accuracy-drop")
    assert (line.verdict, line.change) == (Verdict.UNDECIDED, 1.0)
    with pytest.raises(ValueError, match="holds no items"):
        baseline_of(record(outcome=Measured((), ())))


def test_a_score_or_a_time_that_is_no_number_is_said_and_decides_nothing(record: Build) -> None:
    base = record()
    items = tuple(replace(item, score=float("nan")) for item in base.outcome.items)
    spoilt = replace(base, outcome=replace(base.outcome, items=items))
    line = check(compare(baseline_of(base), spoilt, DROP), "--max-accuracy-drop")
    assert line.verdict is Verdict.UNDECIDED and "no number in [0, 1]" in line.reason
    slow = record(latency_ms=[float("nan")] * 120)
    allowed = Allowances(increases={"--max-latency-increase": 0.1})
    line = check(compare(baseline_of(base), slow, allowed), "--max-latency-increase")
    assert line.verdict is Verdict.UNDECIDED and "not a number" in line.reason


def test_equal_times_have_a_ratio_but_no_interval(record: Build) -> None:
    base = record(latency_ms=[100.0] * 120)
    allowed = Allowances(increases={"--max-latency-increase": 0.1})
    line = check(compare(baseline_of(base), base, allowed), "--max-latency-increase")
    assert (line.change, line.verdict) == (0.0, Verdict.UNDECIDED)
    assert "too uniform" in line.reason


def in_slices(base: Record, kinds: int = 2) -> Record:
    items = tuple(
        replace(item, parts={**item.parts, "slices": {"kind": f"kind-{i % kinds}"}})
        for i, item in enumerate(base.outcome.items)
    )
    return replace(base, outcome=replace(base.outcome, items=items))


def wrong_in(base: Record, kind: str) -> Record:
    items = tuple(
        replace(item, score=0.0) if item.parts["slices"]["kind"] == kind else item
        for item in base.outcome.items
    )
    return replace(base, outcome=replace(base.outcome, items=items))


def test_a_drop_in_one_slice_is_seen_though_the_whole_may_lose_more(record: Build) -> None:
    base = in_slices(record(right=1000, n=1000), kinds=20)
    rules = (SliceRule("kind", max_drop=0.1),)
    result = compare(baseline_of(base), wrong_in(base, "kind-3"), Allowances(0.2, slices=rules))
    by_name = {c.name: c.verdict for c in result.checks}
    assert by_name["score drop"] is Verdict.PASS
    assert by_name["score drop of kind kind-3"] is Verdict.FAIL
    assert len([name for name in by_name if "kind-" in name]) == 20
    assert result.verdict is Verdict.FAIL


def test_one_slice_by_its_own_score(record: Build) -> None:
    base = in_slices(record(right=1000, n=1000))
    rule = SliceRule("kind", "kind-1", min_score=0.5)
    good = compare(baseline_of(base), base, Allowances(slices=(rule,)))
    bad = compare(baseline_of(base), wrong_in(base, "kind-1"), Allowances(slices=(rule,)))
    assert [c.verdict for c in good.checks if c.flag == "--min-accuracy"] == [Verdict.PASS]
    assert [c.verdict for c in bad.checks if c.flag == "--min-accuracy"] == [Verdict.FAIL]


def test_many_slices_share_the_one_percent_of_false_alarms(record: Build) -> None:
    base = in_slices(record(right=1000, n=1000), kinds=20)
    one = compare(baseline_of(base), base, Allowances(slices=(SliceRule("kind", "kind-3", max_drop=0.0),)))
    all_of_them = compare(baseline_of(base), base, Allowances(slices=(SliceRule("kind", max_drop=0.0),)))
    low = {c.name: c.bound_low for c in all_of_them.checks}
    alone = next(c for c in one.checks if c.name == "score drop of kind kind-3")
    assert low[alone.name] < (alone.bound_low or 0.0)


def test_the_label_is_a_slice_by_itself_and_unknown_ones_are_named(record: Build) -> None:
    base = record(right=10, n=10)
    result = compare(baseline_of(base), base, Allowances(slices=(SliceRule("label", "target 3", 0.5),)))
    assert [c.n for c in result.checks if "label" in c.name] == [1]
    for rule, words in ((SliceRule("colour", None, 0.1), "colour"), (SliceRule("label", "x", 0.1), "'x'")):
        with pytest.raises(UsageError, match=words):
            compare(baseline_of(base), base, Allowances(slices=(rule,)))


def test_what_changed_is_named_the_likeliest_cause_first(record: Build) -> None:
    parts = {"items": "i", "gold": "g", "scorer": "s", "prompt": "p", "rules": "r"}
    base = settled(record(), suite_info={"items": 500, "parts": parts})
    info = {"items": 500, "parts": {**parts, "prompt": "p2"}}
    now = replace(
        other_model(base), suite_sha256="other", suite_info=info, engine={"name": "mock", "version": "2.0"}
    )
    result = compare(baseline_of(base), now, DROP)
    assert [change.what for change in result.changes] == [
        "the model file",
        "the prompt",
        "the engine's version",
    ]
    assert str(result.changes[2]) == "the engine's version (1.0 before, 2.0 now)"


def test_a_setting_that_was_left_alone_before_is_a_change(record: Build) -> None:
    base = settled(record())
    asked = {**base.candidate, "settings": {"threads": 2, "prompt": "Be brief. {prompt}"}}
    result = compare(baseline_of(base), replace(base, candidate=asked), DROP)
    assert [str(c) for c in result.changes] == [
        "the setting prompt (left alone before, Be brief. {prompt} now)"
    ]
    assert not result.unchanged


def test_what_only_one_build_of_the_engine_records_is_a_change(record: Build) -> None:
    base = settled(record())
    now = replace(base, engine={"name": "mock", "features": "AVX512"})
    result = compare(baseline_of(base), now, DROP)
    assert [str(c) for c in result.changes] == [
        "the engine's version (1.0 before, not recorded now)",
        "the engine's features (not recorded before, AVX512 now)",
    ]
    unknown = replace(baseline_of(base), engine={})
    assert compare(unknown, now, DROP).changes == ()


def test_another_prompt_is_compared_other_gold_or_items_are_refused(record: Build) -> None:
    parts = {"items": "i", "gold": "g", "scorer": "s", "prompt": "p", "rules": "r"}
    baseline = baseline_of(replace(record(), suite_info={"parts": parts}))

    def of(**changed: str) -> Record:
        return replace(record(), suite_sha256="other", suite_info={"parts": {**parts, **changed}})

    assert suite_difference(baseline, of(prompt="p2")) is None
    assert "its gold answers of the suite" in (suite_difference(baseline, of(gold="g2")) or "")
    assert "its items, its scorer" in (suite_difference(baseline, of(items="i2", scorer="s2")) or "")
    assert "has changed" in (suite_difference(baseline, record(suite_sha256="other")) or "")
    assert "the results are of sql" in (suite_difference(baseline, record(suite="sql")) or "")


def turns(metric: str, values: Sequence[float]) -> dict[str, Reading]:
    return {metric: Reading(metric, "ms", tuple(values))}


@pytest.mark.parametrize(
    ("slower", "verdict"), [(1.0, Verdict.PASS), (1.05, Verdict.UNDECIDED), (1.3, Verdict.FAIL)]
)
def test_in_turns_a_ratio_is_judged_where_times_could_not_be(
    record: Build, elsewhere: str, slower: float, verdict: Verdict
) -> None:
    """The machine gets five times slower meanwhile; both sides feel it, and the ratio does not."""
    before = [100.0 * (1 + i / 10) + i % 3 for i in range(40)]
    after = [slower * value * (1.02 if i % 2 else 0.99) for i, value in enumerate(before)]
    baseline = baseline_of(record(machine_fingerprint=elsewhere))
    allowed = Allowances(increases={"--max-latency-increase": 0.04})
    both = InTurns(turns("latency_ms", before), turns("latency_ms", after))
    line = check(compare(baseline, record(), allowed, in_turns=both), "--max-latency-increase")
    assert line.verdict is verdict


def test_without_an_allowance_a_check_is_shown_and_not_judged(record: Build) -> None:
    base = record()
    result = compare(baseline_of(base), with_wrong(base, 300), Allowances())
    assert {c.verdict for c in result.checks} == {None}
    assert result.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0, Verdict.PASS), (1.1, Verdict.UNDECIDED), (1.5, Verdict.FAIL)]
)
def test_latency_grows_relative_to_the_baseline(record: Build, factor: float, verdict: Verdict) -> None:
    samples = [100.0 + (i * 37 % 120) / 4 for i in range(120)]
    before, after = record(latency_ms=samples), record(latency_ms=[factor * s for s in samples])
    allowed = Allowances(increases={"--max-latency-increase": 0.1})
    line = check(compare(baseline_of(before), after, allowed), "--max-latency-increase")
    assert line.verdict is verdict
    assert line.change == pytest.approx(factor - 1)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.15, Verdict.UNDECIDED), (1.19, Verdict.UNDECIDED), (1.4, Verdict.FAIL)]
)
def test_a_run_at_another_time_fails_only_beyond_what_a_machine_does_by_itself(
    record: Build, joules: Callable[..., object], factor: float, verdict: Verdict
) -> None:
    """The samples leave no doubt that this run was slower; that the model is, they do not show."""
    times, watts = [100.0 + i % 5 for i in range(120)], (1.0, 1.01, 0.99, 1.0, 1.0, 1.0)
    before = record(latency_ms=times, energy_j=joules(*watts))
    joules_now = joules(*(factor * w for w in watts))
    after = record(id=2, latency_ms=[factor * t for t in times], energy_j=joules_now)
    allowed = Allowances(increases={"--max-latency-increase": 0.02, "--max-energy-increase": 0.02})
    result = compare(baseline_of(before), after, allowed)
    for flag in allowed.increases or ():
        line = check(result, flag)
        assert line.verdict is verdict
        asked = "an unchanged model may differ by 20% from run to run; --remeasure-baseline measures both"
        assert (asked in line.reason) is (verdict is Verdict.UNDECIDED)
        assert line.more_needed is None
    turned = InTurns(turns("latency_ms", times), turns("latency_ms", [factor * t for t in times]))
    in_turns = compare(baseline_of(before), after, allowed, in_turns=turned)
    assert check(in_turns, "--max-latency-increase").verdict is Verdict.FAIL


def test_more_requests_are_asked_for_only_where_they_could_decide(record: Build) -> None:
    times = [100.0 + (i * 37 % 120) / 2 for i in range(40)]
    before, after = record(latency_ms=times), record(id=2, latency_ms=[1.4 * t for t in times])
    allowed = Allowances(increases={"--max-latency-increase": 0.1})
    line = check(compare(baseline_of(before), after, allowed), "--max-latency-increase")
    assert line.verdict is Verdict.UNDECIDED and line.more_needed
    assert "more requests would decide" in line.reason


@pytest.mark.parametrize(
    ("peak", "now", "verdict"),
    [
        (500e6, 500e6, Verdict.PASS),
        (500e6, 504e6, Verdict.UNDECIDED),
        (500e6, 506e6, Verdict.FAIL),
        (50e6, 51.5e6, Verdict.UNDECIDED),  # a small model: our own worker is much of it
        (50e6, 52.5e6, Verdict.FAIL),
    ],
)
def test_a_few_pages_more_of_memory_fail_nothing(
    record: Build, peak: float, now: float, verdict: Verdict
) -> None:
    allowed = Allowances(increases={"--max-memory-increase": 0.0})
    before, after = record(memory_bytes=peak), record(id=2, memory_bytes=now)
    line = check(compare(baseline_of(before), after, allowed), "--max-memory-increase")
    assert (line.verdict, line.more_needed) == (verdict, None)
    assert ("% from run to run" in line.reason) is (verdict is Verdict.UNDECIDED)


def test_memory_and_energy_grow_too(record: Build, joules: Callable[..., object]) -> None:
    before = record(memory_bytes=100e6, energy_j=joules(1.0, 1.01, 0.99, 1.0))
    after = record(memory_bytes=120e6, energy_j=joules(2.0, 2.01, 1.99, 2.0))
    allowed = Allowances(increases={"--max-memory-increase": 0.25, "--max-energy-increase": 0.5})
    result = compare(baseline_of(before), after, allowed)
    assert check(result, "--max-memory-increase").verdict is Verdict.PASS
    assert check(result, "--max-energy-increase").verdict is Verdict.FAIL


def test_another_machine_is_not_compared(record: Build, elsewhere: str) -> None:
    baseline = baseline_of(record(machine_fingerprint=elsewhere))
    asked = compare(baseline, record(), Allowances(increases={"--max-latency-increase": 0.1}))
    line = check(asked, "--max-latency-increase")
    assert (line.verdict, line.change) == (Verdict.UNDECIDED, None)
    assert "another machine" in line.reason
    assert check(compare(baseline, record(), DROP), "--max-latency-increase").verdict is None


def test_a_metric_missing_on_one_side_is_open_if_asked_for(record: Build) -> None:
    allowed = Allowances(increases={"--max-energy-increase": 0.1})
    line = check(compare(baseline_of(record()), record(), allowed), "--max-energy-increase")
    assert line.verdict is Verdict.UNDECIDED
    assert "not measured in the baseline" in line.reason


def test_plain_thresholds_count_as_in_recommend(record: Build) -> None:
    tight = Threshold("latency_p95_ms", Direction.LOWER, 1.0, "1ms")
    result = compare(baseline_of(record()), record(), Allowances(), [tight])
    assert result.thresholds[0].verdict is Verdict.FAIL
    assert gate_exit_code(result) is ExitCode.FAIL


def test_other_items_are_refused(record: Build) -> None:
    with pytest.raises(ValueError, match="different items"):
        compare(baseline_of(record(n=500)), record(n=499, right=400), DROP)
    with pytest.raises(ValueError, match="not a measurement"):
        baseline_of(record(outcome=Failed("broke")))
