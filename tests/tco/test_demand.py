from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import pytest

from rightsize.domain import Absent, Failed, Provenance, Skipped
from rightsize.tco.demand import Demand, demand_of
from tests.reports.builders import items, measured, readings, record


def test_the_mean_latency_in_seconds_sets_the_service_time() -> None:
    found = readings(latency_ms=200.0)
    demand = demand_of(record(outcome=measured(items(5, 5), found)))
    assert isinstance(demand, Demand)
    assert demand.service_s.likely == pytest.approx(fmean(found[0].samples) / 1000)
    assert demand.service_s.low < demand.service_s.likely < demand.service_s.high


def test_modelled_energy_keeps_its_stated_error() -> None:
    demand = demand_of(record(outcome=measured(items(5, 5), readings(provenance=Provenance.MODELLED))))
    assert isinstance(demand, Demand) and not isinstance(demand.energy, Absent)
    assert demand.energy.joules.low <= 0.6 * 0.5
    assert demand.energy.joules.high >= 1.5 * 0.5
    assert demand.energy.provenance is Provenance.MODELLED


def test_the_stated_error_of_a_meter_stays_where_windows_are_too_few_for_an_interval() -> None:
    found = readings(latency_ms=200.0, provenance=Provenance.MODELLED)
    one = [replace(r, samples=(0.5,)) if r.metric == "energy_j_per_request" else r for r in found]
    demand = demand_of(record(outcome=measured(items(5, 5), one)))
    assert isinstance(demand, Demand) and not isinstance(demand.energy, Absent)
    energy = next(r for r in one if r.metric == "energy_j_per_request")
    assert energy.error_low < 1 < energy.error_high
    assert demand.energy.joules.low == pytest.approx(0.5 * energy.error_low)
    assert demand.energy.joules.high == pytest.approx(0.5 * energy.error_high)


def test_tokens_are_means_over_items() -> None:
    demand = demand_of(record())
    assert isinstance(demand, Demand) and not isinstance(demand.tokens, Absent)
    assert (demand.tokens.input, demand.tokens.output, demand.tokens.n) == (300, 40, 100)


@pytest.mark.parametrize("outcome", [Failed("out of memory"), Skipped("needs likelihoods")])
def test_what_did_not_run_has_no_demand(outcome: Failed | Skipped) -> None:
    found = demand_of(record(outcome=outcome))
    assert isinstance(found, Absent)
    assert outcome.reason in found.reason


def test_without_latency_there_is_no_capacity() -> None:
    absent = [Absent("latency_ms", "the server is remote")]
    found = demand_of(record(outcome=measured(items(5, 5), [], absent)))
    assert isinstance(found, Absent)
    assert "the server is remote" in found.reason
