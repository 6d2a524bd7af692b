"""A probe keeps to its time: what there is none for is left out and named. By a clock that tests turn."""

from __future__ import annotations

import pytest

from rightsize.bench.budget import Budget
from rightsize.bench.calibrate import in_time, probe_files
from rightsize.bench.probe_files import ProbeFile, llama_shape
from rightsize.bench.speed_worker import Reference, is_steady, timed_within


class Clock:
    """Stands still until it is told how long something took."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def files(count: int) -> list[ProbeFile]:
    shape = llama_shape(layers=1, width=256, heads=2, kv_heads=2, feed_forward=256)
    return [ProbeFile(f"type-Q{n}", shape, f"Q{n}", ((1, 0), (64, 128))) for n in range(count)]


def timed(clock: Clock, seconds: list[float], points: list[int] | None = None):
    """A stand-in for the worker: each file takes so long and gets so many of its points timed."""
    durations, counts = iter(seconds), iter(points or [2] * len(seconds))
    told: list[float | None] = []

    def time_one(file, left_s):
        told.append(left_s)
        clock.now += next(durations)
        return [f"{file.tag} {number}" for number in range(next(counts))]

    return time_one, told


def test_all_is_timed_while_the_time_lasts():
    clock = Clock()
    time_one, told = timed(clock, [3.0, 3.0, 3.0])
    timings, left_out = in_time(files(3), Budget(10, clock), time_one)
    assert (len(timings), left_out) == (6, [])
    assert told == [None, 7.0, 4.0], "the first file is timed however long it takes"


def test_a_file_is_not_begun_that_would_not_end_in_time():
    clock = Clock()
    time_one, _ = timed(clock, [3.0, 4.0])
    timings, left_out = in_time(files(5), Budget(10, clock), time_one)
    assert len(timings) == 4
    assert left_out == ["Q2", "Q3", "Q4"]
    assert clock.now - 100 <= 10


def test_points_that_a_file_had_no_time_for_are_named():
    clock = Clock()
    time_one, _ = timed(clock, [2.0, 8.0], [2, 1])
    timings, left_out = in_time(files(3), Budget(9, clock), time_one)
    assert len(timings) == 3
    assert left_out == ["Q1, 64 tokens at once after 128", "Q2"]


def test_one_file_is_always_timed():
    clock = Clock()
    time_one, _ = timed(clock, [99.0])
    timings, left_out = in_time(files(2), Budget(9, clock), time_one)
    assert (len(timings), left_out) == (2, ["Q1"])


@pytest.mark.parametrize(("left_s", "points"), [(None, 3), (9.0, 3), (5.0, 2), (0.5, 1), (-3.0, 1)])
def test_a_worker_leaves_out_later_points_when_its_time_is_up(left_s, points):
    clock = Clock()

    def time_one(asked):
        clock.now += 4
        return dict(asked)

    job = {"timings": [{"tokens": n} for n in (1, 2, 3)], "left_s": left_s}
    assert [each["tokens"] for each in timed_within(job, time_one, clock)] == [1, 2, 3][:points]


def test_the_files_of_most_worth_come_first():
    tags = [file.tag for file in probe_files()]
    assert tags[0] == "type-Q4_K"
    assert {"size-1", "heads-32-8", "operations"} <= set(tags[:10])
    assert len(set(tags)) == len(tags)
    first = probe_files()[0]
    assert first.is_knot
    assert {tokens > 1 for tokens, _ in first.points} == {True, False}, "it alone makes a calibration"


def test_steady_timings_need_no_more_and_scattered_ones_do():
    assert is_steady([9.0, *[1.0] * 7])
    assert not is_steady([1.0] * 4), "so few say nothing of their spread"
    assert not is_steady([1.0, 1.0, 1.3, 1.0, 1.2, 1.0, 1.1, 1.4])
    assert is_steady([1.0] * 9 + [3.0]), "one outlier is not the middle half"


def test_a_reference_serves_two_timings_that_follow_each_other():
    clock = Clock()

    class Watch:
        def steps(self, count, budget_s):
            clock.now += 0.1
            return [0.01] * count

    reference = Reference(Watch(), clock)
    first = reference.before()
    after = reference.after()
    clock.now += 0.2
    assert reference.before() is after
    assert len(reference.seen) == 2
    clock.now += 5
    assert reference.before() is not after
    assert len(reference.seen) == 3
    assert len(first) == 11
    assert Reference(None).before() == Reference(None).after() == []
