"""TF-IDF over words and characters with logistic regression: the classifier that small models must beat."""

from __future__ import annotations

from typing import Any

from rightsize.domain import Answer, Item, Model, Suite
from rightsize.engines.baseline.base import Baseline, label_misfit
from rightsize.engines.interface import TaskRules

_WORD = r"(?u)\b\w+\b"  # single letters and digits are words as well
_FLOOR = 1e-9  # probability of a label that no example has


class Linear(Baseline):
    """Multinomial logistic regression by scikit-learn, trained anew for each task."""

    name = "baseline:linear"
    libraries = ("scikit-learn",)

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """It needs labels, and examples of at least two of them."""
        return label_misfit(suite, rules)

    def learn(self, rules: TaskRules, model: Model) -> Any:
        """A fitted pipeline from text to label probabilities."""
        questions = [rules.question(example.prompt) for example in rules.examples]
        return fitted(questions, [example.target for example in rules.examples])

    def answer(self, learnt: Any, item: Item, rules: TaskRules) -> Answer:
        """The item's likeliest choice, its probability being that among the item's choices."""
        from math import log

        given = learnt.predict_proba([rules.question(item.prompt)])[0]
        known = dict(zip(learnt.classes_, map(float, given), strict=True))
        shares = [max(known.get(choice, 0.0), _FLOOR) for choice in item.choices]
        best = max(range(len(shares)), key=shares.__getitem__)
        total = sum(shares)
        logprobs = tuple(log(share / total) for share in shares)
        return Answer(
            item.choices[best], choice=best, choice_logprobs=logprobs, confidence=shares[best] / total
        )


def fitted(texts: list[str], labels: list[str]) -> Any:
    """A scikit-learn pipeline fitted to ``labels`` (two or more different ones) of ``texts``.

    Words and pairs of words, and two to four characters within words; both in single precision, which halves
    time and memory.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    shared = {"sublinear_tf": True, "dtype": np.float32}
    rare = 2 if len(texts) >= 100 else 1  # what occurs once says nothing, unless there are few texts
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, min_df=rare, **shared)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=rare, **shared)
    classifier = LogisticRegression(C=20.0, max_iter=1000, tol=3e-4)
    pipeline = make_pipeline(make_union(words, characters), classifier)
    return pipeline.fit(texts, labels)
