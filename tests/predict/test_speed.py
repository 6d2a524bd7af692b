from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rightsize.bench.calibrate import probe_files
from rightsize.models.catalogue.load import find_entry
from rightsize.models.gguf_header import read_header
from rightsize.models.shapes.from_header import shape_of, typed
from rightsize.models.shapes.quant_mix import quant_mix, unquantized
from rightsize.models.twins.plan import twin_plan
from rightsize.models.twins.write import write_twin
from rightsize.predict.memory import multiplied
from rightsize.predict.rates_fit import Point, fit_rates, normalised, predicted_seconds, typical
from rightsize.predict.speed import (
    answer_seconds,
    decode_seconds,
    hats,
    prefill_seconds,
    stand_in,
    types_without_rates,
    width_of,
)
from rightsize.predict.work import work_of
from tests.models.shape_documents import SHAPES
from tests.predict.rates import DECODE, MACHINE
from tests.predict.sparse_files import tiny_shape


def work(name: str):
    shape = tiny_shape(name)
    return work_of(shape, unquantized(shape).tensors)


@given(some.floats(1e3, 1e12))
def test_knots_share_a_size_between_them(size):
    shares = hats([1e7, 1e8, 1e9], size)
    assert sum(shares) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize(
    ("head_width", "timed"), [(64, 64), (80, 64), (96, 64), (128, 128), (256, 128), (32, 64)]
)
def test_a_head_is_timed_by_the_largest_width_that_divides_it(head_width, timed):
    assert width_of([64, 128], head_width) == timed


@pytest.mark.parametrize("name", SHAPES)
def test_more_depth_and_longer_prompts_take_longer(name):
    each = work(name)
    depths = [decode_seconds(each, DECODE, depth) for depth in (0, 100, 5000)]
    prompts = [prefill_seconds(each, MACHINE, tokens) for tokens in (1, 200, 513, 3000)]
    assert depths == sorted(depths)
    assert prompts == sorted(prompts)
    assert answer_seconds(each, MACHINE, 100, 10) > prefill_seconds(each, MACHINE, 100)


def test_a_recurrent_model_does_not_slow_down_with_depth_and_a_window_stops_it():
    assert decode_seconds(work("mamba"), DECODE, 9999) == decode_seconds(work("mamba"), DECODE, 0)
    windowed = work("gemma3")
    slow = decode_seconds(windowed, DECODE, 2000) - decode_seconds(windowed, DECODE, 1000)
    fast = decode_seconds(windowed, DECODE, 20) - decode_seconds(windowed, DECODE, 10)
    assert slow / 1000 < fast / 10 / 3, "beyond its window only one layer in six goes on slowing down"


@pytest.mark.parametrize("name", ["granitemoe", "granitehybrid_moe"])
def test_a_token_reads_what_is_dense_and_the_experts_that_are_used(name, tmp_path):
    """Counted from the tensors of a real twin's file."""
    shape = tiny_shape(name)
    path = write_twin(tmp_path / "moe.gguf", twin_plan(shape, quant_mix(shape, "Q8_0"), name=name))
    header = read_header(path)
    tensors = typed(header.tensors)
    of_experts = sum(t.size_bytes for t in tensors if "_exps." in t.name)
    dense = sum(t.size_bytes for t in multiplied(tensors) if "_exps." not in t.name)
    assert of_experts > dense / 4, "experts matter here"
    weights = work_of(shape_of(header, header.tensors), tensors).weights
    assert shape.experts.used / shape.experts.count == 0.25
    assert weights.total_bytes == dense + of_experts / 4
    assert weights.expert_bytes == of_experts / 4
    assert weights.resident_bytes == dense + of_experts


