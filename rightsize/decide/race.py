"""The race: which candidate to ask what next, and when evidence accepts or refuses it. A state machine, no I/O.

Candidates run in ascending order of what is minimised, one at a time, so that each model is loaded once and
none larger than the winner is loaded at all. Whoever drives it asks :meth:`Race.step`, measures, and tells
what it heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rightsize.decide.more_needed import MOST
from rightsize.decide.race_course import AskItems, Confirm, Course, Finished, Probe, ScoreTest, Step
from rightsize.decide.race_rules import (
    RaceRules,
    Refusal,
    Share,
    Standing,
    chance_open,
    hope_of,
    items_to_settle,
    standing,
)
from rightsize.decide.race_trace import Fate, Look, TaskScore, TraceEntry
from rightsize.domain import Judgement, Verdict
from rightsize.stats.betting import score_bounds
from rightsize.stats.bounds import Bounds
from rightsize.stats.paired import paired_drop_bounds
from rightsize.stats.sequence import Groups, anytime_bounds, as_groups, paired_groups


@dataclass(slots=True)
class Race:
    """The whole of it. ``facts`` is how many limits on something else than scores are judged, of all tasks."""

    candidates: Sequence[str]
    courses: Mapping[str, Course]
    tests: Sequence[ScoreTest]
    rules: RaceRules = field(default_factory=RaceRules)
    facts: int = 0
    _left: float = field(init=False)
    _share: Share | None = field(init=False, default=None)
    _refusal: Refusal = field(init=False)
    _bounds: Bounds | None = field(init=False, default=None)
    _reference: str = field(init=False, default="")
    trace: list[TraceEntry] = field(init=False, default_factory=list)
    winner: str | None = field(init=False, default=None)
    _at: int = field(init=False, default=0)
    _probed: bool = field(init=False, default=False)
    _confirming: bool = field(init=False, default=False)
    _passed: int = field(init=False, default=0)
    _scores: dict[tuple[str, str], dict[str, float]] = field(init=False, default_factory=dict)
    _looks: list[Look] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._left = self.rules.alpha
        self._refusal = Refusal.of(self.rules, len(self.tests), self.facts)

    # --- what to do next ------------------------------------------------------------------------------------

    def step(self) -> Step:
        """What to measure next. Without new evidence the same step again."""
        while self.winner is None and self._at < len(self.candidates):
            if self.facts and not self._probed:
                return Probe(self.candidates[self._at], self._refusal.probe)
            if self._passed < len(self.tests):
                asked = self._ask(self.tests[self._passed])
                if asked is not None:
                    return asked
            elif self.facts:
                self._confirming = True
                return Confirm(self.candidates[self._at], min(self._given().whole, self._refusal.full))
            else:
                self._drop(Fate.WON, "it meets every threshold")
        return Finished(self.winner)

    def _ask(self, test: ScoreTest) -> AskItems | None:
        """The next batch for a test; None when what is known settled it."""
        candidate, course = self.candidates[self._at], self.courses[test.task]
        if test.reference == candidate or test.bet_limit <= 0:
            self._passed += 1
            return None
        known = len(course.seen(self._of(candidate, test.task)))
        if test.reference and len(course.seen(self._of(test.reference, test.task))) < known:
            return AskItems(test.reference, test.task, course.upto(known))
        if known and self._settled(test, known):
            return None
        wanted = course.upto(known + self.rules.batch(known))
        if test.reference and len(course.seen(self._of(test.reference, test.task))) < len(wanted):
            # Going back to the reference costs a reload: it is asked twice as many at a time.
            return AskItems(test.reference, test.task, course.upto(2 * len(wanted)))
        return AskItems(candidate, test.task, wanted)

    # --- what was heard -------------------------------------------------------------------------------------

    def hear_facts(self, judgements: Sequence[Judgement]) -> None:
        """The judgements of a probe or, after a :class:`Confirm`, of the full measurement."""
        failed = next((j for j in judgements if j.verdict is Verdict.FAIL), None)
        if failed is not None:
            self._drop(Fate.REFUSED, failed.reason, failed)
            return
        if not self._confirming:
            self._probed = True
            return
        opened = next((j for j in judgements if j.verdict is not Verdict.PASS), None)
        if opened is None:
            self._drop(Fate.WON, "it meets every threshold")
        else:
            self._drop(Fate.UNDECIDED, opened.reason, opened, more=opened.more_needed)

    def hear_scores(self, candidate: str, task: str, scores: Mapping[str, float]) -> None:
        """Scores of items by id. Raises ValueError for one that lies outside [0, 1]."""
        if any(not 0 <= score <= 1 for score in scores.values()):
            raise ValueError("scores lie in [0, 1]")
        self._of(candidate, task).update(scores)

    def hear_failure(self, candidate: str, reason: str) -> None:
        """A candidate that broke is out. Raises ValueError for one that is not running."""
        if candidate != self.candidates[self._at]:
            raise ValueError(f"{candidate} is not the one that runs")
        self._drop(Fate.FAILED, reason)

    # --- judging --------------------------------------------------------------------------------------------

    def _given(self, hope: float = 1.0) -> Share:
        """The share of the error that the candidate has; given to it the first time, and never changed."""
        if self._share is None:
            others = len(self.candidates) - self._at - 1
            self._share = Share.of(self._left, hope, others, self.rules)
            self._left -= self._share.whole
        return self._share

    def _watched(self, test: ScoreTest) -> int:
        """How many leading groups of the test are the pilot: shares are given by it, acceptance is not."""
        first = self.tests[0].task
        return self.rules.pilot(self.courses[first]) if test.task == first else 0

    def _settled(self, test: ScoreTest, known: int) -> bool:
        """Judge what is known of the test; whether that ended the candidate or the test."""
        course, groups, watched = self.courses[test.task], self._groups(test), self._watched(test)
        if len(groups.sizes) < watched:
            return False
        share = self._given(hope_of(groups.first(watched), test.bet_limit) if watched else 0.5)
        now = standing(groups, test.bet_limit, share.bets, self._refusal.bets, watched)
        if not self._looks or (self._looks[-1].task, self._looks[-1].items) != (test.task, known):
            self._looks.append(Look(test.task, known, groups.mean or 0.0, now.capital))
        if now.verdict is None and known >= course.items:
            now = self._last_look(test, now, share)
        elif now.verdict is None and self._is_futile(test, groups, share):
            now = replace(
                now, verdict=Verdict.UNDECIDED, reason="too close to the limit for all its items to tell"
            )
        if now.verdict is None:
            return False
        stake = share.bets if now.passed else self._refusal.bets
        bounds = now.bounds or anytime_bounds(groups, stake, watched if now.passed else 0)
        self._bounds, self._reference = test.shown(bounds), test.reference
        if now.passed:
            self._passed += 1
        elif now.verdict is Verdict.FAIL:
            self._drop(Fate.REFUSED, f"{test.says(now.verdict)}, {now.reason}")
        else:
            more = self._more(test, groups, share)
            self._drop(Fate.UNDECIDED, f"{test.says(now.verdict)}, {now.reason}", more=more)
        return True

    def _is_futile(self, test: ScoreTest, groups: Groups, share: Share) -> bool:
        total = self.courses[test.task].items
        chance = chance_open(groups, test.bet_limit, total, share.look, self._refusal.last)
        return chance > self.rules.futile

    def _last_look(self, test: ScoreTest, now: Standing, share: Share) -> Standing:
        """All items are answered: judge them at a fixed n, for acceptance those after the pilot."""
        watched = self._watched(test)
        accept, refuse = self._fixed(test, share.look, watched), self._fixed(test, self._refusal.last)
        if accept.lower is not None and accept.lower >= test.bet_limit:
            reason = f"by the exact bound over all items{' after the pilot' if watched else ''}"
            return replace(now, verdict=Verdict.PASS, bounds=accept, reason=reason)
        if refuse.upper is not None and refuse.upper < test.bet_limit:
            return replace(now, verdict=Verdict.FAIL, bounds=refuse, reason="by the exact bound over all items")
        return replace(
            now, verdict=Verdict.UNDECIDED, bounds=refuse, reason="still open when all items are answered"
        )

    def _fixed(self, test: ScoreTest, alpha: float, after: int = 0) -> Bounds:
        """Bounds at a fixed n over all items but those of the first groups."""
        course = self.courses[test.task]
        skipped = sum(len(ids) for _, ids in course.groups[:after])
        pairs = course.seen(self._of(self.candidates[self._at], test.task))[skipped:]
        groups, scores = [group for group, _ in pairs], [score for _, score in pairs]
        if not test.reference:
            return score_bounds(scores, groups, alpha)
        base = course.seen(self._of(test.reference, test.task))[skipped : skipped + len(scores)]
        drop = paired_drop_bounds([score for _, score in base], scores, groups, alpha)
        value, lower, upper = (
            (None if d is None else (1 - d) / 2) for d in (drop.value, drop.upper, drop.lower)
        )
        return replace(drop, value=value, lower=lower, upper=upper)

    def _groups(self, test: ScoreTest) -> Groups:
        course = self.courses[test.task]
        own = as_groups(course.seen(self._of(self.candidates[self._at], test.task)), course.largest)
        if not test.reference:
            return own
        base = as_groups(course.seen(self._of(test.reference, test.task))[: own.items], course.largest)
        return paired_groups(base, own)

    def _more(self, test: ScoreTest, groups: Groups, share: Share) -> int | None:
        """About how many items more than the course has would settle it, if things stay as they look."""
        needed = items_to_settle(groups, test.bet_limit, share.look, self._refusal.last)
        return max(1, math.ceil(needed) - self.courses[test.task].items) if needed <= MOST else None

    def _drop(
        self,
        fate: Fate,
        reason: str,
        judgement: Judgement | None = None,
        *,
        more: int | None = None,
    ) -> None:
        candidate = self.candidates[self._at]
        entry = TraceEntry(
            candidate,
            fate,
            reason,
            tuple(self._looks),
            self._bounds,
            judgement,
            self._share.bets if self._share else 0.0,
            more,
            tuple(self._task_scores(candidate)),
            self._reference,
        )
        self.trace.append(entry)
        if fate is Fate.WON:
            self.winner = candidate
            return
        self._at, self._passed, self._share = self._at + 1, 0, None
        self._probed = self._confirming = False
        self._looks, self._bounds, self._reference = [], None, ""

    def _task_scores(self, candidate: str) -> Iterator[TaskScore]:
        for task, course in self.courses.items():
            pairs = course.seen(self._of(candidate, task))
            if pairs:
                yield TaskScore(task, math.fsum(score for _, score in pairs) / len(pairs), len(pairs))

    def _of(self, candidate: str, task: str) -> dict[str, float]:
        return self._scores.setdefault((candidate, task), {})
