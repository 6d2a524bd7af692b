"""``index.html``: the whole report in one self-contained file that requests nothing and runs no script."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from rightsize.checks.figures import TITLES
from rightsize.domain import Absent, Estimate, Provenance
from rightsize.metrics import METRICS
from rightsize.reports import charts, wording
from rightsize.reports.checks_table import value_text
from rightsize.reports.data import ReportData, TaskView
from rightsize.reports.examples import examples_text
from rightsize.reports.numbers import count, interval_of, quantity, value_of
from rightsize.reports.race_chart import race_chart
from rightsize.tco.cost import PART_TITLES

TEMPLATES = Path(__file__).resolve().parent / "templates"
_BADGES = {Provenance.MODELLED: "modelled", Provenance.CONFIGURED: "configured"}


def render_html(data: ReportData) -> str:
    """The report as one HTML document; every text that came from a model or a file is escaped."""
    template = _environment().get_template("report.html.j2")
    return template.render(
        data=data,
        headline=wording.headline(data),
        limits=wording.limits(data),
        columns=[METRICS[name] for name in wording.COLUMNS],
        charts={task.name: _charts(task, data, index) for index, task in enumerate(data.tasks)},
        race_svg=Markup(_slim(race_chart(data.race, "race"))) if data.race else None,  # noqa: S704  ours
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704  our own file
    )


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        value=value_of,
        ends=lambda e: interval_of(e.low, e.high, e.unit),
        badge=lambda e: _BADGES.get(e.provenance, ""),
        count=count,
        quantity=quantity,
        break_even=wording.break_even_text,
        break_even_range=wording.break_even_range,
        check_value=value_text,
        examples_text=examples_text,
    )
    environment.tests.update(
        absent=lambda figure: isinstance(figure, Absent),
        figure=lambda figure: isinstance(figure, Estimate),
    )
    environment.globals.update(
        absences=wording.absences,
        cost_notes=wording.cost_notes,
        engine_lines=wording.engine_lines,
        items_text=wording.items_text,
        marks_legend=wording.marks_legend,
        marks_of=wording.marks_of,
        resampled=wording.RESAMPLED,
        waiting=wording.WAITING,
        part_titles=PART_TITLES,
        check_titles=TITLES,
    )
    return environment


def _charts(task: TaskView, data: ReportData, index: int) -> dict[str, Markup | None]:
    """The task's charts by name; their SVG is ours, with all texts escaped by matplotlib."""
    drawn = {
        "latency": charts.score_against_latency(task, f"t{index}-latency"),
        "size": charts.score_against_size(task, f"t{index}-size"),
        "cost": charts.cost_by_part(task, f"t{index}-cost"),
        "volume": charts.cost_over_volume(task, f"t{index}-volume", data.volume),
    }
    return {name: Markup(_slim(svg)) if svg else None for name, svg in drawn.items()}  # noqa: S704


def _slim(svg: str) -> str:
    """Without matplotlib's comments, which repeat every label."""
    return re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
