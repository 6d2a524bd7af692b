"""Turning tokens back into text as they come: stop strings across token borders, UTF-8 across tokens."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

_OPENING, _CLOSING = "<think>", "</think>"
_THINKING = re.compile(r"<think>.*?(?:</think>\s*|\Z)", re.DOTALL)


class TextStream:
    """Text of one answer as it grows. ``push`` tells whether a stop string was completed."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(text for text in stop if text)
        self._longest = max(map(len, self._stop), default=0)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._may_think = True
        self.text = ""

    def push(self, piece: bytes) -> bool:
        """Append a token's bytes. When a stop string appears the text is cut before it and True returned."""
        before = len(self.text)
        self.text += self._decoder.decode(piece)
        begins = self._answer_begins()
        if begins is None:
            return False  # a stop string ends the answer, which has not begun
        # A stop string may begin in text that was pushed before: look back as far as it is long.
        searched_from = max(begins, before - self._longest)
        found = [at for stop in self._stop if (at := self.text.find(stop, searched_from)) >= 0]
        if found:
            self.text = self.text[: min(found)]
        return bool(found)

    def _answer_begins(self) -> int | None:
        """Where the answer begins in the text: after what is thought aloud; None while that goes on."""
        if self._may_think:  # asked only until the first characters are known: this runs for every token
            self._may_think = _OPENING.startswith(self.text.lstrip()[: len(_OPENING)])
        if not self._may_think or not self.text.lstrip().startswith(_OPENING):
            return 0
        closed = self.text.find(_CLOSING)
        return closed + len(_CLOSING) if closed >= 0 else None


def without_thinking(text: str) -> tuple[str, int]:
    """An answer without its ``<think>`` parts, and how many characters those had."""
    visible = _THINKING.sub("", text)
    return visible, len(text) - len(visible)
