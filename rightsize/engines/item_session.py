"""The plainest session: it answers one item at a time. For engines that gain nothing from batches."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from rightsize.domain import Answer, Item, JsonValue
from rightsize.engines.interface import RequestTiming, TaskRules

NO_TOKENS = "it writes no tokens"
WHOLE_ANSWER = "its answer comes whole: there is no first token"

#: Why an engine whose answers come whole has none of these.
NO_TOKEN_METRICS = {
    "prefill_tokens_per_s": NO_TOKENS,
    "decode_tokens_per_s": NO_TOKENS,
    "ttft_ms": WHOLE_ANSWER,
    "itl_ms": WHOLE_ANSWER,
}


class ItemSession(ABC):
    """Everything that :class:`rightsize.engines.interface.Session` asks for, made of :meth:`answer_one`.

    An answer is complete when it comes: there is no first token and no token speed.
    """

    @abstractmethod
    def answer_one(self, item: Item, rules: TaskRules) -> Answer:
        """The answer to one item."""

    def prepare(self, rules: TaskRules) -> None:  # noqa: B027  most have nothing to prepare
        """What is done once before a task's first item, such as learning from its examples; never timed."""

    def facts(self) -> Mapping[str, JsonValue]:
        """Why there are no tokens a second, nor a first one."""
        return {"absent": dict(NO_TOKEN_METRICS)}

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """None: any item can be asked."""
        return {}

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each item alone, after a warm-up request."""
        self.prepare(rules)
        for item in items[:1]:
            self.answer_one(item, rules)
        return (self._timed(item, rules) for item in items)

    def _timed(self, item: Item, rules: TaskRules) -> RequestTiming:
        started = time.perf_counter()
        answer = self.answer_one(item, rules)
        latency_ms = (time.perf_counter() - started) * 1e3
        return RequestTiming(latency_ms, None, (), answer.prompt_tokens, answer.output_tokens)

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """One item after the other."""
        self.prepare(rules)
        for item in items:
            yield item.id, self.answer_one(item, rules)

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """None."""
        return iter(())

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """None."""
        return iter(())

    def close(self) -> None:  # noqa: B027  nor to free
        """Nothing is held."""
