"""How many items a question needs, before anything is measured.

Two candidates that answer the same items differ only on the *discordant* items, which just one of them gets
right. Their share says how much a paired comparison can see: with few of them, few items are enough.

Sources: Connor, Sample size for testing differences in proportions for the paired-sample design, Biometrics 43
(1987), formula 2.2 (unconditional McNemar test; Miettinen, Biometrics 24 (1968), is its refinement and differs
by about a percent here); Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd ed. (2003),
formula 2.10, for one proportion. All are normal approximations, and items are taken as independent: where items
come in groups, count groups rather than items.
"""

from __future__ import annotations

import math

ALPHA = 0.05
POWER = 0.8
_BISECTIONS = 60


def paired_sample_size(
    difference: float, discordance: float, *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return how many shared items show that one candidate is better than another by ``difference``.

    ``difference`` and ``discordance`` are shares of items (0.02, 0.10); ``alpha`` is one-sided. Connor (1987):
    n = (z_alpha sqrt(psi) + z_beta sqrt(psi - delta^2))^2 / delta^2.

    Raises:
        ValueError: not 0 < difference <= discordance <= 1, or alpha and power are no probabilities that fit.
    """
    _check_errors(alpha, power)
    if not 0 < difference <= discordance <= 1:
        raise ValueError(f"need 0 < difference <= discordance <= 1, got {difference} and {discordance}")
    return math.ceil(_paired(difference, discordance, _z(1 - alpha), _z(power)))


def detectable_difference(
    n: int, discordance: float, *, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return the smallest difference that ``n`` shared items show; None when no difference is large enough.

    The inverse of :func:`paired_sample_size`. A difference above ``discordance`` is its own discordance: then
    one candidate is never better on an item that the other gets right.
    """
    _check_errors(alpha, power)
    if n < 1 or not 0 < discordance <= 1:
        raise ValueError(f"need n >= 1 and 0 < discordance <= 1, got {n} and {discordance}")
    errors = _z(1 - alpha), _z(power)
    low, high = 0.0, 1.0
    if _paired(high, high, *errors) > n:
        return None
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        enough = _paired(middle, max(discordance, middle), *errors) <= n
        low, high = (low, middle) if enough else (middle, high)
    return high


def proportion_sample_size(expected: float, limit: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return how many items show that a score expected at ``expected`` lies beyond ``limit``.

    Right-or-wrong items; ``alpha`` is one-sided. Fleiss, Levin and Paik (2003):
    n = ((z_alpha sqrt(p0 q0) + z_beta sqrt(p1 q1)) / (p1 - p0))^2 with p0 the limit.

    Raises:
        ValueError: a share is not inside (0, 1), or the two are equal, which no number of items tells apart.
    """
    _check_errors(alpha, power)
    if not (0 < expected < 1 and 0 < limit < 1) or expected == limit:
        raise ValueError(f"need two different shares inside (0, 1), got {expected} and {limit}")
    spread = _z(1 - alpha) * math.sqrt(limit * (1 - limit)) + _z(power) * math.sqrt(expected * (1 - expected))
    return math.ceil((spread / (expected - limit)) ** 2)


def non_inferiority_sample_size(
    margin: float, discordance: float, *, drop: float = 0.0, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return how many shared items show that a score falls by less than ``margin`` when it falls by ``drop``.

    Shares of items; ``alpha`` is one-sided. Liu, Hsueh, Hsieh and Chen, Statistics in Medicine 21 (2002):
    n = (z_alpha + z_beta)^2 (psi - drop^2) / (margin - drop)^2.

    Raises:
        ValueError: not drop < margin <= 1 or not |drop| <= discordance <= 1, or alpha and power do not fit.
    """
    _check_errors(alpha, power)
    if not (drop < margin <= 1 and abs(drop) <= discordance <= 1 and discordance > 0):
        raise ValueError(f"need drop < margin and |drop| <= discordance, got {drop}, {margin}, {discordance}")
    spread = (_z(1 - alpha) + _z(power)) ** 2 * (discordance - drop**2)
    return max(1, math.ceil(spread / (margin - drop) ** 2))


def _paired(difference: float, discordance: float, z_alpha: float, z_power: float) -> float:
    spread = z_alpha * math.sqrt(discordance) + z_power * math.sqrt(discordance - difference**2)
    return (spread / difference) ** 2


def _z(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))


def _check_errors(alpha: float, power: float) -> None:
    if not (0 < alpha < 0.5 and 0.5 <= power < 1):
        raise ValueError(f"need 0 < alpha < 0.5 and 0.5 <= power < 1, got {alpha} and {power}")
