"""Options for models behind a server: how hard it is asked, and what may be spent on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.bench.spending import Budget, Price
    from rightsize.domain import Model

_PANEL = "Servers"

MaxSpend = Annotated[
    str | None,
    typer.Option(
        "--max-spend",
        metavar="MONEY",
        help="Most that hosted models may cost in this run, as 5USD; the call that could pass it is not made.",
        rich_help_panel=_PANEL,
    ),
]
ApiPrice = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="IN/OUT",
        help="USD per million tokens of input and output.  [default: the shipped price list]",
        rich_help_panel=_PANEL,
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Questions a server gets at a time.  [default: 8]", rich_help_panel=_PANEL
    ),
]
RequestLimit = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Give one request to a server up after this.  [default: 5min]",
        rich_help_panel=_PANEL,
    ),
]
Load = Annotated[
    float | None,
    typer.Option(
        "--load",
        metavar="RATE",
        min=0,
        help="Time a server's requests once more, arriving so many a second on average (open loop).",
        rich_help_panel=_PANEL,
    ),
]


def read_budget(max_spend: str | None, price: str | None) -> Budget:
    """What may be spent, and the prices it is reckoned with. Raises UsageError naming the flag."""
    from rightsize.bench.spending import Budget
    from rightsize.units import parse_usd

    limit = None if max_spend is None else parse_usd(max_spend, "--max-spend")
    given = None if price is None else _read_price(price)
    return Budget(limit, lambda model: given or _listed(model))


def _read_price(text: str) -> Price:
    try:
        into, out = (float(part) for part in text.split("/"))
    except ValueError:
        into = out = -1.0
    if not (0 <= into < float("inf") and 0 <= out < float("inf")):
        raise UsageError(f"--price {text!r} is not two prices", next_step="Write it like 0.15/0.60")
    return into, out


def _listed(model: Model) -> Price | None:
    """The shipped list price of a hosted model; a router's ``vendor/model`` is looked up as ``model``."""
    from rightsize.reports.facts import api_prices

    if not model.options.get("hosted"):
        return None
    names = {model.name, model.name.rpartition("/")[2]}
    found = (price for price in api_prices() if price.model in names)
    return next(((price.usd_per_mtok_input, price.usd_per_mtok_output) for price in found), None)
