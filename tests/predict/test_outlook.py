from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest

from rightsize.models.shapes.quant_mix import unquantized
from rightsize.predict.calibration import calibration_from
from rightsize.predict.errors_of import error_rows
from rightsize.predict.interval import LEVEL, UNTRIED, spread
from rightsize.predict.outlook import APPROXIMATE, Fit, Wish, judge, outlook_elsewhere, outlook_here
from rightsize.predict.projection import Elsewhere
from tests.predict.rates import CALIBRATION, MACHINE
from tests.predict.sparse_files import tiny_shape

SPREADS = {metric: spread(metric, []) for metric in UNTRIED}
SHAPE = tiny_shape("llama")
TENSORS = unquantized(SHAPE).tensors


def here(wish: Wish):
    return outlook_here(SHAPE, TENSORS, wish, CALIBRATION, SPREADS)


def test_a_calibration_survives_the_store():
    assert calibration_from(CALIBRATION.document()) == CALIBRATION
    assert calibration_from({**CALIBRATION.document(), "version": 0}) is None


def test_limits_far_off_are_certain_and_near_ones_are_not():
    latency, memory = here(Wish()).latency_ms, here(Wish()).memory_bytes
    cases = [
        (Wish(max_latency_ms=latency.high * 1.01), Fit.MEETS, ()),
        (Wish(max_latency_ms=latency.value), Fit.BORDER, ("latency",)),
        (Wish(max_latency_ms=latency.low * 0.99), Fit.FAILS, ("latency",)),
        (Wish(max_memory_bytes=memory.high * 1.01, max_latency_ms=latency.value), Fit.BORDER, ("latency",)),
        (Wish(max_memory_bytes=memory.low * 0.5, max_latency_ms=latency.value), Fit.FAILS, ("memory",)),
        (Wish(min_context=99_999), Fit.FAILS, ("context",)),
        (Wish(), Fit.MEETS, ()),
    ]
    for wish, fit, reasons in cases:
        assert judge(here(wish), wish, 4096) == (fit, reasons), wish


def test_a_longer_context_needs_more_memory_and_the_parts_add_up():
    short, long = here(Wish()), here(Wish(min_context=4096))
    assert long.memory_bytes.value > short.memory_bytes.value
    assert sum(long.parts.values()) == long.memory_bytes.value


def test_elsewhere_is_projected_with_a_wider_range():
    slow = Elsewhere("slow", 10e9, on_gpu=False, cores=4)
    fast = Elsewhere("fast", 100e9, on_gpu=False, cores=4)
    on_slow, on_fast = (outlook_elsewhere(SHAPE, TENSORS, Wish(), m, MACHINE) for m in (slow, fast))
    assert on_slow.projected
    assert on_slow.decode_tokens_s.value == pytest.approx(on_fast.decode_tokens_s.value / 10)
    near = here(Wish()).decode_tokens_s
    assert on_slow.decode_tokens_s.high / on_slow.decode_tokens_s.low > near.high / near.low
    nothing = outlook_elsewhere(SHAPE, TENSORS, Wish(), Elsewhere("x", 1e10, on_gpu=False), MACHINE)
    assert nothing.latency_ms is None
    assert judge(nothing, Wish(max_latency_ms=1e9), 4096)[0] is Fit.BORDER


def test_an_interval_covers_as_often_as_it_says():
    chance = random.Random(0)
    covered = total = 0
    for _ in range(400):
        residuals = [chance.gauss(0, 0.1) for _ in range(30)]
        factor = spread("decode", residuals).factor
        for _ in range(10):
            truth = 2.718281828 ** chance.gauss(0, 0.1)
            covered += 1 / factor <= truth <= factor
            total += 1
    assert LEVEL - 0.02 < covered / total < 0.96


def test_experts_are_timed_by_those_that_are_used_and_labelled_approximate():
    shape = tiny_shape("granitemoe")
    tensors = unquantized(shape).tensors
    plain, wide = here(Wish()), outlook_here(shape, tensors, Wish(), CALIBRATION, SPREADS)
    assert APPROXIMATE in wide.notes
    assert APPROXIMATE not in plain.notes
    for name in ("decode_tokens_s", "prefill_tokens_s"):
        ours, dense = getattr(wide, name), getattr(plain, name)
        assert ours.high / ours.value == pytest.approx((dense.high / dense.value) ** 2)
    assert wide.memory_bytes.high / wide.memory_bytes.value == pytest.approx(
        plain.memory_bytes.high / plain.memory_bytes.value
    )
    more = replace(shape, experts=replace(shape.experts, used=4))
    slower = outlook_here(more, tensors, Wish(), CALIBRATION, SPREADS)
    assert slower.decode_tokens_s.value < wide.decode_tokens_s.value
    assert slower.prefill_tokens_s.value < wide.prefill_tokens_s.value


def test_few_measurements_never_narrow_what_ships():
    assert spread("decode", [0.001] * 8).factor == spread("decode", []).factor
    assert spread("decode", [0.001] * 9).factor < 1.01
    assert spread("decode", [0.9]).factor > 2
    assert spread("decode", [0.1] * 12).n == 12


@dataclass(frozen=True)
class Check:
    metric: str
    level: str
    parameters: int
    depth: int
    predicted: float
    low: float
    high: float
    measured: float


def test_errors_stand_by_size_quantization_and_depth():
    checks = [
        Check("decode", "Q4_K_M" if n % 2 else "Q8_0", 10**9, 800 * (n % 3), 11.0, 9.0, 12.0, 10.0)
        for n in range(12)
    ]
    rows = {(row.metric, row.group): row for row in error_rows(checks)}
    whole = rows["decode", "all"]
    assert (whole.n, whole.median_error, whole.inside) == (12, pytest.approx(0.1), 1.0)
    assert whole.p90_error == pytest.approx(0.1)
    assert rows["decode", "Q8_0"].n == 6
    assert rows["decode", "Q8_0"].p90_error is None, "six say nothing of a 90th percentile"
    assert rows["decode", "0.5B to 2B"].n == 12
    assert rows["decode", "deeper than 1,024"].n == 4
    assert error_rows([]) == []
