"""Intervals by resampling, for figures without exact ones: F1 over a corpus, a ratio of medians.

Whole groups are resampled where items come in groups. Figures over items get BCa intervals (Efron, "Better
bootstrap confidence intervals", JASA 82, 1987; Efron and Tibshirani, An Introduction to the Bootstrap, chapter
14), at the level that Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69
(2015), section 3.3, widens for few samples; ratios of medians get percentiles. Seeded: the same data give the
same interval. Data that cannot carry an interval give none, and say why.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from rightsize.stats.bounds import Bounds, no_bounds, not_finite

T = TypeVar("T")

_SEED = 20240101
LEAST_SAMPLES = 10
_JACKKNIFE_BLOCKS = 100  # Acceleration from at most so many parts left out in turn: figures can be costly.


def group_interval(
    items: Sequence[T],
    groups: Sequence[str],
    figure: Callable[[Sequence[T]], float],
    confidence: float = 0.95,
    resamples: int = 1000,
    *,
    bias_corrected: bool = True,
) -> Bounds:
    """Return ``figure`` over ``items`` with a two-sided BCa interval, resampling whole groups with replacement.

    ``figure`` must be a pure function of the items it is given; resamples where it is not finite are left out.
    Without ``bias_corrected`` the interval is the plain percentiles: for figures that repeating items by itself
    pushes one way, which the correction would take for a bias of the estimate and count twice.
    """
    import numpy as np

    members: dict[str, list[T]] = {}
    for item, group in zip(items, groups, strict=True):
        members.setdefault(group, []).append(item)
    alpha = (1 - confidence) / 2
    if len(members) < LEAST_SAMPLES:
        value = figure(items) if items else None
        return _too_few(value, len(items), alpha, f"{len(members)} groups")
    rng = np.random.default_rng(_SEED)
    clusters = list(members.values())
    value = figure(items)
    draws = rng.integers(len(clusters), size=(resamples, len(clusters)))
    figures = _finite(figure([item for index in draw for item in clusters[index]]) for draw in draws)
    if not math.isfinite(value) or len(set(figures)) < 2:
        return _uniform(value, len(items), alpha)
    if not bias_corrected:
        return _percentiles(value, figures, len(items), alpha, f"bootstrap over {len(members)} groups")
    blocks = np.array_split(rng.permutation(len(clusters)), min(_JACKKNIFE_BLOCKS, len(clusters)))
    left_out = _finite(
        figure([item for index in np.setdiff1d(range(len(clusters)), block) for item in clusters[index]])
        for block in blocks
    )
    low, high = np.quantile(figures, _bca_levels(value, figures, left_out, len(clusters), alpha))
    method = f"BCa bootstrap over {len(members)} groups"
    return Bounds(value, min(value, float(low)), max(value, float(high)), len(items), alpha, method)


def group_intervals(
    items: Sequence[T],
    groups: Sequence[str],
    figures: Callable[[Sequence[T]], Mapping[str, float]],
    confidence: float = 0.95,
    resamples: int = 200,
) -> dict[str, Bounds]:
    """Return several figures over ``items``, each with an interval, from the same resamples of whole groups."""
    seen: dict[tuple[int, ...], Mapping[str, float]] = {}

    def of(name: str, drawn: Sequence[T]) -> float:
        key = tuple(map(id, drawn))
        if key not in seen:
            seen[key] = figures(drawn)
        return seen[key].get(name, math.nan)

    names = list(figures(items))
    return {name: group_interval(items, groups, partial(of, name), confidence, resamples) for name in names}


def median_ratio_bounds(
    after: Sequence[float], before: Sequence[float], alpha: float, resamples: int = 4000
) -> Bounds:
    """Return median(after) / median(before) with one-sided bounds, each at error ``alpha``.

    The two sets of samples are resampled independently. They speak for the runs they came from: what changes
    from one run of a machine to the next is not in them.
    """
    n = min(len(after), len(before))
    if broken := not_finite([*after, *before]):
        return no_bounds(None, n, alpha, broken)
    if n == 0 or statistics.median(before) <= 0:
        return no_bounds(None, n, alpha, "there is nothing above zero to compare with")
    ratio = statistics.median(after) / statistics.median(before)
    if n < LEAST_SAMPLES:
        return _too_few(ratio, n, alpha, f"{n} samples")
    drawn = zip(_drawn_medians(after, 1, resamples), _drawn_medians(before, 2, resamples), strict=True)
    ratios = [new / old for new, old in drawn if old > 0]
    return _percentiles(ratio, ratios, n, alpha, "bootstrap of medians")


def _drawn_medians(samples: Sequence[float], stream: int, resamples: int) -> list[float]:
    import numpy as np

    rng = np.random.default_rng([_SEED, stream])
    drawn = rng.choice(np.asarray(samples, dtype=float), size=(resamples, len(samples)))
    return [float(value) for value in np.median(drawn, axis=1)]


def _bca_levels(
    value: float, figures: Sequence[float], left_out: Sequence[float], samples: int, alpha: float
) -> list[float]:
    """Which quantiles of the resampled figures bound ``value``, corrected for bias and for changing spread.

    ``left_out`` are the figures without one part of the data each; Efron and Tibshirani (1993), formulas 14.9
    to 14.15.
    """
    import numpy as np
    from scipy.special import ndtr, ndtri, stdtrit

    drawn, rest = np.asarray(figures), np.asarray(left_out)
    below = float(np.mean(drawn < value) + np.mean(drawn <= value)) / 2
    bias = ndtri(min(1 - 1 / (2 * len(drawn)), max(1 / (2 * len(drawn)), below)))
    distances = rest.mean() - rest
    spread = float((distances**2).sum()) ** 1.5
    acceleration = float((distances**3).sum()) / (6 * spread) if spread > 0 else 0.0
    width = abs(float(stdtrit(samples - 1, alpha))) * math.sqrt(samples / (samples - 1))
    corrected = (bias + z for z in (-width, width))
    return [float(ndtr(bias + z / max(1e-9, 1 - acceleration * z))) for z in corrected]


def _percentiles(value: float | None, figures: list[float], n: int, alpha: float, method: str) -> Bounds:
    import numpy as np

    finite = _finite(figures)
    if len(set(finite)) < 2:
        return _uniform(value, n, alpha)
    low, high = np.quantile(finite, [alpha, 1 - alpha])
    return Bounds(value, float(low), float(high), n, alpha, method)


def _finite(figures: Iterable[float]) -> list[float]:
    return [figure for figure in figures if math.isfinite(figure)]


def _uniform(value: float | None, n: int, alpha: float) -> Bounds:
    reason = "resampling gave one and the same value: too uniform for an interval"
    return no_bounds(value if value is not None and math.isfinite(value) else None, n, alpha, reason)


def _too_few(value: float | None, n: int, alpha: float, have: str) -> Bounds:
    return no_bounds(
        value, n, alpha, f"resampling needs at least {LEAST_SAMPLES}, there are {have}", LEAST_SAMPLES
    )
