"""The gate: has a candidate become worse than its baseline, item by item and run by run?

Scores are compared on the same items (a paired comparison is far stronger than two percentages) and travel
between machines; changes of latency, memory and energy are ratios, and only between equal machines or with both
sides measured here in turns. A check fails only when the one-sided 99% bound shows more than the allowance,
passes when the one-sided 95% bound stays within it, and is undecided in between: a gate that cries wolf is
switched off, and one that passes for lack of evidence is worth nothing. See docs/decisions/022.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rightsize.decide.baseline import Baseline, contaminated, model_sha256
from rightsize.decide.bench_run import rerun
from rightsize.decide.changes import Change, changes, is_unchanged
from rightsize.decide.gate_checks import FAIL_ALPHA, INCREASES, PASS_ALPHA, Check, increase_check, score_check
from rightsize.decide.gate_slices import SliceRule, slice_checks
from rightsize.decide.on_undecided import OnUndecided
from rightsize.decide.pairs import Moved, Pairs, moved
from rightsize.decide.thresholds import judge
from rightsize.domain import Judgement, Measured, Reading, Record, Threshold, Verdict
from rightsize.errors import ExitCode
from rightsize.stats.trust import Trust


@dataclass(frozen=True, slots=True)
class Allowances:
    """How much worse it may get: ``accuracy_drop`` in score (0.01 is one percentage point), ``increases`` maps
    flags of :data:`INCREASES` to relative growth. None and absence mean "not judged, only shown"."""

    accuracy_drop: float | None = None
    increases: Mapping[str, float] | None = None
    slices: tuple[SliceRule, ...] = ()


@dataclass(frozen=True, slots=True)
class InTurns:
    """Both candidates measured here in turns: readings whose samples pair up, turn by turn."""

    before: Mapping[str, Reading]
    after: Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class GateResult:
    """All checks of one candidate against its baseline, and what changed since.

    ``unchanged`` is true where nothing that could move a score has changed; ``remarks`` are things to know.
    """

    candidate_id: str
    baseline_candidate_id: str
    suite: str
    checks: tuple[Check, ...]
    thresholds: tuple[Judgement, ...]
    moved: Moved
    changes: tuple[Change, ...] = ()
    unchanged: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """FAIL if any check failed, else UNDECIDED if any is, else PASS."""
        verdicts = {check.verdict for check in self.checks} | {
            judgement.verdict for judgement in self.thresholds
        }
        return next((v for v in (Verdict.FAIL, Verdict.UNDECIDED) if v in verdicts), Verdict.PASS)

    @property
    def more_items(self) -> int | None:
        """How many more items would decide every open check that items can decide; None where none can."""
        return self._most_needed(of_items=True)

    @property
    def more_requests(self) -> int | None:
        """How many more requests would decide every open check that they can decide; None where none can."""
        return self._most_needed(of_items=False)

    def _most_needed(self, *, of_items: bool) -> int | None:
        checks = [c for c in self.checks if (c.flag not in INCREASES) is of_items]
        # Of disturbed times more would say as little.
        calm = [j for j in self.thresholds if j.trust != Trust.CONTAMINATED]
        judged = [j for j in calm if (j.threshold.metric == "score") is of_items]
        found: list[Check | Judgement] = [*checks, *judged]
        needed = [each.more_needed for each in found if each.verdict is Verdict.UNDECIDED]
        return max((more for more in needed if more), default=None)


def gate_exit_code(result: GateResult, on_undecided: OnUndecided = OnUndecided.WARN) -> ExitCode:
    """Return 0 for PASS, 1 for FAIL; for UNDECIDED 0 with ``warn`` and 3 with ``fail``."""
    if result.verdict is Verdict.UNDECIDED:
        return ExitCode.UNDECIDED if on_undecided is OnUndecided.FAIL else ExitCode.PASS
    return ExitCode.FAIL if result.verdict is Verdict.FAIL else ExitCode.PASS


def compare(
    baseline: Baseline,
    record: Record,
    allowances: Allowances,
    thresholds: Sequence[Threshold] = (),
    *,
    machine_fingerprint: str | None = None,
    in_turns: InTurns | None = None,
    store: str = "",
) -> GateResult:
    """Judge a measured ``record`` against ``baseline``, which must be of the same suite and items.

    ``thresholds`` on speed, memory and energy count only for ``machine_fingerprint`` (None: any machine).
    ``in_turns`` stands in for the stored readings of both sides; ``store`` is the database that advice names.
    Raises ValueError when the record was not
    measured or holds other items (callers check and say it better), UsageError for a slice that no item is in.
    """
    if not isinstance(record.outcome, Measured):
        raise ValueError(f"record {record.id} is not a measurement")
    pairs = Pairs.of(baseline, record.outcome)
    unchanged = is_unchanged(baseline, record)
    no_score = next((a.reason for a in record.outcome.absent if a.metric == "score"), "")
    is_old = in_turns is None and _is_same_run(baseline, record, pairs)
    score = score_check(pairs, allowances.accuracy_drop, record, unchanged=unchanged, absent=no_score)
    checks = (
        score,
        *slice_checks(pairs, record, allowances.slices, unchanged=unchanged, absent=no_score),
        *_increases(baseline, record, allowances.increases or {}, in_turns),
    )
    judged = tuple(_judged(threshold, record, machine_fingerprint) for threshold in thresholds)
    advice = () if in_turns else tuple(_advice(baseline, record, [*checks, *judged], store, is_old=is_old))
    return GateResult(
        candidate_id=record.candidate_id,
        baseline_candidate_id=baseline.candidate_id,
        suite=record.suite,
        checks=tuple(_without_news(check) for check in checks) if is_old else checks,
        thresholds=judged,
        moved=moved(pairs),
        changes=changes(baseline, record),
        unchanged=unchanged,
        remarks=advice,
    )


def _is_same_run(baseline: Baseline, record: Record, pairs: Pairs) -> bool:
    """Whether these are the very results that the baseline was written from."""
    ours = (record.created_at, record.candidate_id, record.machine_fingerprint, model_sha256(record))
    theirs = (baseline.created_at, baseline.candidate_id, baseline.machine_fingerprint, baseline.model_sha256)
    return ours == theirs and pairs.before == pairs.after


def _without_news(check: Check) -> Check:
    """An open check of the very results that the baseline was written from: it lacks new ones, not more."""
    if check.verdict is not Verdict.UNDECIDED or check.more_needed is None:
        return check
    return replace(check, reason="nothing new was measured since the baseline was written", more_needed=None)


def _advice(
    baseline: Baseline, record: Record, found: Sequence[Check | Judgement], store: str, *, is_old: bool
) -> Iterator[str]:
    """What to run where the stored results cannot tell, with the command."""
    now, then = contaminated(record), baseline.contaminated
    open_ones = [each for each in found if each.verdict is Verdict.UNDECIDED]
    grown = [INCREASES[c.flag] for c in open_ones if isinstance(c, Check) and c.flag in INCREASES]
    is_noisy_now = any(m in now for m in grown) or any(
        isinstance(j, Judgement) and j.trust == Trust.CONTAMINATED for j in open_ones
    )
    was_noisy = any(m in then for m in grown)
    run = rerun(record, force=True, quiet=is_noisy_now or was_noisy, store=store).command
    if is_old:
        yield (
            "nothing new was measured: these are the very results the baseline was written from; "
            f"measure again with {run}"
        )
    if was_noisy:
        yield (
            "the baseline's times are disturbed, so no number of new requests decides: write a new baseline "
            f"with --write-baseline after {run}, or use --remeasure-baseline"
        )
    elif is_noisy_now and not is_old:
        yield f"to measure again when the machine is quiet: {run}"


def _judged(threshold: Threshold, record: Record, machine_fingerprint: str | None) -> Judgement:
    """A plain threshold with the gate's two errors: PASS at 5%, FAIL only at 1%."""
    passing = judge(threshold, record, PASS_ALPHA, machine_fingerprint=machine_fingerprint)
    if passing.verdict is not Verdict.FAIL:
        return passing
    return judge(threshold, record, FAIL_ALPHA, machine_fingerprint=machine_fingerprint)


