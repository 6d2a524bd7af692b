"""Do the intervals cover what they claim? Exact ones by enumeration, the others and stopping by simulation.

    python benchmarks/coverage.py [--quick]

Exact one-sided bounds at 5% error must cover at least 95% at every n and p, those of paired drops at 1% error
99%. Bounds of grouped items must miss at most 5% and 1% of simulated means. Intervals that are only shown
(Wilson, BCa by group, ratios of medians) should cover 95% on average. Evidence that may be looked at any time
must not err more often than promised when somebody stops at the worst moment. The last line is JSON.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from common import finish
from scipy.stats import binom, multinomial

from rightsize.stats.betting import betting_drop_bounds, score_bounds
from rightsize.stats.binomial import clopper_pearson_lower, clopper_pearson_upper, wilson
from rightsize.stats.bootstrap import group_interval, median_ratio_bounds
from rightsize.stats.order import lower_rank, upper_rank
from rightsize.stats.paired import drop_lower_bound, drop_p
from rightsize.stats.sequence import betting_log_capital

ALPHA = 0.05
ALPHAS = (0.05, 0.01)
Cell = tuple[str, float]
Above = Callable[[int, int, int, float, float], bool]  # Of lost, won, n, drop and alpha.


@dataclass(frozen=True, slots=True)
class Population:
    """Groups of items whose chance of a right answer differs by group: Beta(mean * spread, rest * spread).

    Each group has one of ``sizes``, equally likely; ``harder`` is what each further item takes off its mean. If
    ``changed`` is positive, drops are bounded: that share of answers is drawn anew, with a chance 10% smaller.
    """

    name: str
    groups: int
    sizes: Sequence[int]
    mean: float
    spread: float
    graded: bool = False
    harder: float = 0.0
    changed: float = 0.0

    def truth(self) -> float:
        """The mean score, or mean drop, of an item."""
        sizes = np.array(self.sizes)
        mean = float((sizes * self._means(sizes)).sum() / sizes.sum())
        return 0.1 * self.changed * mean if self.changed else mean

    def draw(self, rng: np.random.Generator) -> tuple[list[float], list[float], list[str]]:
        """Scores before and after a change, and the groups, of one sample."""
        sizes = rng.choice(self.sizes, self.groups)
        means = self._means(sizes)
        chances = np.repeat(rng.beta(means * self.spread, (1 - means) * self.spread), sizes)
        before = self._scores(rng, chances)
        after = np.where(rng.random(len(before)) < self.changed, self._scores(rng, 0.9 * chances), before)
        return before.tolist(), after.tolist(), np.repeat(np.arange(self.groups), sizes).astype(str).tolist()

    def _means(self, sizes: np.ndarray) -> np.ndarray:
        return self.mean - self.harder * (sizes - min(self.sizes))

    def _scores(self, rng: np.random.Generator, chances: np.ndarray) -> np.ndarray:
        if not self.graded:
            return (rng.random(len(chances)) < chances).astype(float)
        return rng.beta(2 * chances + 1e-9, 2 * (1 - chances) + 1e-9)


POPULATIONS = (
    Population("10 groups of 5", 10, [5], 0.7, 2.0),
    Population("10 groups of 5, nearly all right", 10, [5], 0.97, 4.0),
    Population("60 groups of 5", 60, [5], 0.7, 2.0),
    Population("60 groups of 5, nearly all right", 60, [5], 0.98, 4.0),
    Population("60 groups of 5, nearly all wrong", 60, [5], 0.02, 4.0),
    Population("40 groups of 1 to 12", 40, range(1, 13), 0.8, 2.0),
    Population("40 groups of 1 to 12, larger is harder", 40, range(1, 13), 0.9, 4.0, harder=0.05),
    Population("40 groups of 5, graded", 40, [5], 0.7, 4.0, graded=True),
    Population("150 single items, graded", 150, [1], 0.9, 4.0, graded=True),
    Population("drop, 60 groups of 5", 60, [5], 0.5, 2.0, changed=1.0),
    Population("drop, 40 groups of 1 to 12, graded", 40, range(1, 13), 0.7, 4.0, graded=True, changed=1.0),
)


@dataclass(frozen=True, slots=True)
class Missed:
    """The shares of ``runs`` samples whose lower and whose upper bound at ``alpha`` missed the truth."""

    name: str
    alpha: float
    lower: float
    upper: float
    runs: int

    def standard_error(self) -> float:
        """Of the larger of both shares."""
        share = max(self.lower, self.upper)
        return math.sqrt(share * (1 - share) / self.runs)


def exact_cells(quick: bool) -> Iterator[Cell]:
    """Coverage of every exact bound by enumeration of all outcomes."""
    shares = np.linspace(0.01, 0.99, 25 if quick else 99)
    for n in (
        (1, 2, 5, 10, 30, 59, 100, 300) if quick else (1, 2, 3, 5, 10, 20, 30, 59, 100, 200, 300, 500, 1000)
    ):
        counts = np.arange(n + 1)
        lower = np.array([clopper_pearson_lower(int(k), n, ALPHA) for k in counts])
        upper = np.array([clopper_pearson_upper(int(k), n, ALPHA) for k in counts])
        for p in shares:
            chance = binom.pmf(counts, n, p)
            yield "Clopper-Pearson, lower", float(chance[lower <= p].sum())
            yield "Clopper-Pearson, upper", float(chance[upper >= p].sum())
    for n in (5, 20, 59, 120, 299, 1000):
        for q in (0.5, 0.9, 0.95, 0.99):
            rank_up, rank_low = upper_rank(n, q, ALPHA), lower_rank(n, q, ALPHA)
            if rank_up:
                yield "order statistics, upper", float(binom.cdf(rank_up - 1, n, q))
            if rank_low:
                yield "order statistics, lower", 1.0 - float(binom.cdf(rank_low - 1, n, q))


def paired_exact_cells(quick: bool, alpha: float) -> Iterator[Cell]:
    """Coverage of the paired drop: on a grid of truths for few items, at the worst truths for more."""
    for n in (6, 12) if quick else (6, 12, 25):
        yield from paired_cells(n, alpha)
    yield from paired_worst_cells(quick, alpha)


def paired_cells(n: int, alpha: float) -> Iterator[Cell]:
    """Coverage of the paired drop's lower bound, whose mirror image is the upper one."""
    outcomes = [(lost, won) for lost in range(n + 1) for won in range(n + 1 - lost)]
    bounds = {outcome: drop_lower_bound(*outcome, n, alpha) for outcome in outcomes}
    for lost in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4):
        for won in (0.0, 0.02, 0.1, 0.3):
            chances = multinomial.pmf([[*o, n - sum(o)] for o in outcomes], n, [lost, won, 1 - lost - won])
            covered = [bounds[o] <= lost - won + 1e-9 for o in outcomes]
            yield f"paired drop, n={n}", float(np.asarray(chances)[covered].sum())


