"""The parts of a suite that thresholds can be set on by themselves: items by label, by kind of document.

A field of the source rows divides a suite when it holds a short text with few values that repeat. Nothing has
to be declared: ``kind`` of the extraction suite and ``label`` of a classification are found so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rightsize.domain import Item

_MOST_VALUES, _LONGEST, _LEAST_PER_VALUE = 100, 60, 5
_NAMES_OF_ITEMS = frozenset({"id", "group"})


def slices_of(items: Sequence[Item]) -> Mapping[str, Mapping[str, str]]:
    """Return, for each item's id, the value of every field that divides the suite."""
    fields = {field for item in items for field in item.doc if field not in _NAMES_OF_ITEMS}
    dividing = [field for field in sorted(fields) if _divides(field, items)]
    return {
        item.id: {field: str(item.doc[field]) for field in dividing if item.doc.get(field) is not None}
        for item in items
    }


def _divides(field: str, items: Sequence[Item]) -> bool:
    values = [item.doc[field] for item in items if item.doc.get(field) is not None]
    if not all(isinstance(value, str) and 0 < len(value) <= _LONGEST for value in values):
        return False
    counts = Counter(values)
    return 2 <= len(counts) <= _MOST_VALUES and len(values) >= _LEAST_PER_VALUE * len(counts)
