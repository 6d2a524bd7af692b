"""Checks on parts of a suite: each label, each kind of document.

A drop in one label may hide behind the others. Several slices are several chances of a false alarm, so the 1%
of FAIL is split over all of them (Bonferroni); every slice has to PASS at 5% by itself, which needs no split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rightsize.decide.gate_checks import FAIL_ALPHA, PASS_ALPHA, Check, score_check
from rightsize.decide.pairs import Pairs
from rightsize.domain import ItemOutcome, Measured, Record, Verdict
from rightsize.errors import UsageError
from rightsize.stats.betting import score_bounds


@dataclass(frozen=True, slots=True)
class SliceRule:
    """What holds for each value of a field of the suite (``value`` None), or for one value of it."""

    field: str
    value: str | None = None
    max_drop: float | None = None
    min_score: float | None = None


def slice_checks(
    pairs: Pairs, record: Record, rules: Sequence[SliceRule], *, unchanged: bool = False, absent: str = ""
) -> tuple[Check, ...]:
    """Return one check per slice and limit. Raises UsageError for a field or a value that no item has."""
    if not rules or not isinstance(record.outcome, Measured):
        return ()
    items = record.outcome.items
    chosen = [(rule, value, ids) for rule in rules for value, ids in _slices(rule, items).items()]
    count = sum((rule.max_drop is not None) + (rule.min_score is not None) for rule, _, _ in chosen)
    alpha = FAIL_ALPHA / max(1, count)
    found = []
    for rule, value, ids in chosen:
        part, name = pairs.only(ids), f"{rule.field} {value}"
        if rule.max_drop is not None:
            drop, words = rule.max_drop, f"score drop of {name}"
            found.append(
                score_check(
                    part, drop, record, name=words, fail_alpha=alpha, unchanged=unchanged, absent=absent
                )
            )
        if rule.min_score is not None:
            found.append(_least_score(part, rule.min_score, f"score of {name}", alpha, absent))
    return tuple(found)


def _least_score(part: Pairs, limit: float, name: str, alpha: float, absent: str) -> Check:
    """A slice's own score against its least one; ``change`` and the bounds are scores here."""
    flag = "--min-accuracy"
    if problem := absent or part.bad_score:
        return Check(name, flag, Verdict.UNDECIDED, None, None, None, limit, 0, "none", problem)
    passing = score_bounds(part.after, part.groups, PASS_ALPHA)
    failing = score_bounds(part.after, part.groups, alpha)
    passes = passing.lower is not None and passing.lower >= limit
    fails = failing.upper is not None and failing.upper < limit
    verdict = Verdict.FAIL if fails else Verdict.PASS if passes else Verdict.UNDECIDED
    return Check(
        name, flag, verdict, passing.value, passing.lower, failing.upper, limit, passing.n, passing.method
    )


def _slices(rule: SliceRule, items: Sequence[ItemOutcome]) -> Mapping[str, frozenset[str]]:
    """The items of each value that the rule speaks of."""
    values = {item.item_id: _value(rule.field, item) for item in items}
    if not any(value is not None for value in values.values()):
        known = sorted({name for item in items for name in _recorded(item)} | {"group", "label"})
        raise UsageError(
            f"no item has a {rule.field!r} to judge apart",
            next_step=f"This suite's fields are {', '.join(known)}; results of an older rightsize record fewer",
        )
    found: dict[str, set[str]] = {}
    for item_id, value in values.items():
        if value is not None and rule.value in {None, value}:
            found.setdefault(value, set()).add(item_id)
    if not found:
        raise UsageError(
            f"no item has the {rule.field} {rule.value!r}",
            next_step=f"It is one of {', '.join(sorted({v for v in values.values() if v})[:12])}",
        )
    return {value: frozenset(found[value]) for value in sorted(found)}


def _recorded(item: ItemOutcome) -> Mapping[str, str]:
    recorded = item.parts.get("slices")
    return recorded if isinstance(recorded, Mapping) else {}


def _value(field: str, item: ItemOutcome) -> str | None:
    """An item's value of a field of the source; ``label`` is the gold answer and ``group`` the group, too."""
    own = _recorded(item).get(field)
    if own is not None:
        return str(own)
    return {"label": item.target or None, "group": item.group}.get(field)