def paired_worst_cells(quick: bool, alpha: float) -> Iterator[Cell]:
    """Coverage of the paired test and bound at the worst share of wins, every outcome enumerated."""
    for n in (50,) if quick else (50, 100, 200):
        for drop in (-0.02, 0.0, 0.01, 0.02, 0.05, 0.1, 0.3):
            error = paired_error(n, drop, alpha, (1 - drop) / 2, above_by_test)
            yield f"paired test, worst share of wins, n={n}", 1.0 - error
    for n in (50,) if quick else (200, 400):
        for drop in (0.0, 0.02, 0.05):
            yield (
                f"paired drop, up to 3% of wins, n={n}",
                1.0 - paired_error(n, drop, alpha, 0.03, above_by_bound),
            )


def above_by_test(lost: int, won: int, n: int, drop: float, alpha: float) -> bool:
    """Whether the test says that more than ``drop`` was lost."""
    return drop_p(lost, won, n, drop) <= alpha


def above_by_bound(lost: int, won: int, n: int, drop: float, alpha: float) -> bool:
    """Whether the lower bound says so."""
    return drop_lower_bound(lost, won, n, alpha) > drop


def paired_error(n: int, drop: float, alpha: float, most_won: float, above: Above) -> float:
    """The largest chance to be called ``above`` a drop that is true, over shares of wins up to ``most_won``."""
    won = np.arange(int(binom.isf(1e-9, n, most_won)) + 1)[:, None]
    reaches = np.array(list(least_above(n, drop, alpha, len(won), above)))[:, None]
    least = max(0.0, -drop)
    chances = least + (most_won - least) * np.sin(np.linspace(0, np.pi / 2, 1001)) ** 2
    lost_chances = np.clip((chances + drop) / (1 - chances), 0, 1)
    return float((binom.pmf(won, n, chances) * binom.sf(reaches - 1, n - won, lost_chances)).sum(axis=0).max())


