"""Fuzzy matching by rapidfuzz: the label whose name, or whose solved example, is most like the question."""

from __future__ import annotations

from math import log

from rightsize.domain import Answer, Item, Model, Suite
from rightsize.engines.baseline.base import Baseline, label_misfit
from rightsize.engines.interface import TaskRules

_SHARPNESS = 20.0  # of similarity into probability: the order is what counts

Learnt = dict[str, list[str]]


class Matching(Baseline):
    """The nearest neighbour among label names and examples, by the words that two texts share."""

    name = "baseline:matching"
    libraries = ("rapidfuzz",)

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """It needs labels; without examples it has their names."""
        return label_misfit(suite, rules, needs_examples=False)

    def learn(self, rules: TaskRules, model: Model) -> Learnt:
        """The examples' questions by label, made plain."""
        learnt: Learnt = {}
        for example in rules.examples:
            learnt.setdefault(example.target, []).append(_plain(rules.question(example.prompt)))
        return learnt

    def answer(self, learnt: Learnt, item: Item, rules: TaskRules) -> Answer:
        """The choice with the highest similarity (0 to 1), which is also the confidence."""
        from rapidfuzz import fuzz, process

        question = _plain(rules.question(item.prompt))
        alike = []
        for choice in item.choices:
            best = fuzz.partial_token_set_ratio(_plain(choice), question) / 2  # a name is a weak example
            near = process.extractOne(question, learnt.get(choice, ()), scorer=fuzz.ratio, score_cutoff=best)
            alike.append((near[1] if near else best) / 100)
        chosen = max(range(len(alike)), key=alike.__getitem__)
        total = sum(2.0 ** (_SHARPNESS * value) for value in alike)
        logprobs = tuple(_SHARPNESS * value * log(2) - log(total) for value in alike)
        return Answer(
            item.choices[chosen], choice=chosen, choice_logprobs=logprobs, confidence=min(1.0, alike[chosen])
        )


def _plain(text: str) -> str:
    """Lower-case words in order of the alphabet, so that a plain ratio compares sets of words."""
    from rapidfuzz.utils import default_process

    return " ".join(sorted(default_process(text).split()))
