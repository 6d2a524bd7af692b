"""Many comparisons shown at once: p-values that stay honest although several were looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each p-value adjusted by Holm's method, in the given order.

    Calling every comparison with an adjusted value of at most alpha real is wrong about any of them with
    probability alpha at most, however they depend on each other (Holm, Scandinavian Journal of Statistics 6,
    1979). Raises ValueError for what is no probability.
    """
    if any(math.isnan(p) or not 0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie in [0, 1]")
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(list(p_values), method="holm")[1]]
