"""On macOS and Windows a scan goes through and lists what cannot be read there.

Neither system can be had here: the same code runs with the system's name changed and without ``/proc`` and
``/sys``, which is what it meets there.
"""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from rightsize.machine import scan
from rightsize.meters.rapl import open_rapl
from rightsize.meters.window import MeterUnavailableError


@pytest.fixture(params=["Darwin", "Windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(platform, "system", lambda: request.param)
    return str(request.param)


def test_a_scan_lists_what_is_unavailable_there(system: str, tmp_path: Path) -> None:
    machine = scan(with_bandwidth=False, root=tmp_path)
    assert machine.unavailable["CPU quota and memory limit"] == f"control groups are Linux's, not {system}'s"
    assert "NVIDIA GPU" in machine.unavailable or machine.gpus
    assert ("Apple GPU" in machine.unavailable) is (system == "Darwin")
    assert machine.virtualization.startswith("unknown")
    assert machine.memory_limit_bytes == machine.memory_bytes > 0
    assert 1 <= machine.usable_cores <= machine.logical_cores
    assert machine.os.startswith(system)


def test_its_energy_counter_is_absent_with_the_reason(system: str, tmp_path: Path) -> None:
    with pytest.raises(MeterUnavailableError, match=f"there is none on {system}"):
        open_rapl(tmp_path)
