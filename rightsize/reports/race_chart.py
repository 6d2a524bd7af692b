"""The race as a chart: how far each candidate ran before the evidence settled it, of all items."""

from __future__ import annotations

from rightsize.reports.charts import canvas
from rightsize.reports.numbers import count
from rightsize.reports.race_view import RaceView
from rightsize.reports.svg import ACCENT, INK, LINE, MUTED, SURFACE, inline_svg
from rightsize.units import counted


def race_chart(race: RaceView, name: str) -> str:
    """One bar a candidate in the order of the race, its outline all items there are, its fate beside it."""
    with canvas(width=5.4, height=0.9 + 0.3 * len(race.rows)) as (figure, axes):
        for position, row in enumerate(race.rows):
            axes.barh(position, race.items_each, 0.62, color=SURFACE, edgecolor=LINE, linewidth=1)
            axes.barh(position, row.items, 0.62, color=ACCENT if row.fate == "won" else MUTED, edgecolor="none")
            axes.annotate(
                row.fate,
                (row.items, position),
                (5, 0),
                "data",
                "offset points",
                color=INK,
                fontsize=8,
                va="center",
            )
        axes.set_yticks(range(len(race.rows)), [row.candidate for row in race.rows])
        axes.invert_yaxis()
        axes.set_xlabel("items its verdict rests on; the outline is all of them")
        axes.set_xlim(0, race.items_each * 1.02)
        axes.xaxis.set_major_formatter(lambda value, _: count(value))
        told = "; ".join(
            f"{row.candidate}: {row.fate} after {counted(row.items, 'item')}, {row.reason}" for row in race.rows
        )
        return inline_svg(figure, name, "The race: items until each candidate was settled", f"{told}.")
