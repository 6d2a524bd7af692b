"""What a recommendation is: every candidate with its judgements, the winner, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rightsize.decide.objective import Minimize
from rightsize.domain import Judgement, ModelKind, Provenance, Record, Threshold, Verdict
from rightsize.errors import ExitCode


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """One candidate over all tasks.

    ``objective`` is what is minimised, in its base unit (None: not known, ``problems`` says why), and
    ``objective_provenance`` how it was got. ``skipped`` is true when candidate and task do not fit: nothing can
    ever be decided about it.
    """

    candidate_id: str
    verdict: Verdict
    judgements: tuple[Judgement, ...]
    objective: float | None
    problems: tuple[str, ...]
    records: Mapping[str, Record]
    embedded: bool
    skipped: bool = False
    kind: ModelKind = ModelKind.LANGUAGE_MODEL
    objective_provenance: Provenance | None = None

    @property
    def more_needed(self) -> int | None:
        """Most further samples that any undecided threshold asks for; None when no number of them is known."""
        asked = [j.more_needed for j in self.judgements if j.verdict is Verdict.UNDECIDED]
        known = [more for more in asked if more is not None]
        return max(known) if known and len(known) == len(asked) and not self.problems else None


@dataclass(frozen=True, slots=True)
class Change:
    """A threshold loosened until a candidate passes: ``limit`` in base units, ``text`` as its flag reads it."""

    metric: str
    flag: str
    limit: float
    text: str


@dataclass(frozen=True, slots=True)
class NearestMiss:
    """The candidate that comes closest to passing; ``distance`` is the largest relative change of a limit."""

    candidate_id: str
    changes: tuple[Change, ...]
    distance: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The answer to "which candidate", with everything it rests on.

    ``winner`` is a language model; ``baseline`` is the classical method that passes as well, if one does: then
    no model is needed. ``candidates`` are the classical methods and then the models, each sorted by what is
    minimised. ``alpha`` is the error of the whole answer, ``alpha_each`` the share each candidate tried gets of
    it. ``raced`` is what races left, by candidate and task: their answers decided how many items they asked, so
    it is never judged here. ``task_paths`` are the files and folders that tasks were named by.
    """

    tasks: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    minimize: Minimize
    alpha: float
    alpha_each: float
    candidates: tuple[CandidateResult, ...]
    winner: CandidateResult | None
    smaller_undecided: tuple[CandidateResult, ...]
    nearest_miss: NearestMiss | None
    notes: tuple[str, ...]
    objective_metric: str = "size_bytes"
    baseline: CandidateResult | None = None
    raced: Mapping[str, Mapping[str, Record]] = field(default_factory=dict)
    task_paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def undecided(self) -> tuple[CandidateResult, ...]:
        """Candidates that more evidence could still make pass."""
        return tuple(c for c in self.candidates if c.verdict is Verdict.UNDECIDED and not c.skipped)


def exit_code(recommendation: Recommendation, *, strict: bool = False) -> ExitCode:
    """Return 0 when something passes (``strict``: 3 if a smaller one is undecided), 1 when all fail, else 3."""
    if recommendation.winner is not None or recommendation.baseline is not None:
        return ExitCode.UNDECIDED if strict and recommendation.smaller_undecided else ExitCode.PASS
    failed = any(c.verdict is Verdict.FAIL for c in recommendation.candidates)
    return ExitCode.FAIL if failed and not recommendation.undecided else ExitCode.UNDECIDED
