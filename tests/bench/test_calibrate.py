"""The probe on files so small that it takes seconds: real files, the real engine, rates that predict."""

from __future__ import annotations

import pytest

from rightsize.bench import calibrate
from rightsize.bench.calibrate import run_probe
from rightsize.bench.probe_files import ProbeFile, llama_shape, mamba_shape
from rightsize.bench.speed_client import SpeedWorker
from rightsize.errors import EngineError
from rightsize.flows.calibration import calibration_of
from rightsize.predict.rates_fit import Point, predicted_seconds
from rightsize.predict.work import work_of


def small(layers: int):
    return llama_shape(layers=layers, width=256, heads=4, kv_heads=2, feed_forward=512)


@pytest.fixture(scope="module")
def probe():
    files = [
        ProbeFile("type-Q8_0", small(2), "Q8_0", ((1, 0), (1, 128), (64, 0)), is_knot=True),
        ProbeFile("type-Q4_K", small(4), "Q4_K", ((1, 0), (64, 0), (128, 64))),
        ProbeFile("state", mamba_shape(layers=2, width=256), "Q8_0", ((1, 0), (1, 40), (64, 0))),
    ]
    return run_probe(1, files=files, reference=ProbeFile("reference", small(1), "Q8_0", ()))


def test_every_point_is_timed_between_two_references(probe):
    assert [(t.file.tag, t.tokens, t.depth) for t in probe.timings][:3] == [
        ("type-Q8_0", 1, 0),
        ("type-Q8_0", 1, 128),
        ("type-Q8_0", 64, 0),
    ]
    assert len(probe.timings) == 9
    for timing in probe.timings:
        assert timing.seconds
        assert all(seconds > 0 for seconds in timing.seconds)
        assert len(timing.reference_s) >= 2
    assert probe.base_bytes > 10_000_000
    assert all(1 <= ratio < 1.5 for ratio in probe.packed.values())


def test_a_probe_becomes_rates_that_predict(probe):
    calibration = calibration_of(probe)
    for timing in probe.timings:
        work = work_of(timing.file.shape, timing.file.tensors)
        predicted = predicted_seconds(Point(work, timing.tokens, timing.depth, 1.0), calibration.rates)
        assert 0 < predicted < 10
    assert len(calibration.points) == 9
    assert calibration.rates.decode.by_type.keys() >= {"Q8_0", "Q4_K"}


def test_a_file_that_cannot_be_timed_says_why(tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"no model")
    job = {"tag": "bad", "path": str(bad), "context_tokens": 64, "batch_tokens": 32, "timings": []}
    with (
        SpeedWorker(1, None, time_limit_s=60) as worker,
        pytest.raises(EngineError, match="bad cannot be timed"),
    ):
        worker.time(job)


def test_a_worker_that_hangs_is_ended(tmp_path):
    import os

    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)
    job = {"tag": "hangs", "path": str(pipe), "context_tokens": 64, "batch_tokens": 32, "timings": []}
    with (
        SpeedWorker(1, None, time_limit_s=3) as worker,
        pytest.raises(EngineError, match="hangs cannot be timed"),
    ):
        worker.time(job)


def test_a_file_without_room_is_left_out_by_name_and_the_first_is_always_tried(monkeypatch):
    first, second = (ProbeFile(f"size-{n}", small(n), "Q8_0", ((1, 0), (32, 0)), is_knot=True) for n in (1, 2))
    monkeypatch.setattr(calibrate, "_has_room", lambda file, folder: False)
    probe = run_probe(1, files=[first, second], reference=first)
    assert {timing.file.tag for timing in probe.timings} == {"size-1"}
    assert probe.left_out == ("size-2",)
