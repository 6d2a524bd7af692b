"""One answer being generated, token by token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rightsize.domain import Answer
from rightsize.engines.llama_cpp.text import TextStream, without_thinking
from rightsize.engines.vocabulary import Vocabulary

if TYPE_CHECKING:
    from rightsize.engines.llama_cpp.constrain import Constraint


@dataclass(slots=True)
class Generation:
    """A sequence in flight: ``next_token`` waits to be decoded at ``position``.

    ``endings`` are the requests it answers: several when their prompts are the same. ``finish_reason`` is
    empty while it runs, then ``eos``, ``stop`` or ``length``.
    """

    model: Vocabulary
    endings: Sequence[int]
    prompt_tokens: int
    max_output_tokens: int
    stream: TextStream
    constraint: Constraint | None = None
    next_token: int = -1
    output_tokens: int = 0
    log_probability: float = 0.0
    finish_reason: str = field(default="")

    @property
    def position(self) -> int:
        """Where the next token goes."""
        return self.prompt_tokens + self.output_tokens - 1

    def allowed(self, logits: NDArray[np.float32], likeliest: int) -> int:
        """The likeliest token that may come next, given one row of logits and the likeliest of all."""
        return self.constraint.pick(logits, likeliest) if self.constraint else likeliest

    def take(self, token: int, log_probability: float) -> None:
        """Take the next token; sets ``finish_reason`` when it was the last."""
        self.log_probability += log_probability
        if self.model.ends(token):
            self._finish("eos")
            return
        self.output_tokens += 1
        self.next_token = token
        if self.stream.push(self.model.piece(token)):
            self._finish("stop")
        elif self.output_tokens >= self.max_output_tokens:
            self._finish("length")

    def _finish(self, reason: str) -> None:
        self.finish_reason = reason
        if self.constraint is not None:
            self.constraint.close()

    def answer(self) -> Answer:
        """The finished answer. Its confidence is the geometric mean of its tokens' probabilities."""
        judged = self.output_tokens + (self.finish_reason == "eos")
        text, thinking_chars = without_thinking(self.stream.text)
        return Answer(
            text=text,
            confidence=math.exp(self.log_probability / judged) if judged else None,
            prompt_tokens=self.prompt_tokens,
            output_tokens=self.output_tokens,
            finish_reason=self.finish_reason,
            thinking_chars=thinking_chars,
        )