def least_above(n: int, drop: float, alpha: float, counts: int, above: Above) -> Iterator[int]:
    """For each number of items won, below ``counts``, the least number lost that is called above.

    More lost items are above too; each walk starts at the number for one item won less.
    """
    lost = 0
    for won in range(counts):
        while lost > 0 and above(lost - 1, won, n, drop, alpha):
            lost -= 1
        while lost + won <= n and not above(lost, won, n, drop, alpha):
            lost += 1
        yield lost


def grouped_cells(quick: bool) -> Iterator[Missed]:
    """How often a bound of grouped items lies on the wrong side of the mean that the groups were drawn from."""
    seeds, runs = ((1,), 50) if quick else ((1, 2, 3, 4), 1000)
    for population in POPULATIONS:
        truth = population.truth()
        for alpha in ALPHAS:
            missed = [
                misses(population, truth, alpha, rng)
                for rng in map(np.random.default_rng, seeds)
                for _ in range(runs)
            ]
            lower, upper = np.mean(missed, axis=0)
            yield Missed(population.name, alpha, float(lower), float(upper), len(missed))


def misses(population: Population, truth: float, alpha: float, rng: np.random.Generator) -> tuple[bool, bool]:
    """Whether the lower and the upper bound of one sample miss."""
    before, after, groups = population.draw(rng)
    if population.changed:
        bounds = betting_drop_bounds(before, after, groups, alpha)
    else:
        bounds = score_bounds(before, groups, alpha)
    assert bounds.lower is not None and bounds.upper is not None
    return bounds.lower > truth, bounds.upper < truth


def display_cells(quick: bool) -> Iterator[Cell]:
    """Coverage of the intervals that are shown, n of at least 50."""
    for n in (50, 100, 200, 500, 1000):
        counts = np.arange(n + 1)
        bounds = np.array([wilson(int(k), n) for k in counts])
        for p in np.linspace(0.02, 0.98, 49):
            inside = (bounds[:, 0] <= p) & (p <= bounds[:, 1])
            yield f"Wilson, n={n}", float(binom.pmf(counts, n, p)[inside].sum())
    runs = 60 if quick else 400
    for groups, size, chance in ((50, 1, 0.7), (50, 6, 0.8), (100, 3, 0.6)):
        yield f"BCa of F1, {groups} groups of {size}", f1_coverage(groups, size, chance, runs)
    for n, spread in ((60, 0.2), (120, 0.5)):
        yield f"ratio of medians, n={n}", ratio_coverage(n, spread, runs)


def micro_f1(parts: Sequence[tuple[float, float, float]]) -> float:
    """F1 over all items from their (true positives, false positives, false negatives)."""
    tp, fp, fn = np.asarray(parts).sum(axis=0)
    return float(2 * tp / (2 * tp + fp + fn)) if tp + fp + fn else math.nan


def f1_items(rng: np.random.Generator, groups: int, size: int, chance: float) -> np.ndarray:
    """Items with three fields each, found with a chance that a group shares; shape (items, 3)."""
    shared = np.repeat(rng.beta(8 * chance, 8 * (1 - chance), groups), size)
    found = rng.binomial(3, shared)
    invented = rng.binomial(1, 0.5 * (1 - shared))
    return np.stack([found, invented, 3 - found], axis=1).astype(float)


def f1_coverage(groups: int, size: int, chance: float, runs: int) -> float:
    """How often the BCa interval by group holds the F1 of a very large sample."""
    truth = micro_f1(f1_items(np.random.default_rng(0), 200_000, size, chance))
    names = [f"g{item // size}" for item in range(groups * size)]
    hits = 0
    for seed in range(runs):
        items = f1_items(np.random.default_rng(seed + 1), groups, size, chance)
        bounds = group_interval(list(items), names, micro_f1, resamples=500)
        hits += bounds.lower is not None and bounds.upper is not None and bounds.lower <= truth <= bounds.upper
    return hits / runs


