"""Regular expressions and dictionaries for values that stand in a text, learnt from texts with their values.

A pattern is what stands before a value (up to three words or marks of its line) and the value's shape: digits,
capitalised words, other words, marks. Each is tried on the examples; those that are more often right than wrong
are kept, the surest first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PIECE = re.compile(r"\d+|[^\W\d_]+|\s+|.", re.DOTALL)
_CAPITAL, _SMALL = r"[A-ZÀ-ÞŁŚŠŽ][\w'’-]*", r"[a-zß-ÿ][\w'’-]*"
_NUMBER = r"\d[\d.,' ]*\d|\d"
_CONTEXT = 3  # tokens before a value
_TRIED, _TRIED_ON, _KEPT = 1500, 300, 150

Texts = Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Spans:
    """What was learnt of one field. ``patterns`` have one group, the value; ``known`` are values seen."""

    patterns: tuple[str, ...]
    known: tuple[str, ...]

    def first(self, text: str) -> str | None:
        """The value by the surest pattern that fits, else one that was seen before and stands in the text."""
        for pattern in self.patterns:
            if found := re.search(pattern, text):
                return found[1]
        return next((value for value in self.known if _stands_in(value, text)), None)


def learn_spans(examples: Texts, *, numeric: bool = False) -> Spans:
    """Patterns for one field from ``(text, value or None)``; numbers are given as the text writes them."""
    shown = examples[:_TRIED_ON]
    tried = Counter(pattern for text, value in shown if value for pattern in _patterns(text, value, numeric))
    surest = []
    for pattern, _ in tried.most_common(_TRIED):
        right, wrong = _record(re.compile(pattern), shown)
        if right > wrong:
            surest.append((right / (right + wrong), right, pattern))
    surest.sort(key=lambda entry: (-entry[0], -entry[1], -len(entry[2])))
    seen = Counter(value for _, value in examples if value and not numeric)
    return Spans(
        tuple(pattern for *_, pattern in surest[:_KEPT]), tuple(value for value, _ in seen.most_common())
    )


def shape(value: str) -> str:
    """A regular expression for values that are written like this one."""
    parts: list[str] = []
    for piece in _PIECE.findall(value):
        if piece.isspace():
            parts.append(r"\s+")
        elif piece.isdigit():
            parts.append(r"\d+")
        elif piece.isalpha():
            parts.append(_CAPITAL if piece[0].isupper() else _SMALL)
        else:
            parts.append(re.escape(piece))
    joined = "".join(parts)
    for word in (_CAPITAL, _SMALL):  # two names or three are the same kind of value
        several = re.escape(word) + r"(?:" + re.escape(r"\s+") + re.escape(word) + ")+"
        joined = re.sub(several, lambda _, word=word: rf"{word}(?:\s+{word})*", joined)  # type: ignore[misc]
    return joined


def _patterns(text: str, value: str, numeric: bool) -> Iterator[str]:
    """Every pattern that one example suggests."""
    place = text.find(value)
    if place < 0:
        return
    form = _NUMBER if numeric else shape(value)
    line = text[text.rfind("\n", 0, place) + 1 : place]
    before = _TOKEN.findall(line)[-_CONTEXT:]
    for length in range(1, len(before) + 1):
        words = r"\s*".join(map(re.escape, before[-length:]))
        yield rf"{words}\s*({form})(?!\w)"
        if ":" in before[-1] and not numeric:  # a label: all of its line is the value
            yield rf"(?m){words}[ \t]*(\S.*?)[ \t]*$"
    if not before:
        yield rf"(?m)^({form})$"
    if any(character.isdigit() for character in value) and not numeric:
        yield rf"(?<!\w)({form})(?!\w)"


def _record(pattern: re.Pattern[str], examples: Texts) -> tuple[int, int]:
    """How often a pattern finds the value, and how often something else."""
    right = wrong = 0
    for text, value in examples:
        if found := pattern.search(text):
            right, wrong = right + (found[1] == value), wrong + (found[1] != value)
    return right, wrong


def _stands_in(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


# --- several values of several kinds ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Values by lower-case words, with their kind where that is what they are most often."""

    kinds: dict[str, str]
    longest: int

    def find(self, text: str) -> Iterator[tuple[str, str]]:
        """(kind, value as written), the longest first at each place, none inside another."""
        tokens = list(_TOKEN.finditer(text))
        at = 0
        while at < len(tokens):
            for length in range(min(self.longest, len(tokens) - at), 0, -1):
                key = _key(token[0] for token in tokens[at : at + length])
                if key in self.kinds:
                    yield self.kinds[key], text[tokens[at].start() : tokens[at + length - 1].end()]
                    at += length - 1
                    break
            at += 1


def learn_gazetteer(examples: Iterable[tuple[str, Sequence[tuple[str, str]]]]) -> Gazetteer:
    """A dictionary from ``(text, [(kind, value)])``; a value that is more often nothing at all is left out."""
    examples = list(examples)
    meant: dict[str, Counter[str]] = {}
    for _, values in examples:
        for kind, value in values:
            meant.setdefault(_key(_TOKEN.findall(value)), Counter())[kind] += 1
    longest = max((len(key.split(" ")) for key in meant), default=0)
    occurs: Counter[str] = Counter()
    for text, _ in examples:
        tokens = _TOKEN.findall(text)
        grams = (_key(tokens[i : i + n]) for n in range(1, longest + 1) for i in range(len(tokens) - n + 1))
        occurs.update(gram for gram in grams if gram in meant)
    likely = {key: kinds.most_common(1)[0] for key, kinds in meant.items() if key}
    return Gazetteer({key: kind for key, (kind, n) in likely.items() if 2 * n > occurs[key]}, longest)


def _key(tokens: Iterable[str]) -> str:
    return " ".join(tokens).lower()
