"""A disturbed measurement cannot fail a candidate, and never passes in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rightsize.decide.baseline import baseline_of
from rightsize.decide.gate import Allowances, compare
from rightsize.decide.thresholds import judge
from rightsize.decide.trust import overall_trust, trust_of
from rightsize.domain import Direction, Record, Threshold, Verdict
from rightsize.reports.gate_lines import undecided_text
from rightsize.reports.trust_lines import mark, trust_json, trust_lines
from rightsize.stats.trust import Trust

Build = Callable[..., Record]
CALM: dict[str, Any] = {"seconds": 1.0, "cpus": 2, "own_cpu_s": 2.0, "other_cpu_s": 0.0}
BUSY = {**CALM, "other_cpu_s": 0.9}
SLOW, QUICK = (Threshold("latency_p50_ms", Direction.LOWER, limit, "limit") for limit in (1.0, 1e6))


def watched(base: Record, *windows: dict[str, Any], **facts: Any) -> Record:
    seen = {"windows": {"requests": list(windows), "decode_tokens_per_s": [CALM]}, **facts}
    return replace(base, outcome=replace(base.outcome, facts=seen))  # type: ignore[arg-type]


def test_a_quiet_measurement_is_trusted_and_an_old_one_says_that_nobody_watched(record: Build) -> None:
    quiet = overall_trust(watched(record(latency_ms=[100.0 + i % 7 for i in range(120)]), CALM))
    assert quiet is not None and quiet.label is Trust.TRUSTED
    old = overall_trust(record())
    assert old is not None and (old.label, old.reason) == (None, "measured before the machine was watched")
    assert overall_trust(record(latency_ms=None, decode_tokens_per_s=())) is None


def test_a_contaminated_time_cannot_fail(record: Build) -> None:
    disturbed = watched(record(), CALM, BUSY)
    failing = judge(SLOW, disturbed, 0.05)
    assert failing.verdict is Verdict.UNDECIDED
    assert "contaminated: other processes used 45% of the processors (in 1 of 2 windows)" in failing.reason
    assert (failing.trust, failing.more_needed) == ("contaminated", 0)
    assert judge(SLOW, watched(record(), CALM), 0.05).verdict is Verdict.FAIL


def test_it_passes_all_the_more_and_says_so(record: Build) -> None:
    passing = judge(QUICK, watched(record(), BUSY), 0.05)
    assert passing.verdict is Verdict.PASS
    assert "although contaminated" in passing.reason


def test_of_memory_only_a_pass_is_in_doubt_and_only_for_swapping(record: Build) -> None:
    limits = [Threshold("memory_bytes", Direction.LOWER, limit, "limit") for limit in (1e12, 1.0)]
    swapped = watched(record(), {**CALM, "swapped_bytes": 50_000_000})
    assert [judge(limit, swapped, 0.05).verdict for limit in limits] == [Verdict.UNDECIDED, Verdict.FAIL]
    busy = watched(record(), BUSY)
    assert [judge(limit, busy, 0.05).verdict for limit in limits] == [Verdict.PASS, Verdict.FAIL]


def test_scores_and_sizes_do_not_need_a_quiet_machine(record: Build) -> None:
    disturbed = watched(record(), BUSY)
    assert trust_of(disturbed, "score") is None and trust_of(disturbed, "size_bytes") is None
    score = Threshold("score", Direction.HIGHER, 0.99, "99%")
    assert judge(score, disturbed, 0.05).verdict is Verdict.FAIL


def test_symptoms_are_shown_and_decide_nothing(record: Build) -> None:
    drifting = watched(record(latency_ms=[100.0] * 60 + [140.0] * 60), CALM)
    verdict = trust_of(drifting, "latency_p50_ms")
    assert verdict is not None and verdict.label is Trust.NOISY
    judged = judge(SLOW, drifting, 0.05)
    assert (judged.verdict, judged.trust) == (Verdict.FAIL, "noisy")


def test_longer_answers_are_no_drift(record: Build) -> None:
    from rightsize.domain import Reading

    tokens = [10.0] * 60 + [20.0] * 60
    base = watched(record(latency_ms=[5.0 + 3 * t for t in tokens]), CALM)
    work = (
        Reading("prompt_tokens", "token", tuple([7.0] * 120)),
        Reading("output_tokens", "token", tuple(tokens)),
    )
    steady = replace(base, outcome=replace(base.outcome, readings=(*base.outcome.readings, *work)))  # type: ignore
    verdict = trust_of(steady, "latency_p50_ms")
    assert verdict is not None and verdict.label is Trust.TRUSTED


def test_a_gate_fails_no_disturbed_run_and_passes_none_against_a_disturbed_baseline(record: Build) -> None:
    samples = [100.0 + (i * 37 % 120) / 4 for i in range(120)]
    slower = [1.5 * sample for sample in samples]
    allowed = Allowances(increases={"--max-latency-increase": 0.1})

    def verdict(before: Record, after: Record) -> tuple[Verdict | None, str]:
        checks = compare(baseline_of(before), after, allowed).checks
        found = next(c for c in checks if c.flag == "--max-latency-increase")
        return found.verdict, found.reason

    calm, busy = watched(record(latency_ms=samples), CALM), watched(record(latency_ms=samples), BUSY)
    assert verdict(calm, calm)[0] is Verdict.PASS
    assert verdict(calm, watched(record(latency_ms=slower), CALM))[0] is Verdict.FAIL
    found, why = verdict(calm, watched(record(latency_ms=slower), BUSY))
    assert found is Verdict.UNDECIDED and "the newest run was contaminated: other processes used 45%" in why
    found, why = verdict(busy, calm)
    assert found is Verdict.UNDECIDED and "the baseline was contaminated" in why


@pytest.mark.parametrize(("then", "now"), [(BUSY, CALM), (CALM, BUSY), (BUSY, BUSY)])
def test_a_gate_asks_for_quiet_and_not_for_more_of_disturbed_times(
    record: Build, then: dict[str, Any], now: dict[str, Any]
) -> None:
    samples = [100.0 + (i * 37 % 120) / 4 for i in range(120)]
    slower = record(id=2, latency_ms=[1.09 * sample for sample in samples])
    before, after = watched(record(latency_ms=samples), then), watched(slower, now)
    allowed = Allowances(increases={"--max-latency-increase": 0.1})
    calm = compare(baseline_of(watched(before, CALM)), watched(slower, CALM), allowed)
    assert calm.verdict is Verdict.UNDECIDED and calm.more_requests and calm.more_items is None
    assert "more requests would decide" in undecided_text(calm)
    result = compare(baseline_of(before), after, allowed, store="mine.db")
    said = undecided_text(result)
    assert result.verdict is Verdict.UNDECIDED and result.more_requests is None
    assert "would decide" not in said
    assert ("the baseline was contaminated" in said) is (then is BUSY)
    assert ("the newest run was contaminated" in said) is (now is BUSY)
    (advice,) = result.remarks
    assert (
        "rightsize bench --task extraction --quant Q8_0 --require-quiet 5min --store mine.db --force" in advice
    )
    assert ("write a new baseline" in advice) is (then is BUSY)


def test_a_gate_names_items_and_requests_apart(record: Build) -> None:
    samples = [100.0 + (i * 37 % 120) / 4 for i in range(120)]
    base, slower = record(latency_ms=samples), record(id=2, latency_ms=[1.09 * sample for sample in samples])
    items = tuple(replace(item, score=0.0) if i < 8 else item for i, item in enumerate(base.outcome.items))  # type: ignore[union-attr]
    after = replace(slower, outcome=replace(slower.outcome, items=items))  # type: ignore[arg-type]
    allowed = Allowances(0.01, increases={"--max-latency-increase": 0.1})
    result = compare(baseline_of(base), after, allowed)
    assert result.more_items and result.more_requests
    wanted = f"about {result.more_items:,} more items and {result.more_requests:,} more requests would decide"
    assert undecided_text(result) == f"Undecided: score drop, latency p50 increase; {wanted}"


@pytest.mark.parametrize(("windows", "sign"), [((CALM,), ""), ((BUSY,), "!")])
def test_tables_mark_what_was_disturbed_and_say_why(
    record: Build, windows: tuple[dict[str, Any], ...], sign: str
) -> None:
    one = watched(
        record(latency_ms=[100.0 + i % 7 for i in range(120)]), *windows, discarded=[{"phase": "requests"}]
    )
    assert mark(one, "latency_p95_ms") == sign
    assert mark(one, "score") == ""
    (line,) = trust_lines([one])
    if sign:
        assert line.startswith("! contaminated: small:Q8_0 on extraction, requests: other processes used 45%")
        assert "although disturbed ones were measured again once" in line
    else:
        assert line == "trusted: nothing else was seen to disturb these times"
    found = trust_json(one)
    assert found is not None
    assert found["metrics"]["decode_tokens_per_s"]["label"] == "trusted"
    assert found["label"] == ("contaminated" if sign else "trusted")
