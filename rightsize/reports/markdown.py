"""``report.md``: the report as Markdown tables, for pull requests and wikis."""

from __future__ import annotations

import re
import textwrap

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rightsize.checks.figures import TITLES
from rightsize.domain import Absent, Estimate, Provenance
from rightsize.metrics import METRICS
from rightsize.reports import wording
from rightsize.reports.checks_table import value_text
from rightsize.reports.data import Figure, ReportData
from rightsize.reports.examples import examples_text
from rightsize.reports.html import TEMPLATES
from rightsize.reports.numbers import NOTHING, count, interval_of, quantity, value_of
from rightsize.tco.cost import PART_TITLES

_SPECIAL = re.compile(r"([\\`*_\[\]#|~!])")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def render_markdown(data: ReportData) -> str:
    """The report as one Markdown document; texts from models and files cannot become markup or HTML."""
    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            data=data,
            headline=wording.headline(data),
            limits=wording.limits(data),
            columns=[METRICS[name] for name in wording.COLUMNS],
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def plain_text(text: object) -> str:
    """``text`` as inert Markdown on one line: markup escaped, HTML as entities, line breaks shown."""
    one_line = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", " ↵ ".join(str(text).splitlines()))
    entities = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", entities)


def figure_text(figure: Figure) -> str:
    """A figure for a table cell: value, interval, n and, unless measured, how it was got."""
    if isinstance(figure, Absent) or figure.provenance is Provenance.MEASURED:
        return _with_details(figure, "", ())
    return _with_details(figure, "", (figure.provenance.value,))


def marked_text(figure: Figure, marks: str) -> str:
    """The same with ``marks`` behind the value in place of words; a legend tells what they mean."""
    return _with_details(figure, plain_text(marks), ())


def folded(text: str) -> str:
    """A list item of several lines, none of them wider than a page."""
    return textwrap.fill(text, 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _with_details(figure: Figure, marks: str, more: tuple[str, ...]) -> str:
    if isinstance(figure, Absent):
        return NOTHING
    samples = f"n {figure.n:,}" if _counts_samples(figure) else ""
    details = (interval_of(figure.low, figure.high, figure.unit), samples, *more)
    shown = ", ".join(detail for detail in details if detail)
    return f"{value_of(figure)}{marks}" + (f" ({shown})" if shown else "")


def _counts_samples(figure: Estimate) -> bool:
    """Whether n is a number of things seen; the draws of a simulation are not."""
    return figure.n > 1 and figure.metric in METRICS and not figure.metric.startswith("cost")


def _environment() -> ImmutableSandboxedEnvironment:
    # Markdown is not HTML: every untrusted text goes through the `md` filter instead.
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        md=plain_text,
        figure=figure_text,
        count=count,
        quantity=quantity,
        break_even=wording.break_even_text,
        break_even_range=wording.break_even_range,
        check_value=value_text,
        examples_text=examples_text,
        folded=folded,
        marked=marked_text,
    )
    environment.tests["absent"] = lambda figure: isinstance(figure, Absent)
    environment.globals.update(
        absences=wording.absences,
        cost_notes=wording.cost_notes,
        engine_lines=wording.engine_lines,
        items_text=wording.items_text,
        marks_legend=wording.marks_legend,
        marks_of=wording.marks_of,
        waiting=wording.WAITING,
        part_titles=PART_TITLES,
        check_titles=TITLES,
    )
    return environment
