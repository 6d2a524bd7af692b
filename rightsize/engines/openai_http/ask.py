"""One question to a server: worded in its dialect, paid for, asked again where that helps, and counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TypeVar

from rightsize.domain import Conversation
from rightsize.engines.llama_cpp.text import TextStream, without_thinking
from rightsize.engines.openai_http.problems import ServerError
from rightsize.engines.openai_http.reply import Reply
from rightsize.engines.openai_http.requests import Dialect
from rightsize.engines.openai_http.retry import Patience, Retries, with_retries
from rightsize.engines.openai_http.server import Server
from rightsize.engines.openai_http.spend import Purse
from rightsize.engines.openai_http.usage import Counts, count_tokens

T = TypeVar("T")

_ADAPTATIONS = 8  # more refusals of fields than there are optional fields
_SLACK_PIECES = 64
_TURN_TOKENS = 16  # what a template writes around one turn, at most


@dataclass(frozen=True, slots=True)
class Exchange:
    """A finished question. ``text`` is cut at stop strings and free of thoughts."""

    reply: Reply
    counts: Counts
    text: str
    thinking_chars: int
    finish_reason: str

    @property
    def latency_ms(self) -> float:
        """From sending to the end of the answer; no waiting for an earlier attempt is in it."""
        return (self.reply.ended - self.reply.started) * 1e3

    @property
    def ttft_ms(self) -> float:
        """To the first piece, a thought included; to the end where the answer is empty."""
        first = self.reply.stamps[0] if self.reply.stamps else self.reply.ended
        return (first - self.reply.started) * 1e3

    @property
    def itl_ms(self) -> tuple[float, ...]:
        """Gaps between tokens. Where several come in one piece, the mean gap stands for each."""
        stamps = self.reply.stamps
        if len(stamps) < 2:
            return ()
        if self.bundled:
            gaps = self.counts.output - 1
            return ((stamps[-1] - stamps[0]) * 1e3 / gaps,) * gaps
        return tuple((after - before) * 1e3 for before, after in pairwise(stamps))

    @property
    def bundled(self) -> bool:
        """Whether the server put several tokens into one piece (an end-of-answer token has no piece)."""
        return self.counts.from_usage and self.counts.output > self.reply.pieces + 1


@dataclass(slots=True)
class Asker:
    """Asks questions of one model, from several threads; keeps what is remarkable about them."""

    server: Server
    dialect: Dialect
    patience: Patience = field(default_factory=Patience)
    purse: Purse | None = None
    retries: Retries = field(default_factory=Retries)
    remarks: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)
    spent_usd: float = 0.0
    answered_by: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self,
        prompt: str,
        stop: Sequence[str],
        max_output_tokens: int,
        *,
        logprobs: bool = False,
        constrain: str | None = None,
        chat: Conversation = (),
    ) -> Exchange:
        """Ask until there is a whole answer. Raises ServerError when there is none to be had."""
        body = partial(
            self.dialect.body,
            prompt,
            stop,
            max_output_tokens,
            logprobs=logprobs,
            constrain=constrain,
            chat=chat,
        )

        size = len(prompt.encode("utf-8", "replace")) + _TURN_TOKENS * len(chat)

        def once() -> Exchange:
            return self._adapted(body, size, stop, max_output_tokens)

        return with_retries(once, self.retries, self.patience, self._sleep)

    def paid(self, prompt: str, max_output_tokens: int, call: Callable[[], T]) -> T:
        """Make another kind of call with the same patience; it is booked at its upper bound."""

        def once() -> T:
            reserved = self.purse.reserve(len(prompt.encode()), max_output_tokens) if self.purse else 0.0
            try:
                result = call()
            except ServerError as problem:
                self._settle(reserved, reserved if problem.billed else 0.0)
                raise
            self._settle(reserved, reserved)
            return result

        return with_retries(once, self.retries, self.patience, self._sleep)

    def _sleep(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise ServerError("given up because another request failed", kind="stopped", fatal=True)

    def _adapted(
        self,
        worded: Callable[[], dict[str, object]],
        size: int,
        stop: Sequence[str],
        max_output_tokens: int,
    ) -> Exchange:
        for _ in range(_ADAPTATIONS):
            body = worded()
            try:
                return self._paid(body, size, stop, max_output_tokens)
            except ServerError as problem:
                if not self.dialect.learn(problem, body):
                    raise
        raise ServerError("the server refuses one field after the other", kind="request", fatal=True)

    def _paid(
        self, body: dict[str, object], size: int, stop: Sequence[str], max_output_tokens: int
    ) -> Exchange:
        reserved = self.purse.reserve(size, max_output_tokens) if self.purse else 0.0
        try:
            exchange = self._once(body, size, stop, max_output_tokens)
        except ServerError as problem:
            # What a broken-off answer cost is not known: it stays at its upper bound.
            self._settle(reserved, reserved if problem.billed else 0.0)
            raise
        self._settle(reserved, self.purse.cost_usd(exchange.counts, size) if self.purse else 0.0)
        self._remark(exchange)
        return exchange

    def _once(
        self, body: dict[str, object], size: int, stop: Sequence[str], max_output_tokens: int
    ) -> Exchange:
        stream = TextStream(tuple(stop))
        enough, cut = _enough(stream, max_output_tokens)
        reply = self.server.stream(self.dialect.path, body, enough)
        text, thought = without_thinking(stream.text)
        return Exchange(
            reply,
            count_tokens(reply, size, max_output_tokens),
            text,
            thought + len(reply.thoughts),
            cut() or reply.finish_reason or "stop",
        )

    def _settle(self, reserved_usd: float, actual_usd: float) -> None:
        if self.purse:
            self.purse.settle(reserved_usd, actual_usd)
            with self._lock:
                self.spent_usd += actual_usd

    def _remark(self, exchange: Exchange) -> None:
        with self._lock:
            self.remarks["answers"] += 1
            self.answered_by.add(exchange.reply.model)
            self.remarks["answers whose tokens the server counted"] += exchange.counts.from_usage
            self.remarks["answers with a usage that cannot be true"] += bool(exchange.counts.doubt)
            self.remarks["answers with several tokens a piece"] += exchange.bundled
            self.remarks["answers with log-probabilities"] += bool(exchange.reply.logprobs)


def _enough(stream: TextStream, max_output_tokens: int) -> tuple[Callable[[str], bool], Callable[[], str]]:
    """Tells when to stop reading: at a stop string, or when the server ignores the limit; and why it was."""
    pieces, reason = 0, ""

    def enough(piece: str) -> bool:
        nonlocal pieces, reason
        pieces += 1
        if stream.push(piece.encode("utf-8", "replace")):
            reason = "stop"
        elif pieces > 4 * max_output_tokens + _SLACK_PIECES:  # some send letters, none a quarter of a letter
            reason = "length"
        return bool(reason)

    return enough, lambda: reason
