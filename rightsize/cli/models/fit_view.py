"""How predicted candidates are shown: a table that fits 80 columns, and the ``--json`` document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from rightsize.cli.models.view import gigabytes
from rightsize.cli.suites_view import plain
from rightsize.flows.fit import Left, Ranked
from rightsize.flows.fit_miss import Miss, nearest_miss
from rightsize.models.shapes.tensors import parameters_of
from rightsize.predict.interval import Basis
from rightsize.predict.outlook import Fit, Span, Wish
from rightsize.units import format_value

if TYPE_CHECKING:
    from rich.console import Console

_RESTLESS = 1.3
_TITLES = {
    Fit.MEETS: "certainly meet what was asked for",
    Fit.BORDER: "are on the border",
    Fit.FAILS: "certainly do not",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """All there is to show: candidates in order, what was left out, unverified licences, and where for."""

    ranked: Sequence[Ranked]
    left: Sequence[Left]
    unverified: Sequence[str]
    wish: Wish
    origin: Mapping[str, Any]


def show_fit(shown: Shown, out: Console, talk: Console, limit: int) -> None:
    """Tables on ``out``; where the figures come from, and what was left out, on ``talk``."""
    out.print(Text(_headline(shown)))
    if assumed := _assumed(shown):
        out.print(Text(assumed))
    for fit in (Fit.MEETS, Fit.BORDER):
        rows = [each for each in shown.ranked if each.fit is fit]
        if rows:
            more = f", the {limit} smallest" if len(rows) > limit else ""
            out.print(Text(f"\n{len(rows)} {_TITLES[fit]}{more}:"))
            out.print(_table(rows[:limit]))
    out.print(Text(_failing(shown)))
    if miss := nearest_miss(shown.ranked, shown.wish):
        out.print(Text(_missing(miss)))
    for line in _remarks(shown):
        talk.print(Text(line))


def _headline(shown: Shown) -> str:
    wish, origin = shown.wish, shown.origin
    request = f"{wish.prompt_tokens} prompt and {wish.output_tokens} output tokens"
    context = f"context {wish.context_tokens:,}"
    if origin["projected"]:
        return f"Projected for {origin['machine']}, from published figures: {request}, {context}"
    return f"Predicted for this machine, {origin['threads']} threads: {request}, {context}"


def _assumed(shown: Shown) -> str:
    """Says of which figures the range is not learned from measurements on this machine; empty when of none."""
    figures = {
        name: [getattr(each.outlook, field) for each in shown.ranked]
        for name, field in (("memory", "memory_bytes"), ("latency", "latency_ms"), ("tok/s", "decode_tokens_s"))
    }
    names = [
        name
        for name, spans in figures.items()
        if any(span is not None and span.basis is Basis.ASSUMED for span in spans)
    ]
    return f"Ranges of {', '.join(names)} are assumed: too little was measured here yet" if names else ""


def _table(rows: Sequence[Ranked]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column("Model", overflow="fold", ratio=1)
    table.add_column("Level", no_wrap=True)
    for name in ("Download", "Memory", "Latency", "tok/s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Licence", overflow="ellipsis", no_wrap=True, max_width=12)
    for each in rows:
        outlook, entry = each.outlook, each.candidate.entry
        mark = "=" if each.measured else ""
        table.add_row(
            Text(plain(entry.id)),
            f"{each.candidate.mix.level}{_fallback(each)}",
            gigabytes(each.candidate.mix.tensor_bytes),
            mark + _range(outlook.memory_bytes, 1e9, "GB"),
            mark + _range(outlook.latency_ms, 1e3, "s"),
            mark + _range(outlook.decode_tokens_s, 1, ""),
            Text(plain(entry.licence.name + ("" if entry.licence.verified else "?"))),
        )
    return table


def _fallback(each: Ranked) -> str:
    return f"+{each.candidate.mix.fallback_tensors}fb" if each.candidate.mix.fallback_tensors else ""


def _range(span: Span | None, unit: float, name: str) -> str:
    """``0.41-0.52s``; one figure where nothing is uncertain."""
    if span is None:
        return "unknown"
    low, high = (f"{_short(value / unit)}" for value in (span.low, span.high))
    return f"{low}{name}" if low == high else f"{low}-{high}{name}"


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2g}" if value < 1 else f"{value:.1f}"


def _failing(shown: Shown) -> str:
    reasons = Counter(reason for each in shown.ranked if each.fit is Fit.FAILS for reason in each.reasons)
    count = sum(each.fit is Fit.FAILS for each in shown.ranked)
    why = ", ".join(f"{number} by {reason}" for reason, number in reasons.most_common())
    return f"\n{count} {_TITLES[Fit.FAILS]}" + (f": {why}" if why else "")


def _missing(miss: Miss) -> str:
    flags = {"latency": ("--max-latency", "ms"), "memory": ("--max-memory", "byte")}
    changes = [
        f"{flag} {format_value(miss.needs[n], unit)}" for n, (flag, unit) in flags.items() if n in miss.needs
    ]
    if "context" in miss.needs:
        changes.append(f"a context of at most {miss.needs['context']:,.0f} tokens")
    return f"Nearest miss: {plain(miss.nearest.candidate.id)} would do with {' and '.join(changes)}"


def _remarks(shown: Shown) -> list[str]:
    taught, ranked = shown.origin["intervals"], shown.ranked
    lines = []
    if shown.origin["projected"]:
        lines.append(f"Ranges: {taught}.")
    else:
        how = "; ".join(f"{metric}: {method}" for metric, method in taught.items())
        lines.append(f"Ranges are 90% intervals. {how}.")
    if left := shown.origin.get("left_out_of_probe"):
        lines.append(f"The probe's time was up before it came to: {'; '.join(left)}.")
    if (unrest := shown.origin.get("unrest", 1.0)) > _RESTLESS:
        lines.append(
            f"The machine was busy when it was probed (the same work took up to {unrest:.1f} times as long): "
            "run again with --recalibrate when it is quiet."
        )
    if any(each.measured for each in ranked):
        lines.append("= was measured with a twin of random weights.")
    if any(each.candidate.mix.fallback_tensors for each in ranked):
        lines.append("+fb: so many tensors whose width does not fit the level have another type.")
    if any(not each.candidate.entry.licence.verified for each in ranked):
        lines.append("A licence with a question mark has no source: read the model's card.")
    if shown.left:
        named = ", ".join(each.model for each in shown.left)
        lines.append(f"Left out, no prediction (--json says why): {named}")
    if shown.unverified:
        lines.append(f"Permissive by name, but unverified (no source): {', '.join(shown.unverified)}")
    return lines


def fit_json(shown: Shown) -> dict[str, Any]:
    """What ``models fit --json`` prints; ``schemas/models-fit.schema.json`` describes it."""
    return {
        "schema_version": 1,
        "command": "models fit",
        "wish": {**asdict(shown.wish), "context_tokens": shown.wish.context_tokens},
        "for": dict(shown.origin),
        "candidates": [_candidate_json(each) for each in shown.ranked],
        "left_out": [asdict(each) for each in shown.left],
        "unverified": list(shown.unverified),
        "nearest_miss": _miss_json(nearest_miss(shown.ranked, shown.wish)),
    }


def _miss_json(miss: Miss | None) -> dict[str, Any] | None:
    if miss is None:
        return None
    candidate, needs = miss.nearest.candidate, miss.needs
    return {
        "model": candidate.entry.id,
        "level": candidate.mix.level,
        "max_latency_ms": needs.get("latency"),
        "max_memory_bytes": needs.get("memory"),
        "context_tokens": needs.get("context"),
    }


def _candidate_json(each: Ranked) -> dict[str, Any]:
    candidate, outlook = each.candidate, each.outlook
    return {
        "model": candidate.entry.id,
        "level": candidate.mix.level,
        "fit": each.fit.value,
        "reasons": list(each.reasons),
        "parameters": parameters_of(candidate.shape),
        "download_bytes": candidate.mix.tensor_bytes,
        "fallback_tensors": candidate.mix.fallback_tensors,
        "licence": candidate.entry.licence.name,
        "licence_verified": candidate.entry.licence.verified,
        "memory_bytes": asdict(outlook.memory_bytes),
        "memory_parts": dict(outlook.parts),
        "prefill_tokens_s": asdict(outlook.prefill_tokens_s) if outlook.prefill_tokens_s else None,
        "decode_tokens_s": asdict(outlook.decode_tokens_s),
        "latency_ms": asdict(outlook.latency_ms) if outlook.latency_ms else None,
        "provenance": _provenance(each),
        "notes": list(outlook.notes),
    }


def _provenance(each: Ranked) -> str:
    if each.measured:
        return "measured"
    return "projected" if each.outlook.projected else "modelled"
