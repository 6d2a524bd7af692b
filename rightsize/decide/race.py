"""The race: which candidate to ask what next, and when evidence accepts or refuses it. A state machine, no I/O.

Candidates run in ascending order of what is minimised, one at a time, so that each model is loaded once and
none larger than the winner is loaded at all. Whoever drives it asks :meth:`Race.step`, measures, and tells
what it heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rightsize.decide.race_course import AskItems, Confirm, Course, Finished, Probe, ScoreTest, Step
from rightsize.decide.race_rules import Account, RaceRules, Refusal, Standing, chance_open, standing
from rightsize.decide.race_trace import Fate, Look, TaskScore, TraceEntry
from rightsize.domain import Judgement, Verdict
from rightsize.stats.betting import score_bounds
from rightsize.stats.bounds import Bounds
from rightsize.stats.paired import paired_drop_bounds
from rightsize.stats.sequence import Groups, anytime_bounds, as_groups, expected_items, paired_groups


@dataclass(slots=True)
class Race:
    """The whole of it. ``facts_matter`` tells whether any threshold is on something else than a score."""

    candidates: Sequence[str]
    courses: Mapping[str, Course]
    tests: Sequence[ScoreTest]
    rules: RaceRules = field(default_factory=RaceRules)
    facts_matter: bool = False
    account: Account = field(init=False)
    _refusal: Refusal = field(init=False)
    _bounds: Bounds | None = field(init=False, default=None)
    _reference: str = field(init=False, default="")
    trace: list[TraceEntry] = field(init=False, default_factory=list)
    winner: str | None = field(init=False, default=None)
    _at: int = field(init=False, default=0)
    _probed: bool = field(init=False, default=False)
    _confirming: bool = field(init=False, default=False)
    _capital: float = field(init=False, default=1.0)
    _passed: int = field(init=False, default=0)
    _scores: dict[tuple[str, str], dict[str, float]] = field(init=False, default_factory=dict)
    _looks: list[Look] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.account = Account.open(self.rules, len(self.candidates))
        self._refusal = Refusal.of(self.rules, len(self.tests), self.facts_matter)

    # --- what to do next ------------------------------------------------------------------------------------

    def step(self) -> Step:
        """What to measure next. Without new evidence the same step again."""
        while self.winner is None and self._at < len(self.candidates):
            if self.facts_matter and not self._probed:
                return Probe(self.candidates[self._at], self._refusal.probe)
            if self._passed < len(self.tests):
                asked = self._ask(self.tests[self._passed])
                if asked is not None:
                    return asked
            elif self.facts_matter:
                self._confirming = True
                return Confirm(self.candidates[self._at], min(self._look_alpha, self._refusal.full))
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
        self.account = self.account.after_look(self.rules)
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

    def _settled(self, test: ScoreTest, known: int) -> bool:
        """Judge what is known of the test; whether that ended the candidate or the test."""
        course, groups = self.courses[test.task], self._groups(test)
        now = standing(groups, test.bet_limit, self.account, self._refusal.bets)
        if not self._looks or (self._looks[-1].task, self._looks[-1].items) != (test.task, known):
            self._looks.append(Look(test.task, known, groups.mean or 0.0, now.capital))
        self._capital = min(self._capital, now.capital)
        if now.verdict is None and known >= course.items:
            now = self._last_look(test, now)
        elif now.verdict is None and self._is_futile(test, groups):
            now = replace(
                now, verdict=Verdict.UNDECIDED, reason="too close to the limit for all its items to tell"
            )
        if now.verdict is None:
            return False
        bounds = now.bounds or anytime_bounds(groups, self.account.stake if now.passed else self._refusal.bets)
        self._bounds, self._reference = test.shown(bounds), test.reference
        if now.passed:
            self._passed += 1
        elif now.verdict is Verdict.FAIL:
            self._drop(Fate.REFUSED, f"{test.says(now.verdict)}, {now.reason}")
        else:
            self._drop(Fate.UNDECIDED, f"{test.says(now.verdict)}, {now.reason}", more=self._more(test, groups))
        return True

    @property
    def _look_alpha(self) -> float:
        """Error of accepting at the next look at a fixed n."""
        return self.account.reserve * self.rules.look

    def _is_futile(self, test: ScoreTest, groups: Groups) -> bool:
        total = self.courses[test.task].items
        chance = chance_open(groups, test.bet_limit, total, self._look_alpha, self._refusal.last)
        return chance > self.rules.futile

    def _last_look(self, test: ScoreTest, now: Standing) -> Standing:
        """All items are answered: judge them at a fixed n, paid from the reserve."""
        accept, refuse = self._fixed(test, self._look_alpha), self._fixed(test, self._refusal.last)
        self.account = self.account.after_look(self.rules)
        reason = "by the exact bound over all items"
        if accept.lower is not None and accept.lower >= test.bet_limit:
            return replace(now, verdict=Verdict.PASS, bounds=accept, reason=reason)
        if refuse.upper is not None and refuse.upper < test.bet_limit:
            return replace(now, verdict=Verdict.FAIL, bounds=refuse, reason=reason)
        return replace(
            now, verdict=Verdict.UNDECIDED, bounds=refuse, reason="still open when all items are answered"
        )

    def _fixed(self, test: ScoreTest, alpha: float) -> Bounds:
        pairs = self.courses[test.task].seen(self._of(self.candidates[self._at], test.task))
        groups, scores = [group for group, _ in pairs], [score for _, score in pairs]
        if not test.reference:
            return score_bounds(scores, groups, alpha)
        base = self.courses[test.task].seen(self._of(test.reference, test.task))[: len(scores)]
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

    def _more(self, test: ScoreTest, groups: Groups) -> int | None:
        """About how many further items would settle it, if things stay as they look."""
        mean = groups.mean
        if mean is None:
            return None
        squares = math.fsum((s - mean * n) ** 2 for s, n in zip(groups.sums, groups.sizes, strict=True))
        needed = expected_items(mean, test.bet_limit, squares / groups.items, self.account.stake)
        return max(1, math.ceil(needed) - groups.items) if needed < 1e6 else None

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
            self.account.stake,
            more,
            tuple(self._task_scores(candidate)),
            self._reference,
        )
        self.trace.append(entry)
        if fate is Fate.WON:
            self.winner = candidate
            return
        self.account = self.account.handed_on(self._capital)
        self._at, self._passed, self._capital = self._at + 1, 0, 1.0
        self._probed = self._confirming = False
        self._looks, self._bounds, self._reference = [], None, ""

    def _task_scores(self, candidate: str) -> Iterator[TaskScore]:
        for task, course in self.courses.items():
            pairs = course.seen(self._of(candidate, task))
            if pairs:
                yield TaskScore(task, math.fsum(score for _, score in pairs) / len(pairs), len(pairs))

    def _of(self, candidate: str, task: str) -> dict[str, float]:
        return self._scores.setdefault((candidate, task), {})
