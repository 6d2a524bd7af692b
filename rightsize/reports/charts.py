"""The four charts of a report: score against latency and size, cost by part, and cost over volume.

Each returns inline SVG, or None where there is nothing to draw. Candidates carry their number from the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rightsize.domain import Absent, Estimate
from rightsize.reports.data import CandidateView, Curve, TaskView
from rightsize.reports.labels import place_labels
from rightsize.reports.numbers import count, quantity
from rightsize.reports.svg import (
    ACCENT,
    INK,
    LINE,
    MUTED,
    PART_1,
    PART_2,
    PART_3,
    PART_4,
    STYLE,
    SURFACE,
    inline_svg,
)
from rightsize.tco.cost import PART_TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PART_COLOURS = {
    "hire": PART_1,
    "hardware": PART_1,
    "energy": PART_2,
    "idle": PART_3,
    "operations": PART_4,
    "api": PART_2,
}
_DASHES = ((0, ()), (0, (6, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)), (0, (1, 3)))


def score_against_latency(task: TaskView, name: str) -> str | None:
    """Score over p95 latency with interval bars and the Pareto front."""
    front = {view.number for view in task.candidates if view.on_latency_front}
    return _scatter(task, name, "latency_p95_ms", "request latency, p95", front)


def score_against_size(task: TaskView, name: str) -> str | None:
    """Score over size on disk with interval bars and the Pareto front."""
    front = {view.number for view in task.candidates if view.on_size_front}
    return _scatter(task, name, "size_bytes", "size on disk", front)


def cost_by_part(task: TaskView, name: str) -> str | None:
    """Monthly cost of each candidate and API as stacked bars, with the total's interval."""
    bars = [(f"{view.number}  {view.id}", view.costing) for view in task.candidates]
    priced = [(label, costing) for label, costing in bars if not isinstance(costing, Absent)]
    rows: list[tuple[str, dict[str, Estimate], Estimate]] = [
        (label, dict(costing.parts), costing.per_month) for label, costing in priced
    ]
    if not rows:
        return None
    rows += [(cost.api.model, {"api": cost.per_month}, cost.per_month) for cost in task.api_costs]
    with canvas(width=5.4, height=0.9 + 0.3 * len(rows)) as (figure, axes):
        _bars(axes, rows)
        description = "; ".join(f"{label}: {_estimate_text(total)}" for label, _, total in rows)
        return inline_svg(figure, name, "Cost per month by part", f"{description}. The table has the numbers.")


def cost_over_volume(task: TaskView, name: str, stated: float) -> str | None:
    """Monthly cost over volume, here and at each API, with bands; both axes logarithmic."""
    if not task.curves:
        return None
    with canvas(width=5.2, height=3.7) as (figure, axes):
        axes.set(xscale="log", yscale="log", xlabel="requests per month", ylabel="cost per month, USD")
        hosted = [curve for curve in task.curves if not curve.local]
        for index, curve in enumerate(hosted):
            _curve(axes, task.volumes, curve, MUTED, _DASHES[(index + 1) % len(_DASHES)])
        for curve in task.curves:
            if curve.local:
                _curve(axes, task.volumes, curve, ACCENT, _DASHES[0])
        axes.axvline(stated, color=LINE, linewidth=1, zorder=0)
        axes.annotate(
            f"stated volume {count(stated)}", (stated, 0), (4, 4), ("data", "axes fraction"), "offset points",
            fontsize=8, color=MUTED, va="bottom",
        )  # fmt: skip
        _plain_ticks(axes, x=count, y=count)
        axes.legend(frameon=False, fontsize=8.5, loc="upper left", bbox_to_anchor=(0, 1.0), handlelength=2.6)
        title = "Cost per month over volume: here and at hosted APIs"
        return inline_svg(figure, name, title, _break_even_text(task.focus))


@contextmanager
def canvas(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of ``width`` x ``height`` inches in the report's style, without pyplot's global state."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def _steps(span: float) -> tuple[int, ...]:
    """Which multiples of each power of ten get a label: fewer the more powers ``span`` covers."""
    if span < 15:
        return (1, 2, 5)
    return (1, 3) if span < 150 else (1,)


def _scatter(task: TaskView, name: str, metric: str, label: str, front: set[int]) -> str | None:
    points = [
        (view, x, y) for view in task.candidates if (x := _known(view, metric)) and (y := _known(view, "score"))
    ]
    if not points:
        return None
    from matplotlib.ticker import LogLocator, MaxNLocator

    with canvas(width=4.7, height=3.5) as (figure, axes):
        _front_line(axes, [(x.value, y.value) for view, x, y in points if view.number in front])
        for view, x, y in points:
            _point(axes, x, y, view.number in front, task.focus is not None and view.id == task.focus.id)
        axes.set(xlabel=f"{label} (less is better)", ylabel=f"{task.score_name} (more is better)")
        least, most = min(x.value for _, x, _ in points), max(x.value for _, x, _ in points)
        if most > 4 * least > 0:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=_steps(most / least)))
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))  # labels carry units and would touch
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        unit = points[0][1].unit
        _plain_ticks(axes, x=lambda value: quantity(value, unit), y=lambda value: f"{value:.0%}")
        place_labels(axes, [(x.value, y.value, str(view.number)) for view, x, y in points], INK)
        description = "; ".join(
            f"{view.number} {view.id}: {_estimate_text(y)} at {_estimate_text(x)}" for view, x, y in points
        )
        return inline_svg(figure, name, f"{task.score_name} against {label}", f"{description}.")


