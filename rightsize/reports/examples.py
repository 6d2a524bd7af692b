"""A few answers of one candidate beside what was expected: some that are right and some that are not."""

from __future__ import annotations

from rightsize.domain import ItemOutcome, Measured, Record
from rightsize.reports.data import Example, Examples
from rightsize.units import counted

_OF_EACH_KIND = 2
_LONGEST_TEXT = 400


def examples_of(record: Record) -> Examples:
    """The first right and the first other answers, in the order of the items; none where nothing is scored."""
    items = record.outcome.items if isinstance(record.outcome, Measured) else ()
    if not record.suite_info.get("score_name", "score"):
        return Examples((), 0, 0)  # nothing is right or wrong
    right = [item for item in items if _right(item)]
    other = [item for item in items if not _right(item)]
    shown = (*right[:_OF_EACH_KIND], *other[:_OF_EACH_KIND])
    return Examples(tuple(_example(item) for item in shown), len(right), len(other))


def examples_text(examples: Examples) -> str:
    """Which answers are shown, in a sentence: also that all of them are right, or none."""
    of = counted(examples.right + examples.other, "answer")
    if not examples.right:
        return f"Not one of {of} is wholly right: these are the first."
    if not examples.other:
        return f"All {of} are right: these are the first."
    right = f"{examples.right:,} of {of} {'is' if examples.right == 1 else 'are'} wholly right"
    return f"{right}: the first of them, then the first of the others."


def _right(item: ItemOutcome) -> bool:
    return item.score >= 1.0


def _example(item: ItemOutcome) -> Example:
    return Example(
        item.item_id, _cut(item.output), _cut(item.target), item.score, valid=item.valid, right=_right(item)
    )


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]} … ({len(text) - _LONGEST_TEXT} more characters)"
