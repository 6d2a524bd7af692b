"""Levels of one model against the most precise one: pairing, Holm, the cliff and what is absent."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from rightsize.decide.cliff import Cliff, cliff, families
from rightsize.domain import Absent, Estimate, Failed, ItemOutcome, Measured, Record
from rightsize.reports.compare_table import cliff_sentence, margin_sentence

Build = Callable[..., Record]


def level(record: Build, quant: str, size: int, wrong: set[int], *, n: int = 1000, **more: object) -> Record:
    """A level that gets all items right but those."""
    built = record(f"m:{quant}", size_bytes=size, **more)
    outcome = built.outcome
    assert isinstance(outcome, Measured)
    answers = tuple(
        ItemOutcome(f"i{i}", f"g{i}", float(i not in wrong), True, f"{quant} says {i}") for i in range(n)
    )
    return replace(built, outcome=replace(outcome, items=answers))


@pytest.fixture
def three(record: Build) -> list[Record]:
    q3 = set(range(100, 141)) | {5}
    return [
        level(record, "Q3_K_M", 40, q3),
        level(record, "F16", 200, {5, 6}),
        level(record, "Q4_K_M", 60, {5, 7}),
    ]


def compared(records: list[Record], **more: object) -> Cliff:
    ((name, family),) = families(records)
    return cliff(name, family, **more)  # type: ignore[arg-type]


def test_the_cliff_is_named_in_words(three: list[Record]) -> None:
    found = compared(three)
    assert found.reference.candidate_id == "m:F16"
    assert [each.quant for each in found.levels] == ["Q4_K_M", "Q3_K_M"]
    assert found.edge is found.levels[1]
    sentence = cliff_sentence(found)
    assert sentence.startswith("The cliff on extraction: Q3_K_M loses 4.0 points [2.")
    assert sentence.endswith("; Q4_K_M is within 1 point at 95%.")
    assert (
        margin_sentence(found) == "Within 1 point of F16 on extraction, at 95%: Q4_K_M; not shown for Q3_K_M."
    )
    wide, narrow = compared(three, margin=0.2), compared(three, margin=0.0)
    assert margin_sentence(wide) == "Within 20 points of F16 on extraction, at 95%: Q4_K_M, Q3_K_M."
    assert margin_sentence(narrow) == "Within 0 points of F16 on extraction, at 95%: no level."
    assert "Q4_K_M scores about the same [-" in cliff_sentence(narrow)


def test_items_are_paired_and_flips_listed(three: list[Record]) -> None:
    q4 = compared(three).levels[0]
    assert q4.drop.value == 0
    assert [(f.item_id, f.before, f.after) for f in q4.worse] == [("i7", 1.0, 0.0)]
    assert [(f.item_id, f.output_before, f.output_after) for f in q4.better] == [
        ("i6", "F16 says 6", "Q4_K_M says 6")
    ]


def test_holm_counts_all_levels_shown(record: Build) -> None:
    reference = level(record, "F16", 900, set())
    lone = [reference, level(record, "Q3_K_S", 100, set(range(6)))]
    assert compared(lone).levels[0].loses  # p = 2 * 0.5**6 = 0.03
    several = [*lone, *(level(record, f"Q{i}_K", 100 + i, set()) for i in (4, 5, 6))]
    found = compared(several)
    assert not any(each.loses for each in found.levels)
    assert found.levels[-1].p_holm == pytest.approx(4 * found.levels[-1].p)
    assert cliff_sentence(found).startswith("No level loses for certain on extraction: ")


def test_groups_are_what_is_independent(three: list[Record]) -> None:
    grouped = []
    for cell in three:
        assert isinstance(cell.outcome, Measured)
        items = tuple(replace(item, group=f"g{int(item.item_id[1:]) // 50}") for item in cell.outcome.items)
        grouped.append(replace(cell, outcome=replace(cell.outcome, items=items)))
    q3 = compared(grouped).levels[1]
    assert not q3.loses  # all 41 lost items belong to one group of 20
    assert q3.p > compared(three).levels[1].p


def test_other_machines_give_no_ratio_and_keep_the_score(record: Build, elsewhere: str) -> None:
    found = compared(
        [level(record, "F16", 200, set()), level(record, "Q8_0", 100, {1}, machine_fingerprint=elsewhere)]
    )
    ratios = found.levels[0].ratios
    assert ratios["latency_p50_ms"] == Absent("latency_p50_ms", "the two were measured on different machines")
    size = ratios["size_bytes"]
    assert isinstance(size, Estimate)
    assert size.value == 0.5


def test_what_was_not_measured_says_why(three: list[Record]) -> None:
    q4 = compared(three).levels[0]
    assert "no energy counter is readable" in q4.ratios["energy_j_per_request"].reason  # type: ignore[union-attr]
    assert q4.distances["kl_nats"] == Absent("kl_nats", "not measured; --bench does it")
    latency = q4.ratios["latency_p50_ms"]
    assert isinstance(latency, Estimate)
    assert latency.value == pytest.approx(1.0)
    assert latency.low is not None


def test_only_common_items_count_and_are_said(record: Build) -> None:
    found = compared([level(record, "F16", 200, set()), level(record, "Q8_0", 100, {1}, n=300)])
    assert found.levels[0].n == 300
    assert "at least 300" in found.notes[0]


def test_families_keep_models_and_settings_apart(record: Build) -> None:
    plain = record("a:F16")
    constrained = replace(plain, candidate={**plain.candidate, "settings": {"constrain": "json"}})
    records = [plain, constrained, record("b:F16"), record("a:Q8_0", outcome=Failed("broke"))]
    assert [name for name, _ in families(records)] == ["a", "a", "b"]


@pytest.mark.parametrize("seed", range(5))
def test_equal_levels_rarely_lose(record: Build, seed: int) -> None:
    draw = random.Random(seed)
    records = [
        level(record, quant, size, {i for i in range(300) if draw.random() < 0.3}, n=300)
        for quant, size in (("F16", 200), ("Q8_0", 100))
    ]
    assert not compared(records).levels[0].loses