def _point(axes: Axes, x: Estimate, y: Estimate, on_front: bool, focus: bool) -> None:
    colour = ACCENT if on_front else MUTED
    axes.errorbar(
        x.value, y.value, xerr=_bars_of(x), yerr=_bars_of(y), fmt="o", markersize=8 if focus else 6,
        color=colour, markerfacecolor=colour if on_front else SURFACE, markeredgewidth=1.3,
        elinewidth=1, capsize=0, alpha=1, zorder=4 if on_front else 3,
    )  # fmt: skip
    if focus:
        axes.plot(
            x.value, y.value, "o", markersize=14, markerfacecolor="none", markeredgecolor=ACCENT, zorder=5
        )


def _front_line(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    if len(points) > 1:
        xs, ys = zip(*sorted(points), strict=True)
        axes.step(xs, ys, where="post", color=ACCENT, linewidth=1.2, alpha=0.45, zorder=2)


def _bars(axes: Axes, rows: Sequence[tuple[str, dict[str, Estimate], Estimate]]) -> None:
    seen: set[str] = set()
    for position, (_, parts, total) in enumerate(rows):
        left = 0.0
        for part, cost in parts.items():
            title = "API, people's time included" if part == "api" else PART_TITLES[part]
            axes.barh(
                position, cost.value, 0.58, left, color=_PART_COLOURS[part],
                label=None if title in seen else title, hatch="////" if part == "api" else None, linewidth=0,
            )  # fmt: skip
            seen.add(title)
            left += cost.value
        axes.errorbar(total.value, position, xerr=_bars_of(total), color=INK, elinewidth=1, capsize=2.5)
    axes.set_yticks(range(len(rows)), [_short(label) for label, _, _ in rows])
    axes.invert_yaxis()
    axes.set(xlabel="USD per month", xlim=(0, None))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=8.5, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0), handlelength=1)


def _curve(
    axes: Axes, volumes: Sequence[float], curve: Curve, colour: str, dashes: tuple[int, tuple[int, ...]]
) -> None:
    lows = [cost.low if cost.low is not None else cost.value for cost in curve.costs]
    highs = [cost.high if cost.high is not None else cost.value for cost in curve.costs]
    axes.fill_between(volumes, lows, highs, color=colour, alpha=0.16 if curve.local else 0.08, linewidth=0)
    label = f"{_short(curve.label)} (here)" if curve.local else _short(curve.label)
    axes.plot(
        volumes, [cost.value for cost in curve.costs], color=colour, linestyle=dashes,
        linewidth=2 if curve.local else 1.3, label=label,
    )  # fmt: skip


def _plain_ticks(axes: Axes, *, x: object, y: object) -> None:
    """Tick labels written like every other figure of the report; no minor ones, which would crowd a phone."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for axis, write in ((axes.xaxis, x), (axes.yaxis, y)):
        axis.set_major_formatter(FuncFormatter(lambda value, _, write=write: write(value)))
        axis.set_minor_formatter(NullFormatter())


def _bars_of(estimate: Estimate) -> list[list[float]] | None:
    """Distances down and up to the interval's ends, as matplotlib wants them; None without one."""
    if estimate.low is None and estimate.high is None:
        return None
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    return [[max(estimate.value - low, 0.0)], [max(high - estimate.value, 0.0)]]


def _known(view: CandidateView, metric: str) -> Estimate | None:
    figure = view.figures.get(metric)
    return figure if isinstance(figure, Estimate) else None


def _estimate_text(estimate: Estimate) -> str:
    ends = (
        ""
        if estimate.low is None or estimate.high is None
        else (f" ({quantity(estimate.low, estimate.unit)} to {quantity(estimate.high, estimate.unit)})")
    )
    return quantity(estimate.value, estimate.unit) + ends


def _break_even_text(focus: CandidateView | None) -> str:
    if focus is None or isinstance(focus.break_evens, Absent):
        return "The table has the numbers."
    crossings = "; ".join(
        f"against {crossing.api.model}: {count(crossing.likely) if crossing.likely else crossing.reason}"
        for crossing in focus.break_evens
    )
    return f"Break-even of {focus.id} in requests per month, {crossings}. The table has the numbers."


def _short(label: str, longest: int = 34) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"
