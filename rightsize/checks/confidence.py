"""What a model's confidence is worth: is it true (calibration), and does it tell right from wrong (ranking)?

Confidence is what :class:`rightsize.domain.Answer` says: the probability of the chosen answer, or the geometric
mean of the tokens' probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rightsize.stats.betting import score_bounds
from rightsize.stats.bootstrap import group_interval
from rightsize.stats.bounds import Bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 10

Judged = tuple[float, bool]  # confidence in [0, 1], and whether the answer was right


def calibration_error(judged: Sequence[Judged], bins: int = BINS) -> float:
    """Return the expected calibration error: the mean distance of confidence and accuracy over bins.

    Bins of equal mass (quantiles of confidence, equal ones in one bin), weighted by their share of answers.
    Naeini, Cooper and Hauskrecht (2015) define it; with few answers in a bin it reads too high.
    """
    import numpy as np

    confidence, right = _columns(judged)
    edges = np.quantile(confidence, np.linspace(0, 1, bins + 1)[1:-1])
    index = np.searchsorted(edges, confidence)
    gaps = np.bincount(index, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def brier_score(judged: Sequence[Judged]) -> float:
    """Return the mean squared distance of confidence from what came true (Brier, 1950): 0 is best."""
    return math.fsum((confidence - right) ** 2 for confidence, right in judged) / len(judged)


def auroc(judged: Sequence[Judged]) -> float:
    """Return the share of (true, false) pairs in which the true one has more confidence, ties as halves.

    That is the area under the ROC curve (the Mann-Whitney statistic); NaN when all are true or all false.
    """
    import numpy as np

    confidence, true = _columns(judged)
    n_true = int(true.sum())
    n_false = len(true) - n_true
    if not n_true or not n_false:
        return math.nan
    _, index, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = float(mean_ranks[index][true == 1].sum())
    return (rank_sum - n_true * (n_true + 1) / 2) / (n_true * n_false)


def calibration_bounds(judged: Sequence[Judged], groups: Sequence[str], confidence: float = 0.95) -> Bounds:
    """Return the expected calibration error with a bootstrap interval over groups that holds the value."""
    found = group_interval(judged, groups, calibration_error, confidence, bias_corrected=False)
    if found.value is None or found.lower is None or found.upper is None:
        return found
    # Resamples repeat answers and so read higher than the data: the interval must not exclude the value.
    low, high = min(found.lower, found.value), max(found.upper, found.value)
    method = f"{found.method}, {BINS} bins of equal mass"
    return Bounds(found.value, low, high, found.n, found.alpha, method)


def brier_bounds(judged: Sequence[Judged], groups: Sequence[str], confidence: float = 0.95) -> Bounds:
    """Return the Brier score with exact bounds by group."""
    losses = [(told - right) ** 2 for told, right in judged]
    return score_bounds(losses, groups, (1 - confidence) / 2)


def auroc_bounds(judged: Sequence[Judged], groups: Sequence[str], confidence: float = 0.95) -> Bounds:
    """Return the AUROC with a bootstrap interval over groups."""
    return group_interval(judged, groups, auroc, confidence)


def _columns(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    table = np.asarray(judged, dtype=float)
    return table[:, 0], table[:, 1]
