from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightsize.domain import Provenance
from rightsize.errors import UsageError
from rightsize.meters.configured import configured_meter
from rightsize.meters.cpu_model import modelled_meter, power_row
from rightsize.meters.cpu_time import CpuTimeMeter, process_tree_cpu_s


class Processor:
    def __init__(self, cpu_model, cpu_id="", usable_cores=2):
        self.cpu_model, self.cpu_id, self.usable_cores = cpu_model, cpu_id, usable_cores


GENOA = Processor("AMD EPYC", "AuthenticAMD-25-17-1")


def metered(meter: CpuTimeMeter, *, duration_s: float, cpu_s: float):
    """What the meter says of a window of this length in which this much CPU time was used."""
    clock, cpu_clock = iter([100.0, 100.0 + duration_s]), iter([7.0, 7.0 + cpu_s])
    meter = replace(meter, clock=lambda: next(clock), cpu_clock=lambda: next(cpu_clock))
    with meter.window() as window:
        pass
    return window.use


def test_the_modelled_figure_is_exact_for_known_cpu_seconds():
    """EPYC 4th Gen: 0.7391 W idle and 2.2822 W full a core; two cores, 10 s, 15 CPU seconds."""
    use = metered(modelled_meter(GENOA), duration_s=10, cpu_s=15)
    assert use.net_j == pytest.approx((2.2822 - 0.7391) * 15)
    assert use.gross_j == pytest.approx(0.7391 * 2 * 10 + (2.2822 - 0.7391) * 15)
    assert (use.error_low, use.error_high) == (0.6, 1.4)
    assert use.provenance is Provenance.MODELLED
    assert "EPYC 4th Gen" in use.note


def test_an_idle_machine_uses_idle_power():
    use = metered(modelled_meter(GENOA), duration_s=10, cpu_s=0)
    assert use.net_j == 0
    assert use.gross_j == pytest.approx(0.7391 * 2 * 10)


@pytest.mark.parametrize(
    ("model", "cpu_id", "row"),
    [
        ("AMD EPYC", "AuthenticAMD-25-17-1", "EPYC 4th Gen"),
        ("AMD EPYC 9R14", "", "EPYC 4th Gen"),
        ("AMD EPYC 7R13 Processor", "", "EPYC 3rd Gen"),
        ("AMD EPYC 7B12", "AuthenticAMD-23-49-0", "EPYC 2nd Gen"),
        ("AMD EPYC 7571", "AuthenticAMD-23-1-2", "EPYC 1st Gen"),
        ("Intel(R) Xeon(R) Platinum 8488C", "", "Sapphire Rapids"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "GenuineIntel-6-79-0", "Broadwell"),
        ("Intel(R) Xeon(R) CPU @ 2.80GHz", "GenuineIntel-6-85-7", "Cascade Lake"),
        ("Intel(R) Xeon(R) CPU @ 2.00GHz", "GenuineIntel-6-85-3", "Skylake"),
        ("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", "GenuineIntel-6-106-6", "Ice Lake"),
        ("Intel(R) Xeon(R) CPU E5-2670 v2 @ 2.50GHz", "", "Ivy Bridge"),
    ],
)
def test_the_row_is_found_from_the_id_or_the_name(model, cpu_id, row):
    assert power_row(Processor(model, cpu_id)).note.startswith(f"{row}:")


@pytest.mark.parametrize(
    ("model", "cpu_id", "why"),
    [
        ("Apple M2", "", "no row for 'Apple M2'"),
        ("AMD Ryzen 7 1700", "AuthenticAMD-23-1-1", "no row"),
        (
            "AMD EPYC 9R45",
            "AuthenticAMD-26-2-1",
            "EPYC 5th Gen: the published row is four times its neighbours",
        ),
        ("4x Neoverse-N1", "", "no Arm server was measured"),
    ],
)
def test_without_a_row_the_average_comes_with_a_wider_interval(model, cpu_id, why):
    row = power_row(Processor(model, cpu_id))
    assert (row.idle_w, row.full_w) == (0.74, 3.5)
    assert why in row.note
    assert row.error_low < 0.6
    assert row.error_high > 1.4


def test_the_wide_interval_holds_every_row():
    """Sandy Bridge at full load, 8.63 W a core, must lie inside what an unknown processor is said to draw."""
    row = power_row(Processor("unknown"))
    assert row.full_w * row.error_low < 1.693
    assert row.full_w * row.error_high > 8.6309


def test_configured_watts_share_by_busy_cores():
    meter = configured_meter(watts_idle=4.0, watts_load=14.0, cores=4, gpu=False)
    use = metered(meter, duration_s=10, cpu_s=20)  # half of four cores
    assert use.gross_j == pytest.approx(4 * 10 + 10 * 5)
    assert use.net_j == pytest.approx(50)
    assert use.provenance is Provenance.CONFIGURED


def test_configured_without_idle_charges_every_second_at_load():
    use = metered(
        configured_meter(watts_idle=None, watts_load=14.0, cores=4, gpu=False), duration_s=10, cpu_s=1
    )
    assert use.gross_j == pytest.approx(140)
    assert use.net_j is None


def test_configured_with_a_gpu_is_busy_throughout():
    use = metered(
        configured_meter(watts_idle=50.0, watts_load=300.0, cores=4, gpu=True), duration_s=10, cpu_s=1
    )
    assert use.gross_j == pytest.approx(3000)
    assert use.net_j == pytest.approx(2500)


@pytest.mark.parametrize(("idle", "load"), [(5, 4), (-1, 4), (None, 0), (None, -3)])
def test_watts_that_cannot_be_meant(idle, load):
    with pytest.raises(UsageError, match="--watts-load"):
        configured_meter(watts_idle=idle, watts_load=load, cores=2, gpu=False)


SECONDS = st.floats(0.001, 1e5)


@given(SECONDS, SECONDS, st.floats(0, 1), st.floats(0, 1))
def test_energy_is_additive_bounded_and_never_negative(first_s, second_s, first_busy, second_busy):
    meter = modelled_meter(GENOA)
    first = metered(meter, duration_s=first_s, cpu_s=2 * first_s * first_busy)
    second = metered(meter, duration_s=second_s, cpu_s=2 * second_s * second_busy)
    cpu_s = 2 * (first_s * first_busy + second_s * second_busy)
    both = metered(meter, duration_s=first_s + second_s, cpu_s=cpu_s)
    assert both.gross_j == pytest.approx(first.gross_j + second.gross_j, rel=1e-6)
    assert 0 <= first.net_j <= first.gross_j
    assert meter.idle_w * first.duration_s * 0.999 <= first.gross_j <= meter.load_w * first.duration_s * 1.001


def test_more_cpu_time_than_the_window_holds_is_capped_at_full_load():
    use = metered(modelled_meter(GENOA), duration_s=1, cpu_s=100)
    assert use.gross_j == pytest.approx(2.2822 * 2)


def test_cpu_time_counts_this_process():
    before = process_tree_cpu_s()
    spent = time.process_time()
    while time.process_time() - spent < 0.05:
        pass
    assert process_tree_cpu_s() - before >= 0.05


def test_cpu_time_counts_children_living_and_finished():
    burn = "import time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\ninput()"
    before = process_tree_cpu_s()
    with subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        living = process_tree_cpu_s() - before
        child.communicate(b"\n")
    assert living >= 0.29
    assert process_tree_cpu_s() - before >= 0.29
