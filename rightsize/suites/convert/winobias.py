"""WinoBias: who a pronoun refers to, with the occupation that is usual for its gender and with the unusual one.

The origin is text, a numbered sentence a line, the occupation and its pronouns in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rightsize.errors import SuiteError, why_unreadable
from rightsize.suites.rows import Row

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_PRONOUNS = frozenset({"he", "him", "his", "himself", "she", "her", "hers", "herself"})
_ARTICLES = re.compile(r"^(?:the|a|an|some)\s+", re.IGNORECASE)


def rows(files: Sequence[Path]) -> list[Row]:
    """Return a row a sentence of the four files: pro and anti of the first type, pro and anti of the second.

    The sentence that differs only in the pronoun's gender has the same ``pair``.
    """
    texts = [_lines(file) for file in files]
    occupations = {_occupation(line) for lines in texts for line in lines}
    kinds = [("pro", "type1"), ("anti", "type1"), ("pro", "type2"), ("anti", "type2")]
    found: list[Row] = []
    for (kind, form), lines in zip(kinds, texts, strict=True):
        for number, line in enumerate(lines, start=1):
            found.append(_row(line, occupations) | {"id": f"{form}-{number}-{kind}", "kind": kind})
    for row in found:
        row["group"] = " / ".join(sorted(row["answers"]))
        row["pair"] = row["id"].rpartition("-")[0]
    return found


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{file}: cannot be read: {why_unreadable(error)}") from error
    return [re.sub(r"^\d+\s+", "", line).strip() for line in text.splitlines() if line.strip()]


def _row(line: str, occupations: set[str]) -> Row:
    right = _occupation(line)
    pronoun = next(found for found in _bracketed(line) if found.casefold() in _PRONOUNS)
    sentence = re.sub(r"\b([Tt]he) the\b", r"\1", _BRACKETS.sub(r"\1", line))
    sentence = re.sub(r"\s+(?=[.,'])", "", sentence)
    others = [name for name in _mentioned(sentence, occupations) if name != right]
    if len(others) != 1:
        raise ValueError(f"{sentence!r} does not name two occupations")
    answers = sorted((right, others[0]), key=lambda name: sentence.casefold().index(name))
    return {
        "sentence": sentence,
        "pronoun": pronoun.casefold(),
        "answers": [f"the {name}" for name in answers],
        "answer": f"the {right}",
    }


def _occupation(line: str) -> str:
    """The occupation in brackets, in lower case, without its article."""
    name = next(found for found in _bracketed(line) if found.casefold() not in _PRONOUNS)
    return _ARTICLES.sub("", name).casefold()


def _bracketed(line: str) -> list[str]:
    return [found.strip() for found in _BRACKETS.findall(line)]


def _mentioned(sentence: str, occupations: set[str]) -> Iterator[str]:
    """The occupations that a sentence names."""
    return (
        name for name in sorted(occupations) if re.search(rf"\b{re.escape(name)}\b", sentence, re.IGNORECASE)
    )
