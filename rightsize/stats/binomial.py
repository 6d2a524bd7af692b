"""Counts of right and wrong answers: exact one-sided bounds, an interval to show, an exact paired test."""

from __future__ import annotations

import math


def clopper_pearson_lower(successes: int, n: int, alpha: float) -> float:
    """Return the exact lower bound of a proportion: it lies above the truth with probability at most ``alpha``.

    Clopper and Pearson (1934), as a quantile of Beta(successes, n - successes + 1).
    """
    from scipy.special import betaincinv

    _check(successes, n, alpha)
    return 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, alpha))


def clopper_pearson_upper(successes: int, n: int, alpha: float) -> float:
    """Return the exact upper bound of a proportion; the mirror image of :func:`clopper_pearson_lower`."""
    return 1.0 - clopper_pearson_lower(n - successes, n, alpha)


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided score interval of a proportion, for showing; verdicts use the exact bounds.

    Wilson (1927): centre and half-width with z the normal quantile of (1 + confidence) / 2.
    """
    from scipy.special import ndtri

    _check(successes, n, 1 - confidence)
    z = float(ndtri((1 + confidence) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))


def mcnemar_p(only_before: int, only_after: int) -> float:
    """Return the exact two-sided p-value that two paired sets of answers are equally often right.

    ``only_before`` and ``only_after`` count the items that just one of the two got right. McNemar (1947) in
    its exact form: under equality each such item is a fair coin.
    """
    from scipy.special import bdtr

    _check_counts(only_before, only_after)
    n = only_before + only_after
    return 1.0 if n == 0 else min(1.0, 2 * float(bdtr(min(only_before, only_after), n, 0.5)))


def mcnemar_worse_p(only_before: int, only_after: int) -> float:
    """Return the exact one-sided p-value against "it did not become worse", from the same two counts."""
    from scipy.special import bdtr

    _check_counts(only_before, only_after)
    n = only_before + only_after
    return 1.0 if n == 0 else float(bdtr(only_after, n, 0.5))


def _check_counts(only_before: int, only_after: int) -> None:
    if only_before < 0 or only_after < 0:
        raise ValueError(f"counts of items cannot be negative, got {only_before} and {only_after}")


def _check(successes: int, n: int, alpha: float) -> None:
    if not (n > 0 and 0 <= successes <= n and 0 < alpha < 1):
        raise ValueError(f"need 0 <= successes <= n, n > 0, 0 < alpha < 1, got {successes}, {n}, {alpha}")
