"""What the classical methods share: they learn from a task's solved examples, then answer item by item."""

from __future__ import annotations

import hashlib
import pickle
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue, Model, ModelKind, SolvedExample, Suite
from rightsize.engines.interface import Capabilities, Engine, ModelQuery, Session, TaskRules
from rightsize.engines.item_session import ItemSession


class Baseline(Engine):
    """An engine that is its own and only model. ``name`` is what a user types, ``baseline:METHOD``.

    ``version`` changes whenever an answer could; ``libraries`` are the packages that its answers depend on.
    """

    version = "1"
    libraries: tuple[str, ...] = ()
    capabilities = Capabilities(reports_tokens=False, learns=True, settings=frozenset())

    def claims(self, spec: str) -> bool:
        """Its own name."""
        return spec == self.name

    def default_specs(self) -> Sequence[str]:
        """What stands for this method in every bench."""
        return (self.name,)

    def models(self, query: ModelQuery) -> list[Model]:
        """The method itself, which has no file and no size before it has learnt."""
        return [self._model(spec) for spec in dict.fromkeys(query.specs)]

    def _model(self, spec: str, **options: JsonValue) -> Model:
        identity = hashlib.sha256(f"{spec} {self.version}".encode()).hexdigest()
        return Model(spec, sha256=identity, kind=ModelKind.BASELINE, spec=spec, options=options)

    def build(self) -> Mapping[str, JsonValue]:
        """Its version and those of the libraries it rests on."""
        from importlib.metadata import version

        libraries = {name: version(name) for name in self.libraries}
        return {"name": self.name, "version": self.version, **libraries}

    def open(self, model: Model, settings: CandidateSettings) -> Session:
        """A session that learns when it meets a task."""
        return BaselineSession(self, model)

    @abstractmethod
    def learn(self, rules: TaskRules, model: Model) -> Any:
        """What is kept of the examples: anything that can be pickled."""

    @abstractmethod
    def answer(self, learnt: Any, item: Item, rules: TaskRules) -> Answer:
        """The answer to one item."""


class BaselineSession(ItemSession):
    """Learns each task once; its size is that of what it keeps."""

    def __init__(self, method: Baseline, model: Model) -> None:
        self._method, self._model = method, model
        self._learnt: list[tuple[TaskRules, Any]] = []
        self._facts: dict[str, JsonValue] = {}

    def prepare(self, rules: TaskRules) -> None:
        """Learn the task, unless it was learnt already: variants of a task have the same examples."""
        if self._known(rules) is not None:
            return
        started = time.perf_counter()
        learnt = self._method.learn(rules, self._model)
        self._facts = {
            "learn_ms": (time.perf_counter() - started) * 1e3,
            "examples": len(rules.examples),
            "size_bytes": len(pickle.dumps(learnt)),
        }
        self._learnt.append((rules, learnt))

    def _known(self, rules: TaskRules) -> tuple[TaskRules, Any] | None:
        same = (known for known in self._learnt if _teaching(known[0]) == _teaching(rules))
        return next(same, None)

    def facts(self) -> Mapping[str, JsonValue]:
        """How long it learnt from how many examples, and how large what it keeps is."""
        return {**super().facts(), **self._facts}

    def answer_one(self, item: Item, rules: TaskRules) -> Answer:
        """The method's answer."""
        known = self._known(rules)
        assert known is not None, "a task is prepared before it is asked"
        return self._method.answer(known[1], item, rules)


def _teaching(rules: TaskRules) -> tuple[object, ...]:
    return rules.examples, rules.frame


def label_misfit(suite: Suite, rules: TaskRules, *, needs_examples: bool = True) -> str | None:
    """Why a classifier cannot do a task; None when all items have the same labels and examples show them."""
    if len({item.choices for item in suite.items}) != 1 or len(suite.items[0].choices) < 2:
        return "a classifier needs the same labels for every item"
    if needs_examples and len({example.target for example in rules.examples}) < 2:
        return _few(rules.examples)
    return None


def _few(examples: Sequence[SolvedExample]) -> str:
    if examples:
        return "the task's solved examples show one label only"
    return "the task has no solved examples to learn from"
