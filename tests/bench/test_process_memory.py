"""Peak memory is the process's own, and anonymous pages are told from those of files."""

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from rightsize.bench.process_memory import PeakMemory

MIB = 1 << 20
SIZE = 64 * MIB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="parts are told by Linux's /proc alone")


def test_memory_that_was_filled_is_anonymous_and_its_peak_stays() -> None:
    peak = PeakMemory()
    peak.start()
    before = peak.peak_bytes()
    filled = np.ones(SIZE, np.uint8)
    peak.note()
    del filled
    after = peak.peak_bytes()
    assert after["anonymous"] - before["anonymous"] > 0.9 * SIZE
    assert after["total"] - before["total"] > 0.9 * SIZE
    assert after["file"] - before["file"] < 0.5 * SIZE


def test_pages_of_a_mapped_file_are_file_backed(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(SIZE))
    peak = PeakMemory()
    peak.start()
    before = peak.peak_bytes()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert sum(mapped[at] for at in range(0, SIZE, mmap.PAGESIZE)) == 0  # touches every page
        after = peak.peak_bytes()
    assert after["file"] - before["file"] > 0.9 * SIZE
    assert after["anonymous"] - before["anonymous"] < 0.5 * SIZE


def test_starting_anew_forgets_what_was() -> None:
    peak = PeakMemory()
    peak.start()
    filled = np.ones(SIZE, np.uint8)
    high = peak.peak_bytes()["anonymous"]
    del filled
    peak.start()
    assert peak.peak_bytes()["anonymous"] < high - 0.9 * SIZE
