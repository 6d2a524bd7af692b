"""What is noticed about a suite's data, and the comparisons of texts that noticing needs."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rightsize.units import counted

_NAMED = 5
_LARGEST_SHARE = 0.8
_MOST_TIMES = 10

LONG_CHARACTERS = 8000
"""About 2,000 tokens: longer texts are slow, and do not fit every context."""


class Level(StrEnum):
    """Whether a suite's scores would be wrong (a problem), or should be read with care (a warning)."""

    PROBLEM = "problem"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed. ``kind`` is for programs, ``text`` for people, ``count`` how many rows it concerns."""

    level: Level
    kind: str
    text: str
    count: int = 1


def problem(kind: str, text: str, count: int = 1) -> Finding:
    """A finding that makes scores wrong."""
    return Finding(Level.PROBLEM, kind, text, count)


def warning(kind: str, text: str, count: int = 1) -> Finding:
    """A finding to know about when reading scores."""
    return Finding(Level.WARNING, kind, text, count)


def same_text(text: str) -> str:
    """The key under which two texts count as the same: Unicode NFKC, lower case, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def repeated(pairs: Iterable[tuple[str, str]], key: Callable[[str], str] = same_text) -> list[list[str]]:
    """The names of (name, text) pairs with the same text, one list for each text that occurs more than once."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, text in pairs:
        names[key(text)].append(name)
    return [same for same in names.values() if len(same) > 1]


def imbalance(labels: Counter[str]) -> list[Finding]:
    """Warn of a label so common that always saying it scores well, or ten times as common as another."""
    (label, most), (rarest, least) = labels.most_common()[0], labels.most_common()[-1]
    share = most / labels.total()
    if share < _LARGEST_SHARE and most < _MOST_TIMES * least:
        return []
    text = (
        f"labels are unequal: {label!r} {most:,}, {rarest!r} {least:,}; "
        f"always saying {label!r} would score {share:.1%}, so read macro-F1 too"
    )
    return [warning("imbalance", text)]


def single_examples(labels: Counter[str]) -> list[Finding]:
    """Warn of labels that one row only has, which is then tested, or shown, and not both."""
    lonely = [label for label, count in labels.items() if count == 1]
    if not lonely:
        return []
    text = f"{counted(len(lonely), 'label')} with one row only, tested without an example: {name_some(lonely)}"
    return [warning("single_example", text, len(lonely))]


def look_alikes(labels: Iterable[str]) -> list[Finding]:
    """Warn of labels that a reader of answers may take for each other."""
    same = repeated(
        (label, " ".join("".join(c if c.isalnum() else " " for c in label).split())) for label in labels
    )
    if not same:
        return []
    text = f"labels that differ only in case or signs: {name_some([' / '.join(names) for names in same])}"
    return [warning("label_look_alikes", text, len(same))]


def overlong(characters: Mapping[str, int], noun: str) -> list[Finding]:
    """Warn of texts, by name, so long that a context may not hold them."""
    long = {name: count for name, count in characters.items() if count > LONG_CHARACTERS}
    if not long:
        return []
    longest = max(long, key=lambda name: long[name])
    over = f"{counted(len(long), noun)} over {LONG_CHARACTERS:,} characters"
    text = f"{over} ({longest}: {long[longest]:,}), which may not fit a model's context"
    return [warning("overlong", text, len(long))]


def name_some(names: Sequence[str]) -> str:
    """``a, b, c`` and, when there are more than five, how many more."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