def test_experts_cost_more_a_byte_where_the_probe_says_so():
    moe, dense = work("granitemoe"), work("granite")
    dear = replace(MACHINE, decode=replace(DECODE, expert=1e-9), prefill=replace(MACHINE.prefill, expert=1e-9))
    extra = moe.weights.expert_bytes * 1e-9
    assert decode_seconds(moe, dear.decode, 0) == pytest.approx(decode_seconds(moe, DECODE, 0) + extra)
    assert prefill_seconds(moe, dear, 100) == pytest.approx(prefill_seconds(moe, MACHINE, 100) + 100 * extra)
    assert prefill_seconds(dense, dear, 100) == prefill_seconds(dense, MACHINE, 100)


def test_a_prompt_skips_the_last_feed_forward_and_decoding_does_not():
    shape = find_entry("llama-3.2-1b-instruct").shape
    assert shape is not None
    tensors = unquantized(shape).tensors
    weights = work_of(shape, tensors).weights
    skipped = sum(t.size_bytes for t in tensors if t.name.startswith("blk.15.ffn_") and "norm" not in t.name)
    assert skipped > 0
    assert sum(weights.layer_bytes.values()) - sum(weights.prompt_bytes.values()) == skipped
    assert weights.total_bytes == sum(weights.layer_bytes.values()) + sum(weights.head_bytes.values())


def test_an_unknown_type_is_named():
    assert types_without_rates(work("llama"), MACHINE) == []
    short = replace(MACHINE, decode=replace(DECODE, by_type={"Q8_0": 1e-12, "Q4_K": 3e-11}))
    assert types_without_rates(work("llama"), short) == ["F16"]
    assert stand_in("F16", ("Q8_0", "Q4_K")) == "Q8_0"
    assert stand_in("BF16", ("Q8_0", "F16")) == "F16"
    assert stand_in("IQ4_XS", ("Q8_0", "Q4_K", "Q2_K")) == "Q4_K"
    alike = replace(MACHINE, decode=replace(DECODE, by_type={"Q8_0": 1e-12, "F16": 1e-12}))
    assert decode_seconds(work("llama"), short.decode, 0) == decode_seconds(work("llama"), alike.decode, 0)


def test_rates_are_recovered_from_a_probe_of_a_known_machine():
    rates = fit_rates(_timed(MACHINE, lambda _: 1.0), threads=2, batch_tokens=512)
    for name in SHAPES:
        for tokens, depth in ((1, 0), (1, 2000), (300, 0)):
            point = Point(work(name), tokens, depth, 1.0)
            ours, truth = predicted_seconds(point, rates), predicted_seconds(point, MACHINE)
            assert ours == pytest.approx(truth, rel=0.25), f"{name} {tokens} {depth}"


def test_one_disturbed_timing_does_not_spoil_the_rest():
    random_factor = random.Random(0)
    clean = _timed(MACHINE, lambda _: 1.0)
    noisy = _timed(MACHINE, lambda _: random_factor.uniform(0.97, 1.03))
    noisy[-4] = Point(noisy[-4].work, noisy[-4].tokens, noisy[-4].depth, noisy[-4].seconds * 8)
    rates = fit_rates(noisy, threads=2, batch_tokens=512)
    off = [abs(math.log(predicted_seconds(p, rates) / p.seconds)) for p in clean]
    assert sorted(off)[len(off) // 2] < 0.05


def test_a_slow_minute_is_taken_out_by_the_reference():
    assert normalised([2.0, 2.2, 2.1], [0.2, 0.21, 0.2], 0.1) == pytest.approx(typical([2.0, 2.2, 2.1]) / 2)
    assert normalised([2.0], [], 0.1) == 2.0


def _timed(machine, disturb, types=("Q4_K", "Q6_K", "Q8_0", "F16", "Q5_0")):
    points = []
    for file in probe_files(types):
        each = work_of(file.shape, file.tensors)
        for tokens, depth in file.points:
            point = Point(each, tokens, depth, 1.0, file.is_knot)
            seconds = predicted_seconds(point, machine) * disturb(point)
            points.append(Point(each, tokens, depth, seconds, file.is_knot))
    return points