def ratio_coverage(n: int, spread: float, runs: int) -> float:
    """How often the interval of a ratio of medians of log-normal times holds the true ratio."""
    hits = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        before, after = rng.lognormal(4, spread, n), 1.1 * rng.lognormal(4, spread, n)
        bounds = median_ratio_bounds(list(after), list(before), ALPHA / 2, resamples=1000)
        hits += (bounds.lower or 0.0) <= 1.1 <= (bounds.upper or math.inf)
    return hits / runs


def stopping_cells(quick: bool) -> Iterator[Cell]:
    """How often somebody who watches every group sees evidence against a truth that lies on the limit."""
    runs, steps = (500, 400) if quick else (4000, 1000)
    for seed in (1,) if quick else (1, 2, 3):
        rng = np.random.default_rng(seed)
        for limit in (0.02, 0.1, 0.5, 0.8, 0.95):
            gains = (rng.random((runs, steps)) < limit) - limit
            yield f"right or wrong, limit {limit:g}", ever(gains, limit)
        for limit, size in ((0.5, 5), (0.9, 8)):
            chance = rng.beta(2 * limit, 2 * (1 - limit), (runs, steps // 4, 1))
            sums = (rng.random((runs, steps // 4, size)) < chance).sum(axis=2)
            yield f"groups of {size}, limit {limit:g}", ever((sums - limit * size) / size, limit)
        draws = rng.choice([0.0, 0.5, 1.0], p=[0.06, 0.90, 0.04], size=(runs, steps))  # a drop of two points
        yield "paired, at most two points worse", ever(draws - 0.49, 0.49)


def ever(gains: np.ndarray, limit: float) -> float:
    """The share of rows whose capital ever reaches what is called evidence."""
    return float((betting_log_capital(gains, limit).max(axis=1) >= math.log(1 / ALPHA)).mean())


def table(title: str, cells: Sequence[Cell], worst: str) -> None:
    """One row per kind: mean and worst."""
    print(f"\n{title:<40}{'cells':>7}{'mean':>9}{worst:>9}")
    for kind in dict.fromkeys(name for name, _ in cells):
        values = [value for name, value in cells if name == kind]
        extreme = min(values) if worst == "least" else max(values)
        print(f"{kind:<40}{len(values):>7}{np.mean(values):>9.4f}{extreme:>9.4f}")


def grouped_table(cells: Sequence[Missed]) -> None:
    """One row per population and level: how often each bound missed."""
    print(f"\n{'bounds by group, share that missed':<40}{'level':>7}{'lower':>9}{'upper':>9}{'draws':>7}")
    for cell in cells:
        print(f"{cell.name:<40}{cell.alpha:>7.2f}{cell.lower:>9.4f}{cell.upper:>9.4f}{cell.runs:>7}")


def main() -> None:
    """Run all parts and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="coarse grids and few runs: tries the script")
    quick = parser.parse_args().quick
    exact, shown, stopped = list(exact_cells(quick)), list(display_cells(quick)), list(stopping_cells(quick))
    exact += paired_exact_cells(quick, 0.05)
    exact_99, grouped = list(paired_exact_cells(quick, 0.01)), list(grouped_cells(quick))
    worst = {a: max((c for c in grouped if c.alpha == a), key=lambda c: max(c.lower, c.upper)) for a in ALPHAS}
    table("exact, one-sided 95%", exact, "least")
    table("exact, one-sided 99%", exact_99, "least")
    grouped_table(grouped)
    table("for display, two-sided 95%, n >= 50", shown, "least")
    print("Wilson for shares from 0.02 to 0.98; for rarer ones it falls short (0.84 at n=50, p=0.0035).")
    table("evidence against a true limit, ever", stopped, "most")
    kinds = dict.fromkeys(name for name, _ in shown)
    means = [float(np.mean([value for name, value in shown if name == kind])) for kind in kinds]
    finish(
        {
            "min_coverage_exact": round(min(value for _, value in exact), 5),
            "min_coverage_exact_99": round(min(value for _, value in exact_99), 5),
            "grouped_error": max(worst[0.05].lower, worst[0.05].upper),
            "grouped_error_se": round(worst[0.05].standard_error(), 5),
            "grouped_error_99": max(worst[0.01].lower, worst[0.01].upper),
            "mean_coverage_display": round(float(np.mean(means)), 5),
            "min_coverage_display": round(min(value for _, value in shown), 5),
            "anytime_error": round(max(value for _, value in stopped), 5),
        }
    )


if __name__ == "__main__":
    main()
