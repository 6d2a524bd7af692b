"""What engines share of a model's vocabulary: text to token ids, and ids back to bytes."""

from __future__ import annotations

from typing import Protocol


class Vocabulary(Protocol):
    """The tokens of a loaded model."""

    @property
    def prefix_token(self) -> int | None:
        """What stands before a text that has nothing before it: BOS, else EOS."""

    def piece(self, token: int) -> bytes:
        """The bytes of a token, of a control token none."""

    def tokenize(self, text: str, *, special: bool, parse_special: bool) -> list[int]:
        """Token ids of a text. ``special`` adds what the model wants around a text, ``parse_special`` reads
        control tokens that are written in it."""

    def ends(self, token: int) -> bool:
        """Whether this token ends an answer."""
