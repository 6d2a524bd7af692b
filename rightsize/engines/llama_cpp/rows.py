"""What is read from rows of logits: likeliest tokens and natural-log probabilities. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BLOCK_VALUES = 1 << 17  # exponentials are taken in blocks that stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Rows:
    """Logits of shape (rows, vocabulary), and of each row the likeliest token, its logit and the log of the sum
    of exponentials. Those are plain lists: callers want few values, which numpy hands out slowly."""

    logits: NDArray[np.float32]
    likeliest: list[int]
    peaks: list[float]
    log_sums: list[float]

    @classmethod
    def of(cls, logits: NDArray[np.float32]) -> Rows:
        """Summarise rows. Sums are of single-precision exponentials: off by about 1e-6 of a natural log."""
        count, vocabulary = logits.shape
        likeliest = logits.argmax(axis=1)
        peaks = logits[np.arange(count), likeliest]
        sums = np.empty(count, np.float32)
        step = max(1, _BLOCK_VALUES // max(1, vocabulary))
        block = np.empty((min(step, count), vocabulary), np.float32)
        for at in range(0, count, step):
            part = block[: min(step, count - at)]
            np.subtract(logits[at : at + step], peaks[at : at + step, None], out=part)
            np.exp(part, out=part)
            part.sum(axis=1, out=sums[at : at + step])
        log_sums = np.log(sums.astype(np.float64)) + peaks
        return cls(logits, likeliest.tolist(), peaks.tolist(), log_sums.tolist())

    def log_probability(self, row: int, token: int) -> float:
        """Natural-log probability of ``token`` after ``row``."""
        return float(self.logits[row, token]) - self.log_sums[row]

    def score(self, first: int, tokens: Sequence[int]) -> tuple[float, bool]:
        """Summed log probability of ``tokens``, one a row from ``first`` on; and whether each was likeliest."""
        total, greedy = 0.0, True
        for row, token in enumerate(tokens, first):
            logit = float(self.logits[row, token])
            total += logit - self.log_sums[row]
            greedy = greedy and logit == self.peaks[row]
        return total, greedy
