"""Lead-n: the first n sentences of a text as its summary."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rightsize.domain import Answer, Item, Model, Suite
from rightsize.engines.baseline.base import Baseline
from rightsize.engines.interface import ModelQuery, TaskRules
from rightsize.errors import UsageError

_NAME = re.compile(r"baseline:lead-([1-9]\d?)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n\s*\n")


class Lead(Baseline):
    """``baseline:lead-3`` takes three sentences."""

    name = "baseline:lead"

    def claims(self, spec: str) -> bool:
        """``baseline:lead-N``, with a number that :meth:`models` checks."""
        return spec.startswith(self.name)

    def default_specs(self) -> Sequence[str]:
        """One sentence, and the usual three."""
        return ("baseline:lead-1", "baseline:lead-3")

    def models(self, query: ModelQuery) -> list[Model]:
        """One model per number. Raises UsageError for what is no number from 1 to 99."""
        return [self._model(spec, sentences=_number(spec)) for spec in dict.fromkeys(query.specs)]

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """It fits summaries only."""
        return None if suite.scorer == "summary" else "the first sentences of a text are only ever a summary"

    def learn(self, rules: TaskRules, model: Model) -> int:
        """How many sentences; nothing is learnt."""
        return int(model.options["sentences"])

    def answer(self, learnt: int, item: Item, rules: TaskRules) -> Answer:
        """The first sentences of what the prompt shows beside its instructions."""
        text = rules.question(item.prompt).strip()
        return Answer(" ".join(part.strip() for part in _SENTENCE_END.split(text)[:learnt]))


def _number(spec: str) -> int:
    found = _NAME.fullmatch(spec)
    if not found:
        raise UsageError(f"--model {spec}: it is baseline:lead-N", next_step="For example baseline:lead-3")
    return int(found[1])
