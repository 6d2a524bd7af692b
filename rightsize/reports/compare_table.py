"""The quantization cliff for the terminal (80 columns), in words, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rightsize.decide.cliff import Cliff, Flip, LevelChange
from rightsize.domain import Absent, Estimate, Measured, Record
from rightsize.metrics import METRICS
from rightsize.reports.trust_lines import joint_trust, marks_legend, marks_of
from rightsize.stats.trust import Trust
from rightsize.units import format_points

FLIPS_SHOWN = 5
_COLUMNS = {
    "size_bytes": "size",
    "latency_p50_ms": "latency",
    "decode_tokens_per_s": "tok/s",
    "memory_bytes": "memory",
    "energy_j_per_request": "energy",
}
_NAMES = {"kl_nats": "KL", "top1_agreement": "top-1"}
_LEGEND = (
    "Change: points of score [95%], paired on the same items; p is Holm's over all levels. Flips: items "
    "worse/better. KL: nats a token; top-1: tokens with the same likeliest next one. The rest: this level over "
    "{reference}."
)


def cliff_lines(found: Cliff) -> Iterator[RenderableType]:
    """The table, the answer in words, flipped items, and why anything is missing."""
    yield _table(found)
    yield Text(cliff_sentence(found), style="bold")
    yield Text(margin_sentence(found))
    for level in found.levels:
        if level.worse or level.better:
            yield Text(flips_line(level))
    for reason in _reasons(found):
        yield Text(reason, style="dim")
    marks = "".join(_marks(level, found.reference, metric) for level in found.levels for metric in _COLUMNS)
    legend = _LEGEND.format(reference=_quant(found))
    yield Text(" ".join(filter(None, [legend, marks_legend(marks)])), style="dim")


def cliff_sentence(found: Cliff) -> str:
    """``The cliff on sql: Q3_K_M loses 4.1 points [2.2, 6.0]; Q4_K_M is within 1 point at 95%.``"""
    edge = found.edge
    if edge is None:
        said = "; ".join(_said(level) for level in found.levels)
        return f"No level loses for certain on {found.suite}: {said}."
    before = found.levels[: found.levels.index(edge)]
    last = _said(before[-1]) if before else f"the next better level is {_quant(found)} itself"
    return f"The cliff on {found.suite}: {_said(edge)}; {last}."


def margin_sentence(found: Cliff) -> str:
    """``Within 1 point of F16 on sql, at 95%: Q8_0, Q4_K_M; not shown for Q3_K_M.``"""
    within = [level.quant for level in found.levels if level.within]
    others = [level.quant for level in found.levels if not level.within]
    shown = ", ".join(within) or "no level"
    rest = f"; not shown for {', '.join(others)}" if within and others else ""
    return f"Within {format_points(found.margin)} of {_quant(found)} on {found.suite}, at 95%: {shown}{rest}."


def _said(level: LevelChange) -> str:
    points = 100 * level.drop.value if level.drop.value is not None else 0.0
    if level.loses:
        return f"{level.quant} loses {_number(points)} points{_interval(level)}"
    if level.within:
        return f"{level.quant} is within {format_points(level.margin)} at 95%"
    if not round(points, 1):
        return f"{level.quant} scores about the same{_interval(level, gain=True)}, which is open"
    word, interval = ("loses" if points > 0 else "gains"), _interval(level, gain=points <= 0)
    return f"{level.quant} {word} {_number(abs(points))} points{interval}, not for certain"


def _interval(level: LevelChange, *, gain: bool = False) -> str:
    low, high = level.drop.lower, level.drop.upper
    if low is None or high is None:
        return ""
    if gain:
        low, high = -high, -low
    # Rounded outwards: a bound that is shown must hold.
    return f" [{floor(1000 * low) / 10:.1f}, {ceil(1000 * high) / 10:.1f}]"


def flips_line(level: LevelChange) -> str:
    """``Q4_K_M: 3 worse (item-7 1 > 0, ...), 1 better (...)``."""
    parts = [
        f"{len(flips)} {word} ({_few(flips)})"
        for flips, word in ((level.worse, "worse"), (level.better, "better"))
        if flips
    ]
    return f"{level.quant}: {', '.join(parts)}"


def _few(flips: Sequence[Flip]) -> str:
    shown = ", ".join(f"{flip.item_id} {flip.before:.2g} > {flip.after:.2g}" for flip in flips[:FLIPS_SHOWN])
    return shown + (", ..." if len(flips) > FLIPS_SHOWN else "")


def _table(found: Cliff) -> Table:
    outcome = found.reference.outcome
    assert isinstance(outcome, Measured)
    score = sum(item.score for item in outcome.items) / len(outcome.items)
    title = f"{found.suite}: {found.model} against {_quant(found)} ({score:.3f} of n={len(outcome.items):,})"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("level", overflow="fold", max_width=10)
    for name in ("change", "p", "flips", *_NAMES.values(), *_COLUMNS.values()):
        table.add_column(name, justify="right", no_wrap=True)
    for level in found.levels:
        table.add_row(
            level.quant,
            *_cells(level, found.reference),
            style="red" if level.loses else "green" if level.within else "",
        )
    return table


def _cells(level: LevelChange, reference: Record) -> Iterator[str]:
    points = round(-100 * level.drop.value if level.drop.value is not None else 0.0, 1)
    yield f"{f'{points:+.1f}' if points else '0.0'}{_interval(level, gain=True).replace(', ', ',')}"
    yield "<.001" if level.p_holm < 0.001 else f"{level.p_holm:.2f}".lstrip("0") if level.p_holm < 1 else "1"
    yield f"{len(level.worse)}/{len(level.better)}"
    kl, top1 = (level.distances[name] for name in _NAMES)
    yield "-" if isinstance(kl, Absent) else f"{kl.value:.2g}"
    yield "-" if isinstance(top1, Absent) else f"{100 * top1.value:.0f}%"
    for metric in _COLUMNS:
        ratio = level.ratios[metric]
        yield "-" if isinstance(ratio, Absent) else f"{ratio.value:.2f}{_marks(level, reference, metric)}"


def _marks(level: LevelChange, reference: Record, metric: str) -> str:
    """Marks of a ratio: both of its sides may be modelled or disturbed."""
    ratio = level.ratios[metric]
    return "" if isinstance(ratio, Absent) else marks_of(_trust(level, reference, metric), ratio.provenance)


def _trust(level: LevelChange, reference: Record, metric: str) -> Trust | None:
    return joint_trust([level.record, reference], metric)


def _reasons(found: Cliff) -> Iterator[str]:
    yield from found.notes
    said: dict[str, list[str]] = {}
    for level in found.levels:
        for name, figure in {**level.ratios, **level.distances}.items():
            if isinstance(figure, Absent) and name in {**_COLUMNS, **_NAMES}:
                title = METRICS[name].title if name in METRICS else _NAMES[name]
                if title not in said.setdefault(figure.reason, []):
                    said[figure.reason].append(title)
    for reason, titles in said.items():
        yield f"Absent: {', '.join(titles)}: {reason}"


def _quant(found: Cliff) -> str:
    return str(found.reference.candidate["model"]["quant"])


def _number(points: float) -> str:
    return f"{points:.1f}"


def cliff_json(found: Cliff) -> dict[str, Any]:
    """One model on one task, as ``schemas/compare.schema.json`` describes it."""
    edge = found.edge
    return {
        "task": found.suite,
        "model": found.model,
        "reference": found.reference.candidate_id,
        "margin": found.margin,
        "cliff": edge.candidate_id if edge else None,
        "sentence": cliff_sentence(found),
        "levels": [_level_json(level, found.reference) for level in found.levels],
        "notes": list(found.notes),
    }


def _level_json(level: LevelChange, reference: Record) -> dict[str, Any]:
    drop = level.drop
    return {
        "candidate": level.candidate_id,
        "quant": level.quant,
        "n": level.n,
        "drop": {
            "value": drop.value,
            "low": drop.lower,
            "high": drop.upper,
            "method": drop.method,
            "reason": drop.reason,
        },
        "p": level.p,
        "p_holm": level.p_holm,
        "loses": level.loses,
        "within_margin": level.within,
        "worse": [_flip_json(flip) for flip in level.worse],
        "better": [_flip_json(flip) for flip in level.better],
        "figures": [
            *(_figure_json(name, figure) for name, figure in level.distances.items()),
            *(_figure_json(n, figure, _trust(level, reference, n)) for n, figure in level.ratios.items()),
        ],
    }


def _flip_json(flip: Flip) -> dict[str, Any]:
    return {
        "item": flip.item_id,
        "before": flip.before,
        "after": flip.after,
        "output_before": flip.output_before,
        "output_after": flip.output_after,
    }


def _figure_json(name: str, figure: Estimate | Absent, label: Trust | None = None) -> dict[str, Any]:
    if isinstance(figure, Absent):
        return {"name": name, "absent": figure.reason}
    return {
        "name": name,
        "unit": figure.unit,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "n": figure.n,
        "method": figure.method,
        "provenance": figure.provenance.value,
        "trust": label.value if label else None,
    }
