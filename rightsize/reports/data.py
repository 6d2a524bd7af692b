"""What a report shows, as frozen values: every renderer reads this view and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rightsize.checks.figures import CheckFigure
from rightsize.domain import Absent, Estimate, JsonValue, Provenance
from rightsize.reports.race_view import RaceView
from rightsize.tco.api import ApiCosting, BreakEven
from rightsize.tco.carbon import Footprint
from rightsize.tco.cost import Costing

Figure = Estimate | Absent


@dataclass(frozen=True, slots=True)
class Choice:
    """What was recommended for given thresholds.

    ``refusals`` maps each refused candidate to the reason. ``winner`` is None when nothing passed.
    """

    thresholds: tuple[str, ...]
    winner: str | None
    sentence: str
    refusals: Mapping[str, str]
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One item with what the model said; texts are untrusted and cut to a readable length."""

    item_id: str
    output: str
    target: str
    score: float
    valid: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples that are shown; of all answers, ``right`` score 1 and ``other`` less."""

    shown: tuple[Example, ...]
    right: int
    other: int


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One candidate on one task. ``number`` is its label in charts and tables; ``problem`` says why a cell has
    no results (empty when it has). ``trust`` says how far its times can be trusted and why, ``trust_label``
    only how far; ``marks`` are the signs of its disturbed figures, by metric."""

    number: int
    id: str
    embedded: bool
    size_bytes: int | None
    problem: str
    figures: Mapping[str, Figure]
    energy_source: str
    costing: Costing | Absent
    break_evens: tuple[BreakEven, ...] | Absent
    footprint: Footprint | Absent
    on_latency_front: bool = False
    on_size_front: bool = False
    corpus: Mapping[str, Estimate] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    trust: str = ""
    trust_label: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Monthly cost over volume: one estimate per entry of the chart's volumes."""

    label: str
    costs: tuple[Estimate, ...]
    local: bool


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task of the report. ``focus`` is the candidate that examples, API prices and the break-even chart
    are shown for: the recommended one, else the one with the best score. Its candidates answered between
    ``fewest_items`` and ``items``."""

    name: str
    title: str
    items: int
    fewest_items: int
    sha256: str
    source: str
    licence: str
    score_name: str
    candidates: tuple[CandidateView, ...]
    focus: CandidateView | None
    api_costs: tuple[ApiCosting, ...]
    volumes: tuple[float, ...]
    curves: tuple[Curve, ...]
    examples: Examples
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssumptionRow:
    """One assumption as it was used; ``yours`` is true when the user's file or flag set it."""

    key: str
    title: str
    unit: str
    low: float
    likely: float
    high: float
    yours: bool


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything a report shows."""

    name: str
    created_at: datetime
    version: str
    volume: float
    basis: str
    choice: Choice | None
    tasks: tuple[TaskView, ...]
    assumptions: tuple[AssumptionRow, ...]
    machine: Mapping[str, JsonValue]
    engines: tuple[Mapping[str, JsonValue], ...]
    prices_compiled: str
    carbon_attribution: str
    region: str | None
    checks: tuple[CheckFigure, ...] = ()
    race: RaceView | None = None

    @property
    def has_modelled_energy(self) -> bool:
        """Whether any energy figure was not measured."""
        energies = (view.figures.get("energy_j_per_request") for task in self.tasks for view in task.candidates)
        return any(isinstance(e, Estimate) and e.provenance is not Provenance.MEASURED for e in energies)
