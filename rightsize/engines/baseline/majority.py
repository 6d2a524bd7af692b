"""The majority class: whatever was asked, the answer that most of the solved examples have."""

from __future__ import annotations

from collections import Counter
from math import log

from rightsize.domain import Answer, Item, Model, Suite
from rightsize.engines.baseline.base import Baseline, label_misfit
from rightsize.engines.interface import TaskRules


class Majority(Baseline):
    """What any classifier must beat."""

    name = "baseline:majority"

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """It needs labels, and examples that show how frequent they are."""
        return label_misfit(suite, rules)

    def learn(self, rules: TaskRules, model: Model) -> Counter[str]:
        """How often each label occurs."""
        return Counter(example.target for example in rules.examples)

    def answer(self, learnt: Counter[str], item: Item, rules: TaskRules) -> Answer:
        """The most frequent of the item's choices; shares are Laplace's, so that none is 0."""
        seen = [learnt[choice] + 1 for choice in item.choices]
        best = max(range(len(seen)), key=seen.__getitem__)
        shares = [count / sum(seen) for count in seen]
        logprobs = tuple(log(share) for share in shares)
        return Answer(item.choices[best], choice=best, choice_logprobs=logprobs, confidence=shares[best])
