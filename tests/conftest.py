"""What tests share: a builder of stored records that says only what the test is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings

from rightsize.domain import (
    Absent,
    ItemOutcome,
    Measured,
    Outcome,
    Provenance,
    Reading,
    Record,
)

# No test asserts how long anything takes, hypothesis's included.
settings.register_profile("rightsize", deadline=None)
settings.load_profile("rightsize")

HERE, ELSEWHERE = "machine-here", "machine-elsewhere"
_START = datetime(2026, 1, 1, tzinfo=UTC)


def items(right: int, n: int, *, per_group: int = 1) -> tuple[ItemOutcome, ...]:
    """``n`` right-or-wrong outcomes, ``right`` of them right, spread evenly."""
    return tuple(
        ItemOutcome(
            item_id=f"item-{i}",
            group=f"group-{i // per_group}",
            score=float((i + 1) * right // n - i * right // n),
            valid=True,
            output=f"answer {i}",
            target=f"target {i}",
            parts={"tp": 1},
        )
        for i in range(n)
    )


def make_record(
    candidate_id: str = "small:Q8_0",
    *,
    id: int = 1,
    suite: str = "extraction",
    suite_sha256: str = "suite-1",
    right: int = 475,
    n: int = 500,
    per_group: int = 1,
    latency_ms: Sequence[float] | None = tuple(100.0 + i / 10 for i in range(120)),
    memory_bytes: float | None = 500e6,
    energy_j: Reading | None = None,
    decode_tokens_per_s: Sequence[float] = (50.0, 51.0, 52.0, 49.0, 50.5, 50.2, 50.1, 49.8),
    size_bytes: int = 100_000_000,
    outcome: Outcome | None = None,
    machine_fingerprint: str = HERE,
    embedded: bool = False,
    limit: int | None = None,
    suite_items: int | None = 500,
) -> Record:
    """A stored cell in which everything is fine unless the test says otherwise."""
    readings = [Reading("decode_tokens_per_s", "token/s", tuple(decode_tokens_per_s))]
    absent = []
    if latency_ms is None:
        absent.append(Absent("latency_ms", "no request was timed"))
    else:
        readings.append(Reading("latency_ms", "ms", tuple(latency_ms)))
    if memory_bytes is None:
        absent.append(Absent("memory_bytes", "the engine is remote"))
    else:
        readings.append(Reading("memory_bytes", "byte", (memory_bytes,)))
    if energy_j is None:
        absent.append(Absent("energy_j_per_request", "no energy counter is readable"))
    else:
        readings.append(energy_j)
    name, _, quant = candidate_id.partition(":")
    return Record(
        id=id,
        created_at=_START + timedelta(hours=id),
        fingerprint=f"{machine_fingerprint}/{candidate_id}/{suite_sha256}/{limit}",
        candidate_id=candidate_id,
        candidate={"model": {"name": name, "quant": quant, "sha256": f"sha-{candidate_id}"}, "engine": "mock"},
        embedded=embedded,
        size_bytes=size_bytes,
        suite=suite,
        suite_sha256=suite_sha256,
        suite_info={} if suite_items is None else {"items": suite_items, "score_name": "exact_match"},
        limit=limit,
        machine_fingerprint=machine_fingerprint,
        machine={"name": machine_fingerprint},
        engine={"name": "mock", "version": "1.0"},
        outcome=outcome or Measured(items(right, n, per_group=per_group), tuple(readings), tuple(absent)),
    )


def energy(*samples: float, low: float = 1.0, high: float = 1.0) -> Reading:
    """An energy reading, modelled when it has a stated error."""
    provenance = Provenance.MEASURED if low == high == 1.0 else Provenance.MODELLED
    return Reading("energy_j_per_request", "J", samples, provenance, "test meter", low, high)


@pytest.fixture
def record() -> Callable[..., Record]:
    return make_record


@pytest.fixture
def joules() -> Callable[..., Reading]:
    return energy


@pytest.fixture
def item_outcomes() -> Callable[..., tuple[ItemOutcome, ...]]:
    return items


@pytest.fixture
def elsewhere() -> str:
    return ELSEWHERE


@pytest.fixture
def here() -> str:
    return HERE


Build = Callable[..., Any]
