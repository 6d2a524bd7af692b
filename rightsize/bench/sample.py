"""Which items stand for a suite where not all are asked: nested samples in proportion to its parts. Pure.

The items of a part of ``m`` get the places ``(j + u) / m``, ``j = 0 ... m - 1``, with one offset ``u`` in
[0, 1) a part: systematic sampling (Cochran, *Sampling Techniques*, chapter 8) within each part. In order of
their places any first ``N`` items hold every part in proportion, give or take one item. Parts are labels, where
the right answers are labels, and groups within a label. Offsets follow from the names of parts and items alone,
so that another prompt for the same items asks the same ones.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence

from rightsize.domain import Item

_SEED = "limit 1"  # another one would make every stored sample one of other items


def sample_order(items: Sequence[Item]) -> list[int]:
    """Return the places of ``items`` in the order in which a limit takes them: its first N are its sample."""
    label_of = _labels(items)

    def by_group(part: Sequence[int]) -> list[int]:
        drawn = sorted(part, key=lambda place: (_draw("item", items[place].id), place))
        return _interleaved(drawn, lambda place: items[place].group, list)

    return _interleaved(range(len(items)), lambda place: label_of[place], by_group)


def _labels(items: Sequence[Item]) -> list[str]:
    """The right answers where they repeat, as labels do; else one label for all."""
    targets = [item.target for item in items]
    return targets if 2 * len(set(targets)) <= len(targets) else [""] * len(items)


def _interleaved(
    places: Sequence[int], part_of: Callable[[int], str], ordered: Callable[[Sequence[int]], list[int]]
) -> list[int]:
    """All places, each part's in the order it gets, the parts in turn and in proportion to their sizes."""
    parts: dict[str, list[int]] = defaultdict(list)
    for place in places:
        parts[part_of(place)].append(place)
    positions = [
        ((number + _draw("part", name)) / len(part), name, number, place)
        for name, part in parts.items()
        for number, place in enumerate(ordered(part))
    ]
    return [place for *_, place in sorted(positions)]


def _draw(kind: str, name: str) -> float:
    """A number in [0, 1) that follows from a name, the same on every machine."""
    digest = hashlib.sha256(f"{_SEED} {kind} {name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
