"""From items to tokens: prompts to be continued, and texts whose probability is asked for.

Splits are lm-eval's, so that scores are: white space at the end of a context belongs to what follows; a context
and its continuation are tokenized together and cut at the context's own length; and a text with nothing before
it stands after the prefix token (BOS, else EOS).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from rightsize.domain import Answer, Item, TaskType
from rightsize.engines.interface import TaskRules
from rightsize.engines.llama_cpp.prefix_tree import Tokens
from rightsize.engines.llama_cpp.prompts import PromptStyle
from rightsize.engines.vocabulary import Vocabulary
from rightsize.errors import EngineError

_SHORTCUT_FROM = 4  # choices; below that the shortcut's own check costs as much as it saves


@dataclass(frozen=True, slots=True)
class Scoring:
    """An item to be scored: pairs of context and continuation. Choices are one pair each; a rolling text is
    one pair a window."""

    item: Item
    pairs: tuple[tuple[Tokens, Tokens], ...]

    @property
    def longest(self) -> int:
        """Tokens of the longest pair."""
        return max((len(context) + len(continuation) for context, continuation in self.pairs), default=0)


class Encoder:
    """Tokenizes for one model and prompt style."""

    def __init__(self, model: Vocabulary, style: PromptStyle) -> None:
        self._model = model
        self._style = style
        # Many items may share one context: lm-eval sends each of its choices as an item of its own.
        self._context_tokens = lru_cache(maxsize=64)(self._tokens)

    def prompt(self, item: Item) -> Tokens:
        """Tokens to be continued; of an empty prompt just the prefix token."""
        (text,) = self._style.texts(item)
        return self._tokens(text) or (self._prefix(),)

    def scoring(self, item: Item, rules: TaskRules, window_tokens: int) -> Scoring:
        """What is to be scored for an item of any task that is not generation."""
        if rules.task_type is TaskType.ROLLING:
            tokens = tuple(self._model.tokenize(item.prompt, special=False, parse_special=False))
            return Scoring(item, tuple(rolling_windows(tokens, self._prefix(), window_tokens)))
        delimiter = self._delimiter(rules) if rules.task_type is TaskType.CHOICE else ""
        texts = self._style.texts(item)
        if item.contexts:
            alone = zip(texts, item.choices, strict=True)
            pairs = [self._pairs(text, delimiter, (choice,)) for text, choice in alone]
            return Scoring(item, tuple(chain.from_iterable(pairs)))
        return Scoring(item, tuple(self._pairs(texts[0], delimiter, item.choices)))

    def _delimiter(self, rules: TaskRules) -> str:
        """A template ends where the answer begins: lm-eval joins without a delimiter there, and so do we, but
        for an answer that was started."""
        return rules.target_delimiter if self._style.template is None else rules.chat_delimiter

    def _pairs(self, text: str, delimiter: str, choices: Sequence[str]) -> Iterator[tuple[Tokens, Tokens]]:
        context = text.rstrip()
        between = text[len(context) :] + delimiter
        before = self._context_tokens(context)
        for whole in self._wholes(context, [between + choice for choice in choices]):
            if before:
                yield before, whole[len(before) :]
            elif whole[:1] == (self._prefix(),):
                yield whole[:1], whole[1:]
            else:
                yield (self._prefix(),), whole

    def _wholes(self, context: str, endings: Sequence[str]) -> Iterator[Tokens]:
        """Tokens of the context with each ending.

        Only the context's last line is tokenized anew for each: where text is split at line breaks that gives
        the same tokens. Whether it does is checked on the first ending and the last.
        """
        head, last_line = self._last_line(context)
        if len(endings) < _SHORTCUT_FROM or not head:
            yield from (self._tokens(context + ending) for ending in endings)
            return
        before = self._context_tokens(head)
        wholes = [before + self._tokens(last_line + ending, special=False) for ending in endings]
        checked = {0: self._tokens(context + endings[0]), len(endings) - 1: self._tokens(context + endings[-1])}
        if all(wholes[index] == tokens for index, tokens in checked.items()):
            yield from wholes
        else:
            yield from (self._tokens(context + ending) for ending in endings)

    @staticmethod
    def _last_line(context: str) -> tuple[str, str]:
        at = context.rfind("\n") + 1
        return context[:at], context[at:]

    def _tokens(self, text: str, *, special: bool = True) -> Tokens:
        templated = self._style.template is not None
        has_bos = templated and bool(self._style.bos) and text.startswith(self._style.bos)
        return tuple(self._model.tokenize(text, special=special and not has_bos, parse_special=templated))

    def _prefix(self) -> int:
        token = self._model.prefix_token
        if token is None:
            raise EngineError(
                "there is nothing to begin with: the prompt is empty and the model has no BOS or EOS token"
            )
        return token


def rolling_windows(tokens: Tokens, prefix: int, size: int) -> Iterator[tuple[Tokens, Tokens]]:
    """lm-eval's windows over a text: each token is predicted once, with as much context as ``size`` allows.

    Yields (context, continuation); a window's context and continuation together hold at most ``size + 1``
    tokens, of which the last is never an input.
    """
    for start in range(0, len(tokens), size):
        predicted = tokens[start : start + size]
        stop = start + len(predicted)
        context = (prefix,) if start == 0 else tokens[max(0, stop - size - 1) : start]
        yield context, predicted


def scored_answer(request: Scoring, task_type: TaskType, values: Sequence[float], greedy: bool) -> Answer:
    """The answer that log probabilities make, by the kind of task."""
    prompt_tokens = len(request.pairs[0][0]) if request.pairs else 0
    if task_type is TaskType.CHOICE:
        return replace(_best_choice(request.item.choices, values), prompt_tokens=prompt_tokens)
    continuation = sum(len(tokens) for _, tokens in request.pairs)
    return Answer(
        text="",
        choice_logprobs=(math.fsum(values),),
        confidence=math.exp(math.fsum(values) / continuation) if continuation else None,
        prompt_tokens=prompt_tokens,
        greedy=greedy if task_type is TaskType.LOGLIKELIHOOD else None,
    )


def _best_choice(choices: Sequence[str], values: Sequence[float]) -> Answer:
    """The most probable choice, with its share among the choices as confidence."""
    best = max(range(len(values)), key=values.__getitem__)
    share = 1.0 / sum(math.exp(value - values[best]) for value in values)
    return Answer(text=choices[best], choice=best, choice_logprobs=tuple(values), confidence=share)
