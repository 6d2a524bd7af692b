"""A p-value for a paired change of scores that are neither right-or-wrong nor independent."""

from __future__ import annotations

from collections.abc import Sequence

_SEED = 20240101
_DRAWS = 9_999
_BLOCK = 1_000  # sign patterns held at a time


def sign_flip_p(before: Sequence[float], after: Sequence[float], groups: Sequence[str]) -> float:
    """Return the two-sided p-value of "before and after are exchangeable", flipping the sign of whole groups.

    A permutation test whose statistic is the summed change; 9,999 seeded patterns beside the observed one, so
    the least value is 1/10,000 (Phipson and Smyth, Statistical Applications in Genetics 9, 2010). Raises
    ValueError for lists of different lengths.
    """
    import numpy as np

    sums: dict[str, float] = {}
    for old, new, group in zip(before, after, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + new - old
    changed = np.array([value for value in sums.values() if value])
    if not changed.size:
        return 1.0
    rng, observed = np.random.default_rng(_SEED), abs(float(changed.sum()))
    as_far = 1
    for drawn in range(0, _DRAWS, _BLOCK):
        shape = (min(_BLOCK, _DRAWS - drawn), changed.size)
        signs = rng.integers(0, 2, size=shape, dtype=np.int8) * 2.0 - 1.0
        as_far += int((np.abs(signs @ changed) >= observed - 1e-9).sum())
    return as_far / (_DRAWS + 1)