def _increases(
    baseline: Baseline, record: Record, allowed: Mapping[str, float], in_turns: InTurns | None
) -> tuple[Check, ...]:
    outcome = record.outcome
    readings = {r.metric: r for r in outcome.readings} if isinstance(outcome, Measured) else {}
    before, after = (in_turns.before, in_turns.after) if in_turns else (baseline.readings, readings)
    now = contaminated(record)
    same_machine = in_turns is not None or baseline.machine_fingerprint == record.machine_fingerprint
    checks = []
    for flag, metric in INCREASES.items():
        check = increase_check(
            flag,
            before.get(metric),
            after.get(metric),
            allowed.get(flag),
            same_machine=same_machine,
            in_turns=in_turns is not None,
        )
        disturbed = ("", "") if in_turns else (baseline.contaminated.get(metric, ""), now.get(metric, ""))
        checks.append(_trusted(check, *disturbed))
    return tuple(checks)


def _trusted(check: Check, before: str, after: str) -> Check:
    """The check as far as disturbed readings may carry it; ``before`` and ``after`` say what disturbed them.

    A disturbance makes things slower and hungrier: one of the newest run may be why it FAILs, one of the
    baseline why it PASSes, and of what is UNDECIDED more requests beside disturbed ones say nothing.
    """
    if check.change is None or check.verdict is None:
        return check
    whys = [
        f"the baseline was contaminated: {before}" if before and check.verdict is not Verdict.FAIL else "",
        f"the newest run was contaminated: {after}" if after and check.verdict is not Verdict.PASS else "",
    ]
    why = "; ".join(filter(None, whys))
    if not why:
        return check
    advice = "measure again when the machine is quiet, or --remeasure-baseline"
    return replace(check, verdict=Verdict.UNDECIDED, reason=f"{why}; {advice}", more_needed=None)
