"""What is known of one machine with one build of llama.cpp: its rates, how it loads, and what it was learned
from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rightsize.predict.memory import Loading
from rightsize.predict.speed import MachineRates, Rates

VERSION = 2  # 1 did not know that a prompt's tokens skip the last feed-forward


@dataclass(frozen=True, slots=True)
class Calibration:
    """``took_s`` is how long the probe took; ``points`` are its raw timings, kept for whoever wants to fit
    anew; ``left_out`` names what there was no time for.
    """

    rates: MachineRates
    loading: Loading
    took_s: float
    points: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON; :func:`calibration_from` reads it back."""
        return {"version": VERSION, **asdict(self)}


def calibration_from(document: Mapping[str, Any]) -> Calibration | None:
    """A calibration from its document; None for one of another version, which is then made anew."""
    if document.get("version") != VERSION:
        return None
    rates = document["rates"]
    return Calibration(
        rates=MachineRates(
            threads=rates["threads"],
            batch_tokens=rates["batch_tokens"],
            decode=_rates(rates["decode"]),
            prefill=_rates(rates["prefill"]),
        ),
        loading=Loading(**document["loading"]),
        took_s=document["took_s"],
        points=tuple(document["points"]),
        left_out=tuple(document.get("left_out", ())),
    )


def _rates(document: Mapping[str, Any]) -> Rates:
    knots = {key: tuple((float(x), float(y)) for x, y in document[key]) for key in ("by_size", "attention")}
    return Rates(**{**document, **knots})
