"""Facts carried with the package: API prices and the carbon of grids, each with source, date and whether it
was verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import rightsize.tco
from rightsize.errors import UsageError
from rightsize.tco.api import ApiPrice
from rightsize.tco.carbon import Grid

FACTS_DIR = Path(rightsize.tco.__file__).resolve().parent / "facts"

#: One hosted model of each lower tier: what a small model would replace.
DEFAULT_APIS = ("gpt-5.4-nano", "claude-haiku-4-5", "gemini-3.6-flash")


@cache
def _facts(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FACTS_DIR / name).read_text(encoding="utf-8")))


def prices_compiled() -> str:
    """The day the price table was put together, ISO 8601."""
    return str(_facts("api_prices.yaml")["meta"]["compiled"])


def carbon_attribution(grid: Grid | None) -> str:
    """Whom to credit for a grid's figure (CC BY 4.0); empty for those that are not from the country table."""
    meta = _facts("carbon.yaml")["meta"]
    return str(meta["attribution"]) if grid is not None and grid.source == meta["source"] else ""


def api_prices() -> tuple[ApiPrice, ...]:
    """Every price that ships, in the order of the file."""
    return tuple(
        ApiPrice(
            provider=str(entry["provider"]),
            model=str(entry["model"]),
            tier=str(entry["tier"]),
            usd_per_mtok_input=float(entry["usd_per_mtok_input"]),
            usd_per_mtok_output=float(entry["usd_per_mtok_output"]),
            checked=str(entry["checked"]),
            source=str(entry["source"]),
            verified=entry.get("verified") is True,
            sources_agree=entry.get("sources_agree"),
            note=str(entry.get("note", "")),
        )
        for entry in _facts("api_prices.yaml")["prices"]
    )


def find_apis(names: Sequence[str]) -> tuple[ApiPrice, ...]:
    """Prices of the named API models, each once. Raises UsageError with the nearest names."""
    known = {price.model: price for price in api_prices()}
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise UsageError(f"--api {unknown}: no price is known", next_step=_nearest(unknown, list(known)))
    return tuple(known[name] for name in dict.fromkeys(names))


def find_grid(region: str | None) -> Grid | None:
    """The grid of a stated region: ISO code (DEU), WORLD or a cloud region (gcp/europe-west3).

    None in, None out: a region is never assumed. Raises UsageError with the nearest code for one unknown.
    """
    if region is None:
        return None
    facts = _facts("carbon.yaml")
    known = {str(entry["region"]).lower(): entry for entry in facts["regions"]}
    entry = known.get(region.lower())
    if entry is None:
        problem = f"--region {region}: no carbon intensity is known"
        raise UsageError(problem, next_step=_nearest_regions(region, list(known.values())))
    return Grid(
        region=str(entry["region"]),
        name=str(entry["name"]),
        gco2e_per_kwh=float(entry["gco2e_per_kwh"]),
        year=entry["year"],
        source=str(entry.get("source", facts["meta"]["source"])),
        verified=entry.get("verified") is True,
    )


def _nearest_regions(wanted: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """The codes that look like what was given, and first those whose name does."""
    codes = [str(entry["region"]) for entry in entries]
    by_name = {str(entry["name"]).lower(): str(entry["region"]) for entry in reversed(entries)}
    names = {str(entry["region"]): str(entry["name"]) for entry in entries}
    near = [by_name[name] for name in get_close_matches(wanted.lower(), list(by_name), n=3, cutoff=0.75)]
    if not near:
        return _nearest(wanted, codes)
    return f"Did you mean {' or '.join(f'{code} ({names[code]})' for code in near)}?"


def _nearest(wanted: str, known: list[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    near = [by_lower[name] for name in get_close_matches(wanted.lower(), list(by_lower), n=3, cutoff=0.5)]
    return f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known[:8])}, ..."
