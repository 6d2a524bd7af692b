"""Extraction without a model: patterns, dictionaries and closed sets of values, learnt from solved examples."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rightsize.domain import Answer, Item, Model, Suite, TaskType
from rightsize.engines.baseline.base import Baseline
from rightsize.engines.baseline.linear import fitted
from rightsize.engines.baseline.spans import Gazetteer, Spans, learn_gazetteer, learn_spans
from rightsize.engines.interface import TaskRules

_NUMBERS = re.compile(r"\d[\d.,' ]*\d|\d")

Values = dict[str, Any]  # by dotted path


@dataclass(frozen=True, slots=True)
class ClosedSet:
    """A field whose values are words of our own: a classifier of the text, or its only value."""

    only: str | None
    classifier: Any

    def choose(self, text: str) -> str | None:
        """The value that the text has."""
        return self.only if self.classifier is None else str(self.classifier.predict([text])[0])


@dataclass(frozen=True, slots=True)
class Learnt:
    """``layouts`` are the sets of fields that answers had, most frequent first; ``numeric`` the fields that are
    numbers, with whether they are whole."""

    layouts: tuple[tuple[str, ...], ...]
    fields: Mapping[str, Spans | ClosedSet]
    numeric: Mapping[str, bool]
    gazetteer: Gazetteer


class Fields(Baseline):
    """What a few regular expressions get."""

    name = "baseline:fields"
    libraries = ("scikit-learn",)

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """It needs examples whose answers are JSON objects."""
        if suite.task_type is not TaskType.GENERATE:
            return "it extracts fields, and the task asks for other answers"
        if not rules.examples:
            return "the task has no solved examples to learn from"
        if any(_answer_of(example.target) is None for example in rules.examples):
            return "the task's answers are not JSON objects"
        return None

    def learn(self, rules: TaskRules, model: Model) -> Learnt:
        """One way of finding each field."""
        solved = [(rules.question(e.prompt), _flat(_answer_of(e.target) or {})) for e in rules.examples]
        lists = [(text, _listed(values)) for text, values in solved]
        single = [
            (text, {k: v for k, v in values.items() if not isinstance(v, list)}) for text, values in solved
        ]
        layouts = Counter(tuple(values) for _, values in single)
        paths = dict.fromkeys(path for _, values in single for path in values)
        numeric = {path: whole for path in paths if (whole := _numbers_of(path, single)) is not None}
        fields = {
            path: _field([(t, v[path]) for t, v in single if path in v], path in numeric) for path in paths
        }
        order = tuple(layout for layout, _ in layouts.most_common())
        return Learnt(order, fields, numeric, learn_gazetteer(lists))

    def answer(self, learnt: Learnt, item: Item, rules: TaskRules) -> Answer:
        """The fields that the prompt names, each by its own way, null where it finds nothing."""
        text = rules.question(item.prompt)
        found: Values = {}
        for path in _layout(learnt.layouts, text):
            way = learnt.fields[path]
            value = way.first(text) if isinstance(way, Spans) else way.choose(text)
            whole = learnt.numeric.get(path)
            found[path] = value if whole is None or value is None else _number(value, whole=whole)
        for kind, value in learnt.gazetteer.find(text):
            found.setdefault(kind, []).append(value)
        return Answer(json.dumps(_nested(found), ensure_ascii=False))


def _field(examples: Sequence[tuple[str, Any]], numeric: bool) -> Spans | ClosedSet:
    """Patterns where the values stand in the texts, else a classifier into the values seen."""
    if numeric:
        return learn_spans([(text, _written(text, value)) for text, value in examples], numeric=True)
    texts = [(text, None if value is None else str(value)) for text, value in examples]
    given = [(text, value) for text, value in texts if value is not None]
    if 2 * sum(value in text for text, value in given) >= len(given):
        return learn_spans(texts)
    values = [value for _, value in given]
    if len(set(values)) < 2:
        return ClosedSet(values[0] if values else None, None)
    return ClosedSet(None, fitted([text for text, _ in given], values))


def _layout(layouts: Sequence[tuple[str, ...]], text: str) -> tuple[str, ...]:
    """The fields asked for: the largest set whose names all stand in the prompt, else the usual one."""
    named = [layout for layout in layouts if all(path.split(".")[-1] in text for path in layout)]
    return max(named, key=len) if named else layouts[0]


def _answer_of(target: str) -> dict[str, Any] | None:
    with suppress(ValueError):
        answer = json.loads(target)
        return answer if isinstance(answer, dict) else None
    return None


def _flat(answer: Mapping[str, Any]) -> Values:
    """``{"slots": {"artist": [..]}}`` as ``{"slots.artist": [..]}``."""
    flat: Values = {}
    for key, value in answer.items():
        inner = (
            {f"{key}.{name}": held for name, held in value.items()} if isinstance(value, dict) else {key: value}
        )
        flat |= inner
    return flat


def _nested(values: Values) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for path, value in values.items():
        outer, _, inner = path.rpartition(".")
        (answer.setdefault(outer, {}) if outer else answer)[inner] = value
    return answer


def _listed(values: Values) -> list[tuple[str, str]]:
    pairs = ((path, held) for path, held in values.items() if isinstance(held, list))
    return [(path, value) for path, held in pairs for value in held if isinstance(value, str)]


def _numbers_of(path: str, examples: Sequence[tuple[str, Values]]) -> bool | None:
    """Whether all values of a field are whole numbers; None where it is no field of numbers."""
    values = [found[path] for _, found in examples if found.get(path) is not None]
    if not values or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return None
    return all(isinstance(value, int) for value in values)


def _written(text: str, value: float | None) -> str | None:
    """How a text writes a number."""
    if value is None:
        return None
    return next((found for found in _NUMBERS.findall(text) if _number(found, whole=False) == value), None)


def _number(written: str, *, whole: bool) -> float | int | None:
    """A number as people write it: the last mark with one or two digits behind it is the decimal one."""
    digits = re.sub(r"[ ']", "", written)
    decimal = re.search(r"[.,](\d{1,2})$", digits)
    head = re.sub(r"\D", "", digits[: decimal.start()] if decimal else digits)
    value = float(f"{head or 0}.{decimal[1] if decimal else 0}")
    return int(value) if whole else value
