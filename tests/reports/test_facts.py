from __future__ import annotations

import pytest

from rightsize.errors import UsageError
from rightsize.reports.facts import (
    DEFAULT_APIS,
    api_prices,
    carbon_attribution,
    find_apis,
    find_grid,
    prices_compiled,
)


def test_every_price_has_source_date_and_a_verified_flag() -> None:
    prices = api_prices()
    assert len({price.model for price in prices}) == len(prices) > 20
    for price in prices:
        assert price.source and price.checked
        assert price.usd_per_mtok_input > 0 and price.usd_per_mtok_output > 0
    assert prices_compiled() == "2026-11-22"


def test_sources_that_disagree_are_marked() -> None:
    disputed = [price for price in api_prices() if price.sources_agree is False]
    assert disputed
    assert all(price.note for price in disputed)


def test_default_apis_are_known_and_kept_in_order() -> None:
    assert tuple(price.model for price in find_apis([*DEFAULT_APIS, DEFAULT_APIS[0]])) == DEFAULT_APIS


def test_an_unknown_api_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="claude-haiku-4-5"):
        find_apis(["claude-haiku"])


def test_a_region_is_found_whatever_its_case_and_never_assumed() -> None:
    assert find_grid(None) is None
    germany = find_grid("deu")
    assert germany is not None
    assert (germany.region, germany.gco2e_per_kwh, germany.year, germany.verified) == (
        "DEU",
        380.95,
        2023,
        True,
    )


def test_cloud_regions_are_not_presented_as_verified() -> None:
    grid = find_grid("gcp/europe-west3")
    assert grid is not None
    assert not grid.verified
    assert grid.source.startswith("https://cloud.google.com")


def test_an_unknown_region_names_near_ones() -> None:
    with pytest.raises(UsageError, match=r"--region DEX.*DEU"):
        find_grid("DEX")


@pytest.mark.parametrize(
    ("named", "code"),
    [("GERMANY", r"DEU \(Germany\)"), ("Grmany", "DEU"), ("united-kingdom", "GBR"), ("frankfurt", "")],
)
def test_a_country_by_its_name_leads_to_its_code(named: str, code: str) -> None:
    with pytest.raises(UsageError, match=f"--region {named}.*{code}"):
        find_grid(named)


def test_the_country_table_is_attributed() -> None:
    credit = carbon_attribution(find_grid("DEU"))
    assert "Our World in Data" in credit and "Ember" in credit and "CC BY 4.0" in credit
    assert carbon_attribution(find_grid("gcp/us-east1")) == carbon_attribution(None) == ""
